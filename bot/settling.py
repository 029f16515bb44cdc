"""Ends jobs: each outcome of a drawing in exactly one settlement, and what the person then sees.

That it is exactly one is storage's doing: it accepts a settlement only from the attempt that holds the job.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import assert_never

from bot.clock import Clock
from bot.delivery import Delivery
from bot.estimate import Estimate
from bot.flight import Broke, Drawn, Faulty, Flight, Hung, Interrupted, NotBegun, Outcome, Wish
from bot.gallery import Gallery
from bot.standing import final_of
from bot.storage_trouble import StorageTrouble
from generator.messages import Fault
from storage.records import Job
from storage.store import StorageError, Store

MOST_LOSSES = 3

log = logging.getLogger(__name__)


class Settling:
    """Speaks to storage until it has heard, and then to the post. `waits_again` hears of jobs handed back."""

    def __init__(  # noqa: PLR0913 - the parts it drives
        self,
        *,
        store: Store,
        gallery: Gallery,
        delivery: Delivery,
        estimate: Estimate,
        clock: Clock,
        trouble: StorageTrouble,
        waits_again: Callable[[str], None],
    ) -> None:
        self._store = store
        self._gallery = gallery
        self._delivery = delivery
        self._estimate = estimate
        self._clock = clock
        self._trouble = trouble
        self._waits_again = waits_again

    async def settle(self, flight: Flight, outcome: Outcome) -> None:
        """Bring the job to the end, or back to the queue, that its outcome means. Raises StorageError."""
        match outcome:
            case Drawn():
                await self._succeed(flight, outcome)
            case Faulty() if flight.in_company:
                await self._give_back(flight, lost=True)  # it may be another's fault: drawn alone, that shows
            case Faulty(fault):
                await self._fail(flight, fault)
            case NotBegun():
                await self._give_back(flight, lost=False)
            case Hung() | Broke():
                await self._lose(flight)
            case Interrupted(wish):
                await self._obey(flight, wish)
            case _:
                assert_never(outcome)

    async def fail_after_bug(self, flight: Flight) -> None:
        """Fail a job that something else than its drawing brought down."""
        try:
            await self._fail(flight, Fault.INTERNAL)
        except Exception:
            log.exception("job not settled after a bug", extra={"job": flight.job.id})

    async def show_end(self, job: Job) -> None:
        """Show a job's end, where it has one."""
        final = await self._trouble.insist(lambda: final_of(self._store, job))
        if final is None:
            return
        _log_settled(job)
        if (post := await self._trouble.insist(lambda: self._store.post(job.id))) is not None:
            self._delivery.push(post, final)

    async def _obey(self, flight: Flight, wish: Wish) -> None:
        match wish:
            case Wish.STOP:
                await self._end(partial(self._store.stopped, flight.job.id, flight.job.attempt))
            case Wish.HAND_BACK:
                await self._give_back(flight, lost=False)
            case _:
                assert_never(wish)

    async def _succeed(self, flight: Flight, drawn: Drawn) -> None:
        try:
            delivered = await self._gallery.keep(flight.job, drawn.files, self._clock.wall())
        except StorageError as error:
            self._trouble.met(error)
            await self._give_back(flight, lost=False)
            return
        if delivered is None:
            log.warning("late result dropped", extra={"job": flight.job.id})
            return
        _log_settled(delivered.job)
        if flight.post is not None:
            self._delivery.push(flight.post, delivered)
        await self._learn(delivered.job, flight.together)

    async def _learn(self, job: Job, together: int) -> None:
        try:
            await self._estimate.learn(job.recipe, (job.draw_seconds or 0.0) / job.count, together)
        except StorageError as error:
            log.warning("seconds not learned", extra={"job": job.id, "reason": str(error)})

    async def _lose(self, flight: Flight) -> None:
        """Count a loss; the last one tells that the job itself is poison.

        Whatever happened during a pause was the doing of whoever was drawn first.
        """
        if not flight.begun or flight.paused_at is not None:
            await self._give_back(flight, lost=False)
        elif flight.job.losses + 1 >= MOST_LOSSES:
            await self._fail(flight, Fault.POISON)
        else:
            await self._give_back(flight, lost=True)

    async def _fail(self, flight: Flight, fault: Fault) -> None:
        await self._end(partial(self._store.fail, flight.job.id, flight.job.attempt, fault))

    async def _end(self, verb: Callable[[float], Awaitable[Job | None]]) -> None:
        """End the job with one of storage's verbs and show it."""
        ended = await self._trouble.insist(lambda: verb(self._clock.wall()))
        if ended is not None:
            await self.show_end(ended)

    async def _give_back(self, flight: Flight, *, lost: bool) -> None:
        job = flight.job
        again = await self._trouble.insist(lambda: self._store.give_back(job.id, job.attempt, lost=lost))
        log.info("job handed back", extra={"job": job.id, "attempt": job.attempt, "lost": lost})
        self._waits_again(job.id)
        if again is not None and flight.wish is Wish.STOP:
            await self._cancel_again(job.id)
        elif again is not None:
            await self.show_end(again)

    async def _cancel_again(self, job: str) -> None:
        """The wish to stop came while the job was being handed back: it may be queued now."""
        await self._trouble.insist(lambda: self._store.cancel(job, self._clock.wall()))
        if (ended := await self._trouble.insist(lambda: self._store.job(job))) is not None:
            await self.show_end(ended)


def _log_settled(job: Job) -> None:
    log.info("job settled", extra={"job": job.id, "state": job.state.value})
