"""Posts that another bot shows: what happens to their jobs here is told there, as far as words carry it.

Ends are read from the database, so a lost notice costs seconds and no answer; places and progress are best
effort. A preview is larger than a notice may be: it lies in the database, and the notice of its step says so.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, assert_never

from bot.clock import Clock, pause
from bot.delivery import Delivery
from bot.errands import Errands
from bot.recent import Recent
from bot.standing import final_of
from bot.updates import Broken, Cancelled, Delivered, Progress, Queued, Update
from storage.company import Message
from storage.records import Job, JobState, Post
from storage.store import Store

HOLD_SECONDS = 15.0  # after which others take the posts of a bot that says nothing
PROGRESS_SECONDS = 0.25  # between two notices about one job
REMEMBERED = 1000

log = logging.getLogger(__name__)


class Relay:
    """Carries updates between bots. Hears nothing before `run`.

    `learn_again` says what to do when another bot has changed something of a kind that is remembered here.
    """

    def __init__(self, store: Store, delivery: Delivery, clock: Clock) -> None:
        self._store = store
        self._delivery = delivery
        self._clock = clock
        self._told_at: Recent[int, float] = Recent(REMEMBERED)
        self._untold: dict[int, Progress] = {}
        self._seen: Recent[str, Progress] = Recent(REMEMBERED)
        self._overheard: Recent[str, tuple[int, int]] = Recent(REMEMBERED)
        self._errands = Errands("a notice was not followed")
        self.learn_again: Mapping[str, Callable[[], Coroutine[Any, Any, None]]] = {}
        delivery.elsewhere = self.tell
        store.company.listen(self._hear)

    async def run(self) -> None:
        """Work for as long as the bot lives."""
        async with self._errands.open():
            while self._store.company.shared:
                await self._errands.safely(
                    self._store.beat(self._store.name, HOLD_SECONDS, self._clock.wall())
                )
                await pause(self._clock, HOLD_SECONDS / 5)
            await asyncio.Event().wait()

    async def leave(self) -> None:
        """Let others show at once what is not shown yet."""
        await self._errands.safely(self._store.leave(self._store.name))

    def seen(self, job: Job) -> Progress | None:
        """Return the latest progress of a job that is drawn by another bot, though a third one shows it."""
        if (seen := self._seen.get(job.id)) is not None or job.id not in self._overheard:
            return seen
        step, steps = self._overheard[job.id]
        return Progress(job=job, step=step, steps=steps)

    def tell(self, post: Post, update: Update) -> None:
        """Tell the bot that holds the post. An end is told by storage."""
        match update:
            case Progress():
                self._tell_soon(post, update)
            case Queued(job=job, place=place, eta_seconds=eta, loading=loading):
                told = {"job": job.id, "place": place, "eta": eta, "loading": loading}
                self._store.company.tell("place", to=post.holder, account=job.account, **told)
            case Delivered(job=job) | Broken(job=job) | Cancelled(job=job):
                self._untold.pop(post.id, None)
                if self._told_at.pop(post.id, None) is not None:
                    self._errands.begin(lambda: self._store.previews.hide(job.id))
            case _:
                assert_never(update)

    def _tell_soon(self, post: Post, update: Progress) -> None:
        """Of what comes meanwhile only the newest is told."""
        if post.id in self._untold or self._errands.begin(lambda: self._tell_progress(post)):
            self._untold[post.id] = update

    async def _tell_progress(self, post: Post) -> None:
        """Tell the newest progress as soon as the last was told long enough ago."""
        last = self._told_at.get(post.id, float("-inf"))
        await pause(self._clock, max(0.0, last + PROGRESS_SECONDS - self._clock.now()))
        self._told_at[post.id] = self._clock.now()
        if (update := self._untold.pop(post.id, None)) is None:
            return
        if update.previews:
            await self._store.previews.show(update.job.id, update.previews, self._clock.wall())
        self._store.company.tell(
            "step",
            to=post.holder,
            account=update.job.account,
            job=update.job.id,
            step=update.step,
            steps=update.steps,
            pictured=bool(update.previews),
        )

    def _hear(self, message: Message) -> None:
        if (again := self.learn_again.get(message["kind"])) is not None:
            self._errands.begin(again)
        if message["kind"] == "ended":
            self._errands.begin(lambda: self._end(message["job"]))
        elif message["kind"] in {"step", "place"} and message["to"] == self._store.name:
            self._errands.begin(lambda: self._show(message))
        elif message["kind"] == "step":
            self._overheard[message["job"]] = message["step"], message["steps"]

    async def _end(self, job: str) -> None:
        self._seen.pop(job, None)
        self._overheard.pop(job, None)
        post = await self._store.post(job)
        if post is not None and post.holder == self._store.name:
            await self._show({"kind": "ended", "job": job})

    async def _show(self, message: Message) -> None:
        post, update = await self._store.post(message["job"]), await self.update_of(message)
        if post is not None and update is not None:
            self._delivery.push(post, update)

    async def update_of(self, message: Message) -> Update | None:
        """Return what a notice tells of a job; None where that is over, or was overtaken."""
        job = await self._store.job(message["job"])
        if job is None or (message["kind"] == "ended") != (job.ended_at is not None):
            return None
        match message["kind"]:
            case "ended":
                return await final_of(self._store, job)
            case "place":
                if job.state is not JobState.QUEUED:
                    return None
                place, eta, loading = message["place"], message["eta"], message["loading"]
                return Queued(job=job, place=place, eta_seconds=eta, loading=loading)
            case _:
                return await self._progress(job, message)

    async def _progress(self, job: Job, message: Message) -> Progress | None:
        previews = await self._store.previews.see(job.id) if message.get("pictured") else ()
        seen = self._seen.get(job.id)
        if seen is not None and (seen.job.attempt, seen.step) > (job.attempt, message["step"]):
            return None  # a notice that was overtaken while its preview was read
        progress = Progress(job=job, step=message["step"], steps=message["steps"], previews=tuple(previews))
        self._seen[job.id] = progress
        return progress
