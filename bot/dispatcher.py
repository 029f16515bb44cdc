"""The one loop that picks jobs and feeds the generator.

As many requests are under way as the generator can draw at once, and one more, which waits there, so that
encoding and storing never make a card wait. A request holds one job, or several where drawing them as one
batch pays.
"""

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import assert_never

from bot.backoff import BackOff
from bot.batching import ALONE, Batching
from bot.clock import Clock, pause
from bot.delivery import Delivery
from bot.estimate import Estimate
from bot.fellows import Fellows
from bot.flight import Faulty, Flight, Hung, Outcome, Painter, Wish
from bot.gallery import Gallery
from bot.line import Line
from bot.sending import Sending
from bot.settling import Settling
from bot.storage_trouble import StorageTrouble
from bot.tally import Tally
from bot.updates import Progress
from bot.wardrobes import Wardrobes
from generator.messages import (
    Begun,
    End,
    Event,
    Failed,
    Fault,
    Finished,
    Health,
    Paused,
    Preview,
    Ready,
    Resumed,
    StepDone,
)
from storage.company import Message
from storage.records import UNREADABLE, Job
from storage.store import StorageError, Store

log = logging.getLogger(__name__)

PREFETCHED = 1
HEALTH_POLL_SECONDS = 0.1  # while the generator is not ready
IDLE_SECONDS = 5.0  # a lost wake-up costs at most this
LEASE_SECONDS = 15.0  # after which others take what a bot holds that says nothing
LANDING_SECONDS = 5.0  # for handing jobs back when the bot goes down
LEAST_PATIENCE_SECONDS = 30.0


