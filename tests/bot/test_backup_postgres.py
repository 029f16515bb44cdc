"""`pinxit backup` and `pinxit restore` with PostgreSQL: consistent while bots work, and across engines."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from private_postgres import name_in
from stage import ScriptedGenerator, Stage, living, open_for_a_while

from bot.backup import back_up, restore
from bot.databases import store_at
from bot.settings import read_settings
from bot.trouble import Trouble
from storage.pictures import PictureFolder
from storage.postgresql import PostgresStore
from storage.sql.store import SqlStore
from storage.store import StorageError


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [*os.environ]:
        if name.upper().startswith("PINXIT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def reading(data: Path, database: str | None = None):
    os.environ["PINXIT_DATA"] = str(data)
    os.environ.pop("PINXIT_DATABASE", None)
    if database is not None:
        os.environ["PINXIT_DATABASE"] = database
    return read_settings()


@asynccontextmanager
async def bot_on(url: str, data: Path) -> AsyncIterator[Stage]:
    """A bot on PostgreSQL that draws, alone."""
    folder = PictureFolder(data / "pictures")
    async with (
        open_for_a_while(PostgresStore(url, pool=5)) as store,
        living(Stage(store, ScriptedGenerator(), folder)) as stage,
    ):
        yield stage


async def everything(store: SqlStore, data: Path) -> dict[str, object]:
    """What people would miss."""
    folder = PictureFolder(data / "pictures")
    async with open_for_a_while(store):
        assert await store.ledger_faults() == []
        jobs = await store.jobs(1000)
        pictures = [each for job in jobs for each in await store.pictures(job.id)]
        accounts = await store.accounts()
        return {
            "jobs": jobs,
            "pictures": pictures,
            "files": sorted(await folder.hashes()),
            "accounts": accounts,
            "entries": {account.id: list(await store.entries(account.id, 1000)) for account, _ in accounts},
            "alike": [list(await store.alike(each.look or 0)) for each in pictures],
        }


async def test_what_was_backed_up_comes_back_into_either_engine(postgres, postgres_server, tmp_path):
    async with bot_on(postgres, tmp_path / "data") as stage:
        for number in range(4):
            drawn = await stage.drawn(f"a red circle --seed {number} --n 2", by=f"person {number % 2}")
        await stage.delete(drawn.job, by="person 1")
    empty = await asyncio.to_thread(postgres_server.empty)

    made = await back_up(reading(tmp_path / "data", postgres), tmp_path / "copy", with_pictures=True)
    await restore(reading(tmp_path / "other", empty).settings, tmp_path / "copy")
    await restore(reading(tmp_path / "small").settings, tmp_path / "copy")

    before = await everything(PostgresStore(postgres), tmp_path / "data")
    assert made.pictures == len(before["files"]) == 4
    assert await everything(PostgresStore(empty), tmp_path / "other") == before
    small = reading(tmp_path / "small").settings
    assert await everything(store_at(small), tmp_path / "small") == before


async def test_what_lived_on_sqlite_comes_back_on_postgresql_and_lives_on(empty_postgres, tmp_path):
    store = store_at(reading(tmp_path / "data").settings)
    async with open_for_a_while(store):
        stage = Stage(store, ScriptedGenerator(), PictureFolder(tmp_path / "data" / "pictures"))
        waiting = await stage.accepted()

    await back_up(reading(tmp_path / "data"), tmp_path / "copy", with_pictures=True)
    await restore(reading(tmp_path / "other", empty_postgres).settings, tmp_path / "copy")

    async with bot_on(empty_postgres, tmp_path / "other") as again:
        await again.end(waiting)
        assert (await again.drawn()).job.ended_at is not None
    assert list((tmp_path / "other").glob("restoring*")) == []


async def test_a_backup_made_while_bots_work_is_consistent(postgres, postgres_server, tmp_path):
    life = reading(tmp_path / "data", postgres)

    async def busy(stage: Stage) -> None:
        for number in range(40):
            drawn = await stage.drawn(f"a star --seed {number}", by=f"person {number % 5}")
            if number % 5 == 0:
                await stage.delete(drawn.job, by=f"person {number % 5}")

    async with bot_on(postgres, tmp_path / "data") as stage:
        working = asyncio.create_task(busy(stage))
        made = []
        for number in range(3):
            await asyncio.sleep(0.1)
            made.append(await back_up(life, tmp_path / f"copy {number}", with_pictures=True))
        await working

    for number, manifest in enumerate(made):
        empty = await asyncio.to_thread(postgres_server.empty)
        other = reading(tmp_path / f"other {number}", empty).settings
        await restore(other, tmp_path / f"copy {number}")
        kept = await everything(store_at(other), other.data)
        named = {each.sha256 for each in kept["pictures"]}
        assert set(kept["files"]) <= named
        assert len(named) - len(kept["files"]) <= manifest.gone


async def test_a_database_in_use_is_not_restored_over(postgres, tmp_path):
    async with bot_on(postgres, tmp_path / "data") as stage:
        await stage.drawn()
    await back_up(reading(tmp_path / "data", postgres), tmp_path / "copy", with_pictures=True)

    with pytest.raises(StorageError, match="not empty"):
        await restore(reading(tmp_path / "other", postgres).settings, tmp_path / "copy")

    assert not (tmp_path / "other" / "pictures").exists()


async def test_a_database_of_another_version_is_left_to_the_pinxit_that_runs_on_it(
    empty_postgres, postgres_server, tmp_path
):
    async with open_for_a_while(PostgresStore(empty_postgres)):
        pass
    earlier = "update pinxit_version set version = version - 1"
    await asyncio.to_thread(postgres_server.psql, earlier, database=name_in(empty_postgres))

    with pytest.raises(StorageError, match="Copy it with the Pinxit that runs on it"):
        await back_up(reading(tmp_path / "data", empty_postgres), tmp_path / "copy", with_pictures=True)
    with pytest.raises(Trouble, match="no finished backup"):
        await restore(reading(tmp_path / "other").settings, tmp_path / "copy")
