"""How the bot is on Telegram: what can be set and what cannot."""

import pytest

from bot.settings import BadSettings, read_settings


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_usually_updates_are_fetched_nothing_is_sold_and_nobody_manages():
    settings = read_settings().settings

    assert settings.telegram_webhook is None
    assert settings.telegram_offers == ()
    assert settings.telegram_administrators == frozenset()
    assert settings.telegram_plain_text is True


def test_everything_is_read(monkeypatch):
    monkeypatch.setenv("TELEGRAM_WEBHOOK_URL", "https://bots.example/hook")
    monkeypatch.setenv("TELEGRAM_WEBHOOK_LISTEN", "0.0.0.0:9000")
    monkeypatch.setenv("TELEGRAM_PACKS", "500:50, 3000 : 250,")
    monkeypatch.setenv("TELEGRAM_ADMINS", "12, 34")
    monkeypatch.setenv("TELEGRAM_STAGING_CHAT", "-1001234567890")
    monkeypatch.setenv("TELEGRAM_PLAIN_TEXT", "false")

    settings = read_settings().settings

    assert settings.telegram_webhook == ("https://bots.example/hook", "0.0.0.0", 9000)
    assert settings.telegram_offers == ((500, 50), (3000, 250))
    assert settings.telegram_administrators == {12, 34}
    assert settings.telegram_staging_chat == -1001234567890
    assert settings.telegram_plain_text is False


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TELEGRAM_API_URL", "http://bots.example", "TELEGRAM_API_URL must start with https://"),
        ("TELEGRAM_WEBHOOK_URL", "http://bots.example", "an address that begins with https://"),
        ("TELEGRAM_WEBHOOK_LISTEN", "8443", "an address and a port"),
        ("TELEGRAM_PACKS", "500", "credits:Stars with commas"),
        ("TELEGRAM_PACKS", "500:0", "credits:Stars with commas"),
        ("TELEGRAM_ADMINS", "@ann", "numbers of people"),
        ("TELEGRAM_STAGING_CHAT", "backstage", "the number of a chat"),
        ("TELEGRAM_PLAIN_TEXT", "perhaps", "true or false"),
    ],
)
def test_what_cannot_be_is_told(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)

    with pytest.raises(BadSettings, match=said):
        read_settings()
