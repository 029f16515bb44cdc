"""What one bot draws and another shows: the same steps, places, previews and ends."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from stage import DEADLINE, FastClock, Line, ScriptedGenerator, Stage, finished, until

from bot.clock import SystemClock
from bot.relay import PROGRESS_SECONDS, Relay
from bot.updates import Delivered, Progress, Queued
from generator.messages import Begun, End, Generate, Preview, StepDone
from storage.pictures import PictureFolder
from storage.postgresql import PostgresStore

LARGE = bytes(range(256)) * 60  # more than any notice holds


class Branch(Stage):
    """One of the bots that share a database; only one of them draws."""

    def __init__(self, store: PostgresStore, generator: ScriptedGenerator, folder: Path) -> None:
        super().__init__(store, generator, PictureFolder(folder))
        self.relay = Relay(store, self.delivery, SystemClock())
        self.dispatcher.seen_elsewhere = self.relay.seen

    async def live(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.store.company.run())
            tasks.create_task(self.relay.run())
            tasks.create_task(self.delivery.run())
            tasks.create_task(self.store.company.lead("drawing", self.dispatcher.run))

    def progress(self, job: str) -> list[Progress]:
        return [update for update in self.audience.of(job) if isinstance(update, Progress)]


@pytest.fixture
async def branches(postgres: str, tmp_path: Path) -> AsyncIterator[list[Branch]]:
    """The first draws; the others only take orders and show."""
    generator = ScriptedGenerator()
    three = [Branch(PostgresStore(postgres, pool=4), generator, tmp_path) for _ in range(3)]
    async with AsyncExitStack() as stack:
        for branch in three:
            await branch.store.open()
            stack.push_async_callback(branch.store.close)
            life = asyncio.create_task(branch.live())
            stack.push_async_callback(asyncio.gather, life, return_exceptions=True)
            stack.callback(life.cancel)
            await until(branch.store.company._here.is_set)
            await until(lambda: three[0].dispatcher.leading)
        yield three


async def test_an_order_drawn_by_another_bot_shows_the_same_steps_and_previews(branches):
    first, second, third = branches
    go_on = [asyncio.Event() for _ in range(3)]

    def draws(request: Generate) -> Iterable[Line]:
        yield Begun()
        for step, event in enumerate(go_on, 1):
            yield StepDone(step, 3)
            yield Preview(request.orders[0].id, LARGE + bytes([step]))
            yield event
        yield from map(finished, request.orders)
        yield End()

    first.generator.scripts.append(draws)
    job = await second.accepted()
    for step, event in enumerate(go_on, 1):
        wanted = (step, ((0, LARGE + bytes([step])),))
        await until(lambda wanted=wanted: wanted in [(p.step, p.previews) for p in second.progress(job.id)])
        assert second.relay.seen(job).previews == wanted[1]
        await until(lambda step=step: third.dispatcher.current(job) == Progress(job=job, step=step, steps=3))
        event.set()
    await second.end(job)

    assert isinstance(second.audience.of(job.id)[-1], Delivered)
    assert first.audience.of(job.id) == []
    async with asyncio.timeout(DEADLINE):
        while await first.store.previews.see(job.id):  # noqa: ASYNC110 - a notice clears them away
            await asyncio.sleep(0.05)


async def test_fast_steps_are_told_at_most_every_so_often_and_the_last_one_always(branches):
    first, second, _ = branches
    over = asyncio.Event()

    def hurries(request: Generate) -> Iterable[Line]:
        yield Begun()
        for step in range(1, 41):
            yield StepDone(step, 40)
            yield Preview(request.orders[0].id, bytes([step]))
        yield over
        yield from map(finished, request.orders)
        yield End()

    first.generator.scripts.append(hurries)
    began = FastClock().now() / 100
    job = await second.accepted()
    await until(lambda: (40, ((0, b"\x28"),)) in [(p.step, p.previews) for p in second.progress(job.id)])
    passed = FastClock().now() / 100 - began
    told = len(second.progress(job.id))
    over.set()
    await second.end(job)

    assert told <= passed / PROGRESS_SECONDS + 1


async def test_places_are_told_to_those_who_wait_at_another_bot(branches):
    first, second, _ = branches
    drawing = asyncio.Event()

    def waits(request: Generate) -> Iterable[Line]:
        yield Begun()
        yield drawing
        yield from map(finished, request.orders)
        yield End()

    first.generator.scripts.append(waits)
    await first.accepted()
    waiting = [await second.accepted(by=name) for name in ("Bob", "Cleo", "Dan", "Eve")]
    drawing.set()
    for job in waiting:
        await second.end(job)

    places = [update for update in second.audience.of(waiting[-1].id) if isinstance(update, Queued)]
    assert all(place.place <= 4 for place in places)
    assert isinstance(second.audience.of(waiting[-1].id)[-1], Delivered)
