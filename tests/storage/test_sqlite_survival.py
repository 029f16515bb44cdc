"""Several processes on one file, and processes that are killed in the middle of it."""

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from stored_orders import LIMITS, NOON, order

from storage.records import Identity, JobState, Repeated
from storage.sqlite import SqliteStore

SUBMITS = Path(__file__).with_name("submits_until_killed.py")
JOINS = Path(__file__).with_name("joins_until_killed.py")
FOR_EVER = 10**9


async def started(path: Path, *more: object, script: Path = SUBMITS) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), str(path), *map(str, more)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def integrity(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("pragma integrity_check").fetchone()[0]


@pytest.mark.parametrize("acknowledged", [1, 23, 150])
async def test_after_kill_9_everything_acknowledged_is_there(path, acknowledged):
    process = await started(path, "ann", FOR_EVER)
    keys = [(await process.stdout.readline()).decode().strip() for _ in range(acknowledged)]
    process.kill()
    keys += (await process.stdout.read()).decode().splitlines()
    await process.wait()

    store = SqliteStore(path)
    await store.open()
    account = (await store.account(Identity("web", "ann"), "ann")).id
    answers = [await store.submit(order(account, key), LIMITS, NOON) for key in keys]

    assert len(keys) >= acknowledged
    assert all(isinstance(answer, Repeated) for answer in answers)
    assert await store.ledger_faults() == []
    assert integrity(path) == "ok"
    await store.close()


@pytest.mark.parametrize("acknowledged", [1, 10, 40])
async def test_after_kill_9_two_accounts_are_one_or_two_but_never_in_between(path, acknowledged):
    process = await started(path, script=JOINS)
    pairs = [(await process.stdout.readline()).split() for _ in range(acknowledged)]
    process.kill()
    await process.wait()

    store = SqliteStore(path)
    await store.open()

    for one, other in pairs:
        assert (await store.find_account(int(other))).id == int(one)
        balance = await store.balance(int(other), LIMITS, NOON)
        assert balance.available + balance.held >= 20 - 3 * 3
        assert len(await store.history(int(one), None, 10)) == 3
    assert await store.ledger_faults() == []
    assert integrity(path) == "ok"
    await store.close()


async def test_what_a_killed_bot_was_drawing_is_drawn_again(path):
    process = await started(path, "ann", FOR_EVER)
    for _ in range(30):
        await process.stdout.readline()
    process.kill()
    await process.wait()

    store = SqliteStore(path)
    await store.open()
    await store.recover("the next bot", NOON)

    assert all(job.state is not JobState.RUNNING for job in await store.jobs(100_000))
    assert await store.ledger_faults() == []
    await store.close()


async def test_two_processes_write_a_new_file_at_once(path):
    processes = [await started(path, name, 25) for name in ("ann", "bob")]

    outputs = [(await process.communicate())[0].decode().splitlines() for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    store = SqliteStore(path)
    await store.open()
    assert {len(output) for output in outputs} == {100}
    assert len(await store.jobs(1000)) == 200
    assert await store.ledger_faults() == []
    await store.close()


async def test_many_stores_may_open_a_new_file_at_once(path):
    stores = [SqliteStore(path) for _ in range(6)]

    await asyncio.gather(*(store.open() for store in stores))

    accounts = [await store.account(Identity("web", "ann"), "ann") for store in stores]
    assert len({account.id for account in accounts}) == 1
    await asyncio.gather(*(store.close() for store in stores))
