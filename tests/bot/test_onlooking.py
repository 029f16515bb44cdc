"""A page sees its person's jobs move wherever they were ordered: in another chat, or at another bot."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from stage import DEADLINE, Line, ScriptedGenerator, Stage, finished, opened, until, waits_for

from bot.clock import SystemClock
from bot.commands import Command, Delete, DeleteMine, Person, ShowJob
from bot.onlooking import Onlooking
from bot.relay import Relay
from bot.updates import Answer, Deleted, Delivered, Progress, Queued, Update
from generator.messages import Begun, End, Generate, Preview, StepDone
from storage.pictures import PictureFolder
from storage.postgresql import PostgresStore
from storage.records import Identity
from storage.store import Store

ADA = Person(identity=Identity("stage", "Ada"), name="Ada", language="en")


class Window:
    """Looks at what Ada has ordered, and remembers all it is told."""

    person = ADA

    def __init__(self, platform: str = "window") -> None:
        self.platform = platform
        self.came = asyncio.Event()
        self.looking = False
        self.told: list[Update | Deleted | None] = []

    async def overhear(self, news: Update | Deleted | None) -> None:
        self.told.append(news)

    def open(self) -> None:
        self.looking = True
        self.came.set()

    def kinds(self, job: str) -> list[type[Update]]:
        return [type(each) for each in self.told if isinstance(each, Update) and each.job.id == job]


class Room(Stage):
    """One bot, with a window."""

    def __init__(
        self, store: Store, generator: ScriptedGenerator, folder: Path, window: Window | None = None
    ) -> None:
        super().__init__(store, generator, PictureFolder(folder))
        self.window = window or Window()
        self.relay = Relay(store, self.delivery, SystemClock())
        self.relay.learn_again = {"people": self.people.open}
        self.dispatcher.seen_elsewhere = self.relay.seen
        self.onlooking = Onlooking(
            store=store,
            people=self.people,
            delivery=self.delivery,
            relay=self.relay,
            onlooker=self.window,
            clock=SystemClock(),
            answer=self.service.answer,
        )
        self._plain = self.service.answer
        self.service.answer = self._answer  # type: ignore[method-assign]

    async def _answer(self, command: Command) -> Answer:
        answer = await self._plain(command)
        self.onlooking.answered(command, answer)
        return answer

    async def looks(self) -> None:
        self.window.open()
        await until(lambda: self.onlooking._account is not None)

    async def live(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.store.company.run())
            tasks.create_task(self.relay.run())
            tasks.create_task(self.onlooking.run())
            tasks.create_task(self.delivery.run())
            tasks.create_task(self.store.company.lead("drawing", self.dispatcher.run))


@asynccontextmanager
async def room(folder: Path, window: Window | None = None) -> AsyncIterator[Room]:
    async with opened(folder / "db") as store:
        one = Room(store, ScriptedGenerator(), folder / "pictures", window)
        life = asyncio.create_task(one.live())
        yield one
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)


@pytest.fixture
async def rooms(postgres: str, tmp_path: Path) -> AsyncIterator[list[Room]]:
    """Three bots on one database: the first draws, and at the third somebody looks."""
    generator = ScriptedGenerator()
    three = [Room(PostgresStore(postgres, pool=4), generator, tmp_path) for _ in range(3)]
    async with AsyncExitStack() as stack:
        for each in three:
            await each.store.open()
            stack.push_async_callback(each.store.close)
            life = asyncio.create_task(each.live())
            stack.push_async_callback(asyncio.gather, life, return_exceptions=True)
            stack.callback(life.cancel)
            await until(each.store.company._here.is_set)
            await until(lambda: three[0].dispatcher.leading)
        await three[2].looks()
        account = three[2].onlooking._account
        await until(lambda: all(each.onlooking._is_looked_at(account) for each in three[:2]))
        yield three


async def test_a_job_of_another_chat_is_seen_from_its_place_to_its_end(tmp_path):
    async with room(tmp_path) as one:
        await one.looks()

        job = await one.accepted()
        await one.end(job)
        await until(lambda: Delivered in one.window.kinds(job.id))

    kinds = one.window.kinds(job.id)
    assert kinds[0] is Queued
    assert Progress in kinds


async def test_what_the_page_shows_anyway_is_not_told_twice(tmp_path):
    async with room(tmp_path, Window("stage")) as one:
        await one.looks()

        await one.end(await one.accepted())
        await one.service.answer(DeleteMine(ADA, confirmed=True))

    assert one.window.told == []


async def test_nobody_sees_what_somebody_else_orders_or_only_asks_about(tmp_path):
    async with room(tmp_path) as one:
        await one.looks()

        job = await one.accepted(by="Eve")
        await one.end(job)
        await one.service.answer(ShowJob(one.person("Eve"), job.id))

    assert one.window.told == []


async def test_where_nobody_looks_nothing_is_told(tmp_path):
    async with room(tmp_path) as one:
        await one.looks()
        one.window.looking = False

        await one.end(await one.accepted())

    assert one.window.told == []


@pytest.mark.parametrize("number", [0, 1])
async def test_a_job_that_two_other_bots_draw_and_show_is_seen_with_its_steps_and_previews(rooms, number):
    go_on = asyncio.Event()

    def draws(request: Generate) -> Iterable[Line]:
        yield Begun()
        yield StepDone(1, 2)
        yield Preview(request.orders[0].id, b"jpeg")
        yield go_on
        yield from map(finished, request.orders)
        yield End()

    rooms[0].generator.scripts.append(draws)
    window = rooms[2].window

    job = await rooms[number].accepted()
    await until(lambda: any(isinstance(each, Progress) and each.previews for each in window.told))
    go_on.set()
    await until(lambda: Delivered in window.kinds(job.id))

    assert window.kinds(job.id)[-1] is Delivered
    assert rooms[2].audience.of(job.id) == []


async def test_a_job_that_waits_at_another_bot_is_seen_at_once(rooms):
    first, second, third = rooms
    drawing = asyncio.Event()
    first.generator.scripts.append(waits_for(drawing))
    await first.accepted(by="Eve")
    await until(lambda: first.dispatcher.drawing)

    job = await second.accepted()
    await until(lambda: third.window.kinds(job.id) == [Queued])

    drawing.set()
    await until(lambda: Delivered in third.window.kinds(job.id))


async def test_what_is_cancelled_or_deleted_at_another_bot_is_seen(rooms):
    _, second, third = rooms
    job = await second.accepted()
    await until(lambda: Delivered in third.window.kinds(job.id))

    await second.service.answer(Delete(ADA, job.id))
    await until(lambda: Deleted(job.id) in third.window.told)
    await second.service.answer(DeleteMine(ADA, confirmed=True))

    await until(lambda: None in third.window.told)


async def test_previews_of_what_was_looked_at_do_not_stay_behind(rooms):
    first, _, third = rooms
    job = await first.accepted()
    await until(lambda: Delivered in third.window.kinds(job.id))
    third.window.looking = False

    async with asyncio.timeout(DEADLINE):
        while await first.store.previews.see(job.id):  # noqa: ASYNC110 - a notice clears them away
            await asyncio.sleep(0.05)
