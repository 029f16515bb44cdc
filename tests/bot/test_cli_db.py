"""`pinxit db` says what the database is, and takes everything from SQLite to PostgreSQL."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.doctor.examine import Verdict, database_checks
from bot.settings import BadSettings, read_settings
from storage.postgresql.saving import version_of as version_of_server
from storage.records import Identity
from storage.sql.scripts import migrations, newest
from storage.sqlite import SqliteStore
from storage.sqlite.copying import version_of


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in [*os.environ]:
        if name.upper().startswith("PINXIT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PINXIT_DATA", str(tmp_path))
    monkeypatch.setenv("PINXIT_PORT", "0")
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    return tmp_path


@pytest.fixture
def ada(data: Path) -> None:
    store = SqliteStore(data / "pinxit.sqlite3")

    async def with_credits() -> None:
        await store.open()
        account = await store.account(Identity("web", "ada"), "Ada")
        await store.grant(account.id, 70, "gift", "", 1.0)
        await store.close()

    asyncio.run(with_credits())


@pytest.fixture
def old(data: Path) -> Path:
    """A database as the first version left it."""
    number, script = migrations()[0]
    with closing(sqlite3.connect(data / "pinxit.sqlite3")) as database:
        database.executescript(script.read_text())
        database.execute(f"pragma user_version = {number}")
    return data / "pinxit.sqlite3"


def code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


@pytest.mark.parametrize(("command", "word"), [("db status", "at version 1."), ("doctor", "at version 1;")])
def test_looking_at_an_older_database_says_so_and_leaves_it_as_it_is(old, capsys, command, word):
    before = old.read_bytes()

    assert code(*command.split()) == 0

    said = capsys.readouterr().out
    assert word in said
    assert f"brings it to {newest()}" in said
    assert old.read_bytes() == before


def test_a_backup_of_an_older_database_is_of_its_version(old, data, capsys):
    assert code("backup", str(data / "copy")) == 0
    assert version_of(data / "copy" / "pinxit.sqlite3") == 1
    assert "without" not in capsys.readouterr().out

    old.unlink()
    assert code("restore", str(data / "copy")) == 0
    assert version_of(old) == newest()


def test_looking_at_an_empty_database_does_not_begin_it(monkeypatch, capsys, empty_postgres):
    monkeypatch.setenv("PINXIT_DATABASE", empty_postgres)

    assert code("db", "status") == 0
    assert code("doctor") == 0

    assert "at version 0." in capsys.readouterr().out
    assert asyncio.run(version_of_server(empty_postgres)) == 0


@pytest.mark.usefixtures("ada")
def test_everything_goes_from_sqlite_to_postgresql_and_is_used_there(monkeypatch, capsys, empty_postgres):
    monkeypatch.setenv("PINXIT_DATABASE", empty_postgres)

    assert code("db", "copy") == 0
    assert code("db", "status") == 0
    assert code("grant", "ada", "5") == 0

    said = capsys.readouterr().out
    assert "every count and credit is the same on both sides" in said
    assert "1 accounts with 70 credits and 0 held; 0 unfinished jobs" in said
    assert "Ada now has 75 credits" in said


@pytest.mark.usefixtures("ada")
def test_copying_needs_a_target(capsys):
    assert code("db", "copy") == 1

    assert "Set PINXIT_DATABASE" in capsys.readouterr().err


@pytest.mark.usefixtures("ada")
def test_the_file_s_status_is_told(data, capsys):
    assert code("db", "status") == 0

    assert f"{data}/pinxit.sqlite3 is reached" in capsys.readouterr().out


def test_an_empty_database_is_migrated(monkeypatch, capsys, empty_postgres):
    monkeypatch.setenv("PINXIT_DATABASE", empty_postgres)

    assert code("db", "migrate") == 0

    assert "is at version" in capsys.readouterr().out


def test_an_address_that_is_no_postgresql_is_refused_without_being_repeated(monkeypatch):
    monkeypatch.setenv("PINXIT_DATABASE", "mysql://me:geheim@host/db")

    with pytest.raises(BadSettings, match="must start with postgresql://") as error:
        read_settings()

    assert "geheim" not in str(error.value)


async def test_the_doctor_says_which_database_it_reached(monkeypatch, postgres):
    monkeypatch.setenv("PINXIT_DATABASE", postgres)

    check, *_ = await database_checks(read_settings().settings, deep=False)

    assert check.verdict is Verdict.GOOD
    assert check.name == "PostgreSQL"
    assert "is reached" in check.finding


async def test_the_doctor_says_what_to_do_about_a_server_that_is_not_there(monkeypatch):
    monkeypatch.setattr("storage.postgresql.database.PATIENCE_SECONDS", 0.1)
    monkeypatch.setenv("PINXIT_DATABASE", "postgresql://pinxit@127.0.0.1:1/pictures")

    check, *_ = await database_checks(read_settings().settings, deep=False)

    assert check.verdict is Verdict.BAD
    assert "Check that PostgreSQL runs there" in check.fix
