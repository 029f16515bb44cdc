"""Tells those who wait where they stand, when that has changed."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.clock import Clock, pause
from bot.delivery import Delivery
from bot.recent import Recent
from bot.updates import Queued
from generator.messages import Health, Loading, Ready, Unusable
from storage.records import Job, Post
from storage.store import StorageError, Store

log = logging.getLogger(__name__)

LONGEST_LINE = 100  # those further back learn their place when they come nearer
ROUND_SECONDS = 0.5  # at most one round in this time
LOADING_POLL_SECONDS = 0.5
REMEMBERED = 4 * LONGEST_LINE


@dataclass(frozen=True, slots=True)
class Told:
    """What a person knows already."""

    place: int
    loading: float | None


def loading_of(health: Health) -> float | None:
    """Return how far the painter's start is, None once it is there."""
    match health:
        case Loading(fraction):
            return fraction
        case Unusable():
            return 0.0
        case Ready():
            return None


def places(
    jobs: Sequence[Job],
    begun: Callable[[str], float | None],
    spared: Callable[[Job], float],
    loading: float | None,
    painters: int = 1,
) -> list[Queued]:
    """Return how each waiting job stands. `jobs` are the unfinished ones in the order they are drawn.

    `begun(job)` says for how many seconds a job has been drawn, None while it waits. `spared(job)` says for
    how much of what is drawn a job does not wait once it is next, because it is let by.
    """
    drawn = [(job, begun(job.id)) for job in jobs]
    ahead = sum(max(0.0, job.cost_seconds - seconds) for job, seconds in drawn if seconds is not None)
    line: list[Queued] = []
    for job in (job for job, seconds in drawn if seconds is None):
        waits = ahead if line else max(0.0, ahead - spared(job))
        eta = waits / painters + job.cost_seconds
        line.append(Queued(job=job, place=len(line) + 1, eta_seconds=eta, loading=loading))
        ahead += job.cost_seconds
    return line


class Line:
    """Watches the queue move. `begun` and `spared` are as for `places`."""

    def __init__(  # noqa: PLR0913 - the parts it asks
        self,
        *,
        store: Store,
        delivery: Delivery,
        clock: Clock,
        health: Callable[[], Health],
        painters: Callable[[], int],
        begun: Callable[[str], float | None],
        spared: Callable[[Job], float],
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._clock = clock
        self._health = health
        self._painters = painters
        self._begun = begun
        self._spared = spared
        self._moved = asyncio.Event()
        self._told: Recent[str, Told] = Recent(REMEMBERED)
        self._posts: Recent[str, Post | None] = Recent(REMEMBERED)

    def moved(self) -> None:
        """The queue has changed."""
        self._moved.set()

    def told(self, update: Queued) -> None:
        """The person was told this by an answer."""
        self._told[update.job.id] = Told(update.place, _rounded(update.loading))

    def forget(self, job: str) -> None:
        """The post shows something else now, so the place is news again."""
        self._told.pop(job, None)

    async def run(self) -> None:
        """Tell places for ever."""
        while True:
            loading = loading_of(self._health())
            moved = await self._clock.wait(self._moved, LOADING_POLL_SECONDS if loading is not None else None)
            if moved or loading_of(self._health()) != loading:
                await pause(self._clock, ROUND_SECONDS)
                self._moved.clear()
                await self._round()

    async def _round(self) -> None:
        try:
            jobs = await self._store.queued(LONGEST_LINE)
            loading, painters = loading_of(self._health()), self._painters()
            for update in places(jobs, self._begun, self._spared, loading, painters):
                await self._tell(update)
        except StorageError as error:
            log.warning("places cannot be read now", extra={"reason": str(error)})
        except Exception:  # places are a courtesy: without them everything else goes on
            log.exception("places not told because of a bug")

    async def _tell(self, update: Queued) -> None:
        news = Told(update.place, _rounded(update.loading))
        if self._told.get(update.job.id) == news:
            return
        post = await self._post(update.job.id)
        if post is not None and self._begun(update.job.id) is None:
            self._told[update.job.id] = news
            self._delivery.push(post, update)

    async def _post(self, job: str) -> Post | None:
        if job not in self._posts:
            self._posts[job] = await self._store.post(job)
        return self._posts[job]


def _rounded(loading: float | None) -> float | None:
    return None if loading is None else round(loading, 2)
