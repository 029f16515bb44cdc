"""One claimed job on its way through the generator, from the request to its outcome."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol, assert_never

from bot.progress import Throttle
from bot.updates import Progress
from generator.client import Lost, NotReached
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
    Preview,
    StepDone,
)
from storage.records import Job, Post

PROGRESS_INTERVAL_SECONDS = 0.05


class Client(Protocol):
    """The bot's end of the generator. Closing the stream stops the work between two steps."""

    def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """Yield events until End. Raises NotReached before, Lost after Begun."""


class Painter(Protocol):
    """A supervised generator."""

    @property
    def client(self) -> Client:
        """What takes orders."""

    @property
    def health(self) -> Health:
        """The latest known health."""

    def kill(self) -> None:
        """End a process that hangs; it is started again."""


class Wish(Enum):
    """Why a stream is closed before its end."""

    STOP = auto()  # the person cancelled
    HAND_BACK = auto()  # the bot goes down


@dataclass(frozen=True, slots=True)
class Drawn:
    """Every picture came."""

    files: tuple[Finished, ...]


@dataclass(frozen=True, slots=True)
class Faulty:
    """A picture could not be made, so the job has failed as a whole and costs nothing."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class NotBegun:
    """The generator was not reached: no attempt was spent."""


@dataclass(frozen=True, slots=True)
class Broke:
    """The generator began and did not survive: the attempt counts."""


@dataclass(frozen=True, slots=True)
class Hung:
    """Silence for too long; the generator has to be killed."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Closed by our own wish."""

    wish: Wish


Outcome = Drawn | Faulty | NotBegun | Broke | Hung | Interrupted


@dataclass(slots=True, eq=False)
class Flight:
    """What is known about the job while it is under way."""

    job: Job
    post: Post | None = None
    pictures: tuple[bytes, ...] = ()  # what the job starts from
    patience_seconds: float = 30.0
    begun: bool = False
    began_at: float = 0.0  # told by whoever has the clock
    wish: Wish | None = None
    update: Progress | None = None
    previews: dict[int, bytes] = field(default_factory=dict)
    finished: dict[int, Finished] = field(default_factory=dict)
    fault: Fault | None = None
    ended: bool = False
    throttle: Throttle = field(default_factory=lambda: Throttle(PROGRESS_INTERVAL_SECONDS))
    _limit: asyncio.Timeout | None = None

    @property
    def request(self) -> Generate:
        """All pictures of the job as one batch; an order's id ends in the picture's index."""
        orders = (
            Order(id=f"{self.job.id}:{index}", recipe=recipe, format=self.job.format)
            for index, recipe in enumerate(self.job.recipes())
        )
        return Generate(orders=tuple(orders), pictures=self.pictures)

    def ask(self, wish: Wish) -> None:
        """Close the stream; a result that is complete already still wins."""
        if self.wish is None:
            self.wish = wish
        if self._limit is not None:
            self._limit.reschedule(0.0)

    def expect_life(self) -> None:
        """From now on silence counts: this job has the generator to itself."""
        if self._limit is not None and self.wish is None:
            self._limit.reschedule(asyncio.get_running_loop().time() + self.patience_seconds)

    def excuse_silence(self) -> None:
        """From now on others are drawn everywhere, so this one may have to wait in silence."""
        if self._limit is not None and self.wish is None:
            self._limit.reschedule(None)

    async def fly(self, client: Client, heard: Callable[["Flight", Event], None], *, alone: bool) -> Outcome:
        """Send the request and listen to its end. Every event is told to `heard` after it was noted.

        `alone` says that somebody is free to draw it, so that silence counts from the start.
        """
        try:
            async with asyncio.timeout(None) as self._limit:
                self._obey(alone=alone)
                await self._listen(client, heard)
        except NotReached:
            return self._cut_off(began=False)
        except Lost:
            return self._cut_off(began=True)
        except TimeoutError:
            return self._silenced()
        finally:
            self._limit = None
        return self._outcome()

    def _obey(self, *, alone: bool) -> None:
        if self.wish is not None:
            self.ask(self.wish)
        elif alone:
            self.expect_life()

    async def _listen(self, client: Client, heard: Callable[["Flight", Event], None]) -> None:
        async with aclosing(client.generate(self.request)) as events:
            async for event in events:
                self.note(event)
                heard(self, event)
                if self.begun:
                    self.expect_life()

    def note(self, event: Event) -> None:
        """Fold one event in."""
        match event:
            case Begun():
                self.begun = True
            case StepDone(step, steps):
                self.update = self._progress(step, steps)
            case Preview(order, jpeg):
                self.previews[_index(order)] = jpeg
                if isinstance(self.update, Progress):
                    self.update = self._progress(self.update.step, self.update.steps)
            case Finished():
                self.finished[_index(event.order)] = event
            case Failed(_, fault):
                self.fault = self.fault or fault
            case End():
                self.ended = True
            case _:
                assert_never(event)

    def _progress(self, step: int, steps: int) -> Progress:
        previews = tuple(sorted(self.previews.items()))
        return Progress(job=self.job, step=step, steps=steps, previews=previews)

    def _outcome(self) -> Outcome:
        if self.fault is not None:
            return Faulty(self.fault)
        if len(self.finished) == self.job.count:
            return Drawn(tuple(self.finished[index] for index in range(self.job.count)))
        if self.ended:
            return Faulty(Fault.INTERNAL)  # a generator that ends without a word on an order has a bug
        return self._cut_off(began=True)

    def _cut_off(self, *, began: bool) -> Outcome:
        if len(self.finished) == self.job.count:
            return self._outcome()  # only the stream's last frame is missing
        if self.wish is not None:
            return Interrupted(self.wish)
        return Broke() if began and self.begun else NotBegun()

    def _silenced(self) -> Outcome:
        whole = len(self.finished) == self.job.count
        return self._cut_off(began=True) if whole or self.wish is not None else Hung()


def _index(order: str) -> int:
    return int(order.rpartition(":")[2])