class Dispatcher:
    """Run it for as long as the bot lives; `stop` ends it and hands its jobs back.

    `lease` names this run of the bot. `dice` gives the jitter of pauses.
    """

    def __init__(  # noqa: PLR0913 - the parts it drives
        self,
        *,
        store: Store,
        painter: Painter,
        gallery: Gallery,
        delivery: Delivery,
        estimate: Estimate,
        clock: Clock,
        lease: str,
        dice: random.Random,
        least_patience_seconds: float = LEAST_PATIENCE_SECONDS,
        batching: Batching = ALONE,
        tally: Tally | None = None,
    ) -> None:
        self._tally = tally or Tally()
        self._store = store
        self._painter = painter
        self._gallery = gallery
        self._delivery = delivery
        self._estimate = estimate
        self._fellows = Fellows(store, estimate, batching)
        self._clock = clock
        self._name, self._terms, self._lease = lease, itertools.count(1), lease
        self.seen_elsewhere: Callable[[Job], Progress | None] = _nothing
        self._least_patience = least_patience_seconds
        self._generator_trouble = BackOff(dice)
        self._storage_trouble = StorageTrouble(clock, dice)
        self._flights: dict[str, Flight] = {}  # of jobs without a settlement
        self._sendings: set[Sending] = set()
        self._stop_on_arrival: set[str] = set()
        self._wardrobes = Wardrobes()
        self._news = asyncio.Event()
        self._closing = False
        self._leading = False
        self._looked_at = float("-inf")
        store.company.listen(self._hear)
        self.line = Line(
            store=store,
            delivery=delivery,
            clock=clock,
            health=lambda: self.health,
            painters=lambda: self.painters,
            begun=self.drawn_seconds,
            spared=self.spared_seconds,
        )
        self._settling = Settling(
            store=store,
            gallery=gallery,
            delivery=delivery,
            estimate=estimate,
            clock=clock,
            trouble=self._storage_trouble,
            waits_again=self.line.forget,
        )

    # ── what others ask and tell ──────────────────────────────────────────────────────────────────

    @property
    def health(self) -> Health:
        """The generator's latest known health."""
        return self._painter.health

    @property
    def leading(self) -> bool:
        """Whether this bot is the one that picks and draws."""
        return self._leading

    @property
    def drawing(self) -> int:
        """How many jobs are being drawn now, those among them that let another one by."""
        return sum(flight.begun for flight in self._flights.values())

    @property
    def painters(self) -> int:
        """How many jobs can be drawn at once."""
        health = self.health
        return health.painters if isinstance(health, Ready) else 1

    def drawn_seconds(self, job: str) -> float | None:
        """Return for how long a job has been drawn, None while it waits; of a batch's seconds, its share."""
        flight = self._flights.get(job)
        return flight.drawn_seconds(self._clock.now()) if flight else None

    def spared_seconds(self, job: Job) -> float:
        """Return for how much of what is drawn now a job that is next does not wait, because it is let by."""
        if self.painters > 1:
            return 0.0  # who waits is drawn by whoever is free first
        now = self._clock.now()
        return max((sending.spared_seconds(job, now) for sending in self._sendings), default=0.0)

    @property
    def drawn_already(self) -> float:
        """The part of the expected seconds that has passed for what is being drawn."""
        passed = ((flight.job.cost_seconds, self.drawn_seconds(job)) for job, flight in self._flights.items())
        return sum(min(expected, seconds) for expected, seconds in passed if seconds is not None)

    def current(self, job: Job) -> Progress | None:
        """Return what the post of a job under way shows."""
        flight = self._flights.get(job.id)
        return flight.update if flight else self.seen_elsewhere(job)

    def wake(self) -> None:
        """There may be something to draw."""
        self._news.set()
        self.line.moved()

    def cancel(self, job: str) -> None:
        """Stop a job that storage has marked as to be stopped."""
        if (flight := self._flights.get(job)) is not None:
            self._sending_of(flight).ask(Wish.STOP, [flight])
        else:
            self._stop_on_arrival.add(job)  # it is being claimed this very moment, or has just ended

    def stop(self) -> None:
        """Claim nothing more, hand back what is under way; `run` returns soon after."""
        self._closing = True
        self._storage_trouble.give_up()
        for sending in self._sendings:
            sending.ask(Wish.HAND_BACK, sending.flights)
        self._news.set()

    # ── the loop ──────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Queue again what an earlier run left, then pick and draw until `stop`."""
        self._lease = f"{self._name}.{next(self._terms)}"  # what an earlier term held is another's
        self._leading = True
        try:
            await self._pick_and_draw()
        finally:
            self._leading = False

    async def _pick_and_draw(self) -> None:
        with suppress(StorageError):  # only on the way down
            await self._storage_trouble.insist(self._recover)
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(self.line.run())
            beating = tasks.create_task(self._beat())
            carrying: set[asyncio.Task[None]] = set()
            while not self._closing:
                self._news.clear()
                await self._look_after_others()
                seconds = self._obstacle_seconds()
                if seconds is None and (sending := await self._claim()) is not None:
                    carrying.add(task := tasks.create_task(self._carry(sending)))
                    task.add_done_callback(carrying.discard)
                elif not self._closing:
                    await self._clock.wait(self._news, IDLE_SECONDS if seconds is None else seconds)
            telling.cancel()
            await self._land(carrying)
            beating.cancel()
            await self._leave()

    async def _recover(self) -> None:
        """Queue again what nobody holds any more, and show the ends of those that do not go on."""
        for job in await self._store.recover(self._lease, self._clock.wall(), set(self._flights)):
            await self._settling.show_end(job)

    async def _look_after_others(self) -> None:
        """Take what a dead bot held, and stop what another one was asked to: a notice may be lost."""
        if not self._store.company.shared or self._clock.now() - self._looked_at < IDLE_SECONDS:
            return
        self._looked_at = self._clock.now()
        try:
            await self._recover()
            for stopping in await self._store.to_stop(self._lease):
                self.cancel(stopping)
        except StorageError as error:
            self._storage_trouble.met(error)

    async def _beat(self) -> None:
        """Let the others know that what is under way here is held."""
        while self._store.company.shared:
            try:
                await self._store.beat(self._lease, LEASE_SECONDS, self._clock.wall())
            except StorageError as error:
                log.warning("the lease is not renewed", extra={"reason": str(error)})
            await pause(self._clock, LEASE_SECONDS / 5)

    async def _leave(self) -> None:
        with suppress(StorageError):  # then the lease ends by itself
            await self._store.leave(self._lease)

    def _hear(self, message: Message) -> None:
        """Follow what another bot tells."""
        if not self._leading:
            return
        match message["kind"]:
            case "queued" | "back":
                self.wake()
            case "stop":
                self.cancel(message["job"])
            case _:
                pass

    async def _land(self, carrying: set[asyncio.Task[None]]) -> None:
        """Give what is under way a moment to be handed back; the next start recovers the rest."""
        if carrying:
            _, late = await asyncio.wait(carrying, timeout=LANDING_SECONDS)
            for task in late:
                task.cancel()

    def _obstacle_seconds(self) -> float | None:
        """Return for how long at most nothing can be claimed, or None when nothing is in the way."""
        now = self._clock.now()
        if len(self._sendings) >= self.painters + PREFETCHED or self._probing:
            return IDLE_SECONDS
        if not isinstance(self.health, Ready):
            return HEALTH_POLL_SECONDS
        wait = max(self._generator_trouble.wait_seconds(now), self._storage_trouble.wait_seconds)
        return wait or None

    @property
    def _probing(self) -> bool:
        """Whether after a failure one request has been sent, which must begin before others follow."""
        return self._generator_trouble.troubled and not all(sending.begun for sending in self._sendings)

    async def _claim(self) -> Sending | None:
        """Claim the next job and whoever it pays to draw with it; each can be stopped from now on."""
        troubled = self._storage_trouble.troubled
        try:
            if troubled:
                await self._gallery.probe()
            worn = self._wardrobes.next(self.painters)
            job = await self._store.claim(self._lease, self._clock.wall(), worn)
        except StorageError as error:
            self._storage_trouble.met(error)
            return None
        except Exception:  # a job that cannot even be read must not take the chats down
            log.exception("claiming failed by a bug")
            self._storage_trouble.pause()
            return None
        if troubled:  # a claim that began before the trouble says nothing about it
            self._storage_trouble.over()
        if job is None:
            self._stop_on_arrival.clear()
            return None
        self._wardrobes.sent(job.recipe.wardrobe)
        self._sendings.add(sending := Sending())
        self._take_aboard(sending, [job])
        if len(self._sendings) >= self.painters:  # else the others are drawn beside it at once
            self._take_aboard(sending, await self._fellows_of(job))
        return sending

    async def _fellows_of(self, job: Job) -> Sequence[Job]:
        """Claim those who are drawn with a job. Whatever is in the way, it is drawn alone then."""
        try:
            return await self._fellows.join(job, self._lease, self._clock.wall())
        except StorageError as error:
            self._storage_trouble.met(error)
        except Exception:
            log.exception("nobody joins because of a bug", extra={"job": job.id})
        return ()

    def _take_aboard(self, sending: Sending, jobs: Sequence[Job]) -> None:
        for job in jobs:
            flight = self._flights[job.id] = Flight(job)
            sending.flights.append(flight)
            if job.id in self._stop_on_arrival:
                flight.ask(Wish.STOP)
            if self._closing:
                flight.ask(Wish.HAND_BACK)
        self._stop_on_arrival.clear()

    def _sending_of(self, flight: Flight) -> Sending:
        return next(sending for sending in self._sendings if flight in sending.flights)

    # ── one request ───────────────────────────────────────────────────────────────────────────────

    async def _carry(self, sending: Sending) -> None:
        """Draw and settle all aboard: each as soon as its own end is known."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for flight in sending.flights:
                    tasks.create_task(self._see_off(flight))
                await self._draw(sending)
        finally:
            self._sendings.discard(sending)
            self._judge_silence()
            self.wake()

    async def _see_off(self, flight: Flight) -> None:
        """Settle one job. A bug ends here: logged once, the job fails, the loop goes on."""
        try:
            await self._settling.settle(flight, await flight.landed())
        except StorageError as error:
            # Only on the way down: the next start recovers the job.
            log.warning("job not settled", extra={"job": flight.job.id, "reason": str(error)})
        except Exception:
            log.exception("job failed by a bug", extra={"job": flight.job.id})
            await self._settling.fail_after_bug(flight)
        finally:
            if self._flights.get(flight.job.id) is flight:  # handed back, it may be under way once more
                del self._flights[flight.job.id]

    async def _draw(self, sending: Sending) -> None:
        """Bring all aboard to their outcomes."""
        try:
            await self._prepare(sending)
            ending = await sending.go(self._painter.client, self._heard, alone=self._is_free)
            self._care_for_painter(ending, sending)
        except StorageError:  # only on the way down
            sending.ask(Wish.HAND_BACK, sending.flights)
        except Exception:
            log.exception(
                "drawing failed by a bug", extra={"jobs": [each.job.id for each in sending.flights]}
            )
            for flight in sending.flights:
                flight.end(Faulty(Fault.INTERNAL))

    async def _prepare(self, sending: Sending) -> None:
        """Fetch what belongs to the jobs. Where a picture to start from is gone, the job has failed."""
        for flight in sending.flights:
            flight.post = await self._storage_trouble.insist(partial(self._store.post, flight.job.id))
            if flight.job.recipe is UNREADABLE:
                flight.end(Faulty(Fault.INTERNAL))
            elif (pictures := await self._pictures(flight.job)) is None:
                flight.end(Faulty(Fault.START_GONE))
            else:
                flight.pictures = pictures
        recipe, count = sending.flights[0].job.recipe, sum(each.job.count for each in sending.flights)
        sending.seconds = await self._storage_trouble.insist(lambda: self._estimate.seconds(recipe, count))
        sending.patience_seconds = await self._storage_trouble.insist(
            lambda: self._estimate.patience_seconds(recipe, count, self._least_patience)
        )
        self.line.moved()

    def _care_for_painter(self, ending: Outcome | None, sending: Sending) -> None:
        """See to the generator where it did not bring everybody to an end of their own."""
        if ending is None:
            return
        self._wardrobes.lost()
        if isinstance(ending, Hung):
            log.error("the generator hangs and is killed")
            self._painter.kill()
        if not sending.begun:
            self._generator_trouble.failed(self._clock.now())

    async def _pictures(self, job: Job) -> tuple[bytes, ...] | None:
        """Return what the job starts from, None where some of it is gone."""
        found: list[bytes] = []
        for name in job.recipe.pictures:
            picture = await self._storage_trouble.insist(partial(self._gallery.read, name))
            if picture is None:
                return None
            found.append(picture)
        return tuple(found)

    def _heard(self, flight: Flight, event: Event) -> None:
        """Show what an event has changed."""
        match event:
            case Begun():
                flight.began_at = self._clock.now()
                self._generator_trouble.succeeded()
                self.line.forget(flight.job.id)
                self._judge_silence()
                self.wake()
            case StepDone(step, steps):
                if flight.throttle.admits(step, steps, self._clock.now()):
                    self._show_progress(flight)
            case Paused():
                self._tally.paused()
                flight.pause(self._clock.now())
                self._judge_silence()
            case Resumed():
                flight.resume(self._clock.now())
                self._judge_silence()
            case Preview():
                self._show_progress(flight)
            case Finished() | Failed() | End():
                pass
            case _:
                assert_never(event)

    def _show_progress(self, flight: Flight) -> None:
        if flight.post is not None and flight.update is not None and flight.wish is None:
            self._delivery.push(flight.post, flight.update)

    @property
    def _is_free(self) -> bool:
        """Whether one more request could be drawn at once."""
        return sum(sending.drawn for sending in self._sendings) < self.painters

    def _judge_silence(self) -> None:
        """The silence of those that wait at the generator counts only while one there is free."""
        for sending in self._sendings:
            if not sending.begun:
                (sending.expect_life if self._is_free else sending.excuse_silence)()


def _nothing(_job: Job) -> Progress | None:
    """Nobody else draws."""
    return None
