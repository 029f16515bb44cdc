"""Where a bench's databases are: files of SQLite, and databases of a PostgreSQL server of its own."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.bench import history
from storage.bench.orders import ACCOUNTS, people
from storage.postgresql import PostgresStore
from storage.postgresql.private import PrivateServer, programs
from storage.sqlite import SqliteStore
from storage.store import Store

POOL = 10  # as PINXIT_DATABASE_POOL is unless somebody says otherwise
SYNCS = 50


@dataclass(frozen=True, slots=True)
class InFile:
    """A database of SQLite's."""

    path: Path
    engine = "SQLite"

    def store(self) -> Store:
        """Return a store on it that is not open."""
        return SqliteStore(self.path)

    async def fill(self, rows: int) -> None:
        """Give it a history."""
        await history.fill_sqlite(self.path, rows, ACCOUNTS)


@dataclass(frozen=True, slots=True)
class OnServer:
    """A database of PostgreSQL's."""

    url: str
    engine = "PostgreSQL"

    def store(self) -> Store:
        """Return a store on it that is not open."""
        return PostgresStore(self.url, POOL)

    async def fill(self, rows: int) -> None:
        """Give it a history."""
        await history.fill_postgres(self.url, rows, ACCOUNTS)


Place = InFile | OnServer


async def prepare(place: Place, rows: int) -> None:
    """Make the database, its people and its history."""
    store = place.store()
    await store.open()
    try:
        await people(store)
    finally:
        await store.close()
    await place.fill(rows)


@contextmanager
def server() -> Iterator[PrivateServer | None]:
    """A PostgreSQL server for as long as it is measured; None where none is installed."""
    found = programs()
    if found is None:
        yield None
        return
    running = PrivateServer(found)
    try:
        yield running
    finally:
        running.stop()


def sync_ms(folder: Path) -> float:
    """Return how long this disk takes to keep 4 KiB for good, in the middle."""
    taken = []
    with (folder / "sync").open("wb") as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return 1000 * sorted(taken)[SYNCS // 2]
