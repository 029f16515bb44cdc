"""The delivery ladder: a job's own message, a new one in the same chat and topic, a private one, or kept."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

from bot.adapters.telegram.address import PLATFORM, Address
from bot.adapters.telegram.canvas import Canvas
from bot.adapters.telegram.core import Core
from bot.adapters.telegram.wire import Closed, Moved
from bot.delivery import Surface
from bot.recent import Recent
from bot.updates import Broken, Delivered, Update
from storage.records import Post, Rung

log = logging.getLogger(__name__)

REMEMBERED = 10_000


class TelegramSurface(Surface):
    """Shows updates at their messages. The budget of each chat is kept by what writes to it."""

    platform = PLATFORM
    interval_seconds = 0.0
    budgeted = True

    def __init__(self, core: Core, canvas: Canvas) -> None:
        self._core = core
        self._canvas = canvas
        self._closed: Recent[tuple[int, Address], None] = Recent(REMEMBERED)  # by post: not tried again

    def channel_of(self, post: Post) -> str:
        """Return the chat: what is sent to it shares one budget."""
        return str(Address.read(post.address).chat)

    async def show(self, post: Post, update: Update) -> Rung:
        """Make the post show this, on the first rung that holds."""
        for address in _rungs(Address.read(post.address), update):
            if (post.id, address) in self._closed:
                continue
            try:
                await self._follow(post, address, update)
            except Closed as reason:
                self._closed[post.id, address] = None
                log.info(
                    "rung closed", extra={"job": post.job, "rung": address.rung.value, "reason": str(reason)}
                )
            else:
                return address.rung
        return Rung.KEPT

    async def _follow(self, post: Post, address: Address, update: Update) -> None:
        """Show it there, or in the supergroup that the group has become; keep where it stands."""
        keep = self._keeper(post)
        try:
            await self._canvas.show(address, update, post.language, keep)
        except Moved as moved:
            grown = replace(address, chat=moved.chat, message=None, answers=None, album=(), rung=Rung.POSTED)
            await self._canvas.show(grown, update, post.language, keep)

    def _keeper(self, post: Post) -> Callable[[Address], Awaitable[None]]:
        async def keep(address: Address) -> None:
            await self._core.move_post(post.id, address.text())

        return keep


def _rungs(address: Address, update: Update) -> Iterator[Address]:
    """Yield the places that are worth trying, best first. What is no end stays at its message."""
    yield address
    pictures = isinstance(update, Delivered) and bool(update.pictures)
    if pictures and address.message is not None and address.inline is None:
        yield replace(address, message=None, album=(), rung=Rung.POSTED)
    elsewhere = address.has_person and not (address.private and address.inline is None)
    if (pictures or isinstance(update, Broken)) and elsewhere:
        user, document = address.user, address.document
        yield Address(chat=user, user=user, document=document, rung=Rung.DIRECT)
