"""Files that bots keep and remove at once: what something refers to is there, whatever came between what."""

import asyncio
import math
import random
import secrets
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stored_orders import NOON, person

sys.path.append(str(Path(__file__).parents[1] / "platforms"))

from bucket_server import KEY_ID, SECRET, bucket_server

from bot.gallery import Gallery
from generator.messages import Fault, Finished, PictureFormat
from storage.picture_bucket import Access, PictureBucket
from storage.pictures import PictureFolder, Pictures
from storage.postgresql import PostgresStore
from storage.records import Job
from storage.sql.store import SqlStore
from storage.sqlite import SqliteStore
from storage.store import StorageError

FILE = b"\x89PNG the same picture"
WAIT_SECONDS = 60.0


class Slow:
    """A place for pictures that stops where it is told to, until it may go on."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self.after_writing = self.before_removing = False
        self.stopped, self.go_on = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pictures, name)

    async def put(self, content: bytes) -> str:
        sha256 = await self._pictures.put(content)
        await self._stop(wanted=self.after_writing)
        return sha256

    async def remove(self, hashes: Iterable[str]) -> None:
        await self._stop(wanted=self.before_removing)
        await self._pictures.remove(hashes)

    async def _stop(self, *, wanted: bool) -> None:
        if wanted:
            self.stopped.set()
            async with asyncio.timeout(WAIT_SECONDS):
                await self.go_on.wait()


class Bot:
    """A bot's store, its way to the place for pictures, its gallery."""

    def __init__(self, store: SqlStore, pictures: Pictures) -> None:
        self.store = store
        self.folder: Any = Slow(pictures)
        numbers = iter(range(10_000))
        self.gallery = Gallery(self.store, self.folder, lambda: f"{self.store.name} {next(numbers)}")

    async def claims(self) -> Job:
        await (await person(self.store)).orders()
        while (job := await self.store.claim(self.store.name, NOON)) is None:
            pass  # somebody took ours, and left one that was not there when we looked
        return job

    async def draws(self, content: bytes = FILE) -> Job:
        job = await self.claims()
        assert await self.keeps(job, content) is not None
        return job

    async def keeps(self, job: Job, content: bytes = FILE) -> object:
        return await self.gallery.keep(job, [drawn(job, content)], NOON)

    async def shown(self, job: Job) -> bytes | None:
        (picture,) = await self.store.pictures(job.id)
        return await self.folder.read(picture.sha256)


def drawn(job: Job, content: bytes) -> Finished:
    return Finished(
        order=f"{job.id}:0", file=content, format=PictureFormat.PNG, width=64, height=64, seconds=1.0
    )


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pictures]:
    """Where all bots keep pictures."""
    if request.param == "folder":
        yield PictureFolder(tmp_path / "pictures")
        return
    with bucket_server() as server:
        access = Access(endpoint=server.endpoint, region="us-east-1", key_id=KEY_ID, secret=SECRET)
        yield PictureBucket(f"{server.url}/{secrets.token_hex(4)}", access, links=False)


@pytest.fixture
async def bots(postgres: str, place: Pictures) -> AsyncIterator[tuple[Bot, Bot]]:
    """Two bots that share a database and the place for pictures."""
    two = Bot(PostgresStore(postgres, pool=4), place), Bot(PostgresStore(postgres, pool=4), place)
    for bot in two:
        await bot.store.open()
    yield two
    for bot in two:
        await bot.store.close()


@pytest.fixture
async def alone(path: Path, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot that shares nothing with anybody."""
    bot = Bot(SqliteStore(path), PictureFolder(tmp_path / "pictures"))
    await bot.store.open()
    yield bot
    await bot.store.close()


async def test_a_file_that_is_written_stays_though_another_bot_deletes_its_twin_meanwhile(bots):
    first, second = bots
    twin, job = await first.draws(), await second.claims()
    second.folder.after_writing = True
    keeping = asyncio.create_task(second.keeps(job))
    await second.folder.stopped.wait()

    await first.gallery.remove(twin.id, NOON)
    second.folder.go_on.set()
    await keeping

    assert await second.shown(job) == FILE


async def test_a_file_that_is_being_removed_is_written_again_by_who_keeps_its_twin(bots):
    first, second = bots
    twin, job = await first.draws(), await second.claims()
    first.folder.before_removing = True
    removing = asyncio.create_task(first.gallery.remove(twin.id, NOON))
    await first.folder.stopped.wait()
    keeping = asyncio.create_task(second.keeps(job))
    await asyncio.sleep(0.3)  # long enough to be done, did it not wait

    first.folder.go_on.set()
    await asyncio.gather(removing, keeping)

    assert await second.shown(job) == FILE


async def test_what_was_expected_and_came_to_nothing_is_removed_by_who_expected_it(bots):
    first, second = bots
    twin, job = await first.draws(), await second.claims()
    await second.store.fail(job.id, job.attempt, Fault.INTERNAL, NOON)
    second.folder.after_writing = True
    keeping = asyncio.create_task(second.keeps(job))
    await second.folder.stopped.wait()
    await first.gallery.remove(twin.id, NOON)
    left_alone = await first.folder.hashes()

    second.folder.go_on.set()

    assert await keeping is None
    assert len(left_alone) == 1
    assert await first.folder.hashes() == []


async def test_a_deletion_that_fails_leaves_the_file_to_the_next_sweep_and_nobody_waiting(bots, monkeypatch):
    first, second = bots
    twin = await first.draws()

    async def fails(_hashes: object) -> None:
        raise StorageError("the disk is away")

    monkeypatch.setattr(first.folder, "remove", fails)
    with pytest.raises(StorageError):
        await first.gallery.remove(twin.id, NOON)

    job = await second.draws()
    assert await second.shown(job) == FILE
    assert await second.gallery.sweep(9e9) == 0


async def test_a_picture_is_kept_though_storage_is_away_in_the_next_moment(bots, monkeypatch):
    first, _ = bots
    job = await first.claims()

    async def fails(*_: object) -> None:
        raise StorageError("the server is away")

    monkeypatch.setattr(first.store.contents, "let_go", fails)

    assert await first.keeps(job) is not None
    assert await first.shown(job) == FILE


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_is_drawn_and_deleted_at_once_what_is_referred_to_is_there(bots, seed):
    dice = random.Random(seed)

    async def life(bot: Bot) -> None:
        for _ in range(12):
            job = await bot.draws(FILE + bytes([dice.randrange(2)]))
            if dice.random() < 0.7:
                await bot.gallery.remove(job.id, NOON)

    await asyncio.gather(*(life(bot) for bot in bots for _ in range(3)))

    store, folder = bots[0].store, bots[0].folder
    named = {picture.sha256 for job in await store.jobs(1000) for picture in await store.pictures(job.id)}
    assert set(await folder.hashes()) == named


@pytest.mark.parametrize("deed", ["deletes its twin", "sweeps"])
async def test_what_a_bot_alone_is_about_to_refer_to_stays_whatever_it_does_beside(alone, deed):
    twin, job = await alone.draws(), await alone.claims()
    if deed == "sweeps":
        await alone.store.delete(twin.id, NOON)
    alone.folder.after_writing = True
    keeping = asyncio.create_task(alone.keeps(job))
    await alone.folder.stopped.wait()
    beside = alone.gallery.sweep(math.inf) if deed == "sweeps" else alone.gallery.remove(twin.id, NOON)
    doing = asyncio.create_task(beside)
    await asyncio.sleep(0.2)  # long enough to be done, did it not wait

    alone.folder.go_on.set()
    await asyncio.gather(keeping, doing)

    assert await alone.shown(job) == FILE
