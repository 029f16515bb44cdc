"""An open page of the chat and what waits to be sent to it.

No sockets: the app takes from the outbox as fast as the page listens.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

MOST_WAITING = 500  # messages; a page that listens slower is cut off, and refreshes when it is back

View = dict[str, Any]


ENDS = frozenset({"done", "broken", "cancelled"})


def follows(shown: View, item: View) -> bool:
    """Say whether an item may take the place of one shown: nothing follows an end or a later attempt."""
    return shown["state"] not in ENDS and item["attempt"] >= shown["attempt"]


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

    def waiting(self, about: str) -> View | None:
        """Return what is not yet sent about a thing."""
        return self._waiting.get(about)

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

    def tell_item(self, item: View) -> None:
        """Send a job's state, unless a later one is about to be sent."""
        about = f"item {item['job']}"
        waiting = self.outbox.waiting(about)
        if waiting is None or follows(waiting["item"], item):
            self.tell({"type": "item", "item": item}, about)

    def tell(self, message: View, about: str | None = None) -> None:
        """Send a message when the page is ready for it; a page that never is gets cut off."""
        try:
            self.outbox.put(message, about)
        except TooSlow:
            self.gone.set()
