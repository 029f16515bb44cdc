"""Where Discord is, and in which servers it is tried: what can be set and what cannot."""

from pathlib import Path

import pytest

from bot.settings import BadSettings, read_settings


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    for name in ("DISCORD_TOKEN", "DISCORD_API_URL", "DISCORD_GUILD_IDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "url", ["https://proxy.example/api", "http://127.0.0.1:3000/api", "http://localhost:1"]
)
def test_another_address_is_taken_where_the_token_stays_secret(monkeypatch, url):
    monkeypatch.setenv("DISCORD_API_URL", url)

    assert read_settings().settings.discord_api_url == url


@pytest.mark.parametrize("url", ["http://proxy.example/api", "proxy.example", "ftp://127.0.0.1", "http://"])
def test_an_address_that_would_show_the_token_is_refused(monkeypatch, url):
    monkeypatch.setenv("DISCORD_API_URL", url)

    with pytest.raises(BadSettings, match="DISCORD_API_URL must start with https://"):
        read_settings()


def test_servers_are_numbers_with_commas():
    Path(".env").write_text("DISCORD_GUILD_IDS=12, 34,\n")

    assert read_settings().settings.discord_guilds == (12, 34)


def test_a_server_that_is_no_number_is_told(monkeypatch):
    monkeypatch.setenv("DISCORD_GUILD_IDS", "my server")

    with pytest.raises(BadSettings, match="DISCORD_GUILD_IDS must be server ids"):
        read_settings()
