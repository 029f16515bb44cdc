"""A PostgreSQL database as it stands at one moment, into a new SQLite file, while bots work in it."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg

from storage.postgresql import migrate
from storage.postgresql.copying import AT_ONCE, SUMS, columns_of, kept_tables
from storage.postgresql.database import SESSION, place_of
from storage.postgresql.statements import PostgresStatements
from storage.postgresql.troubles import told
from storage.sql.scripts import newest
from storage.sqlite import SqliteStore
from storage.store import StorageError

AT_LENGTH = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}
TRIGGERS = "select name, sql from sqlite_master where type = 'trigger'"


async def save(url: str, file: Path) -> Mapping[str, int]:
    """Return how many rows each table has. Raises StorageError; then the file is to be thrown away."""
    await _begin(file)
    with (
        closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as target,
        told(place_of(url)),
    ):
        connection = await asyncpg.connect(url, server_settings=SESSION | AT_LENGTH)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return await _saved(connection, target, place_of(url))
        finally:
            await connection.close()


async def version_of(url: str) -> int:
    """Return the number of the last migration that was applied there, 0 for none. Raises StorageError."""
    with told(place_of(url)):
        connection = await asyncpg.connect(url, server_settings=SESSION)
        try:
            return await migrate.version(PostgresStatements(connection))
        finally:
            await connection.close()


async def _begin(file: Path) -> None:
    """Make the file, with all tables and nothing in them."""
    store = SqliteStore(file)
    await store.open()
    await store.close()


async def _saved(connection: Any, target: sqlite3.Connection, place: str) -> Mapping[str, int]:
    db = PostgresStatements(connection)
    if (found := await migrate.version(db)) != newest():
        raise StorageError(
            f"{place} is at version {found}, and this Pinxit knows {newest()}. "
            "Copy it with the Pinxit that runs on it, or run `pinxit db migrate` first."
        )
    target.execute("pragma journal_mode = delete")  # one file, no log beside it
    target.execute("begin")
    asleep = target.execute(TRIGGERS).fetchall()  # what they wrote is copied itself
    for name, _ in asleep:
        target.execute(f"drop trigger {name}")
    target.execute("delete from clock")
    saved = {table: await _save_table(connection, target, table) for table in kept_tables(target)}
    for _, trigger in asleep:
        target.execute(trigger)
    await _verify(db, target, saved)
    await asyncio.to_thread(target.execute, "commit")
    return saved


async def _save_table(connection: Any, target: sqlite3.Connection, table: str) -> int:
    columns = columns_of(target, table)
    names = ", ".join(f'"{column}"' for column in columns)
    places = ", ".join("?" for _ in columns)
    insert = f"insert into {table} ({names}) values ({places})"  # noqa: S608 - our own names
    cursor = await connection.cursor(f"select {names} from {table}")  # noqa: S608 - the same
    count = 0
    while rows := await cursor.fetch(AT_ONCE):
        await asyncio.to_thread(target.executemany, insert, _plain(rows))
        count += len(rows)
    return count


def _plain(rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows]


async def _verify(db: PostgresStatements, target: sqlite3.Connection, saved: Mapping[str, int]) -> None:
    for table, count in saved.items():
        if count != await db.number(f"select count(*) from {table}"):  # noqa: S608 - our own names
            raise StorageError(f"{table} did not come over whole.")
    if target.execute(SUMS).fetchall() != [tuple(row) for row in await db.rows(SUMS)]:
        raise StorageError("The ledger's sums differ after copying.")
