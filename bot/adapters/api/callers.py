"""Who calls: a key, tested; and how often it may, told the time."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil

from bot.adapters.api.core import Core
from bot.adapters.api.faults import ApiFault, unauthorized
from bot.commands import Person
from bot.keys import id_of, opens
from bot.rate_limit import Rate
from storage.keys import PLATFORM, Key, Scope
from storage.records import Identity

WRONG_KEYS = Rate(per_minute=10.0, burst=20)  # from one address
MOST_OPEN = 2000  # requests of one key under way, streams among them
FULL_SECONDS = 5.0
USED_SECONDS = 60.0  # between two notes of a key's last use
LONGEST_USER = 200  # characters of somebody's id at a front end
LONGEST_HEADER = 200
LANGUAGE = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A key, and the person it acts for."""

    key: Key
    by: Person

    @property
    def name(self) -> str:
        """What tells callers apart."""
        return self.by.identity.user

    def must_have(self, scope: Scope) -> None:
        """Raise ApiFault unless the key was made for this."""
        if scope not in self.key.scopes:
            raise ApiFault(403, "forbidden", f"This key was not made for this: it lacks the scope {scope}.")


class Door:
    """Lets callers in. Wrong keys are counted by address, requests by key."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._open: Counter[str] = Counter()

    async def caller(self, headers: Mapping[str, str], address: str) -> Caller:
        """Return who calls. Raises ApiFault: 401, or 429."""
        now, counted = self._core.clock.now(), f"wrong keys from {address}"
        if wait := await self._core.rates.wait_seconds(counted, WRONG_KEYS, now):
            raise _too_many("Too many wrong keys came from this address.", wait)
        key = await self._tested(headers.get("authorization", ""))
        if key is None:
            await self._core.rates.take({counted: WRONG_KEYS}, now)
            raise unauthorized("Send a valid key: Authorization: Bearer <key>.")
        await self._count(key, now)
        await self._note_use(key)
        return Caller(key=key, by=_person(key, headers))

    @contextmanager
    def inside(self, caller: Caller) -> Iterator[None]:
        """Count a request while it is under way. Raises ApiFault where the key has too many."""
        if self._open[caller.key.id] >= MOST_OPEN:
            raise _too_many("Too many requests with this key are under way.", FULL_SECONDS)
        self._open[caller.key.id] += 1
        try:
            yield
        finally:
            self._open[caller.key.id] -= 1
            if not self._open[caller.key.id]:
                del self._open[caller.key.id]

    async def _tested(self, header: str) -> Key | None:
        scheme, _, text = header[:LONGEST_HEADER].partition(" ")
        if scheme.lower() != "bearer" or (known := id_of(text.strip())) is None:
            return None
        key = await self._core.keys.find(known)
        return key if opens(text.strip(), key, self._core.clock.wall()) else None

    async def _count(self, key: Key, now: float) -> None:
        if wait := await self._core.rates.take({f"key {key.id}": self._rate(key)}, now):
            raise _too_many("Too many requests with this key.", wait)

    def _rate(self, key: Key) -> Rate:
        own = key.requests_per_minute
        return self._core.rules.rate if own is None else Rate(per_minute=own, burst=max(1, ceil(own / 6)))

    async def _note_use(self, key: Key) -> None:
        now = self._core.clock.wall()
        if key.used_at is None or now - key.used_at > USED_SECONDS:
            await self._core.keys.used(key.id, now)


def _too_many(detail: str, wait: float) -> ApiFault:
    return ApiFault(429, "rate_limited", detail, retry_seconds=ceil(wait))


def _person(key: Key, headers: Mapping[str, str]) -> Person:
    """Return the key's own person, or the one a front end speaks for, who has an account of their own."""
    user = headers.get("x-openwebui-user-id", "")
    if Scope.USERS not in key.scopes or not 0 < len(user) <= LONGEST_USER or not user.isprintable():
        return Person(identity=Identity(PLATFORM, key.id), name=key.name, language=LANGUAGE)
    name = headers.get("x-openwebui-user-name", "")[:64]
    shown = name if name.isprintable() and name.strip() else user[:64]
    return Person(identity=Identity(PLATFORM, f"{key.id}/{user}"), name=shown, language=LANGUAGE)
