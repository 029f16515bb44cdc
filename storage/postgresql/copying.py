"""Everything from a SQLite file into an empty PostgreSQL database: all of it, checked, or nothing."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg

from storage.postgresql.database import SESSION, PostgresDatabase, place_of
from storage.postgresql.migrate import count_on
from storage.postgresql.statements import PostgresStatements, fitting
from storage.postgresql.troubles import told
from storage.sql import money
from storage.sql.statements import Statements
from storage.sqlite import SqliteStore
from storage.sqlite.copying import reading
from storage.store import StorageError

AT_ONCE = 5000  # rows
OWN = frozenset({"clock", "pinxit_version"})  # tables that are never empty
MOMENTARY = frozenset({"holders", "buckets", "previews", "arrivals"})  # what bots tell one another
THERE = "select tablename from pg_tables where schemaname = current_schema()"
TABLES = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
SUMS = """
select kind, count(*) as entries,
    cast(sum(available) as bigint) as available, cast(sum(held) as bigint) as held
from ledger group by kind order by kind
"""


async def copy_from(file: Path, url: str) -> Mapping[str, int]:
    """Return how many rows each table got. Raises StorageError; then the target is as empty as before."""
    await _up_to_date(file)
    await make_ready(url)
    with (
        closing(sqlite3.connect(reading(file), uri=True, check_same_thread=False)) as source,
        told(place_of(url)),
    ):
        connection = await asyncpg.connect(url, server_settings=SESSION | {"statement_timeout": "0"})
        try:
            async with connection.transaction():
                return await _copied(source, connection)
        finally:
            await connection.close()


async def make_ready(url: str) -> None:
    """Give an empty database its tables. Raises StorageError where it is not empty."""
    target = PostgresDatabase(url, pool=1)
    await target.open()
    try:
        await target.read_at_length(_refuse_what_is_there)
    finally:
        await target.close()


async def _up_to_date(file: Path) -> None:
    store = SqliteStore(file)
    await store.open()
    try:
        if faults := await store.ledger_faults():
            raise StorageError(f"{file} has {len(faults)} faults in its ledger; the first: {faults[0]}")
    finally:
        await store.close()


async def _copied(source: sqlite3.Connection, connection: Any) -> Mapping[str, int]:
    db = PostgresStatements(connection)
    await _refuse_what_is_there(db)
    copied: dict[str, int] = {}
    await db.rows("delete from clock")
    for table in kept_tables(source):
        await db.rows(f"alter table {table} disable trigger user")  # what triggers wrote is copied itself
        copied[table] = await _copy_table(source, connection, table)
        await db.rows(f"alter table {table} enable trigger user")
    await count_on(db)
    await _verify(source, db, copied)
    return copied


def kept_tables(source: sqlite3.Connection) -> Sequence[str]:
    """Return the tables of what is kept, each behind those that it refers to."""
    left = {name: _referred(source, name) for (name,) in source.execute(TABLES)}
    ordered: list[str] = []
    while left:
        ready = sorted(name for name, needs in left.items() if not needs - {name} - set(ordered))
        ordered += ready
        left = {name: needs for name, needs in left.items() if name not in ready}
    return [table for table in ordered if table not in MOMENTARY]


def columns_of(source: sqlite3.Connection, table: str) -> Sequence[str]:
    """Return the names of a table's columns."""
    return [row[1] for row in source.execute(f"pragma table_info({table})")]


def _referred(source: sqlite3.Connection, table: str) -> set[str]:
    return {row[2] for row in source.execute(f"pragma foreign_key_list({table})")}


async def _refuse_what_is_there(db: Statements) -> None:
    for (table,) in await db.rows(THERE):
        if table not in OWN | MOMENTARY and await db.rows(f"select 1 from {table} limit 1"):  # noqa: S608 - our own names
            raise StorageError(f"The target is not empty: there are {table}. Copy into a new database.")


async def _copy_table(source: sqlite3.Connection, connection: Any, table: str) -> int:
    columns = columns_of(source, table)
    reals = [row[2].lower() == "real" for row in source.execute(f"pragma table_info({table})")]
    names = ", ".join(f'"{column}"' for column in columns)
    cursor = source.execute(f"select {names} from {table}")  # noqa: S608 - our own names
    answer = await connection.copy_records_to_table(table, records=_records(cursor, reals), columns=columns)
    return int(answer.split()[-1])


async def _records(cursor: sqlite3.Cursor, reals: Sequence[bool]) -> AsyncIterator[tuple[Any, ...]]:
    while rows := await asyncio.to_thread(cursor.fetchmany, AT_ONCE):
        for row in rows:
            yield tuple(
                float(value) if real and value is not None else fitting(value)
                for value, real in zip(row, reals, strict=True)
            )


async def _verify(source: sqlite3.Connection, db: Statements, copied: Mapping[str, int]) -> None:
    for table, count in copied.items():
        ((there,),) = source.execute(f"select count(*) from {table}")  # noqa: S608 - our own names
        if not there == count == await db.number(f"select count(*) from {table}"):  # noqa: S608 - the same
            raise StorageError(f"{table} has {there} rows, but {count} came over. Nothing was kept.")
    if source.execute(SUMS).fetchall() != [tuple(row) for row in await db.rows(SUMS)]:
        raise StorageError("The ledger's sums differ after copying. Nothing was kept.")
    if faults := [*await money.faults_of_sums(db), *await money.faults_of_jobs(db)]:
        raise StorageError(f"The copy's ledger has faults: {faults[0]} Nothing was kept.")
