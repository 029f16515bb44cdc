"""How often is too often: a token bucket per account and one for all, told the time.

The generic cell rate algorithm keeps one number per key: the time at which its bucket will be full
again. A key whose bucket is full says nothing and is forgotten, so memory is bounded by what the
global rate lets through.
"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.clock import Clock
from storage.store import Store

NEVERMIND_SECONDS = 1e-9  # rounding, closer than any clock tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`burst` at once, and lastingly `per_minute`."""

    per_minute: float
    burst: int

    @property
    def interval_seconds(self) -> float:
        """The seconds in which one more becomes possible."""
        return 60.0 / self.per_minute


class Bucket:
    """One rate for many keys."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._full_at: dict[Hashable, float] = {}
        self._sweep_at_size = 1024

    def __len__(self) -> int:
        return len(self._full_at)

    def wait_seconds(self, key: Hashable, now: float) -> float:
        """Return 0 where one is possible now, else in how many seconds."""
        interval = self._rate.interval_seconds
        full_at = max(self._full_at.get(key, now), now)
        return max(0.0, full_at + interval - now - self._rate.burst * interval)

    def take(self, key: Hashable, now: float) -> None:
        """Count one."""
        self._full_at[key] = max(self._full_at.get(key, now), now) + self._rate.interval_seconds
        if len(self._full_at) >= self._sweep_at_size:
            self._forget_idle(now)

    def _forget_idle(self, now: float) -> None:
        self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        self._sweep_at_size = max(1024, 2 * len(self._full_at))


class Rates(Protocol):
    """Counts what is done, by whoever it is counted for."""

    async def take(self, wanted: Mapping[str, Rate], now: float) -> float:
        """Count one for each key and return 0, or count nothing and return the seconds to wait."""

    async def wait_seconds(self, key: str, rate: Rate, now: float) -> float:
        """Return in how many seconds one more may be counted, 0 for now; count nothing."""


class OwnRates:
    """Counted by this bot alone, by the clock that `now` is told of."""

    def __init__(self) -> None:
        self._buckets: dict[Rate, Bucket] = {}

    async def take(self, wanted: Mapping[str, Rate], now: float) -> float:
        """Count as above."""
        buckets = {key: self._buckets.setdefault(rate, Bucket(rate)) for key, rate in wanted.items()}
        wait = max(bucket.wait_seconds(key, now) for key, bucket in buckets.items())
        if wait > NEVERMIND_SECONDS:
            return wait
        for key, bucket in buckets.items():
            bucket.take(key, now)
        return 0.0

    async def wait_seconds(self, key: str, rate: Rate, now: float) -> float:
        """Look as above."""
        bucket = self._buckets.get(rate)
        wait = 0.0 if bucket is None else bucket.wait_seconds(key, now)
        return wait if wait > NEVERMIND_SECONDS else 0.0


class SharedRates:
    """Counted in the database, by its clock, for all bots that share it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def take(self, wanted: Mapping[str, Rate], now: float) -> float:  # noqa: ARG002 - each bot's differs
        """Count as above."""
        counted = {key: (rate.interval_seconds, rate.burst) for key, rate in wanted.items()}
        return await self._store.take(counted, self._clock.wall())

    async def wait_seconds(self, key: str, rate: Rate, now: float) -> float:  # noqa: ARG002 - the same
        """Look as above."""
        return await self._store.wait_seconds(key, (rate.interval_seconds, rate.burst), self._clock.wall())


class RateLimit:
    """How often one account may order, and how often all together; a refusal counts for neither."""

    def __init__(self, each: Rate, everybody: Rate, rates: Rates | None = None) -> None:
        self._each = each
        self._everybody = everybody
        self._rates = rates or OwnRates()

    async def retry_seconds(self, account: int, now: float) -> int:
        """Count one for the account and return 0, or return the whole seconds to wait."""
        wanted = {f"account {account}": self._each, "everybody": self._everybody}
        return math.ceil(await self._rates.take(wanted, now))
