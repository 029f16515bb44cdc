"""What breaks in the middle of a transaction is done once or not at all, and waiting is not failing."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from private_postgres import THROW_OUT, name_in
from stored_orders import LIMITS, NOON, claimed, order, person

from storage.postgresql import PostgresStore, database
from storage.records import Accepted, Kind, Repeated
from storage.sql import accepting, settling
from storage.sql.statements import Statements
from storage.store import StorageError

COLLIDES = "do $$ begin raise exception 'a collision' using errcode = 'serialization_failure'; end $$"
HANGS = "select pg_sleep(60)"


@pytest.fixture
async def store(postgres) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(postgres, pool=2)
    await store.open()
    yield store
    await store.close()


class Interrupted:
    """Work whose first attempt waits, all done, before its commit, until it is let go."""

    def __init__(self, verb) -> None:
        self.verb = verb
        self.attempts = 0
        self.done, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, db: Statements) -> object:
        self.attempts += 1
        answer = await self.verb(db)
        self.done.set()
        await self.go_on.wait()
        return answer


async def test_a_server_killed_before_the_commit_takes_the_order_once(postgres_server, store):
    ann = await person(store)
    new = order(ann.account, "k")
    work = Interrupted(lambda db: accepting.submit(db, new, LIMITS, accepting.Fresh("the job", NOON)))
    writing = asyncio.create_task(store._db.write(work))
    await work.done.wait()

    postgres_server.kill()
    postgres_server.start()
    work.go_on.set()

    assert isinstance(await writing, Accepted)
    assert work.attempts == 2
    assert isinstance(await store.submit(new, LIMITS, NOON), Repeated)
    assert await store.queue_length() == 1
    assert await store.ledger_faults() == []


async def test_a_session_thrown_out_before_the_commit_settles_once(postgres_server, postgres, store):
    ann = await person(store)
    await ann.orders()
    job = await claimed(store)

    async def ends(db: Statements) -> object:
        row = await settling.running(db, job.id, job.attempt)
        return None if row is None else await settling.succeed(db, row, [], 2.0, NOON)

    work = Interrupted(ends)
    writing = asyncio.create_task(store._db.write(work))
    await work.done.wait()

    await asyncio.to_thread(postgres_server.psql, THROW_OUT, database=name_in(postgres))
    work.go_on.set()

    assert await writing is not None
    assert [entry.kind for entry in await store.receipt(job.id)] == [Kind.HOLD, Kind.CAPTURE]


async def test_orders_of_a_crowd_are_taken_once_though_the_server_is_killed_among_them(
    postgres_server, store
):
    ann = await person(store)
    orders = [order(ann.account, f"order {number}", price=1) for number in range(30)]

    async def insists(new) -> object:
        while True:
            try:
                return await store.submit(new, LIMITS, NOON)
            except StorageError:
                await asyncio.sleep(0.05)

    crowd = asyncio.gather(*(insists(new) for new in orders))
    while await store.queue_length() < 3:  # noqa: ASYNC110 - the crowd works meanwhile
        await asyncio.sleep(0)
    await asyncio.to_thread(postgres_server.kill)
    postgres_server.start()
    await crowd

    assert await store.queue_length() == len(orders)
    assert (await ann.credits())[1] == len(orders)
    assert await store.ledger_faults() == []


async def test_a_collision_is_run_again_and_what_came_before_it_is_undone(store):
    ann = await person(store)
    attempts = []

    async def work(db: Statements) -> None:
        attempts.append(1)
        new = order(ann.account, f"order {len(attempts)}")
        await accepting.submit(db, new, LIMITS, accepting.Fresh(f"job {len(attempts)}", NOON))
        if len(attempts) < 3:
            await db.rows(COLLIDES)

    await store._db.write(work)

    assert [job.id for job in await store.queued()] == ["job 3"]
    assert await store.ledger_faults() == []


async def test_collisions_without_an_end_are_told_in_a_sentence(store, monkeypatch):
    monkeypatch.setattr(database, "MOST_CONFLICTS", 2)

    with pytest.raises(StorageError, match="too many write the same"):
        await store._db.write(lambda db: db.rows(COLLIDES))


async def test_a_transaction_whose_statement_takes_too_long_leaves_nothing_behind(store):
    ann = await person(store)

    async def work(db: Statements) -> None:
        await accepting.submit(db, order(ann.account), LIMITS, accepting.Fresh("the job", NOON))
        await db.rows("set local statement_timeout = '200ms'")
        await db.rows(HANGS)

    with pytest.raises(StorageError, match="took too long"):
        await store._db.write(work)

    assert await store.queue_length() == 0
    assert await ann.credits() == (1_000_000, 0)


async def test_more_callers_than_connections_wait_for_one_another(store):
    ann = await person(store)

    answers = await asyncio.gather(*(store.submit(order(ann.account), LIMITS, NOON) for _ in range(40)))

    assert all(isinstance(answer, Accepted) for answer in answers)
    assert await store.queue_length() == 40


async def test_as_many_transactions_run_at_once_as_there_are_connections(postgres):
    store = PostgresStore(postgres, pool=4)
    await store.open()
    together = asyncio.Barrier(4)

    async def work(db: Statements) -> int:
        await together.wait()
        return await db.number("select 1")

    async with asyncio.timeout(60):
        assert await asyncio.gather(*(store._db.write(work) for _ in range(4))) == [1, 1, 1, 1]
    await store.close()


async def test_a_server_that_takes_no_more_connections_is_told_with_what_to_do(postgres, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.2)
    owner = await asyncpg.connect(postgres)
    guest = f"guest_{name_in(postgres)}"
    await owner.execute(f"create role {guest} login connection limit 1")
    theirs = postgres.replace("pinxit@", f"{guest}@")
    first = await asyncpg.connect(theirs)
    try:
        with pytest.raises(StorageError, match=r"no more connections\. Lower PINXIT_DATABASE_POOL"):
            await PostgresStore(theirs).open()
    finally:
        await first.close()
        await owner.execute(f"drop role {guest}")
        await owner.close()
