"""Cancels jobs that were to be ended after a time, over restarts too."""

import asyncio
import heapq
import logging

from bot.adapters.api.address import Address
from bot.adapters.api.core import Core
from bot.commands import Cancel, Person
from bot.refusals import StorageTrouble
from bot.updates import Refused
from storage.keys import PLATFORM
from storage.records import Identity
from storage.store import StorageError

NOBODY = Person(identity=Identity(PLATFORM, "deadline"), name="deadline", language="en")
AGAIN_SECONDS = 5.0

log = logging.getLogger(__name__)


class Deadlines:
    """Run it for as long as the bot lives."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._due: list[tuple[float, str]] = []
        self._news = asyncio.Event()

    def add(self, job: str, at: float | None) -> None:
        """Cancel the job at this time (seconds since 1970) unless it has ended by then."""
        if at is not None:
            heapq.heappush(self._due, (at, job))
            self._news.set()

    async def run(self) -> None:
        """Take up what an earlier run of the bot was to cancel, then cancel what is due, for ever."""
        await self._take_up()
        while True:
            self._news.clear()
            now = self._core.clock.wall()
            while self._due and self._due[0][0] <= now:
                await self._cancel(heapq.heappop(self._due)[1])
            await self._core.clock.wait(self._news, self._due[0][0] - now if self._due else None)

    async def _take_up(self) -> None:
        try:
            posts = await self._core.unconfirmed(PLATFORM)
        except StorageError as error:
            log.warning("deadlines cannot be read", extra={"reason": str(error)})
            return
        for post in posts:
            self.add(post.job, Address.read(post.address).deadline)

    async def _cancel(self, job: str) -> None:
        answer = await self._core.answer(Cancel(NOBODY, job, vouched=True))
        if isinstance(answer, Refused) and isinstance(answer.refusal, StorageTrouble):
            self.add(job, self._core.clock.wall() + AGAIN_SECONDS)
