"""How jobs and accounts stand, for whoever asks."""

import asyncio

from bot.clock import Clock
from bot.dispatcher import Dispatcher
from bot.estimate import place_in_line
from bot.line import loading_of
from bot.standing import final_of
from bot.updates import History, Info, Progress, Queued, QueueView, Update, Wallet
from storage.records import Job, JobState, Limits, Place
from storage.store import Store

UNFINISHED = (JobState.QUEUED, JobState.RUNNING)
LONGEST_PAGE = 100
LOOK_BACK = 100  # jobs beside the unfinished ones among which those are searched, newest first


class Overview:
    """Only looks; nothing is changed but what the line remembers as told."""

    def __init__(self, store: Store, dispatcher: Dispatcher, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._limits = limits

    async def standing(self, job: Job) -> Update:
        """Return what the job's post shows now."""
        return await final_of(self._store, job) or await self._unfinished(job)

    async def info(self, job: Job) -> Info:
        """Return everything about a job."""
        pictures, receipt = await asyncio.gather(self._store.pictures(job.id), self._store.receipt(job.id))
        return Info(job=job, pictures=tuple(pictures), receipt=tuple(receipt))

    async def wallet(self, account: int) -> Wallet:
        """Return an account's credits."""
        balance = await self._store.balance(account, self._limits, self._clock.wall())
        entries = await self._store.entries(account)
        return Wallet(balance=balance, daily_allowance=self._limits.daily_allowance, entries=tuple(entries))

    async def queue(self, account: int) -> QueueView:
        """Return an account's unfinished jobs, and how many wait altogether."""
        jobs = await self._store.history(account, None, self._limits.per_account + LOOK_BACK)
        mine = [await self._unfinished(job) for job in reversed(jobs) if job.state in UNFINISHED]
        waiting = sum(isinstance(each, Queued) for each in mine)  # also what was claimed this moment
        return QueueView(mine=tuple(mine), length=max(waiting, await self._store.queue_length()))

    async def history(self, account: int, before: float | None, limit: int) -> History:
        """Return a page of an account's jobs."""
        limit = max(1, min(limit, LONGEST_PAGE))
        jobs = await self._store.history(account, before, limit + 1)
        items = [await self.standing(job) for job in jobs[:limit]]
        return History(items=tuple(items), more=len(jobs) > limit)

    async def _unfinished(self, job: Job) -> Queued | Progress:
        return self._dispatcher.current(job) or await self._queued(job)

    async def _queued(self, job: Job) -> Queued:
        """Return the job's place; one that was claimed this moment is next."""
        place = await self._store.place(job.id) or Place(ahead=0, seconds_ahead=0.0)
        ahead = max(0.0, place.seconds_ahead - self._dispatcher.drawn_already)
        number = place_in_line(place, drawing=self._dispatcher.drawing)
        if number == 1:
            ahead = max(0.0, ahead - self._dispatcher.spared_seconds(job))
        update = Queued(
            job=job,
            place=number,
            eta_seconds=ahead / self._dispatcher.painters + job.cost_seconds,
            loading=loading_of(self._dispatcher.health),
        )
        self._dispatcher.line.told(update)
        return update
