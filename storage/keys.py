"""Keys of the HTTP API as values, and the verbs that keep them. No SQL, and no secret but its digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

PLATFORM = "api"  # of the identity that every key is


class Scope(StrEnum):
    """What a key may be used for."""

    DRAW = "draw"  # order pictures, and cancel and delete them
    READ = "read"  # see the account's jobs
    FILES = "files"  # send files and delete them
    USERS = "users"  # say on whose behalf it asks: a front end with users of its own
    METRICS = "metrics"  # read the figures of the whole bot


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it is kept. `id` is its public part; times are seconds since 1970."""

    id: str
    account: int
    name: str
    digest: str
    scopes: frozenset[Scope]
    webhook_secret: str
    created_at: float
    requests_per_minute: float | None = None
    max_waiting: int | None = None
    expires_at: float | None = None
    used_at: float | None = None
    revoked_at: float | None = None

    def lives(self, now: float) -> bool:
        """Whether the key still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Keys(Protocol):
    """Every verb is one transaction, like those of Store."""

    async def add(self, key: Key) -> None:
        """Keep a key, and let its identity be its account's. Raises LookupError without that account."""

    async def find(self, id: str) -> Key | None:
        """Return a key by its public id, whether it lives or not."""

    async def of_account(self, account: int) -> Sequence[Key]:
        """Return an account's keys, newest first."""

    async def all(self) -> Sequence[Key]:
        """Return everybody's keys, newest first."""

    async def used(self, id: str, now: float) -> None:
        """Remember when a key was used last."""

    async def revoke(self, id: str, now: float) -> Key | None:
        """End a key for ever; None when there is no such key or it was revoked before."""
