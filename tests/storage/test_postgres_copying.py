"""From SQLite to PostgreSQL: everything comes over and is counted, or nothing does."""

import asyncio
import sqlite3
import sys
import tracemalloc
from contextlib import closing
from dataclasses import replace

import asyncpg
import pytest
from stored_orders import LIMITS, NOON, claimed, drawn, order, person, picture

from storage.bench.places import InFile, prepare
from storage.postgresql import PostgresStore, copying
from storage.postgresql.copying import copy_from
from storage.records import Accepted, Identity, Payment
from storage.sqlite import SqliteStore
from storage.store import StorageError

COPY = """
import asyncio, pathlib, sys
from storage.postgresql.copying import copy_from
asyncio.run(copy_from(pathlib.Path(sys.argv[1]), sys.argv[2]))
"""
SESSIONS = "from pg_stat_activity where datname = current_database()"


async def lived_in(path) -> None:
    """A database with a bit of everything: ends of all kinds, a joined account, a payment, hard text."""
    store = SqliteStore(path)
    await store.open()
    ann, bob = await person(store, "ann", credits=50), await person(store, "bob \ud800", credits=50)
    for _ in range(4):
        await ann.orders()
    job = await claimed(store)
    await store.succeed(job.id, job.attempt, [replace(picture(job), look=-5, colours=b"\0\1")], 2.5, NOON)
    await claimed(store)
    await bob.orders()
    await store.cancel((await store.queued())[-1].id, NOON)
    await store.offer_link(ann.account, "code", NOON + 60)
    await store.use_link(bob.account, "code", LIMITS, NOON)
    paid = Payment(charge="c", account=ann.account, by=Identity("web", "ann"), credits=5, stars=1, paid_at=1)
    await store.pay(paid)
    await store.close()


async def test_all_comes_over_and_life_goes_on_there(path, empty_postgres):
    await lived_in(path)

    copied = await copy_from(path, empty_postgres)

    before, after = SqliteStore(path), PostgresStore(empty_postgres)
    await before.open()
    await after.open()
    assert copied["jobs"] == 5
    assert await after.jobs() == await before.jobs()
    assert await after.entries(1) == await before.entries(1)
    assert await after.alike(-5) == await before.alike(-5) != []
    assert await after.ledger_faults() == []
    accepted = await after.submit(order(1), LIMITS, NOON)
    assert isinstance(accepted, Accepted)
    assert await drawn(after, await claimed(after))
    await before.close()
    await after.close()


async def test_a_target_with_anything_in_it_is_refused_and_not_touched(path, postgres):
    await lived_in(path)
    store = PostgresStore(postgres)
    await store.open()
    await person(store, "here first")

    with pytest.raises(StorageError, match="not empty"):
        await copy_from(path, postgres)

    ((account, _),) = await store.accounts()
    assert account.name == "here first"
    await store.close()


async def test_what_breaks_in_the_middle_leaves_the_target_empty(path, empty_postgres):
    await lived_in(path)
    with closing(sqlite3.connect(path)) as database, database:  # no SQLite of ours would have written this
        database.execute("pragma foreign_keys = off")
        database.execute("insert into measurements (shape, seconds, samples) values ('s', 1e999, 1)")
        database.execute("update posts set job = 'nobody' where id = 1")

    with pytest.raises((StorageError, asyncpg.PostgresError)):
        await copy_from(path, empty_postgres)

    store = PostgresStore(empty_postgres)
    await store.open()
    assert await store.accounts() == []
    await store.close()


async def test_a_ledger_with_a_fault_is_not_copied(path, empty_postgres):
    await lived_in(path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("update accounts set available = available + 1 where id = 1")

    with pytest.raises(StorageError, match="faults in its ledger"):
        await copy_from(path, empty_postgres)


async def test_a_long_history_comes_over_piece_by_piece(path, empty_postgres, monkeypatch):
    monkeypatch.setattr(copying, "AT_ONCE", 50)
    await prepare(InFile(path), 8000)

    tracemalloc.start()
    try:
        copied = await copy_from(path, empty_postgres)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (copied["jobs"], copied["ledger"]) == (8000, 16_100)
    assert most < path.stat().st_size / 2


async def test_what_was_copied_before_is_not_copied_again(path, empty_postgres):
    await lived_in(path)
    await copy_from(path, empty_postgres)

    with pytest.raises(StorageError, match=r"not empty: there are .* Copy into a new database"):
        await copy_from(path, empty_postgres)


async def test_a_copy_killed_in_the_middle_leaves_the_target_empty(path, postgres):
    await prepare(InFile(path), 100)
    before, watching = await asyncpg.connect(postgres), await asyncpg.connect(postgres)
    async with asyncio.timeout(60):
        async with before.transaction():
            await before.execute("lock table posts in row exclusive mode")  # they come after the jobs
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", COPY, path, postgres)
            await until(watching, "bool_or(wait_event_type = 'Lock')")
            process.kill()
            await process.wait()
        await before.close()
        await until(watching, "count(*) = 1")

    assert await watching.fetchval("select count(*) from jobs") == 0
    await watching.close()
    assert (await copy_from(path, postgres))["jobs"] == 100


async def until(watching: asyncpg.Connection, condition: str) -> None:
    """Wait until the sessions on the database are such."""
    while not await watching.fetchval(f"select true {SESSIONS} having {condition}"):  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.01)
