"""What is done while storage can't: nothing is claimed, and what must be kept is tried again."""

import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.backoff import BackOff
from bot.clock import Clock, pause
from storage.store import StorageError

T = TypeVar("T")

log = logging.getLogger(__name__)


class StorageTrouble:
    """One for all that is asked of storage on a job's way, so that trouble met by one holds up the others."""

    def __init__(self, clock: Clock, dice: random.Random) -> None:
        self._clock = clock
        self._pauses = BackOff(dice)
        self._given_up = False

    @property
    def troubled(self) -> bool:
        """Whether the last attempt failed."""
        return self._pauses.troubled

    @property
    def wait_seconds(self) -> float:
        """How long to wait before the next attempt; 0 for now."""
        return self._pauses.wait_seconds(self._clock.now())

    def met(self, error: StorageError) -> None:
        """Storage says that it can't."""
        if not self.troubled:
            log.error("storage is in trouble, nothing is claimed", extra={"reason": str(error)})
        self.pause()

    def pause(self) -> None:
        """Let some time pass before the next attempt."""
        self._pauses.failed(self._clock.now())

    def over(self) -> None:
        """Storage can again."""
        self._pauses.succeeded()

    def give_up(self) -> None:
        """From now on the first failure of anything is its last: the next start recovers the job."""
        self._given_up = True

    async def insist(self, verb: Callable[[], Awaitable[T]]) -> T:
        """Try until storage can. Raises StorageError only once it was given up."""
        while True:
            try:
                return await verb()
            except StorageError as error:
                if self._given_up:
                    raise
                self.met(error)
                await pause(self._clock, self.wait_seconds)
