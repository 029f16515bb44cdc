"""Waiting until a loopback platform has seen what a test is about."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

WAIT_SECONDS = 40.0
BETWEEN_SECONDS = 0.1
"""Things that happen elsewhere, in a database say, are looked for as often."""


class News:
    """Told whenever something happened; `lately` describes it where a wait was in vain."""

    def __init__(self, lately: Callable[[], str]) -> None:
        self._lately = lately
        self._happened = asyncio.Event()

    def tell(self) -> None:
        """Something happened."""
        self._happened.set()

    async def until(self, true: Callable[[], Any], seconds: float = WAIT_SECONDS) -> None:
        """Wait until something holds, looking again whenever something happened."""
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    await self._next()
        except TimeoutError:
            raise AssertionError(f"it did not come to that; lately:\n{self._lately()}") from None

    async def _next(self) -> None:
        self._happened.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(BETWEEN_SECONDS):
                await self._happened.wait()
