"""Time as an argument: whoever waits or measures is given a Clock."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """The world's time, or a test's."""

    def wall(self) -> float:
        """Return seconds since 1970, UTC: what storage keeps."""

    def now(self) -> float:
        """Return seconds that never go back: what durations are measured with."""

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Wait for the event, at most so long; say whether it is set."""


class SystemClock:
    """The machine's time."""

    def wall(self) -> float:
        """Return seconds since 1970, UTC."""
        return time.time()

    def now(self) -> float:
        """Return seconds of the monotonic clock."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Wait for the event, at most so long; say whether it is set."""
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        return True


async def pause(clock: Clock, seconds: float) -> None:
    """Wait so long, whatever happens."""
    await clock.wait(asyncio.Event(), seconds)
