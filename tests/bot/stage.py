"""The core with a scripted generator, a surface that remembers, and real storage."""

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bot.batching import ALONE, Batching
from bot.clock import SystemClock
from bot.commands import Cancel, Delete, Here, Imagine, Person, Reroll, ShowInfo, Vary
from bot.delivery import Delivery, Surface
from bot.dispatcher import Dispatcher
from bot.estimate import Estimate
from bot.gallery import Gallery
from bot.loras import Loras
from bot.options import Defaults
from bot.people import People
from bot.places import Places
from bot.rate_limit import Rate, RateLimit
from bot.service import Service
from bot.styles import read_styles
from bot.tally import Tally
from bot.updates import Answer, Delivered, Final, Progress, Queued, Update
from bot.words import Words
from generator.client import Lost, NotReached
from generator.layers import layers_for
from generator.loras import Shelf, shelf_for
from generator.messages import (
    Begun,
    End,
    Event,
    Failed,
    Fault,
    Finished,
    Generate,
    Health,
    Order,
    PictureFormat,
    Preview,
    Ready,
    StepDone,
)
from generator.models import EMBEDDED, EMBEDDED_MODEL
from generator.recipe import Recipe
from storage.pictures import PictureFolder
from storage.records import Identity, Job, JobState, Limits, NewPost, Post, Rung
from storage.sql.store import SqlStore
from storage.sqlite import SqliteStore
from storage.store import Store

DEADLINE = 20.0  # generous: a busy machine is no failure
LIMITS = Limits(per_account=20, whole_queue=100, daily_allowance=1000)
EVERYTHING = RateLimit(Rate(per_minute=6e6, burst=10_000), Rate(per_minute=6e6, burst=10_000))

new_store: Callable[[Path | str], SqlStore] = SqliteStore  # a fixture has others made
KEYS = itertools.count()  # of all stages: a key is used once

Line = Event | Exception | asyncio.Event
Script = Callable[[Generate], Iterable[Line]]


