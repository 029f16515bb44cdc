"""How fast commands are accepted behind a long queue: real service, real SQLite file, no generator."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.cli.heart import Heart, gallery_of, heart_of
from bot.clock import SystemClock
from bot.commands import Imagine, Person
from bot.rate_limit import Rate, RateLimit
from bot.service import Service
from bot.trouble import Trouble
from bot.updates import Queued
from generator.client import NotReached
from generator.messages import Event, Generate, Health, Loading
from generator.models import Model
from storage.pictures import PictureFolder
from storage.records import Identity, Limits, NewPost
from storage.sqlite import SqliteStore

PEOPLE = 100
PLENTY = 10**9
SAMPLES = 1000
CALLERS = 16  # who fill the queue, and accept at the same time


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How long each of SAMPLES commands took, one after the other, and how many a second CALLERS get in."""

    seconds: Sequence[float]
    per_second: float


class Resting:
    """A painter that never becomes ready, so that the queue only grows."""

    @property
    def client(self) -> "Resting":
        """Itself: it takes no orders."""
        return self

    @property
    def health(self) -> Health:
        """Loading for ever."""
        return Loading(0.0)

    def kill(self) -> None:
        """There is nothing to kill."""

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """Refuse."""
        raise NotReached(str(len(request.orders)))
        yield  # an async generator that yields nothing


async def acceptance(folder: Path, model: Model, queued: int) -> Acceptance:
    """Queue so many jobs, then accept more and time them. The dispatcher runs and tells places meanwhile."""
    store = SqliteStore(folder / "pinxit.sqlite3")
    await store.open()
    heart = _heart(store, folder, model)
    service, running = heart.service, asyncio.create_task(heart.dispatcher.run())
    try:
        await _at_once(service, "fill", queued)
        seconds = [await _accept(service, f"one {number}") for number in range(SAMPLES)]
        began = time.perf_counter()
        await _at_once(service, "many", SAMPLES)
        return Acceptance(seconds, SAMPLES / (time.perf_counter() - began))
    finally:
        heart.dispatcher.stop()
        await running
        await store.close()


def _heart(store: SqliteStore, folder: Path, model: Model) -> Heart:
    plenty = Rate(per_minute=PLENTY, burst=PLENTY)
    return heart_of(
        store=store,
        gallery=gallery_of(store, PictureFolder(folder)),
        painter=Resting(),
        surfaces=[],
        model=model,
        limits=Limits(per_account=PLENTY, whole_queue=PLENTY, daily_allowance=PLENTY),
        rate_limit=RateLimit(each=plenty, everybody=plenty),
        clock=SystemClock(),
        dice=random.Random(0),  # noqa: S311 - no secret
    )


async def _at_once(service: Service, name: str, count: int) -> None:
    """Let CALLERS give `count` commands between them."""
    numbers = iter(range(count))

    async def caller() -> None:
        for number in numbers:
            await _accept(service, f"{name} {number}")

    await asyncio.gather(*(caller() for _ in range(CALLERS)))


async def _accept(service: Service, key: str) -> float:
    began = time.perf_counter()
    answer = await service.answer(_command(key))
    if not isinstance(answer, Queued):
        raise Trouble(f"A command was not accepted but answered with {type(answer).__name__}.")
    return time.perf_counter() - began


def _command(key: str) -> Imagine:
    """Return an /imagine; people take turns."""
    number = str(sum(key.encode()) % PEOPLE)
    person = Person(identity=Identity("bench", number), name=f"Person {number}", language="en")
    post = NewPost(platform="bench", address="{}", language="en")
    return Imagine(by=person, key=key, text="a red circle on a blue background --ar 16:9", post=post)
