"""What an owner asks of the whole: how much waits, where credits go, what looks stuck. No SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from storage.records import Job, JobState, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Unfinished jobs of one platform in one state, and when the oldest was made."""

    platform: str
    state: JobState
    jobs: int
    oldest_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """All that is not done yet, and all credits there are. Times are seconds since 1970."""

    waiting: Sequence[Waiting]
    undelivered: int  # ended jobs whose end is not confirmed as shown
    webhooks: int
    oldest_webhook_at: float | None
    accounts: int
    available: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Credits that moved, by kind of entry, up to and with the entry `last`. All are positive."""

    last: int
    credits: Mapping[Kind, int]


class Oversight(Protocol):
    """Every verb is one read. Any of them may raise StorageError."""

    async def backlog(self) -> Backlog:
        """Count what is not done yet."""

    async def last_entry(self) -> int:
        """Return the number of the ledger's latest entry, 0 where there is none."""

    async def flow(self, after: int) -> Flow:
        """Sum the entries added after one."""

    async def contents(self, after: str, limit: int) -> Sequence[str]:
        """Return the SHA-256 of contents that anything refers to, in order, after one."""

    async def running(self) -> Sequence[Job]:
        """Return every job that some bot has claimed, oldest first."""

    async def bots(self, now: float) -> int:
        """Count the bots that share the database and live."""