async def until(condition: Callable[[], bool]) -> None:
    """Let everybody work until the condition holds."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - it may depend on anything
            await asyncio.sleep(0.001)


SHELF, LAYERS = shelf_for(EMBEDDED, None), layers_for(EMBEDDED)


def finished(order: Order) -> Finished:
    return Finished(
        order=order.id,
        file=f"{order.recipe.prompt} {order.recipe.seed}".encode(),
        format=order.format,
        width=order.recipe.width,
        height=order.recipe.height,
        seconds=0.5,
    )


def draws(request: Generate) -> Iterable[Line]:
    yield Begun()
    yield StepDone(1, 2)
    yield Preview(request.orders[0].id, b"small")
    yield StepDone(2, 2)
    yield from map(finished, request.orders)
    yield End()


def fails(request: Generate) -> Iterable[Line]:
    yield Begun()
    yield StepDone(1, 2)
    yield from map(finished, request.orders[1:])
    yield Failed(request.orders[0].id, Fault.OUT_OF_MEMORY)
    yield End()


def is_not_reached(_request: Generate) -> Iterable[Line]:
    yield NotReached("refused")


def dies_while_drawing(_request: Generate) -> Iterable[Line]:
    yield Begun()
    yield StepDone(1, 2)
    yield Lost("cut")


def hangs(_request: Generate) -> Iterable[Line]:
    yield Begun()
    yield asyncio.Event()


def has_a_bug(_request: Generate) -> Iterable[Line]:
    yield Begun()
    yield ZeroDivisionError("a bug")


def waits_for(event: asyncio.Event, then: Script = draws) -> Script:
    def script(request: Generate) -> Iterable[Line]:
        yield Begun()
        yield StepDone(1, 2)
        yield event
        yield from itertools.islice(then(request), 2, None)

    return script


RECIPE = Recipe(prompt="a star", model="embedded", width=256, height=256, steps=8, seed=7)


def a_job(id: str, cost_seconds: float = 1.0) -> Job:
    return Job(
        id=id,
        account=1,
        recipe=RECIPE,
        count=1,
        format=PictureFormat.PNG,
        price=1,
        cost_seconds=cost_seconds,
        parent=None,
        state=JobState.RUNNING,
        attempt=1,
        losses=0,
        fault=None,
        created_at=0.0,
        ended_at=None,
        draw_seconds=None,
        deleted=False,
    )


def a_post(number: int) -> Post:
    return Post(id=number, job=f"job {number}", platform="stage", address="{}", language="en", rung=None)


def queued(job: str, place: int = 1) -> Queued:
    return Queued(job=a_job(job), place=place, eta_seconds=1.0)


def progress(job: str, step: int = 1, cost_seconds: float = 1.0) -> Progress:
    return Progress(job=a_job(job, cost_seconds), step=step, steps=8)


def delivered(job: str) -> Delivered:
    return Delivered(job=a_job(job), pictures=())


class ScriptedGenerator:
    """Plays one script per request, as many at once as it has cards; when they run out, it draws."""

    def __init__(self, *scripts: Script, usually: Script = draws, painters: int = 1) -> None:
        self.scripts = list(scripts)
        self.usually = usually
        self.health: Health = Ready("embedded", painters=painters)
        self.requests: list[Generate] = []
        self.kills = 0
        self.closed_early = 0
        self._cards = asyncio.Semaphore(painters)

    @property
    def client(self) -> "ScriptedGenerator":
        return self

    def kill(self) -> None:
        self.kills += 1

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        self.requests.append(request)
        script = self.scripts.pop(0) if self.scripts else self.usually
        try:
            async with self._cards:
                for line in script(request):
                    if isinstance(line, Exception):
                        raise line
                    if isinstance(line, asyncio.Event):
                        await line.wait()
                    else:
                        yield line
        except (GeneratorExit, asyncio.CancelledError):
            self.closed_early += 1
            raise


class FastClock(SystemClock):
    """Time that flies: a second of pause takes a hundredth of one."""

    def now(self) -> float:
        return super().now() * 100

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        return await super().wait(event, None if seconds is None else seconds / 100)


class Audience(Surface):
    """Remembers what every post was shown."""

    platform = "stage"

    def __init__(self) -> None:
        self.shown: dict[str, list[Update]] = {}
        self._news = asyncio.Condition()

    async def show(self, post: Post, update: Update) -> Rung:
        async with self._news:
            self.shown.setdefault(post.job, []).append(update)
            self._news.notify_all()
        return Rung.EDITED

    async def sees(self, job: str, kind: type[Update], seconds: float = DEADLINE) -> Update:
        """Wait until the job's post shows an update of this kind; return it."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: any(isinstance(update, kind) for update in self.of(job)))
        return next(update for update in self.of(job) if isinstance(update, kind))

    def of(self, job: str) -> list[Update]:
        return self.shown.get(job, [])


