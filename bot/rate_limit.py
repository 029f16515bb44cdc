"""How often is too often: a token bucket per account and one for all, told the time.

The generic cell rate algorithm keeps one number per key: the time at which its bucket will be full
again. A key whose bucket is full says nothing and is forgotten, so memory is bounded by what the
global rate lets through.
"""

import math
from collections.abc import Hashable
from dataclasses import dataclass

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


class RateLimit:
    """Asks both buckets; a refusal takes from neither."""

    def __init__(self, each: Rate, everybody: Rate) -> None:
        self._each = Bucket(each)
        self._everybody = Bucket(everybody)

    async def asked(self, account: int, now: float) -> int:
        """Return what `retry_seconds` does; where several bots count together, that takes a moment."""
        return self.retry_seconds(account, now)

    def retry_seconds(self, account: int, now: float) -> int:
        """Count one for the account and return 0, or return the whole seconds to wait."""
        wait = max(self._each.wait_seconds(account, now), self._everybody.wait_seconds(None, now))
        if wait > NEVERMIND_SECONDS:
            return math.ceil(wait)
        self._each.take(account, now)
        self._everybody.take(None, now)
        return 0


class SharedRateLimit(RateLimit):
    """The same two rates, counted in the database by all bots that share it."""

    def __init__(self, each: Rate, everybody: Rate, store: Store, clock: Clock) -> None:
        super().__init__(each, everybody)
        self._rates = {"each": each, "everybody": everybody}
        self._store = store
        self._clock = clock

    async def asked(self, account: int, now: float) -> int:  # noqa: ARG002 - other bots have other clocks
        """Count one for the account and return 0, or return the whole seconds to wait."""
        buckets = {f"account {account}": self._rates["each"], "everybody": self._rates["everybody"]}
        counted = {key: (rate.interval_seconds, rate.burst) for key, rate in buckets.items()}
        return math.ceil(await self._store.take(counted, self._clock.wall()))
