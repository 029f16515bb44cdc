"""Bots on one PostgreSQL database: NOTIFY carries what they tell, advisory locks are their offices.

One connection of its own does both, outside all transactions: a notice sent inside one holds the commits of
all others up. Whoever loses it loses its offices, and the work in them is stopped: another bot may have them.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg

from storage.company import Listener
from storage.postgresql.troubles import is_lost

CHANNEL = "pinxit"
LONGEST_NOTICE = 7900  # bytes; PostgreSQL takes less than 8000
MOST_WAITING = 1000
BEAT_SECONDS = 1.0
ANSWER_SECONDS = 5.0  # without one, the connection is given up
OFFICE_SECONDS = 0.5  # between two looks whether an office is free
RETRY_SECONDS = 0.5
OFFICES = 0x70696E78  # the first half of the locks' keys
SESSION = {
    "application_name": "pinxit company",
    # So the server frees the offices of a machine that fell silent.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
TELL = "select pg_notify($1, $2)"
TAKE = "select pg_try_advisory_lock($1, hashtext($2))"
LEAVE = "select pg_advisory_unlock($1, hashtext($2))"

log = logging.getLogger(__name__)


class PostgresCompany:
    """A `storage.company.Company`."""

    shared = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._me = secrets.token_hex(6)
        self._listeners: list[Listener] = []
        self._notices: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        self._connection: Any = None
        self._here, self._gone = asyncio.Event(), asyncio.Event()
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Stay connected, for ever."""
        while True:
            try:
                await self._stay()
            except Exception as error:
                if not is_lost(error) and not isinstance(error, asyncpg.PostgresError):
                    raise
                log.warning("out of touch with the other bots", extra={"reason": type(error).__name__})
            await asyncio.sleep(RETRY_SECONDS)

    def tell(self, kind: str, **values: object) -> None:
        """Tell the other bots, where there is room."""
        notice = json.dumps({"kind": kind, "by": self._me, **values})
        if len(notice) < LONGEST_NOTICE:
            with suppress(asyncio.QueueFull):
                self._notices.put_nowait(notice)

    def listen(self, listener: Listener) -> None:
        """Let a listener hear what others tell."""
        self._listeners.append(listener)

    async def lead(self, office: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work while holding the office."""
        while True:
            await self._here.wait()
            if not await self._taken(office):
                await asyncio.sleep(OFFICE_SECONDS)
            elif await self._worked(office, work):
                return

    async def _stay(self) -> None:
        self._connection = await asyncpg.connect(
            self._url, server_settings=SESSION, command_timeout=ANSWER_SECONDS, statement_cache_size=16
        )
        self._gone.clear()
        try:
            await self._connection.add_listener(CHANNEL, self._heard)
            self._here.set()
            self._hear({"kind": "back"})  # whatever was told meanwhile is lost
            while True:
                await self._send(await self._next_notice())
        finally:
            self._here.clear()
            self._gone.set()
            self._connection.terminate()

    async def _next_notice(self) -> str | None:
        try:
            async with asyncio.timeout(BEAT_SECONDS):  # wait_for swallows a cancel that comes with a notice
                return await self._notices.get()
        except TimeoutError:
            return None

    async def _send(self, notice: str | None) -> None:
        async with self._turn:
            if notice is None:
                await self._connection.execute("select 1")
            else:
                await self._connection.fetchval(TELL, CHANNEL, notice)

    def _heard(self, *arrived: object) -> None:
        message = json.loads(str(arrived[-1]))
        if message.get("by") != self._me:
            self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        for listener in self._listeners:
            listener(message)

    async def _taken(self, office: str) -> bool:
        try:
            async with self._turn:
                return bool(await self._connection.fetchval(TAKE, OFFICES, office))
        except Exception as error:
            if not is_lost(error) and not isinstance(error, asyncpg.PostgresError):
                raise
            return False

    async def _worked(self, office: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Say whether the work came to its end; False where the office was lost before."""
        log.info("office taken", extra={"office": office})
        working, losing = asyncio.ensure_future(work()), asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait({working, losing}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
                return True
            log.warning("office lost", extra={"office": office})
            return False
        finally:
            losing.cancel()
            working.cancel()
            await asyncio.gather(working, losing, return_exceptions=True)
            await self._leave(office)

    async def _leave(self, office: str) -> None:
        with suppress(Exception):  # without a connection it is left already
            async with self._turn:
                await self._connection.fetchval(LEAVE, OFFICES, office)
