"""The command line does what is asked, or says in one sentence why not."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.cli.elsewhere import where
from bot.cli.owner import chosen
from bot.trouble import Trouble
from storage.records import Account, Identity
from storage.sqlite import SqliteStore

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of its own for every test, no setting from outside, and the process's own rights for files."""
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    for name in [*os.environ]:
        if name.upper().startswith("PINXIT_") or name.upper() in {"DISCORD_TOKEN", "TELEGRAM_TOKEN"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PINXIT_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def ada(data: Path) -> None:
    """An account called Ada, number 1."""
    data.mkdir()
    store = SqliteStore(data / "pinxit.sqlite3")

    async def first_sight() -> None:
        await store.open()
        await store.account(Identity("web", "ada"), "Ada")
        await store.close()

    asyncio.run(first_sight())


def code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


@pytest.mark.usefixtures("ada")
def test_credits_are_granted_by_name_and_by_number(capsys):
    assert code("grant", "ada", "50") == 0
    assert code("grant", "1", "-20", "--note", "too many") == 0

    assert capsys.readouterr().out.splitlines() == [
        "Ada now has 50 credits and 0 held.",
        "Ada now has 30 credits and 0 held.",
    ]


@pytest.mark.usefixtures("ada")
def test_accounts_are_listed_with_their_credits(capsys):
    code("grant", "1", "7")

    assert code("accounts") == 0

    assert capsys.readouterr().out.splitlines()[-1].split() == ["1", "Ada", "7", "0", "1"]


@pytest.mark.parametrize("credits", ["many", "1.5", "0", "99999999999999999999999"])
@pytest.mark.usefixtures("ada")
def test_what_is_no_number_of_credits_is_refused(credits, capsys):
    assert code("grant", "1", credits) == 2

    assert "CREDITS must be a whole number" in capsys.readouterr().err


@pytest.mark.usefixtures("ada")
def test_an_account_that_does_not_exist_is_refused(capsys):
    assert code("grant", "bob", "5") == 1

    assert capsys.readouterr().err == "There is no account 'bob'; `pinxit accounts` lists them.\n"


def test_two_accounts_of_one_name_are_told_apart_by_number():
    twins = [Account(id=1, name="Sam"), Account(id=2, name="sam")]

    with pytest.raises(Trouble, match=r"use one of the numbers 1, 2"):
        chosen(twins, "Sam")

    assert chosen(twins, "2").id == 2


@pytest.mark.parametrize("command", [("accounts",), ("jobs",), ("grant", "1", "5")])
def test_before_the_first_run_there_is_nothing_to_show(command, data, capsys):
    assert code(*command) == 1

    assert "`pinxit run` begins it" in capsys.readouterr().err
    assert not data.exists()


def test_settings_say_what_is_in_force_and_from_where(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PINXIT_PORT", "8123")
    (tmp_path / ".env").write_text("DISCORD_TOKEN=very-secret-token\n")

    assert code("settings") == 0

    shown = capsys.readouterr().out
    assert "PINXIT_PORT = 8123  environment" in shown
    assert "DISCORD_TOKEN = (set)  .env" in shown
    assert "PINXIT_HOST = 127.0.0.1  default" in shown
    assert "very-secret-token" not in shown


def test_faulty_settings_are_told_all_at_once_without_a_traceback(monkeypatch, capsys):
    monkeypatch.setenv("PINXIT_PORT", "x")
    monkeypatch.setenv("PINXIT_MAX_COUNT", "0")

    assert code("accounts") == 2

    said = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in said] == ["PINXIT_PORT", "PINXIT_MAX_COUNT"]


def test_a_misspelled_command_gets_a_hint(capsys):
    assert code("accont") == 2

    assert "accounts" in capsys.readouterr().err


def test_the_command_line_starts_without_what_only_some_commands_need():
    heavy = "torch numpy PIL diffusers transformers aiohttp aiosqlite starlette uvicorn babel rich"
    ask = f"import sys, bot.__main__; print(*(name for name in {heavy.split()} if name in sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, cwd=ROOT)

    assert loaded.stdout.strip() == ""


def test_a_key_is_made_once_listed_without_its_secret_and_revoked(capsys):
    assert code("keys", "create", "Ada", "--credits", "100", "--quiet") == 0
    key = capsys.readouterr().out.strip()
    assert code("keys", "list") == 0
    listed = capsys.readouterr().out
    assert code("keys", "revoke", key.rpartition("_")[0]) == 0
    assert code("accounts") == 0
    said = capsys.readouterr().out

    first, _, secret = key.rpartition("_")
    assert first in listed
    assert secret not in listed
    assert "no longer works" in said
    assert "100" in said
    assert code("keys", "revoke", "Ada") == 1


@pytest.mark.parametrize(
    "arguments",
    [("Ada", "--scopes", "everything"), ("Ada", "--scopes", ""), (" ",), ("Ada", "--credits", "-5")],
)
def test_a_key_that_cannot_be_is_told_in_one_sentence(arguments, capsys):
    assert code("keys", "create", *arguments) == 2

    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("listen", "arguments"),
    [
        ("unix:/run/g.sock", ["--socket", "/run/g.sock"]),
        ("127.0.0.1:8400", ["--listen", "127.0.0.1:8400"]),
        ("[::1]:8400", ["--listen", "[::1]:8400"]),
    ],
)
def test_a_generator_alone_listens_where_it_is_told(listen, arguments):
    assert where(listen, secret=False) == arguments