class Stage:
    """Everything of the core, and one person in front of it."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a test may want otherwise
        self,
        store: Store,
        generator: ScriptedGenerator,
        folder: PictureFolder,
        limits: Limits = LIMITS,
        rate_limit: RateLimit = EVERYTHING,
        also: Iterable[Surface] = (),
        patience_seconds: float = 0.2,
        shelf: Shelf = SHELF,
        batching: Batching = ALONE,
    ) -> None:
        self.shelf = shelf
        self.store = store
        self.generator = generator
        self.folder = folder
        self.audience = Audience()
        self.limits = limits
        clock, dice = FastClock(), random.Random(7)
        self.tally = Tally()
        self.delivery = Delivery(store=store, surfaces=[self.audience, *also], clock=clock, tally=self.tally)
        self.gallery = gallery = Gallery(store, folder, lambda: f"{next(KEYS):x}-{dice.getrandbits(64):x}")
        self.estimate = estimate = Estimate(store, EMBEDDED_MODEL)
        self.dispatcher = Dispatcher(
            store=store,
            painter=generator,
            gallery=gallery,
            delivery=self.delivery,
            estimate=estimate,
            clock=clock,
            lease=f"run {next(KEYS)}",
            dice=dice,
            least_patience_seconds=patience_seconds,
            batching=batching,
            tally=self.tally,
        )
        self.people, self.places = People(store), Places(store, Words(["gore"]))
        self.service = Service(
            store=store,
            dispatcher=self.dispatcher,
            delivery=self.delivery,
            gallery=gallery,
            estimate=estimate,
            clock=clock,
            model=EMBEDDED_MODEL,
            limits=limits,
            rate_limit=rate_limit,
            dice=dice,
            defaults=Defaults(styles=read_styles(), loras=shelf),
            people=self.people,
            places=self.places,
            loras=self._loras(),
        )

    def _loras(self) -> Loras:
        return Loras(self.shelf, LAYERS)

    def person(self, name: str = "Ada") -> Person:
        return Person(identity=Identity("stage", name), name=name, language="en")

    def post(self) -> NewPost:
        return NewPost(platform="stage", address="{}", language="en")

    def key(self) -> str:
        return f"key {next(KEYS)}"

    async def imagine(
        self,
        text: str = "a red circle",
        by: str = "Ada",
        key: str = "",
        *,
        here: Here | None = None,
        private: bool = False,
    ) -> Answer:
        command = Imagine(
            by=self.person(by),
            key=key or self.key(),
            text=text,
            post=self.post(),
            here=here,
            private=private,
        )
        return await self.service.answer(command)

    async def accepted(self, text: str = "a red circle", by: str = "Ada") -> Job:
        answer = await self.imagine(text, by)
        return answer.job  # type: ignore[union-attr]

    async def drawn(self, text: str = "a red circle", by: str = "Ada") -> Delivered:
        job = await self.accepted(text, by)
        delivered = await self.audience.sees(job.id, Delivered)
        assert isinstance(delivered, Delivered)
        return delivered

    async def cancel(self, job: Job, by: str = "Ada") -> Answer:
        return await self.service.answer(Cancel(self.person(by), job.id))

    async def delete(self, job: Job, by: str = "Ada") -> Answer:
        return await self.service.answer(Delete(self.person(by), job.id))

    async def info(self, job: Job, by: str = "Ada") -> Answer:
        return await self.service.answer(ShowInfo(self.person(by), job.id))

    async def reroll(self, job: Job, by: str = "Ada", *, here: Here | None = None) -> Answer:
        command = Reroll(by=self.person(by), key=self.key(), job=job.id, post=self.post(), here=here)
        return await self.service.answer(command)

    async def vary(self, job: Job, index: int = 0, *, strong: bool = False) -> Answer:
        command = Vary(
            by=self.person(), key=self.key(), job=job.id, index=index, strong=strong, post=self.post()
        )
        return await self.service.answer(command)

    async def end(self, job: Job, seconds: float = DEADLINE) -> Update:
        """Wait for the job's end to be shown and confirmed."""
        end = await self.audience.sees(job.id, Final, seconds)  # type: ignore[arg-type]
        await self.until_confirmed()
        return end

    async def until_confirmed(self) -> None:
        async with asyncio.timeout(DEADLINE):
            while await self.store.undelivered():  # noqa: ASYNC110 - reading lets the others work
                await asyncio.sleep(0)

    async def until_claimed(self, job: Job) -> None:
        async with asyncio.timeout(DEADLINE):
            while (await self.store.job(job.id)).state is JobState.QUEUED:  # type: ignore[union-attr]  # noqa: ASYNC110 - the same
                await asyncio.sleep(0)

    async def balance(self, by: str = "Ada") -> tuple[int, int]:
        account = await self.store.account(Identity("stage", by), by)
        balance = await self.store.balance(account.id, self.limits, FastClock().wall())
        return balance.available, balance.held

    async def live(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.delivery.run())
            tasks.create_task(self.dispatcher.run())
            tasks.create_task(self.store.company.run())


@asynccontextmanager
async def living(stage: Stage) -> AsyncGenerator[Stage, None]:
    """Let the stage run its loops meanwhile."""
    life = asyncio.create_task(stage.live())
    try:
        yield stage
    finally:
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life


@asynccontextmanager
async def opened(path: Path | str = ":memory:") -> AsyncGenerator[Store, None]:
    async with open_for_a_while(new_store(path)) as store:
        yield store


@asynccontextmanager
async def open_for_a_while(store: SqlStore) -> AsyncGenerator[SqlStore, None]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def playing(
    generator: ScriptedGenerator, folder: Path, **changes: object
) -> AsyncGenerator[Stage, None]:
    """A stage on a fresh store, running."""
    async with opened() as store, living(Stage(store, generator, PictureFolder(folder), **changes)) as stage:  # type: ignore[arg-type]
        yield stage
