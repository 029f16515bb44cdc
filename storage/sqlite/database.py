"""The connections to one database: one writes, one only reads and waits for no transaction."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite

from storage.sql.statements import Result, Row, Said, Work
from storage.sqlite import migrate
from storage.sqlite.statements import SqliteStatements
from storage.sqlite.troubles import is_held, needs_reconnect, told
from storage.sqlite.writer import Writer
from storage.store import StorageError

BUSY_SECONDS = 5.0  # how long a statement waits for another program's lock
OLDEST_SQLITE = (3, 37, 0)  # the first with strict tables
MEMORY = ":memory:"
PRAGMAS = (
    "pragma foreign_keys = on",
    "pragma synchronous = full",  # what was acknowledged survives a power cut
    "pragma temp_store = memory",
)
READ_ONLY = "pragma query_only = on"
WRITE_AHEAD = "pragma journal_mode = wal"  # in memory it changes nothing
WRITERS_CACHE = (
    "pragma cache_size = -16000"  # kilobytes: a million jobs' indexes do not fit in the usual 2000
)
SWITCH_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # seconds

# At level debug aiosqlite logs the values of every statement: prompts, names, addresses.
logging.getLogger("aiosqlite").setLevel(logging.INFO)


class SqliteDatabase:
    """A database file, or ":memory:" (where one connection does everything).

    Every sqlite3 error that the world causes becomes StorageError.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._in_memory = self.path == MEMORY
        self._writer = Writer(self._connect_writer)
        self._is_open = False
        self._reader: aiosqlite.Connection | None = None
        self._connecting = asyncio.Lock()

    @property
    def whereabouts(self) -> str:
        """The file."""
        return self.path

    async def open(self) -> None:
        """Connect and migrate. Raises StorageError for a database from the future, and the like."""
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise StorageError(f"SQLite {sqlite3.sqlite_version} is too old; 3.37 or newer is needed.")
        if not self._in_memory:
            _make_folder(Path(self.path))
            _check_rights(Path(self.path))
        self._is_open = True
        try:
            await self.write(migrate.to_newest)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what is being written, then let go of the file."""
        self._is_open = False
        await self._drop_reader()
        await self._writer.close()

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction: afterwards all of it is on disk, or nothing."""
        self._must_be_open()
        with told(self.path):
            return await self._writer.write(work)

    async def at_once(self, *steps: Said) -> Sequence[Row]:
        """Run statements together, as a transaction of their own."""
        return await self.write(lambda db: db.together(*steps))

    async def read(self, work: Work[Result]) -> Result:
        """Run `work`, one statement that only reads."""
        self._must_be_open()
        if self._in_memory:
            return await self.write(work)
        with told(self.path):
            return await self._read(work)

    async def read_at_length(self, work: Work[Result]) -> Result:
        """Like `read`, on a connection of its own: other reads do not wait for it."""
        self._must_be_open()
        if self._in_memory:
            return await self.write(work)
        with told(self.path):
            async with self._connected(READ_ONLY) as connection:
                return await work(SqliteStatements(connection))

    def _must_be_open(self) -> None:
        """A connection made after closing would keep the process from ending."""
        if not self._is_open:
            raise StorageError(f"{self.path} is closed.")

    async def _read(self, work: Work[Result]) -> Result:
        reader = await self._connected_reader()
        try:
            return await work(SqliteStatements(reader))
        except sqlite3.Error as error:
            if needs_reconnect(error) and self._reader is reader:
                await self._drop_reader()
            raise

    async def _connected_reader(self) -> aiosqlite.Connection:
        async with self._connecting:
            if self._reader is None:
                self._reader = await self._connect(READ_ONLY)
            return self._reader

    async def _drop_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    async def _connect_writer(self) -> aiosqlite.Connection:
        connection = await self._connect(WRITERS_CACHE)
        try:
            await _log_ahead(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    @asynccontextmanager
    async def _connected(self, *pragmas: str) -> AsyncIterator[aiosqlite.Connection]:
        connection = await self._connect(*pragmas)
        try:
            yield connection
        finally:
            await connection.close()

    async def _connect(self, *pragmas: str) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            await migrate.refuse_strangers(SqliteStatements(connection), self.path)
            for pragma in (*PRAGMAS, *pragmas):
                await connection.execute_fetchall(pragma)
        except BaseException:
            await connection.close()
            raise
        return connection


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"The folder of {path} cannot be made: {error.strerror}.") from error


def _check_rights(path: Path) -> None:
    """Say no before aiosqlite tries: its thread complains to nobody when opening fails at the very start.

    The file itself is not opened here: closing it would drop the locks that SQLite has on it.
    """
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.R_OK | os.W_OK):
        raise StorageError(f"{path} cannot be opened and written. Check its owner and its rights.")


async def _log_ahead(connection: aiosqlite.Connection) -> None:
    """Switch to the write-ahead log.

    While another process switches the same new file, SQLite refuses at once instead of waiting as usual.
    """
    for pause in SWITCH_PAUSES:
        try:
            await connection.execute_fetchall(WRITE_AHEAD)
        except sqlite3.OperationalError as error:
            if not is_held(error):
                raise
            await asyncio.sleep(pause)
        else:
            return
    await connection.execute_fetchall(WRITE_AHEAD)
