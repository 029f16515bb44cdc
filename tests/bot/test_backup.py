"""A backup is whole, or says why not; it goes back into an empty place only."""

import asyncio
import json
import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from stage import ScriptedGenerator, Stage, living, opened

from bot.backup import MANIFEST, back_up, restore
from bot.settings import Reading, Settings, read_settings
from bot.trouble import Trouble
from storage.folder_lock import FolderLock
from storage.pictures import PictureFolder
from storage.records import Identity, JobState
from storage.store import StorageError


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [*os.environ]:
        if name.upper().startswith("PINXIT_") or name.upper() in {"DISCORD_TOKEN", "TELEGRAM_TOKEN"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def reading(data: Path, monkeypatch: pytest.MonkeyPatch) -> Reading:
    monkeypatch.setenv("PINXIT_DATA", str(data))
    monkeypatch.setenv("DISCORD_TOKEN", "the-token-of-discord")
    return read_settings()


def settings(data: Path) -> Settings:
    return Settings(data=data)


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    data = tmp_path / "data"
    data.mkdir()
    async with opened(data / "pinxit.sqlite3") as store:
        playing = Stage(store, ScriptedGenerator(), PictureFolder(data / "pictures"))
        async with living(playing):
            yield playing


async def everything(data: Path) -> tuple[list[str], list[bytes], list[tuple[str, int]]]:
    """Return the jobs, the bytes of their pictures and the ledger of a data folder."""
    folder = PictureFolder(data / "pictures")
    async with opened(data / "pinxit.sqlite3") as store:
        assert await store.ledger_faults() == []
        jobs = sorted(await store.jobs(1000), key=lambda job: job.id)
        pictures = [await folder.read(each.sha256) for job in jobs for each in await store.pictures(job.id)]
        assert None not in pictures
        accounts = [(account.name, balance.available) for account, balance in await store.accounts()]
        return [job.id for job in jobs], [each for each in pictures if each], accounts


async def test_what_was_backed_up_comes_back_whole(stage, tmp_path, monkeypatch):
    for number in range(5):
        await stage.drawn(f"a red circle --seed {number} --n 2")
    (tmp_path / "data" / "words.txt").write_text("gore\n")

    made = await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=True)
    await restore(settings(tmp_path / "other"), tmp_path / "copy")

    assert (made.pictures, made.gone) == (6, 0)  # the second of each is the first of the next
    assert await everything(tmp_path / "other") == await everything(tmp_path / "data")
    assert (tmp_path / "other" / "words.txt").read_text() == "gore\n"


async def test_a_data_folder_may_have_any_signs_in_its_path(tmp_path, monkeypatch):
    data = tmp_path / "a #1? 100% ö"
    async with opened(data / "pinxit.sqlite3") as store:
        await store.account(Identity("web", "ada"), "Ada")

    await back_up(reading(data, monkeypatch), tmp_path / "copy #?%", with_pictures=True)
    await restore(settings(tmp_path / "new?"), tmp_path / "copy #?%")

    assert (await everything(tmp_path / "new?"))[2] == [("Ada", 0)]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a #1? 100% ö", "copy #?%", "new?"]


