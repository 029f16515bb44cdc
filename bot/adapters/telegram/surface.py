"""The delivery ladder: a job's own message, a new one in the same chat and topic, a private one, or kept."""

import logging
from collections.abc import Iterator
from dataclasses import replace

from bot.adapters.telegram.address import PLATFORM, Address
from bot.adapters.telegram.canvas import Canvas, Keep
from bot.adapters.telegram.core import Core
from bot.adapters.telegram.wire import NOWHERE, Closed, Moved
from bot.delivery import Surface
from bot.recent import Recent
from bot.updates import Broken, Delivered, Update
from storage.records import Post, Rung

log = logging.getLogger(__name__)

REMEMBERED = 10_000
NO_RIGHTS = "not enough rights"


class TelegramSurface(Surface):
    """Shows updates at their messages. The budget of each chat is kept by what writes to it."""

    platform = PLATFORM
    interval_seconds = 0.0
    budgeted = True

    def __init__(self, core: Core, canvas: Canvas) -> None:
        self._core = core
        self._canvas = canvas
        self._closed: Recent[tuple[int, Address], bool] = Recent(REMEMBERED)  # by post: for the whole chat?

    def channel_of(self, post: Post) -> str:
        """Return the chat: what is sent to it shares one budget."""
        return str(Address.read(post.address).chat)

    async def show(self, post: Post, update: Update) -> Rung:
        """Make the post show this, on the first rung that holds."""
        first, barred = Address.read(post.address), NOWHERE
        for address in _rungs(first, update):
            closed = self._closed.get((post.id, address))
            if closed is not None or address.chat == barred:
                barred = address.chat if closed else barred
                continue
            try:
                await self._follow(post, first, address, update)
            except Closed as reason:
                self._closed[post.id, address] = closed = NO_RIGHTS in str(reason).lower()
                barred = address.chat if closed else barred
                log.info(
                    "rung closed", extra={"job": post.job, "rung": address.rung.value, "reason": str(reason)}
                )
            else:
                return address.rung
        return Rung.KEPT

    async def _follow(self, post: Post, first: Address, address: Address, update: Update) -> None:
        """Show it there, or in the supergroup that the group has become; keep where it stands."""
        keep = self._keeper(post)
        if address.rung is Rung.DIRECT and address.message is None and first.message is not None:
            keep = self._pointing(keep, first, update, post.language)
        try:
            await self._canvas.show(address, update, post.language, keep)
        except Moved as moved:
            grown = replace(address, chat=moved.chat, message=None, answers=None, album=(), rung=Rung.POSTED)
            await self._canvas.show(grown, update, post.language, keep)

    def _pointing(self, keep: Keep, first: Address, update: Update, language: str) -> Keep:
        """Return what keeps a place, and lets the first one say so that waits for the picture in vain."""
        said: list[bool] = []

        async def keep_and_point(address: Address) -> None:
            await keep(address)
            if not said and first.inline is None:
                said.append(True)
                await self._canvas.point_elsewhere(first, update, language)

        return keep_and_point

    def _keeper(self, post: Post) -> Keep:
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
