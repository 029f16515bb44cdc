"""The connections: one that writes, in short immediate transactions, and one that only reads.

A transaction runs to its end even when the caller is cancelled meanwhile, so none is ever left open or
half-done. In memory one connection does both.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import aiosqlite

from storage.sqlite import migrate
from storage.sqlite.statements import Statements
from storage.sqlite.troubles import NEEDS_RECONNECT, code, trouble
from storage.store import StorageError

BUSY_SECONDS = 5.0  # how long a statement waits for another program's lock
OLDEST_SQLITE = (3, 37, 0)  # the first with strict tables
PRAGMAS = (
    "pragma foreign_keys = on",
    "pragma synchronous = full",  # what was acknowledged survives a power cut
    "pragma temp_store = memory",
)
MEMORY = ":memory:"

Result = TypeVar("Result")
Work = Callable[[Statements], Awaitable[Result]]

# At level debug aiosqlite logs the values of every statement: prompts, names, addresses.
logging.getLogger("aiosqlite").setLevel(logging.INFO)


class Database:
    """A database file, or ":memory:". Every sqlite3 error that the world causes becomes StorageError."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._writer: aiosqlite.Connection | None = None
        self._reader: aiosqlite.Connection | None = None
        self._writing = asyncio.Lock()
        self._connecting = asyncio.Lock()
        self._transactions: set[asyncio.Task[object]] = set()

    @property
    def in_memory(self) -> bool:
        """Whether the database ends with its connection."""
        return self.path == MEMORY

    async def open(self) -> None:
        """Connect and migrate. Raises StorageError for a database from the future, and the like."""
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise StorageError(f"SQLite {sqlite3.sqlite_version} is too old; 3.37 or newer is needed.")
        self._make_folder()
        try:
            await self.write(migrate.to_newest)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for the open transactions, then let go of the file."""
        if self._transactions:
            await asyncio.wait(self._transactions)
        async with self._writing:
            await self._drop_reader()
            await self._drop_writer()

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in one transaction: all of it is on disk afterwards, or nothing."""
        task = asyncio.ensure_future(self._transact(work))
        self._transactions.add(task)
        task.add_done_callback(self._transactions.discard)
        return await asyncio.shield(task)

    async def read(self, work: Work[Result]) -> Result:
        """Run `work`, one statement that only reads; it waits for no transaction."""
        if self.in_memory:
            return await self.write(work)
        try:
            return await work(Statements(await self._connected_reader()))
        except sqlite3.Error as error:
            if code(error) in NEEDS_RECONNECT:
                await self._drop_reader()
            raise trouble(error, self.path) or error from error

    async def read_at_length(self, work: Work[Result]) -> Result:
        """Like `read`, on a connection of its own: other reads do not wait for it."""
        if self.in_memory:
            return await self.write(work)
        try:
            connection = await self._connect("pragma query_only = on")
            try:
                return await work(Statements(connection))
            finally:
                await connection.close()
        except sqlite3.Error as error:
            raise trouble(error, self.path) or error from error

    async def _transact(self, work: Work[Result]) -> Result:
        async with self._writing:
            try:
                return await self._commit(work, await self._connected_writer())
            except sqlite3.Error as error:
                if code(error) in NEEDS_RECONNECT and not self.in_memory:
                    await self._drop_writer()
                raise trouble(error, self.path) or error from error

    async def _commit(self, work: Work[Result], connection: aiosqlite.Connection) -> Result:
        await connection.execute_fetchall("begin immediate")
        try:
            result = await work(Statements(connection))
            await connection.execute_fetchall("commit")
        except BaseException:
            if connection.in_transaction:  # SQLite has rolled back by itself when the disk is full
                await connection.rollback()
            raise
        return result

    async def _connected_writer(self) -> aiosqlite.Connection:
        if self._writer is None:
            self._writer = await self._connect(*([] if self.in_memory else ["pragma journal_mode = wal"]))
        return self._writer

    async def _connected_reader(self) -> aiosqlite.Connection:
        async with self._connecting:
            if self._reader is None:
                self._reader = await self._connect("pragma query_only = on")
            return self._reader

    async def _connect(self, *pragmas: str) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            await migrate.refuse_the_future(Statements(connection), self.path)
            for pragma in (*PRAGMAS, *pragmas):
                await connection.execute_fetchall(pragma)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()

    async def _drop_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    def _make_folder(self) -> None:
        if self.in_memory:
            return
        try:
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"The folder of {self.path} cannot be made: {error.strerror}.") from error
