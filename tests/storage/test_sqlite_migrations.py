"""A database of an earlier version is brought up to date with everything in it."""

import json
import sqlite3

import pytest
from stored_orders import LIMITS, NOON, RECIPE, order

from storage.records import Accepted, Kind
from storage.sql.scripts import migrations
from storage.sqlite import SqliteStore

JOB = """
insert into jobs (id, key, account, recipe, count, format, price, cost_seconds, tag, charge, created_at)
values ('j1', 'k1', 1, ?, 1, 'png', 4, 2.0, 0.0, 2.0, 1.0)
"""
ENTRY = """
insert into ledger (key, account, kind, available, held, job, note, created_at)
values (?, 1, ?, ?, ?, ?, '', 1.0)
"""


@pytest.fixture
def first_version(path) -> str:
    """A database as the first version left it, with a job in line and credits held for it."""
    with sqlite3.connect(path) as database:
        database.executescript(migrations()[0][1].read_text())
        database.execute("insert into accounts (name) values ('ann')")
        database.execute("insert into identities values ('web', 'ann', 1)")
        database.execute(JOB, [json.dumps(RECIPE.as_dict())])
        database.execute(ENTRY, ["grant:1", "grant", 10, 0, None])
        database.execute(ENTRY, ["hold:j1", "hold", -4, 4, "j1"])
        database.execute("pragma user_version = 1")
    database.close()
    return path


async def test_the_first_version_s_jobs_and_credits_are_all_there(first_version):
    store = SqliteStore(first_version)
    await store.open()

    ((account, balance),) = await store.accounts()
    assert (account.name, balance.available, balance.held) == ("ann", 6, 4)
    assert [entry.key for entry in await store.entries(1)] == ["hold:j1", "grant:1"]
    (job,) = await store.queued()
    assert (job.id, job.private, job.recipe) == ("j1", False, RECIPE)
    assert await store.ledger_faults() == []
    await store.close()


async def test_an_upgraded_ledger_moves_sums_and_is_still_never_changed(first_version):
    store = SqliteStore(first_version)
    await store.open()

    accepted = await store.submit(order(1, price=5), LIMITS, NOON)
    await store.cancel("j1", NOON)

    assert isinstance(accepted, Accepted)
    assert [entry.kind for entry in await store.entries(1, 2)] == [Kind.RELEASE, Kind.HOLD]
    assert (await store.balance(1, LIMITS, NOON)).held == 5
    await store.close()
    with sqlite3.connect(first_version) as database:
        for statement in ("update ledger set note = 'x'", "delete from ledger"):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                database.execute(statement)
    database.close()
