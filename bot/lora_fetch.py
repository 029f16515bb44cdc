"""Takes LoRAs from addresses that people give, and from files they sent: checked, and kept by content.

An address is fetched once for all who ask. A file that is too large, no safetensors or made for another model
is let go as soon as its head has come.
"""

import asyncio
import hashlib
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from bot.clock import Clock
from bot.lora_cache import LoraCache
from bot.outgoing import BadAddress, Outgoing, TooMuch, Unreached, read_url
from bot.recent import Recent
from generator.heads import LENGTH_BYTES
from generator.layers import Layers
from generator.lora_file import UnusableLora, check_beginning, check_file, check_size, head_length

PATIENCE_SECONDS = 20.0  # that an asker waits; the fetching goes on
FETCH_SECONDS = 900.0
FRESH_SECONDS = 3600.0  # before an address is asked again
SORRY_SECONDS = 30.0  # for which a failure is told again, without another try
MOST_AT_ONCE, MOST_EACH = 4, 2  # fetches, and those of one account
REMEMBERED = 10_000


class Sources(StrEnum):
    """Where LoRAs may come from, each with the ones before it."""

    SHELF = "shelf"
    FILES = "files"  # sent to our own API
    HTTPS = "https"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRules:
    """What the owner allows. Without `hosts` every public one may be asked."""

    sources: Sources = Sources.HTTPS
    hosts: frozenset[str] = frozenset()
    most_bytes: int = 1 << 30