@pytest.mark.parametrize("listen", ["0.0.0.0:8400", "gpu.example:8400", "[::]:8400"])
def test_a_generator_that_others_can_reach_needs_the_secret(listen, capsys):
    assert code("generator", "--listen", listen) == 2

    assert "PINXIT_GENERATOR_SECRET" in capsys.readouterr().err
    assert where(listen, secret=True) == ["--listen", listen]


@pytest.mark.parametrize("arguments", [[], ["--listen", "8400"], ["--listen", "here:99999"]])
def test_a_generator_alone_asks_where_to_listen(arguments, capsys):
    assert code("generator", *arguments) == 2

    assert "HOST:PORT" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--replicas", "none"], "--replicas"),
        (["--replicas", "0"], "at least one"),
        (["--replicas", "3:2"], "at least one"),
        (["--gpus", "1.5"], "a part of one"),
        (["--gpus", "-1"], "a part of one"),
        (["--path", "z"], "slash"),
        (["--listen", "0.0.0.0:8400"], "PINXIT_GENERATOR_SECRET"),
        (["--listen", "unix:/run/g.sock"], "HOST:PORT"),
    ],
)
def test_what_cannot_be_deployed_on_ray_is_said(arguments, word, capsys, monkeypatch):
    monkeypatch.setattr("bot.cli.elsewhere.find_spec", lambda _name: object())

    assert code("serve-ray", *arguments) == 2
    assert word in capsys.readouterr().err


def test_a_cluster_that_is_not_there_is_said_at_once(capsys, monkeypatch):
    monkeypatch.setattr("bot.cli.elsewhere.find_spec", lambda _name: object())

    assert code("serve-ray", "--cluster", "127.0.0.1:1") == 1
    assert "No Ray cluster is reached at 127.0.0.1:1" in capsys.readouterr().err


def test_where_figures_cannot_be_written_is_said_before_measuring(capsys, tmp_path):
    assert code("bench", "--json", str(tmp_path / "nowhere" / "figures.json")) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_without_ray_it_is_said_how_to_get_it(capsys, monkeypatch):
    monkeypatch.setattr("bot.cli.elsewhere.find_spec", lambda _name: None)

    assert code("serve-ray") == 1
    assert "pinxit[ray]" in capsys.readouterr().err