@contextmanager
def full_disk(most_bytes: int) -> Iterator[None]:
    """No file may grow beyond that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("stage")
async def test_a_backup_that_finds_no_room_says_so_in_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "data" / "loras").mkdir()
    (tmp_path / "data" / "loras" / "large.safetensors").write_bytes(bytes(3 << 20))

    with full_disk(2 << 20), pytest.raises(Trouble, match=r"copy is not finished: .*too large"):
        await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=True)

    assert not (tmp_path / "copy" / MANIFEST).exists()


async def test_what_could_not_be_put_back_can_be_put_back_again(stage, tmp_path, monkeypatch):
    await stage.drawn("a boat --seed 1")
    (tmp_path / "data" / "words.txt").write_bytes(bytes(3 << 20))
    await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=True)

    with full_disk(2 << 20), pytest.raises(Trouble, match="new is not finished: "):
        await restore(settings(tmp_path / "new"), tmp_path / "copy")
    await restore(settings(tmp_path / "new"), tmp_path / "copy")

    assert await everything(tmp_path / "new") == await everything(tmp_path / "data")


async def test_a_backup_made_while_jobs_are_accepted_drawn_and_deleted_is_consistent(
    stage, tmp_path, monkeypatch
):
    async def busy() -> None:
        for number in range(60):
            drawn = await stage.drawn(f"a star --seed {number}", by=f"person {number % 7}")
            if number % 5 == 0:
                await stage.delete(drawn.job, by=f"person {number % 7}")

    life = reading(tmp_path / "data", monkeypatch)
    working = asyncio.create_task(busy())
    for number in range(4):
        await asyncio.sleep(0.05)
        await back_up(life, tmp_path / f"copy {number}", with_pictures=True)
        await restore(settings(tmp_path / f"other {number}"), tmp_path / f"copy {number}")
    await working

    for number in range(4):
        await whole_or_gone(tmp_path / f"other {number}", tmp_path / f"copy {number}")


async def whole_or_gone(data: Path, copy: Path) -> None:
    """Every credit is accounted for, and no more pictures miss their bytes than were deleted meanwhile."""
    folder, manifest = PictureFolder(data / "pictures"), json.loads((copy / MANIFEST).read_text())
    async with opened(data / "pinxit.sqlite3") as store:
        assert await store.ledger_faults() == []
        jobs = await store.jobs(1000)
        named = {each.sha256 for job in jobs for each in await store.pictures(job.id)}
        assert len(named - set(await folder.hashes())) <= manifest["gone"]
        assert set(await folder.hashes()) <= named


async def test_a_restored_bot_draws_what_waited(stage, tmp_path, monkeypatch):
    stage.dispatcher.stop()
    job = await stage.accepted()

    await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=True)
    await restore(settings(tmp_path / "other"), tmp_path / "copy")

    async with opened(tmp_path / "other" / "pinxit.sqlite3") as store:
        again = Stage(store, ScriptedGenerator(), PictureFolder(tmp_path / "other" / "pictures"))
        async with living(again):
            await again.end(job)
        assert (await store.job(job.id)).state is JobState.SUCCEEDED  # type: ignore[union-attr]


async def test_secrets_are_not_in_a_backup(stage, tmp_path, monkeypatch):
    await stage.drawn()

    await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=True)

    hint = (tmp_path / "copy" / "settings.txt").read_text()
    assert "DISCORD_TOKEN=(set)" in hint
    assert not any(
        b"the-token" in file.read_bytes() for file in (tmp_path / "copy").rglob("*") if file.is_file()
    )


@pytest.mark.usefixtures("stage")
async def test_a_backup_goes_into_a_new_folder(tmp_path, monkeypatch):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "something").touch()

    with pytest.raises(Trouble, match="is not empty"):
        await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=True)


async def test_where_nothing_is_kept_nothing_is_backed_up(tmp_path, monkeypatch):
    with pytest.raises(Trouble, match="nothing to back up"):
        await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=True)


async def test_a_backup_is_never_put_over_what_is_there(stage, tmp_path, monkeypatch):
    await stage.drawn()
    await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=True)
    await PictureFolder(tmp_path / "other" / "pictures").put(b"somebody's")

    with pytest.raises(Trouble, match=r"exists\. A backup goes into an empty data folder only"):
        await restore(settings(tmp_path / "data"), tmp_path / "copy")
    with pytest.raises(Trouble, match="There are pictures in"):
        await restore(settings(tmp_path / "other"), tmp_path / "copy")
    assert not (tmp_path / "other" / "pinxit.sqlite3").exists()


async def test_a_backup_that_was_cut_short_is_none(stage, tmp_path, monkeypatch):
    await stage.drawn()
    await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=True)
    (tmp_path / "copy" / MANIFEST).unlink()

    with pytest.raises(Trouble, match="no finished backup"):
        await restore(settings(tmp_path / "other"), tmp_path / "copy")


@pytest.mark.parametrize("damaged", ["pinxit.sqlite3", "picture"])
async def test_a_damaged_backup_is_refused_and_leaves_no_database(stage, tmp_path, monkeypatch, damaged):
    drawn = await stage.drawn()
    await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=True)
    picture = PictureFolder(tmp_path / "copy" / "pictures").path(drawn.pictures[0].sha256)
    file = picture if damaged == "picture" else tmp_path / "copy" / damaged
    file.write_bytes(file.read_bytes()[:-1] + b"!")

    with pytest.raises(Trouble, match="damaged"):
        await restore(settings(tmp_path / "other"), tmp_path / "copy")
    assert not (tmp_path / "other" / "pinxit.sqlite3").exists()


async def test_a_running_bot_is_not_restored_over(stage, tmp_path, monkeypatch):
    await stage.drawn()
    await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=True)

    with FolderLock(tmp_path / "other"), pytest.raises(StorageError, match="Another Pinxit is running"):
        await restore(settings(tmp_path / "other"), tmp_path / "copy")


async def test_without_pictures_a_place_that_has_them_may_stay(stage, tmp_path, monkeypatch):
    drawn = await stage.drawn()
    await back_up(reading(tmp_path / "data", monkeypatch), tmp_path / "copy", with_pictures=False)
    (tmp_path / "data" / "pinxit.sqlite3").rename(tmp_path / "lost")

    await restore(settings(tmp_path / "data"), tmp_path / "copy")

    async with opened(tmp_path / "data" / "pinxit.sqlite3") as store:
        assert await store.pictures(drawn.job.id)
