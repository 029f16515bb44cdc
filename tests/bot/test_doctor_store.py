"""The doctor looks whether what is kept fits together."""

import asyncio
import os
import time
from pathlib import Path

from stage import ScriptedGenerator, Stage, living, opened, playing, waits_for

from bot.doctor.store import company_checks, contents_check, jobs_check, ledger_check
from bot.doctor.verdicts import Verdict
from bot.settings import Settings
from storage.pictures import PictureFolder
from storage.postgresql import PostgresStore


async def test_all_is_well_where_everything_fits(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await stage.drawn()
        await stage.until_confirmed()

        checks = [
            await ledger_check(stage.store),
            await jobs_check(stage.store, is_running=True),
            await contents_check(stage.store, stage.folder),
        ]

    assert [check.verdict for check in checks] == [Verdict.GOOD] * 3
    assert checks[2].finding == "all 1 files belong to something"


async def test_a_picture_whose_file_is_gone_is_found(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        drawn = await stage.drawn()
        await stage.folder.remove([drawn.pictures[0].sha256])

        check = await contents_check(stage.store, stage.folder)

    assert check.verdict is Verdict.BAD
    assert drawn.pictures[0].sha256 in check.finding
    assert check.fix == "restore the pictures from a backup."


async def test_a_file_that_belongs_to_nothing_is_found_once_it_is_old(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        orphan = await stage.folder.put(b"nobody's")
        young = await contents_check(stage.store, stage.folder)
        aged(stage.folder.path(orphan))

        old = await contents_check(stage.store, stage.folder)

    assert young.verdict is Verdict.GOOD
    assert (old.verdict, old.finding) == (Verdict.NOTE, "1 files belong to nothing")


async def test_a_credit_that_went_astray_is_found(tmp_path):
    async with opened(tmp_path / "db") as store:
        async with living(Stage(store, ScriptedGenerator(), PictureFolder(tmp_path / "p"))) as stage:
            await stage.drawn()
        await store._db.write(lambda db: db.rows("update accounts set available = available + 1"))

        check = await ledger_check(store)

    assert check.verdict is Verdict.BAD
    assert "1 faults" in check.finding


async def test_jobs_of_a_bot_that_ended_wait_for_its_start(tmp_path):
    never = asyncio.Event()
    async with playing(ScriptedGenerator(waits_for(never)), tmp_path) as stage:
        job = await stage.accepted()
        await stage.until_claimed(job)

        check = await jobs_check(stage.store, is_running=False)

    assert check.verdict is Verdict.NOTE
    assert check.fix == "start Pinxit: it takes them up by itself."


def aged(file: Path) -> None:
    os.utime(file, (time.time() - 7200,) * 2)


async def test_bots_that_share_a_database_and_not_their_pictures_are_found(postgres, tmp_path):
    alone = Settings(data=tmp_path, PINXIT_DATABASE=postgres)
    together = alone.model_copy(update={"pictures": "file:///srv/pictures"})
    store = PostgresStore(postgres, pool=2)
    await store.open()

    found = []
    for name in ("one", "two"):
        await store.beat(name, 60.0, time.time())
        found.append(await company_checks(alone, store))
    found.append(await company_checks(together, store))
    await store.leave("two")
    found.append(await company_checks(alone, store))
    await store.close()

    assert [[check.verdict for check in checks] for checks in found] == [[], [Verdict.BAD], [], []]
    assert "PINXIT_PICTURES" in found[1][0].fix
