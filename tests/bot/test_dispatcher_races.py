"""What comes at the wrong moment: each test holds one moment open."""

import asyncio
import sqlite3
from contextlib import closing

from stage import (
    DEADLINE,
    ScriptedGenerator,
    Stage,
    dies_while_drawing,
    draws,
    hangs,
    living,
    open_for_a_while,
    opened,
    playing,
    until,
    waits_for,
)

from bot.updates import Broken, Cancelled, Delivered, Final, Stopping
from storage.pictures import PictureFolder
from storage.records import Job, JobState
from storage.sqlite import SqliteStore
from storage.store import StorageError


class TellsLate(SqliteStore):
    """Hands jobs back at once, and says so later, as over a network."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.back, self.tell = asyncio.Event(), asyncio.Event()

    async def give_back(self, job, attempt, *, lost):
        again = await super().give_back(job, attempt, lost=lost)
        self.back.set()
        await self.tell.wait()
        return again


class IsAway(SqliteStore):
    """Cannot recover."""

    async def recover(self, *_, **__):
        raise StorageError("away")


class SlowToClose(ScriptedGenerator):
    """Takes a while to end a stream that nobody wants any more."""

    def __init__(self, *scripts, **kinds) -> None:
        super().__init__(*scripts, **kinds)
        self.closing = asyncio.Event()
        self.close = asyncio.Event()

    async def generate(self, request):
        try:
            async for event in super().generate(request):
                yield event
        finally:
            if self.closed_early and not self.closing.is_set():
                self.closing.set()
                await self.close.wait()


async def claimed_again(stage: Stage) -> Job:
    """Order a job that is lost, and claim it again before it was told that it was handed back."""
    job = await stage.accepted()
    await stage.store.back.wait()
    stage.dispatcher.wake()
    await until(lambda: len(stage.generator.requests) == 2)
    stage.store.tell.set()
    for _ in range(10):
        await asyncio.sleep(0)
    return job


async def being_stopped(stage: Stage) -> Job:
    """Order a job whose stream is being closed, slowly, because somebody has stopped it."""
    job = await stage.accepted()
    await until(lambda: stage.dispatcher.drawing == 1)
    await stage.cancel(job)
    await stage.generator.closing.wait()
    return job


async def test_a_job_that_is_claimed_again_before_its_return_was_told_is_drawn(tmp_path):
    drawing = asyncio.Event()
    generator = ScriptedGenerator(dies_while_drawing, waits_for(drawing))
    async with open_for_a_while(TellsLate()) as store:
        stage = Stage(store, generator, PictureFolder(tmp_path))
        async with living(stage):
            job = await claimed_again(stage)

            drawing.set()

            assert isinstance(await stage.end(job), Delivered)
            assert isinstance(await stage.drawn(), Delivered)


async def test_a_job_that_is_claimed_again_before_its_return_was_told_can_be_stopped(tmp_path):
    generator = ScriptedGenerator(dies_while_drawing, hangs)
    async with open_for_a_while(TellsLate()) as store:
        stage = Stage(store, generator, PictureFolder(tmp_path), patience_seconds=1000.0)
        async with living(stage):
            job = await claimed_again(stage)

            assert isinstance(await stage.cancel(job), Stopping)
            assert isinstance(await stage.end(job), Cancelled)


async def test_a_stop_that_is_asked_for_twice_is_one_stop(tmp_path):
    generator = SlowToClose(hangs)
    async with playing(generator, tmp_path, patience_seconds=1000.0) as stage:
        job = await being_stopped(stage)

        again = stage.dispatcher.cancel(job.id)
        generator.close.set()

        assert again is None
        assert isinstance(await stage.end(job), Cancelled)


async def test_the_bot_stops_while_a_stream_is_being_closed(tmp_path):
    generator = SlowToClose(hangs)
    async with playing(generator, tmp_path, patience_seconds=1000.0) as stage:
        job = await being_stopped(stage)

        stage.dispatcher.stop()
        generator.close.set()

        await until(lambda: not stage.dispatcher.leading)
        assert (await stage.store.job(job.id)).state is JobState.CANCELLED


async def test_a_stream_that_ends_in_silence_fails_no_other(tmp_path):
    generator = SlowToClose(draws, lambda _: [asyncio.Event()], painters=2)
    async with playing(generator, tmp_path) as stage:
        await stage.drawn()
        silent = await stage.accepted()
        await generator.closing.wait()

        other = await stage.accepted("a star")
        end = await stage.audience.sees(other.id, Final)
        generator.close.set()

        assert isinstance(end, Delivered)
        assert isinstance(await stage.end(silent), Delivered)


async def test_a_bot_that_cannot_read_what_was_left_running_stops_in_peace(tmp_path):
    async with open_for_a_while(IsAway(":memory:")) as store:
        stage = Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))
        running = asyncio.create_task(stage.dispatcher.run())
        await asyncio.sleep(0)

        stage.dispatcher.stop()

        async with asyncio.timeout(DEADLINE):
            await running


async def test_a_job_that_cannot_be_read_costs_nothing_and_holds_up_nobody(tmp_path):
    path = tmp_path / "pinxit.db"
    async with opened(path) as store:
        stage = Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))
        await stage.accepted()
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("""update jobs set recipe = '{"from": "the future"}'""")
        async with living(stage):
            other = await stage.accepted(by="Bob")

            assert isinstance(await stage.end(other), Delivered)
            assert await stage.balance() == (1000, 0)


async def test_a_job_that_cannot_be_read_and_was_left_running_keeps_no_bot_from_starting(tmp_path):
    path = tmp_path / "pinxit.db"
    async with opened(path) as store:
        stage = Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))
        job = await stage.accepted()
        await store.claim("an earlier run", 0.0)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("update jobs set recipe = '[]'")
        async with living(stage):
            assert isinstance(await stage.end(job), Broken)
            assert await stage.balance() == (1000, 0)
