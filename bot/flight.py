"""One claimed job on its way through the generator: what is known about it, and its outcome."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol, assert_never

from bot.progress import Throttle
from bot.updates import Progress
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
    Paused,
    Preview,
    Resumed,
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
    """What is known about a job while it is under way. It has one outcome, and the first one stands."""

    job: Job
    post: Post | None = None
    pictures: tuple[bytes, ...] = ()  # what the job starts from
    together: int = 1  # pictures of all the jobs that it is drawn with, its own among them
    in_company: bool = False
    begun: bool = False
    began_at: float = 0.0  # told by whoever has the clock
    paused_at: float | None = None  # the same; another is drawn first now
    paused_seconds: float = 0.0  # those of the pauses that are over
    wish: Wish | None = None
    update: Progress | None = None
    previews: dict[int, bytes] = field(default_factory=dict)
    finished: dict[int, Finished] = field(default_factory=dict)
    failed: dict[int, Fault] = field(default_factory=dict)
    outcome: Outcome | None = None
    throttle: Throttle = field(default_factory=lambda: Throttle(PROGRESS_INTERVAL_SECONDS))
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def orders(self) -> tuple[Order, ...]:
        """All pictures of the job; an order's id ends in the picture's index."""
        return tuple(
            Order(id=f"{self.job.id}:{index}", recipe=recipe, format=self.job.format)
            for index, recipe in enumerate(self.job.recipes())
        )

    def ask(self, wish: Wish) -> None:
        """Take the job out; a result that is complete already still wins."""
        if self.wish is None:
            self.wish = wish
        self.end(Interrupted(wish))

    def end(self, outcome: Outcome) -> None:
        """Nothing that comes later counts."""
        if self.outcome is None:
            self.outcome = outcome
            self._over.set()

    async def landed(self) -> Outcome:
        """Wait for the outcome."""
        await self._over.wait()
        assert self.outcome is not None
        return self.outcome

    def drawn_seconds(self, now: float) -> float | None:
        """Return for how long it has been drawn, None before; of a batch's seconds, its share."""
        if not self.begun:
            return None
        until = now if self.paused_at is None else self.paused_at
        return (until - self.began_at - self.paused_seconds) * self.job.count / self.together

    def left_seconds(self, now: float) -> float:
        """Return how much of its expected seconds is left."""
        return max(0.0, self.job.cost_seconds - (self.drawn_seconds(now) or 0.0))

    def pause(self, now: float) -> None:
        """Another is drawn first from now on."""
        self.paused_at = now

    def resume(self, now: float) -> None:
        """It is drawn again."""
        if self.paused_at is not None:
            self.paused_seconds += now - self.paused_at
            self.paused_at = None

    def note(self, event: Event) -> None:
        """Fold one event in."""
        match event:
            case Begun():
                self.begun = True
            case StepDone(step, steps):
                self.update = self._progress(step, steps)
            case Paused() | Resumed():
                pass
            case Preview(order, jpeg):
                self.previews[_index(order)] = jpeg
                if isinstance(self.update, Progress):
                    self.update = self._progress(self.update.step, self.update.steps)
            case Finished():
                self.finished[_index(event.order)] = event
                self._judge()
            case Failed(order, fault):
                self.failed[_index(order)] = fault
                self._judge()
            case End():
                self.end(Faulty(Fault.INTERNAL))  # without a word on an order: the generator has a bug
            case _:
                assert_never(event)

    def _progress(self, step: int, steps: int) -> Progress:
        previews = tuple(sorted(self.previews.items()))
        return Progress(job=self.job, step=step, steps=steps, previews=previews)

    def _judge(self) -> None:
        """End with the last of the pictures."""
        if len(self.finished) == self.job.count:
            self.end(Drawn(tuple(self.finished[index] for index in range(self.job.count))))
        elif len(self.finished | self.failed) == self.job.count:
            self.end(Faulty(next(iter(self.failed.values()))))


def _index(order: str) -> int:
    return int(order.rpartition(":")[2])
