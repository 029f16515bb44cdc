"""Whose turn it is in one channel: results before cancels before places before progress.

No I/O: told what happened and the time. The newest state of a post replaces the older one, a final
state is never replaced and never dropped.
"""

from dataclasses import dataclass, field
from itertools import count
from typing import assert_never

from bot.updates import Broken, Cancelled, Delivered, Final, Progress, Queued, Update
from storage.records import Post, Rung

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 300.0


@dataclass(slots=True)
class Turn:
    """One post that waits to be shown. `rung` is set where only the confirmation is missing."""

    post: Post
    update: Update
    arrival: int
    tries: int = 0
    not_before: float = float("-inf")
    rung: Rung | None = None

    @property
    def final(self) -> bool:
        """Whether this is the job's end."""
        return isinstance(self.update, Final)


@dataclass(slots=True)
class Channel:
    """What waits in one channel, and from when on it may be used again."""

    interval_seconds: float
    open_at: float = float("-inf")
    _waiting: dict[int, Turn] = field(default_factory=dict)
    _arrivals: "count[int]" = field(default_factory=count)

    def put(self, post: Post, update: Update) -> None:
        """Let the newest state wait at the post's place in line."""
        if (turn := self._waiting.get(post.id)) is None:
            self._waiting[post.id] = Turn(post, update, next(self._arrivals))
        elif not turn.final:
            turn.update = update

    def take(self, now: float) -> Turn | None:
        """Remove and return the turn that is due, if the channel is open."""
        due = [turn for turn in self._waiting.values() if turn.not_before <= now]
        if now < self.open_at or not due:
            return None
        turn = min(due, key=lambda turn: (rank(turn.update), turn.arrival))
        return self._waiting.pop(turn.post.id)

    def put_back(self, turn: Turn) -> None:
        """Let a turn wait again that was not shown, unless there is a newer state."""
        newer = self._waiting.get(turn.post.id)
        if newer is None or turn.final:
            self._waiting[turn.post.id] = turn

    def retry(self, turn: Turn, now: float) -> None:
        """Put a final that failed back, with growing pauses. Nothing else waits for it."""
        turn.not_before = now + min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0**turn.tries)
        turn.tries = min(turn.tries + 1, 16)
        self.put_back(turn)

    def used(self, now: float) -> None:
        """Close the channel for its interval."""
        self.open_at = max(self.open_at, now + self.interval_seconds)

    def close(self, now: float, seconds: float) -> None:
        """Obey the platform's wish for patience."""
        self.open_at = max(self.open_at, now + seconds)

    def idle(self, now: float) -> bool:
        """Say whether nothing waits and no patience has to be remembered."""
        return not self._waiting and self.open_at <= now

    def wait_seconds(self, now: float) -> float:
        """Return in how many seconds something can be due."""
        earliest = min((turn.not_before for turn in self._waiting.values()), default=self.open_at)
        return max(0.0, max(earliest, self.open_at) - now)


def rank(update: Update) -> int:
    """Return the order of kinds; the smaller goes first."""
    match update:
        case Delivered() | Broken():
            return 0
        case Cancelled():
            return 1
        case Queued():
            return 2
        case Progress():
            return 3
        case _:
            assert_never(update)
