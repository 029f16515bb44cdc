"""How much may be said in each chat, and by the bot altogether. No I/O: told the time.

python-telegram-bot's own AIORateLimiter is not used: it holds all chats while one of them is to be left
alone, it knows nothing of edits per minute, and it queues what has long been overtaken.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

from bot.recent import Recent

MINUTE = 60.0
REMEMBERED = 10_000  # chats


class Weight(IntEnum):
    """How much something matters: for the lesser, a part of the budget is kept back."""

    PROGRESS = 0
    RESULT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What Telegram takes, as far as it says: it names these numbers and reserves others."""

    chat_seconds: float = 1.0
    group_minute: int = 20
    group_minute_for_progress: int = 12  # the rest is for results
    all_second: int = 30


@dataclass(slots=True)
class _Chat:
    latest: deque[float] = field(default_factory=deque)
    closed_until: float = float("-inf")


class Budget:
    """Ask `wait_seconds` before a message or an edit, tell `used` after it, `close` when told to wait."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._chats: Recent[int, _Chat] = Recent(REMEMBERED)
        self._all: deque[float] = deque(maxlen=pace.all_second)

    def wait_seconds(self, chat: int, weight: Weight, now: float) -> float:
        """Return for how long this chat must be left alone; 0 for now."""
        free = max(self._chat_free_at(chat, weight), self._all_free_at())
        return max(0.0, free - now)

    def used(self, chat: int, now: float, messages: int = 1) -> None:
        """Count what was sent."""
        known = self._chat(chat)
        known.latest.extend([now] * messages)
        while len(known.latest) > self._pace.group_minute:
            known.latest.popleft()
        self._all.extend([now] * messages)

    def close(self, chat: int, seconds: float, now: float) -> None:
        """Obey Telegram's wish for patience, in this chat alone."""
        known = self._chat(chat)
        known.closed_until = max(known.closed_until, now + seconds)

    def _chat(self, chat: int) -> _Chat:
        if chat not in self._chats:
            self._chats[chat] = _Chat()
        return self._chats[chat]

    def _chat_free_at(self, chat: int, weight: Weight) -> float:
        known = self._chats.get(chat)
        if known is None:
            return float("-inf")
        free = known.closed_until
        if known.latest:
            free = max(free, known.latest[-1] + self._pace.chat_seconds)
        most = self._pace.group_minute if weight is Weight.RESULT else self._pace.group_minute_for_progress
        if is_group(chat) and len(known.latest) >= most:
            free = max(free, known.latest[-most] + MINUTE)
        return free

    def _all_free_at(self) -> float:
        full = len(self._all) == self._pace.all_second
        return self._all[0] + 1.0 if full else float("-inf")


def is_group(chat: int) -> bool:
    """Say whether a chat is a group or a channel: their numbers are below zero."""
    return chat < 0
