"""The real core with a generator that plays scripts, for a chat's real adapter to stand before."""

from __future__ import annotations

import asyncio
import io
import itertools
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image

from bot.clock import SystemClock
from bot.commands import Command
from bot.delivery import Delivery, Surface
from bot.dispatcher import Dispatcher
from bot.estimate import Estimate
from bot.flight import Painter
from bot.gallery import Gallery
from bot.loras import Loras
from bot.options import Defaults
from bot.people import People
from bot.places import Places
from bot.rate_limit import Rate, RateLimit
from bot.service import Service
from bot.styles import read_styles
from bot.updates import Answer
from bot.words import Words
from generator.layers import layers_for
from generator.loras import shelf_for
from generator.messages import Begun, End, Event, Finished, Generate, Health, Order, Preview, Ready, StepDone
from generator.models import EMBEDDED, EMBEDDED_MODEL, Model
from storage.pictures import PictureFolder
from storage.records import Job, Limits
from storage.sqlite import SqliteStore

LIMITS = Limits(per_account=200, whole_queue=1000, daily_allowance=100_000)
FREELY = RateLimit(Rate(per_minute=6e6, burst=10_000), Rate(per_minute=6e6, burst=10_000))

SIDE = 64  # large enough to be started from

RUNS = itertools.count()  # each run of a bot throws other dice

Line = Event | asyncio.Event
Script = Callable[[Generate], Iterable[Line]]


def picture_file(order: Order, side: int = SIDE, *, noisy: bool = False) -> bytes:
    """Return a real PNG; a noisy one compresses badly."""
    dice = random.Random(order.recipe.seed)
    size = (side, side)
    if noisy:
        image = Image.frombytes("RGB", size, dice.randbytes(side * side * 3))
    else:
        image = Image.new("RGB", size, tuple(dice.randbytes(3)))
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def _preview() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(target, "JPEG")
    return target.getvalue()


PREVIEW = _preview()


def finished(order: Order, **how: object) -> Finished:
    file = picture_file(order, **how)  # type: ignore[arg-type]
    return Finished(order=order.id, file=file, format=order.format, width=SIDE, height=SIDE, seconds=0.1)


def draws(request: Generate) -> Iterable[Line]:
    yield Begun()
    yield StepDone(1, 2)
    yield from (finished(order) for order in request.orders)
    yield End()


def draws_large(request: Generate) -> Iterable[Line]:
    yield Begun()
    yield from (finished(order, side=400, noisy=True) for order in request.orders)
    yield End()


def waits_for(event: asyncio.Event, then: Script = draws) -> Script:
    """Begin, show a first step with a preview, and go on when the event is set."""

    def script(request: Generate) -> Iterable[Line]:
        yield Begun()
        yield StepDone(3, 8)
        yield Preview(request.orders[0].id, PREVIEW)
        yield event
        yield from itertools.islice(then(request), 1, None)

    return script


def begins_at(event: asyncio.Event, then: Script) -> Script:
    """Do nothing until the event is set."""

    def script(request: Generate) -> Iterable[Line]:
        yield event
        yield from then(request)

    return script


SHELF = shelf_for(EMBEDDED, None)


class ScriptedPainter:
    """Plays one script per job, one at a time like a card; when they run out, it draws."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.health: Health = Ready("embedded")
        self._card = asyncio.Lock()

    @property
    def client(self) -> ScriptedPainter:
        return self

    def kill(self) -> None:
        raise AssertionError("nothing hangs here")

    async def generate(self, request: Generate) -> AsyncIterator[Event]:
        script = self.scripts.pop(0) if self.scripts else draws
        async with self._card:
            for line in script(request):
                if isinstance(line, asyncio.Event):
                    await line.wait()
                else:
                    yield line


class Clock(SystemClock):
    """The machine's time, moved on by hand where a test says that time has passed."""

    def __init__(self) -> None:
        self.passed = 0.0

    def wall(self) -> float:
        return time.time() + self.passed


class Studio:
    """One run of the core. `asked` has every command in the order in which it was asked.

    With each stands how many calls the platform had had by then: `count_calls` tells it.
    """

    model: Model = EMBEDDED_MODEL
    most_pictures = 4

    def __init__(
        self, folder: Path, painter: Painter, seconds: float | None, count_calls: Callable[[], int]
    ) -> None:
        self.clock = Clock()
        self.asked: list[tuple[Command, int]] = []
        self.store = SqliteStore(folder / "pinxit.sqlite3")
        self.pictures = PictureFolder(folder / "pictures")
        self.people, self.places = People(self.store), Places(self.store, Words(["gore"]))
        self.styles = read_styles()
        self._painter = painter
        self._seconds = seconds
        self._count_calls = count_calls

    def open_to(self, *surfaces: Surface) -> None:
        """Make the parts that come after the surfaces."""
        store, dice = self.store, random.Random(next(RUNS))
        self.delivery = Delivery(store=store, surfaces=surfaces, clock=self.clock)
        gallery = Gallery(store, self.pictures, lambda: f"{dice.getrandbits(64):x}")
        known = self._seconds is not None
        estimate = _Known(store, self._seconds or 0) if known else Estimate(store, self.model)
        self.dispatcher = Dispatcher(
            store=store,
            painter=self._painter,
            gallery=gallery,
            delivery=self.delivery,
            estimate=estimate,
            clock=self.clock,
            lease=f"run {id(self)}",
            dice=dice,
        )
        self.service = Service(
            store=store,
            dispatcher=self.dispatcher,
            delivery=self.delivery,
            gallery=gallery,
            estimate=estimate,
            clock=self.clock,
            model=self.model,
            limits=LIMITS,
            rate_limit=FREELY,
            dice=dice,
            defaults=Defaults(styles=self.styles, loras=SHELF, max_count=self.most_pictures),
            people=self.people,
            places=self.places,
            loras=Loras(SHELF, layers_for(EMBEDDED)),
        )

    async def answer(self, command: Command) -> Answer:
        self.asked.append((command, self._count_calls()))
        return await self.service.answer(command)

    @asynccontextmanager
    async def living(self, chatting: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Let it live meanwhile, with its adapter."""
        await self.store.open()
        await self.people.open()
        await self.places.open()
        life = asyncio.create_task(self._live(chatting))
        try:
            yield
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
            await self.store.close()

    async def _live(self, chatting: Callable[[], Awaitable[None]]) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.delivery.run())
            tasks.create_task(self.dispatcher.run())
            tasks.create_task(chatting())

    async def jobs(self) -> list[Job]:
        return list(await self.store.jobs())

    async def rung(self, job: str) -> str | None:
        post = await self.store.post(job)
        return post.rung.value if post is not None and post.rung is not None else None

    async def until_ended(self) -> None:
        """Wait until every job has ended and been shown, or given up to be shown."""
        async with asyncio.timeout(15):
            while any(job.ended_at is None for job in await self.jobs()):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        await self.until_confirmed()

    async def until_confirmed(self) -> None:
        async with asyncio.timeout(15):
            while await self.store.undelivered():  # noqa: ASYNC110 - storage tells nobody
                await asyncio.sleep(0.01)


class _Known(Estimate):
    """Every picture takes so long."""

    def __init__(self, store: SqliteStore, seconds: float) -> None:
        super().__init__(store, EMBEDDED_MODEL)
        self._each = seconds

    async def seconds(self, _recipe: object, count: int) -> float:
        return self._each * count
