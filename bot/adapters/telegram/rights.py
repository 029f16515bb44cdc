"""What a group lets the bot do, asked of Telegram before anything is accepted there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telegram import Bot
from telegram.constants import ChatMemberStatus

from bot.adapters.telegram.wire import Wire
from bot.recent import Recent

REMEMBERED = 10_000  # groups
GOOD_SECONDS, BAD_SECONDS = 600.0, 20.0  # for how long what was told is believed


@dataclass(frozen=True, slots=True)
class Allowed:
    """Whether it may write there, and send pictures in any form."""

    words: bool = True
    pictures: bool = True

    @property
    def all(self) -> bool:
        """Whether a job can be shown."""
        return self.words and self.pictures


class Rights:
    """Remembers for a while. Where Telegram does not say, everything is taken to be allowed."""

    def __init__(self, wire: Wire, now: Callable[[], float]) -> None:
        self._wire = wire
        self._now = now
        self._known: Recent[int, tuple[float, Allowed]] = Recent(REMEMBERED)

    async def of(self, chat: int) -> Allowed:
        """Return what is allowed in a group."""
        until, known = self._known.get(chat, (float("-inf"), Allowed()))
        if self._now() < until:
            return known
        found = await self._asked(chat)
        self._known[chat] = self._now() + (GOOD_SECONDS if found.all else BAD_SECONDS), found
        return found

    def forget(self, chat: int) -> None:
        """Something changed there."""
        self._known.pop(chat, None)

    async def _asked(self, chat: int) -> Allowed:
        told: list[Any] = []

        async def look(bot: Bot) -> None:
            member = await bot.get_chat_member(chat, bot.id)
            told.append(member)
            if member.status == ChatMemberStatus.MEMBER:  # who may what everybody may
                told.append((await bot.get_chat(chat)).permissions)

        await self._wire.attempt(look)
        return _allowed(told[-1]) if told else Allowed()


def _allowed(told: Any) -> Allowed:
    """Read a member who is restricted, or what holds for everybody; administrators are told nothing of it."""
    words, photos, documents = (
        getattr(told, f"can_send_{what}", None) is not False for what in ("messages", "photos", "documents")
    )
    return Allowed(words=words, pictures=photos or documents)
