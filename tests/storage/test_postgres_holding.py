"""Two transactions about one account: the one that waited decides by what the other one did."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from stored_orders import LIMITS, NOON, claimed, drawn, order, person

from storage.postgresql import PostgresStore
from storage.records import Accepted, AccountFull, CancelOutcome, JobState, NotEnough, Repeated
from storage.sql import accepting, joining, queue
from storage.sql.statements import Statements

WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)


@pytest.fixture
async def store(postgres) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(postgres, pool=4)
    await store.open()
    yield store
    await store.close()


@asynccontextmanager
async def left_open(
    store: PostgresStore, verb: Callable[[Statements], Awaitable[object]]
) -> AsyncIterator[None]:
    """A transaction that has done its work, and commits at the end."""
    done, commit = asyncio.Event(), asyncio.Event()

    async def work(db: Statements) -> None:
        await verb(db)
        done.set()
        await commit.wait()

    writing = asyncio.create_task(store._db.write(work))
    await done.wait()
    try:
        yield
    finally:
        commit.set()
        await writing


async def somebody_waits(store: PostgresStore) -> None:
    async with asyncio.timeout(60):
        while not await store._db.read(lambda db: db.number(WAITING)):  # noqa: ASYNC110 - the server makes it so
            await asyncio.sleep(0.01)


def accepting_(new) -> Callable[[Statements], Awaitable[object]]:
    return lambda db: accepting.submit(db, new, LIMITS, accepting.Fresh("the first", NOON))


async def second_answer(store: PostgresStore, first, second, limits=LIMITS) -> object:
    """Let a first order be accepted, and meanwhile a second one wait for it."""
    async with left_open(store, accepting_(first)):
        asking = asyncio.create_task(store.submit(second, limits, NOON))
        await somebody_waits(store)
    return await asking


async def test_an_account_s_cap_counts_the_order_that_was_waited_for(store):
    ann = await person(store)

    answer = await second_answer(
        store, order(ann.account), order(ann.account), replace(LIMITS, per_account=1)
    )

    assert answer == AccountFull(1)


async def test_credits_are_those_that_the_order_waited_for_left(store):
    ann = await person(store, credits=7)

    answer = await second_answer(store, order(ann.account, price=4), order(ann.account, price=4))

    assert answer == NotEnough(price=4, available=3)


async def test_the_same_order_waited_for_is_the_same_order(store):
    ann = await person(store)
    new = order(ann.account)

    answer = await second_answer(store, new, new)

    assert isinstance(answer, Repeated)
    assert answer.job.id == "the first"


async def test_an_order_waited_for_has_its_turn_before_the_one_that_waited(store):
    ann = await person(store)

    answer = await second_answer(store, order(ann.account, seconds=5.0), order(ann.account, seconds=5.0))

    assert isinstance(answer, Accepted)
    assert await tags(store) == [(0.0,), (5.0,)]


async def test_an_order_taken_while_another_job_ends_moves_with_what_that_one_cost(store):
    ann = await person(store)
    await ann.orders(seconds=2.0)
    job = await claimed(store)

    async with left_open(store, accepting_(order(ann.account, seconds=2.0))):
        ending = asyncio.create_task(drawn(store, job, seconds=9.0))
        await somebody_waits(store)
    await ending

    assert await tags(store) == [(9.0,)]  # as if the nine seconds had been known


async def test_a_job_that_joined_another_account_is_cancelled_there(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    job = await bob.orders()
    await store.offer_link(ann.account, "code", NOON + 60)

    async with left_open(store, lambda db: joining.use(db, bob.account, "code", LIMITS, NOON)):
        cancelling = asyncio.create_task(store.cancel(job.id, NOON))
        await somebody_waits(store)

    assert await cancelling is CancelOutcome.CANCELLED
    assert await store.ledger_faults() == []


async def tags(store: PostgresStore) -> list[tuple[float]]:
    """Where the queued jobs stand."""
    found = await store._db.read(
        lambda db: db.rows("select tag from jobs where state = 'queued' order by tag")
    )
    return [tuple(row) for row in found]


async def test_a_job_that_goes_back_while_its_account_is_blocked_is_told_as_cancelled(store):
    ann = await person(store)
    job = await ann.orders()
    await claimed(store)

    async with left_open(store, lambda db: queue.recover(db, "another bot", None, NOON)):
        blocking = asyncio.create_task(store.block(ann.account, NOON))
        await somebody_waits(store)
    _, stopped = await blocking

    assert [(each.id, each.state, post.job) for each, post in stopped.cancelled] == [
        (job.id, JobState.CANCELLED, job.id)
    ]
    assert stopped.running == ()
    assert await ann.credits() == (1_000_000, 0)
