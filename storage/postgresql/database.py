"""A pool of connections to one PostgreSQL database, which other bots may use too."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from storage.postgresql import migrate
from storage.postgresql.statements import PostgresStatements
from storage.postgresql.troubles import is_conflict, is_lost, told
from storage.sql.statements import Result, Row, Said, Work
from storage.store import StorageError

STATEMENT_SECONDS = 30.0
LENGTHY_SECONDS = 600.0  # what reads a whole table may take
SESSION = {
    "application_name": "pinxit",
    "statement_timeout": f"{STATEMENT_SECONDS:.0f}s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",  # compiling costs more than our statements take
    "max_parallel_workers_per_gather": "0",  # parts of a union stay in their order
}
STATEMENTS_KEPT = 500  # prepared, per connection
PATIENCE_SECONDS = 15.0  # for a server that restarts
LONGEST_PAUSE_SECONDS = 1.0
MOST_CONFLICTS = 20

Connection = Any  # asyncpg brings no types


class PostgresDatabase:
    """Every error that the world causes becomes StorageError.

    Transactions read what is committed when each statement begins, and take locks where that is not
    enough. One that collides with another, or loses its connection, is run again.
    """

    def __init__(self, url: str, pool: int) -> None:
        self._url = url
        self._size = pool
        self._pool: asyncpg.Pool | None = None
        self._writing: set[asyncio.Task[Any]] = set()
        self._place = place_of(url)

    @property
    def whereabouts(self) -> str:
        """The database's name and its server's, without who enters and with what."""
        return self._place

    async def open(self) -> None:
        """Connect and migrate. Raises StorageError for a database from the future, and the like."""
        with told(self._place):
            self._pool = await self._insist(self._connected)
        try:
            await self.write(lambda db: migrate.to_newest(db, self._place))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what is being written, then let go."""
        pool, self._pool = self._pool, None
        if self._writing:
            await asyncio.wait(self._writing)
        if pool is not None:
            with told(self._place):
                await pool.close()

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction, to its end even when the caller is cancelled meanwhile."""
        pool = self._open_pool()
        return await self._to_its_end(lambda: self._transaction(pool, work))

    async def at_once(self, *steps: Said) -> Sequence[Row]:
        """Run statements together, as a transaction of their own: one way to the server and back."""
        pool = self._open_pool()

        async def saying() -> Sequence[Row]:
            async with pool.acquire() as connection:
                return await PostgresStatements(connection).together(*steps)

        return await self._to_its_end(saying)

    async def read(self, work: Work[Result]) -> Result:
        """Run `work`, which only reads."""
        pool = self._open_pool()

        async def reading() -> Result:
            async with pool.acquire() as connection:
                return await work(PostgresStatements(connection))

        with told(self._place):
            return await self._insist(reading)

    async def read_at_length(self, work: Work[Result]) -> Result:
        """Like `read`, and it may take long."""
        pool = self._open_pool()

        async def reading() -> Result:
            async with _at_length(pool) as connection:
                return await work(PostgresStatements(connection))

        with told(self._place):
            return await self._insist(reading)

    def _open_pool(self) -> asyncpg.Pool:
        if self._pool is None:
            raise StorageError(f"{self._place} is closed.")
        return self._pool

    async def _connected(self) -> asyncpg.Pool:
        return await asyncpg.create_pool(
            self._url,
            min_size=1,
            max_size=self._size,
            statement_cache_size=STATEMENTS_KEPT,
            command_timeout=STATEMENT_SECONDS + 5.0,  # a server that has fallen silent
            server_settings=SESSION,
            reset=_nothing,
        )

    @staticmethod
    async def _transaction(pool: asyncpg.Pool, work: Work[Result]) -> Result:
        async with pool.acquire() as connection, connection.transaction():
            return await work(PostgresStatements(connection))

    async def _to_its_end(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        writing = asyncio.create_task(self._insist(attempt))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        with told(self._place):
            return await asyncio.shield(writing)

    async def _insist(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """Try again after what passes by itself: soon after a collision, for a while without a server."""
        clock = asyncio.get_running_loop().time
        conflicts, pause, until = 0, 0.02, clock() + PATIENCE_SECONDS
        while True:
            try:
                return await attempt()
            except Exception as error:
                conflicts += is_conflict(error)
                again = conflicts <= MOST_CONFLICTS if is_conflict(error) else is_lost(error)
                if not again or clock() > until:
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            pause = min(LONGEST_PAUSE_SECONDS, 2 * pause)


@asynccontextmanager
async def _at_length(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        await connection.execute(f"set local statement_timeout = '{LENGTHY_SECONDS:.0f}s'")
        yield connection


async def _nothing(_: Connection) -> None:
    """No transaction of ours leaves anything in its session."""


def place_of(url: str) -> str:
    """Return where the database is, without who enters and with what."""
    parts = urlsplit(url)
    return f"The database {parts.path.strip('/') or '?'} at {parts.hostname or 'a local socket'}"
