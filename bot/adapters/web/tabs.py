"""An open page of the chat and what waits to be sent to it.

No sockets: the app takes from the outbox as fast as the page listens.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

MOST_WAITING = 500  # messages; a page that listens slower is cut off, and refreshes when it is back

View = dict[str, Any]


class TooSlow(Exception):
    """The page does not take its messages."""


class Outbox:
    """Messages in order. A newer one about the same thing takes the place of one not yet sent."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[object, View] = OrderedDict()
        self._filled = asyncio.Event()

    def put(self, message: View, about: str | None = None) -> None:
        """Add a message; raises TooSlow when too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            raise TooSlow
        self._waiting[object() if about is None else about] = message
        self._filled.set()

    async def take(self) -> View:
        """Wait for the next message and return it."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.popitem(last=False)[1]


@dataclass(eq=False, slots=True)
class Tab:
    """One page. `gone` is set when it must be closed."""

    language: str
    outbox: Outbox = field(default_factory=Outbox)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, message: View, about: str | None = None) -> None:
        """Send a message when the page is ready for it; a page that never is gets cut off."""
        try:
            self.outbox.put(message, about)
        except TooSlow:
            self.gone.set()