class StillFetching(Exception):
    """It takes longer than an asker waits, or others are fetched first."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """An address on its way."""

    account: int
    task: "asyncio.Task[Outcome]"


Outcome = str | UnusableLora
"""The SHA-256 of the content, or why there is none."""


class LoraFetcher:
    """Each verb returns the SHA-256 of a content that the cache holds then, or raises UnusableLora."""

    def __init__(
        self, cache: LoraCache, layers: Layers, outgoing: Outgoing, clock: Clock, rules: FetchRules
    ) -> None:
        self._cache = cache
        self._layers = layers
        self._outgoing = outgoing
        self._clock = clock
        self._rules = rules
        self._known: Recent[str, tuple[float, Outcome]] = Recent(REMEMBERED)
        self._running: dict[str, Fetching] = {}

    def knows(self, address: str) -> bool:
        """Say whether an answer costs nothing: the file is here, or on its way."""
        return address in self._running or self._remembered(address) is not None

    def named(self, sha256: str) -> None:
        """Note that an order names this content, which may be one that is kept here."""
        self._cache.use(sha256)

    async def sent(self, content: bytes) -> str:
        """Take a file that was sent to us."""
        if self._rules.sources is Sources.SHELF:
            raise shelf_only()
        check_size(len(content), self._rules.most_bytes)
        return await asyncio.to_thread(self._take, content)

    def _take(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        if not self._cache.use(sha256):
            with self._cache.part() as part:
                part.write_bytes(content)
                check_file(part, self._layers)
                self._cache.keep(part, sha256)
        return sha256

    async def fetched(self, address: str, account: int, patience: float = PATIENCE_SECONDS) -> str:
        """Take what lies at an address. Raises StillFetching too."""
        outcome = self._remembered(address)
        if outcome is None:
            await self._check(address)
            fetching = self._running.get(address) or self._started(address, account)
            outcome = await self._waited(fetching, patience)
        if isinstance(outcome, UnusableLora):
            raise outcome.with_traceback(None)
        return outcome

    def _remembered(self, address: str) -> Outcome | None:
        until, outcome = self._known.get(address, (0.0, ""))
        fresh = until > self._clock.now()
        there = isinstance(outcome, UnusableLora) or (fresh and self._cache.use(outcome))
        return outcome if fresh and there else None

    async def _check(self, address: str) -> None:
        if self._rules.sources is not Sources.HTTPS:
            raise shelf_only()
        try:
            host = (read_url(address).host or "").lower()
            await self._outgoing.check(address, secure=True)
        except BadAddress as error:
            raise _bad_address(error) from error
        if self._rules.hosts and host not in self._rules.hosts:
            raise UnusableLora("host", "Nothing is fetched from {host} here.", host=host)

    def _started(self, address: str, account: int) -> Fetching:
        own = sum(each.account == account for each in self._running.values())
        if len(self._running) >= MOST_AT_ONCE or own >= MOST_EACH:
            raise StillFetching
        fetching = Fetching(account, asyncio.create_task(self._outcome(address)))
        self._running[address] = fetching
        fetching.task.add_done_callback(lambda _: self._running.pop(address, None))
        return fetching

    @staticmethod
    async def _waited(fetching: Fetching, patience: float) -> Outcome:
        await asyncio.wait([fetching.task], timeout=patience)
        if not fetching.task.done():
            raise StillFetching
        return fetching.task.result()

    # ── one fetch ─────────────────────────────────────────────────────────────────────────────────

    async def _outcome(self, address: str) -> Outcome:
        """Fetch, and remember what came of it."""
        try:
            outcome: Outcome = await self._fetch(address)
        except UnusableLora as error:
            outcome = error
        except OSError as error:
            sentence = "It cannot be kept here now ({kind})."
            outcome = UnusableLora("unkept", sentence, kind=type(error).__name__)
        lasts = SORRY_SECONDS if isinstance(outcome, UnusableLora) else FRESH_SECONDS
        self._known[address] = self._clock.now() + lasts, outcome
        return outcome

    async def _fetch(self, address: str) -> str:
        with self._cache.part() as part:
            with part.open("wb") as opened:
                sha256 = await self._received(address, Arrival(opened, part, self._layers, self._rules))
            await asyncio.to_thread(check_file, part, self._layers)
            await asyncio.to_thread(self._cache.keep, part, sha256)
        return sha256

    async def _received(self, address: str, arrival: "Arrival") -> str:
        fetch = self._outgoing.fetch(address, most=self._rules.most_bytes, seconds=FETCH_SECONDS)
        try:
            async with aclosing(fetch) as chunks:
                async for chunk in chunks:
                    await arrival.take(chunk)
        except TooMuch as error:
            check_size(error.size, self._rules.most_bytes)
        except BadAddress as error:
            raise _bad_address(error) from error
        except Unreached as error:
            raise UnusableLora("unreached", "It could not be fetched: {why}.", why=str(error)) from error
        return arrival.digest.hexdigest()


class Arrival:
    """A file that comes in pieces; raises UnusableLora as soon as its head is there and does not fit."""

    def __init__(self, opened: BinaryIO, part: Path, layers: Layers, rules: FetchRules) -> None:
        self.digest = hashlib.sha256()
        self._opened = opened
        self._part = part
        self._layers = layers
        self._rules = rules
        self._start = b""
        self._bytes = 0
        self._judged = False

    async def take(self, chunk: bytes) -> None:
        """Write the next piece."""
        self.digest.update(chunk)
        self._opened.write(chunk)
        self._bytes += len(chunk)
        self._start = (self._start + chunk[:LENGTH_BYTES])[:LENGTH_BYTES]
        if not self._judged and self._is_head_whole():
            self._judged = True
            self._opened.flush()
            await asyncio.to_thread(check_beginning, self._part, self._layers, self._rules.most_bytes)

    def _is_head_whole(self) -> bool:
        return len(self._start) == LENGTH_BYTES and self._bytes >= head_length(self._start)


def shelf_only() -> UnusableLora:
    """Return the no to everything that comes from elsewhere."""
    return UnusableLora("off", "LoRAs are taken from the owner's shelf only, by their names.")


def _bad_address(error: BadAddress) -> UnusableLora:
    return UnusableLora("address", "Its address cannot be used. {why}", why=str(error))
