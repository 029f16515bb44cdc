"""What the HTTP API bears: orders at a fixed rate beside open streams, and a chat beside both."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientError, ClientSession, TCPConnector

from bot.bench.product import Product
from bot.keys import new_key
from bot.settings import Settings
from storage.keys import PLATFORM
from storage.records import Identity
from storage.sqlite import SqliteStore

STREAMS = 1000
RATE = 200.0  # orders per second
SECONDS = 10.0
POLLS = 1000
CHAT_EVERY_SECONDS = 0.1
TICKS = os.sysconf("SC_CLK_TCK")
OPEN_EVERY_SECONDS = 0.004  # between two streams
CREDITS = 10**9


class NullProduct(Product):
    """The product without a generator."""

    module = ("bot.bench.null",)

    def cpu_seconds(self) -> float:
        """Return the CPU time of the bot's process."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    async def acknowledged(self, text: str) -> float:
        """Type /imagine; return the seconds to its acknowledgement."""
        began = time.perf_counter()
        key = f"bench-{time.perf_counter_ns():020d}"
        await self._accepted(await self._send("imagine", text=text, key=key))
        return time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class Borne:
    """What was measured."""

    submits: Sequence[float]
    refused: int
    chats: Sequence[float]
    stream_kib: float
    poll_cpu_ms: float
    resident_mib: float


async def bear(settings: Settings, folder: Path, streams: int = STREAMS, seconds: float = SECONDS) -> Borne:
    """Measure it all in a folder of its own."""
    data = folder / "api"
    key = await _key(data)
    async with NullProduct(settings, data) as product:
        connector = TCPConnector(limit=0)
        headers = {"authorization": f"Bearer {key}"}
        async with ClientSession(product.url, connector=connector, headers=headers) as http:
            return await _Load(product, http).measured(streams, seconds)


class _Load:
    """One key that asks a lot."""

    def __init__(self, product: NullProduct, http: ClientSession) -> None:
        self._product = product
        self._http = http
        self._refused = 0

    async def measured(self, streams: int, seconds: float) -> Borne:
        for _ in range(20):  # the API is loaded by now, and its code is warm
            job = await self._order()
        poll_cpu_ms = await self._polled(job)
        jobs = [await self._order() for _ in range(streams)]
        before = self._product.resident_mib()
        following = [await self._following(job) for job in jobs]
        await asyncio.sleep(3)
        stream_kib = 1024 * (self._product.resident_mib() - before) / max(1, streams)
        chats: list[float] = []
        chatting = asyncio.create_task(self._chat(chats))
        submits = await at_rate(self._timed_order, RATE, seconds)
        resident = self._product.resident_mib()
        for task in (chatting, *following):
            task.cancel()
        await asyncio.gather(chatting, *following, return_exceptions=True)
        return Borne(submits, self._refused, chats, stream_kib, poll_cpu_ms, resident)

    async def _order(self) -> str:
        body = {"prompt": "a red circle", "width": 256, "height": 256}
        async with self._http.post("/v1/jobs", json=body) as said:
            view = await said.json()
            if said.status >= 400:  # noqa: PLR2004 - HTTP's own number
                self._refused += 1
                return ""
            return str(view["id"])

    async def _timed_order(self, due: float) -> float:
        await self._order()
        return time.perf_counter() - due

    async def _polled(self, job: str) -> float:
        """Return the CPU milliseconds of one poll."""
        before = self._product.cpu_seconds()
        for _ in range(POLLS):
            async with self._http.get(f"/v1/jobs/{job}") as said:
                await said.read()
        return 1000 * (self._product.cpu_seconds() - before) / POLLS

    async def _following(self, job: str) -> asyncio.Task[None]:
        """Open a stream, a little after the one before."""
        await asyncio.sleep(OPEN_EVERY_SECONDS)
        return asyncio.create_task(self._follow(job))

    async def _follow(self, job: str) -> None:
        with suppress(ClientError):
            async with self._http.get(f"/tasks/{job}/stream") as said:
                async for _ in said.content:
                    pass

    async def _chat(self, seconds: list[float]) -> None:
        while True:
            seconds.append(await self._product.acknowledged("a red circle --size 256x256"))
            await asyncio.sleep(CHAT_EVERY_SECONDS)


async def at_rate(work: Callable[[float], Awaitable[float]], rate: float, seconds: float) -> list[float]:
    """Start work at a fixed rate, whether earlier work is done or not; return how long each took."""
    began, tasks = time.perf_counter(), []
    for number in range(round(rate * seconds)):
        due = began + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.ensure_future(work(due)))
    return list(await asyncio.gather(*tasks))


async def _key(data: Path) -> str:
    """Make a key with plenty of credits in a fresh database."""
    data.mkdir(parents=True)  # noqa: ASYNC240 - a folder of our own, before anything runs
    store = SqliteStore(data / "pinxit.sqlite3")
    await store.open()
    try:
        account = await store.account(Identity(PLATFORM, "bench"), "bench")
        made = new_key(account.id, "bench", time.time())
        await store.keys.add(made.key)
        await store.grant(account.id, CREDITS, "grant:bench", "", time.time())
    finally:
        await store.close()
    return made.text
