"""Brings updates to the posts they belong to, through the surface of each platform.

One worker per channel, at work only while something waits there. The end of a job is shown until
storage has confirmed it, over restarts too; everything before it is best effort.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from bot.channel import FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS, Channel, Turn
from bot.clock import Clock, pause
from bot.recent import Recent
from bot.standing import final_of
from bot.tally import Tally
from bot.updates import Final, Progress, Update
from storage.records import Post, Rung
from storage.store import StorageError, Store

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0  # between two looks for what another bot has left, or told in vain
SHORT_JOB_SECONDS = 4.0  # the progress of a shorter job is not worth an edit where edits are counted
LONGEST_SHOW_SECONDS = 120.0  # then the attempt counts as failed
REMEMBERED = 10_000  # posts whose end was handed over, to drop what comes late


class TryLater(Exception):
    """The platform asks for patience; only this channel has to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"try again in {seconds} seconds")
        self.seconds = seconds


class Surface(Protocol):
    """One platform's way of showing updates. Inherit from it to have the defaults.

    `interval_seconds` is the least time between two showings in one channel. `budgeted` says that
    edits are scarce, so that short jobs show no progress. `moves` says that a post's address may change.
    """

    platform: str
    interval_seconds: float = 0.0
    budgeted: bool = False
    moves: bool = True

    def channel_of(self, post: Post) -> str:
        """Return what shares one edit budget; by default every post is its own channel."""
        return str(post.id)

    async def show(self, post: Post, update: Update) -> Rung:
        """Make the post show this; showing it again must be harmless.

        Raises TryLater where the platform asks for patience.
        """
        ...


class Delivery:
    """Push updates in; the newest state of each post comes out at its surface.

    Run it for as long as the bot lives. What is pushed before `run` waits for it.
    """

    def __init__(
        self, *, store: Store, surfaces: Iterable[Surface], clock: Clock, tally: Tally | None = None
    ) -> None:
        self._tally = tally or Tally()
        self._store = store
        self._surfaces = {surface.platform: surface for surface in surfaces}
        self._clock = clock
        self._channels: dict[tuple[str, str], Channel] = {}
        self._wakes: dict[tuple[str, str], asyncio.Event] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._shown: dict[int, Update] = {}
        self._ended: Recent[int, None] = Recent(REMEMBERED)
        self.elsewhere: Callable[[Post, Update], None] = _nobody
        self.onlook: Callable[[Post, Update], None] = _nobody

    def push(self, post: Post, update: Update) -> None:
        """Let the post show this soon. Never waits, never fails."""
        self.onlook(post, update)
        if not self.shows(post):
            self.elsewhere(post, update)
            return
        surface = self._surfaces.get(post.platform)
        if surface is None or post.id in self._ended or _pointless(surface, update):
            return
        if isinstance(update, Final):
            self._ended[post.id] = None
        key = (post.platform, surface.channel_of(post))
        if key in self._channels:
            self._channels[key].put(post, update)
            self._wakes[key].set()
        else:
            self._open(surface, key).put(post, update)

    def shows(self, post: Post) -> bool:
        """Say whether the post is shown here, and not by another bot."""
        return post.holder in {None, self._store.name} or not self._store.company.shared

    async def run(self) -> None:
        """Show what is pushed, and first what an earlier run left unconfirmed."""
        async with asyncio.TaskGroup() as self._tasks:
            for key in self._channels:
                self._tasks.create_task(self._serve(self._surfaces[key[0]], key))
            await self._resume()
            while self._store.company.shared:
                await pause(self._clock, LOOK_SECONDS)
                await self._resume()
            await asyncio.Event().wait()

    async def _resume(self) -> None:
        tries = 0
        while True:
            try:
                await self._push_unconfirmed()
            except StorageError as error:
                log.warning("unconfirmed posts cannot be read yet", extra={"reason": str(error)})
                await pause(self._clock, min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0**tries))
                tries = min(tries + 1, 16)
            else:
                return

    async def _push_unconfirmed(self) -> None:
        for post, job in await self._store.adopt(self._surfaces, self._clock.wall()):
            if job.deleted:
                await self._store.confirm(post.id, Rung.KEPT)
            elif (final := await final_of(self._store, job)) is not None:
                self.push(post, final)

    def _open(self, surface: Surface, key: tuple[str, str]) -> Channel:
        channel = self._channels[key] = Channel(surface.interval_seconds)
        self._wakes[key] = asyncio.Event()
        if self._tasks is not None:
            self._tasks.create_task(self._serve(surface, key))
        return channel

    async def _serve(self, surface: Surface, key: tuple[str, str]) -> None:
        """Work until nothing waits in the channel."""
        channel, wake = self._channels[key], self._wakes[key]
        while not channel.idle(self._clock.now()):
            if (turn := channel.take(self._clock.now())) is not None:
                await self._show(surface, channel, turn)
            else:
                await self._clock.wait(wake, channel.wait_seconds(self._clock.now()))
                wake.clear()
        del self._channels[key], self._wakes[key]

    async def _show(self, surface: Surface, channel: Channel, turn: Turn) -> None:
        if self._shown.get(turn.post.id) == turn.update:
            return
        try:
            rung = turn.rung or await self._shown_by(surface, turn)
        except TryLater as wish:
            channel.close(self._clock.now(), wish.seconds)
            channel.put_back(turn)
        except Exception:  # an adapter's failure is its own: finals are tried again, others are stale soon
            log.exception("showing failed", extra={"job": turn.post.job, "platform": surface.platform})
            if turn.final:
                channel.retry(turn, self._clock.now())
        else:
            channel.used(self._clock.now())
            await self._after(channel, turn, rung)

    async def _shown_by(self, surface: Surface, turn: Turn) -> Rung:
        async with asyncio.timeout(LONGEST_SHOW_SECONDS):
            post = await self._where(turn.post) if surface.moves else turn.post
            return await surface.show(post, turn.update)

    async def _where(self, post: Post) -> Post:
        """Return the post as it is now: its message may have moved since it was pushed."""
        try:
            return await self._store.post(post.job) or post
        except StorageError:
            return post

    async def _after(self, channel: Channel, turn: Turn, rung: Rung) -> None:
        if not turn.final:
            self._shown[turn.post.id] = turn.update
            return
        self._shown.pop(turn.post.id, None)
        try:
            await self._store.confirm(turn.post.id, rung)
            if isinstance(turn.update, Final):
                self._tally.shown(turn.post, turn.update, rung)
        except StorageError as error:
            log.warning("not confirmed yet", extra={"job": turn.post.job, "reason": str(error)})
            turn.rung = rung
            channel.retry(turn, self._clock.now())


def _nobody(_post: Post, _update: Update) -> None:
    """Nobody else shows it, or looks on."""


def _pointless(surface: Surface, update: Update) -> bool:
    short = isinstance(update, Progress) and update.job.cost_seconds < SHORT_JOB_SECONDS
    return surface.budgeted and short
