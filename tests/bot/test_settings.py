"""The environment and .env are read once, and every fault is named with what would be right."""

import os
from pathlib import Path

import pytest

from bot.settings import (
    BadSettings,
    Origin,
    Settings,
    default_data_folder,
    read_settings,
    variable,
)
from generator.address import is_loopback


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.upper().startswith("PINXIT_") or name.upper() in {"DISCORD_TOKEN", "TELEGRAM_TOKEN"}:
            monkeypatch.delenv(name)


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def faults(dotenv: Path) -> tuple[str, ...]:
    with pytest.raises(BadSettings) as caught:
        read_settings(dotenv)
    return caught.value.faults


def test_nothing_has_to_be_set(dotenv):
    reading = read_settings(dotenv)

    assert (reading.settings.host, reading.settings.port) == ("127.0.0.1", 8000)
    assert reading.settings.model == "embedded"
    assert set(reading.origins.values()) == {Origin.DEFAULT}
    assert reading.warnings == ()


def test_the_environment_wins_over_the_file_and_each_value_knows_its_origin(dotenv, monkeypatch):
    dotenv.write_text("PINXIT_PORT=1\nPINXIT_MODEL=/models/z\n")
    monkeypatch.setenv("PINXIT_PORT", "2")

    reading = read_settings(dotenv)

    assert (reading.settings.port, reading.settings.model) == (2, "/models/z")
    assert reading.origins["port"] is Origin.ENVIRONMENT
    assert reading.origins["model"] is Origin.DOTENV
    assert reading.origins["host"] is Origin.DEFAULT


def test_every_fault_is_named_at_once_with_what_would_be_right(dotenv, monkeypatch):
    for name, value in {"PORT": "many", "THREADS": "0", "MAX_COUNT": "99", "LOG_LEVEL": "loud"}.items():
        monkeypatch.setenv(f"PINXIT_{name}", value)

    assert faults(dotenv) == (
        "PINXIT_PORT must be a whole number from 0 to 65535 (0 takes any free port), not 'many'.",
        "PINXIT_THREADS must be a whole number from 1 to 256, not '0'.",
        "PINXIT_MAX_COUNT must be a whole number from 1 to 16, not '99'.",
        "PINXIT_LOG_LEVEL must be debug, info, warning or error, not 'loud'.",
    )


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_says_what_it_is_and_what_it_wants(field):
    described = Settings.model_fields[field]

    assert described.description
    assert described.description.endswith(".")
    assert described.json_schema_extra["wants"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "pictures.example"])
