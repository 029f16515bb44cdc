"""The real core and the real adapter, on a loopback Discord, with a generator that plays scripts."""

from __future__ import annotations

import asyncio
import io
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image

from bot.adapters.discord.core import Account, Core
from bot.adapters.discord.front import DiscordFront
from bot.clock import SystemClock
from bot.commands import Command
from bot.delivery import Delivery
from bot.dispatcher import Dispatcher
from bot.estimate import Estimate
from bot.flight import Painter
from bot.gallery import Gallery
from bot.rate_limit import Rate, RateLimit
from bot.service import Service
from bot.updates import Answer
from generator.messages import Begun, End, Event, Finished, Generate, Health, Order, Preview, Ready, StepDone
from generator.models import EMBEDDED_MODEL
from storage.pictures import PictureFolder
from storage.records import Job, Limits
from storage.sqlite import SqliteStore
from tests.platforms.discord import TOKEN, LoopbackDiscord, Message

LIMITS = Limits(per_account=200, whole_queue=1000, daily_allowance=100_000)
FREELY = RateLimit(Rate(per_minute=6e6, burst=10_000), Rate(per_minute=6e6, burst=10_000))

RUNS = itertools.count()  # each run of a bot throws other dice

Line = Event | asyncio.Event
Script = Callable[[Generate], Iterable[Line]]


def picture_file(order: Order, side: int = 16, *, noisy: bool = False) -> bytes:
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


def finished(order: Order, **how: object) -> Finished:
    file = picture_file(order, **how)  # type: ignore[arg-type]
    side = 16
    return Finished(order=order.id, file=file, format=order.format, width=side, height=side, seconds=0.1)


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
        yield Preview(request.orders[0].id, b"a small jpeg")
        yield event
        yield from itertools.islice(then(request), 1, None)

    return script


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


class Bot:
    """One run of the bot. `asked` has every command in the order in which the core was asked."""

    def __init__(  # noqa: PLR0913 - what differs between tests
        self,
        discord: LoopbackDiscord,
        folder: Path,
        painter: Painter,
        *,
        token: str = TOKEN,
        guilds: tuple[int, ...] = (),
        seconds: float | None = None,
    ) -> None:
        self.discord = discord
        self.clock = Clock()
        self.asked: list[tuple[Command, int]] = []  # with the number of calls that Discord had had
        self.store = store = SqliteStore(folder / "pinxit.sqlite3")
        pictures = PictureFolder(folder / "pictures")
        dice = random.Random(next(RUNS))
        core = Core(
            answer=self.answer,
            path=pictures.path,
            post=store.post,
            now=self.clock.wall,
            model=EMBEDDED_MODEL,
            most_pictures=4,
        )
        account = Account(
            token=token,
            api_url=discord.url,
            guilds=guilds,
            synced=folder / "discord.json",
            journal=folder / "presses.jsonl",
        )
        self.front = DiscordFront(core, account)
        self.front.surface.interval_seconds = 0.01
        self.delivery = Delivery(store=store, surfaces=[self.front.surface], clock=self.clock)
        gallery = Gallery(store, pictures, lambda: f"{dice.getrandbits(64):x}")
        estimate = _Known(store, EMBEDDED_MODEL, seconds) if seconds else Estimate(store, EMBEDDED_MODEL)
        self.dispatcher = Dispatcher(
            store=store,
            painter=painter,
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
            model=EMBEDDED_MODEL,
            limits=LIMITS,
            rate_limit=FREELY,
            dice=dice,
        )

    async def answer(self, command: Command) -> Answer:
        self.asked.append((command, len(self.discord.calls)))
        return await self.service.answer(command)

    async def live(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.delivery.run())
            tasks.create_task(self.dispatcher.run())
            tasks.create_task(self.front.run())

    async def jobs(self) -> list[Job]:
        return list(await self.store.jobs())

    async def rung(self, job: str) -> str | None:
        post = await self.store.post(job)
        return post.rung.value if post is not None and post.rung is not None else None

    async def until_confirmed(self) -> None:
        async with asyncio.timeout(15):
            while await self.store.undelivered():  # noqa: ASYNC110 - storage tells nobody
                await asyncio.sleep(0.01)


class _Known(Estimate):
    """Every picture takes so long."""

    def __init__(self, store: SqliteStore, model: object, seconds: float) -> None:
        super().__init__(store, model)  # type: ignore[arg-type]
        self._each = seconds

    async def seconds(self, _recipe: object, count: int) -> float:
        return self._each * count


@asynccontextmanager
async def running(
    discord: LoopbackDiscord, folder: Path, *scripts: Script, ready: bool = True, **how: object
) -> AsyncIterator[Bot]:
    """One run of the bot, from its login to its stop."""
    sessions = discord.gateway.identified
    bot = Bot(discord, folder, ScriptedPainter(*scripts), **how)  # type: ignore[arg-type]
    await bot.store.open()
    life = asyncio.create_task(bot.live())
    try:
        if ready:
            await discord.ready(sessions + 1)
        yield bot
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        await bot.store.close()


def shows(message: Message | None, part: str) -> bool:
    return message is not None and not message.deleted and part in message.content