def test_an_address_others_can_reach_needs_a_password(host, dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_HOST", host)
    monkeypatch.setenv("PINXIT_PORT", "-1")

    both = faults(dotenv)

    assert len(both) == 2
    assert "PINXIT_PASSWORD" in both[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_an_address_of_this_machine_needs_none(host, dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_HOST", host)

    assert is_loopback(host)
    assert read_settings(dotenv).settings.host == host


def test_secrets_are_never_printed(dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_PASSWORD", "correct horse")
    monkeypatch.setenv("DISCORD_TOKEN", "token-of-discord")
    dotenv.write_text("TELEGRAM_TOKEN=token-of-telegram\n")

    reading = read_settings(dotenv)

    assert reading.settings.telegram_token.get_secret_value() == "token-of-telegram"
    assert not any(word in repr(reading) for word in ("horse", "token-of"))


def test_a_short_password_is_refused_without_being_shown(dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_PASSWORD", "hunter2")

    (fault,) = faults(dotenv)

    assert "at least 8" in fault
    assert "hunter2" not in fault


def test_a_misspelled_name_gets_a_hint(dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_PASWORD", "x")
    dotenv.write_text("PINXIT_COLOUR=red\n")

    assert read_settings(dotenv).warnings == (
        "PINXIT_COLOUR is no setting of Pinxit; `pinxit settings` lists them all.",
        "PINXIT_PASWORD is no setting of Pinxit; did you mean PINXIT_PASSWORD?",
    )


def test_an_empty_value_counts_as_not_set(dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_PORT", "")

    reading = read_settings(dotenv)

    assert reading.settings.port == 8000
    assert reading.origins["port"] is Origin.DEFAULT


def test_a_file_that_is_no_text_is_one_sentence(dotenv):
    dotenv.write_bytes(b"PINXIT_MODEL=\xff\xfe\n")

    assert faults(dotenv) == (f"{dotenv} is no text in UTF-8. Write it anew with an editor.",)


def test_a_line_that_sets_nothing_is_named_by_its_number(dotenv, capsys):
    dotenv.write_text('PINXIT_PORT=1\nPINXIT_MODEL is z\n\nDISCORD_TOKEN="unended\n')

    assert faults(dotenv) == (
        f"{dotenv}, line 2 is not NAME=value.",
        f"{dotenv}, line 4 is not NAME=value.",
    )
    assert capsys.readouterr().err == ""


def test_a_folder_called_like_the_file_is_none_of_ours(dotenv):
    dotenv.mkdir()

    assert read_settings(dotenv).settings.port == 8000


def test_a_misspelled_token_is_noticed_in_the_file_beside_the_faults(dotenv):
    dotenv.write_text("DISCORD_TOKN=x\nPINXIT_PORT=many\n")

    assert faults(dotenv)[1] == "DISCORD_TOKN is no setting of Pinxit; did you mean DISCORD_TOKEN?"


def test_the_data_folder_follows_the_platform():
    home = Path("/home/ada")

    assert default_data_folder({}, home) == Path("/home/ada/.local/share/pinxit")
    assert default_data_folder({"XDG_DATA_HOME": "/kept"}, home) == Path("/kept/pinxit")
    assert default_data_folder({"XDG_DATA_HOME": "relative"}, home) == Path("/home/ada/.local/share/pinxit")


def test_the_data_folder_becomes_absolute(dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_DATA", "~/pictures")

    assert read_settings(dotenv).settings.data == Path("~/pictures").expanduser()


def test_names_are_listed_with_commas(dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_NAMES", "pictures.example, 192.168.1.5,")

    assert read_settings(dotenv).settings.server_names == ("pictures.example", "192.168.1.5")


def test_variables_are_named_after_their_fields():
    assert variable("max_waiting") == "PINXIT_MAX_WAITING"
    assert variable("discord_token") == "DISCORD_TOKEN"


@pytest.mark.parametrize(
    "url", ["unix:/run/pinxit/generator.sock", "http://127.0.0.1:8400", "http://localhost:8400/z"]
)
def test_a_generator_on_this_machine_needs_no_secret(url, dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_GENERATOR_URL", url)

    assert read_settings(dotenv).settings.generator_address.loopback


@pytest.mark.parametrize("url", ["http://10.0.0.5:8400", "https://gpu.example", "http://gpu:8400"])
def test_a_generator_elsewhere_needs_a_secret(url, dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_GENERATOR_URL", url)
    assert "PINXIT_GENERATOR_SECRET" in faults(dotenv)[0]

    monkeypatch.setenv("PINXIT_GENERATOR_SECRET", "known-to-both-alone")

    assert str(read_settings(dotenv).settings.generator_address) == url


@pytest.mark.parametrize("host", ["gpu.example", "8.8.8.8"])
def test_prompts_travel_readably_only_where_that_is_allowed(host, dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_GENERATOR_URL", f"http://{host}:8400")
    monkeypatch.setenv("PINXIT_GENERATOR_SECRET", "known-to-both-alone")
    assert "use https://" in faults(dotenv)[0]

    monkeypatch.setenv("PINXIT_GENERATOR_PLAIN_HTTP", "true")

    assert not read_settings(dotenv).settings.generator_address.encrypted


@pytest.mark.parametrize("url", ["gpu.example", "ftp://gpu.example", "https://a:b@gpu.example", "unix:here"])
def test_what_is_no_address_of_a_generator_is_said(url, dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_GENERATOR_URL", url)

    assert faults(dotenv)[0].startswith("PINXIT_GENERATOR_URL must be unix: with a path")


@pytest.mark.parametrize("secret", ["short", "with a space in the middle", "schlüsselschlüssel"])
def test_a_secret_that_is_short_or_fits_no_header_is_refused_and_not_shown(secret, dotenv, monkeypatch):
    monkeypatch.setenv("PINXIT_GENERATOR_SECRET", secret)
    monkeypatch.setenv("PINXIT_GENERATOR_URL", "https://gpu.example")

    said = faults(dotenv)

    assert len(said) == 1
    assert secret not in said[0]
