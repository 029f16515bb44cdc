"""How often a verb goes to PostgreSQL and back: over a network, nothing else costs as much."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from stored_orders import LIMITS, NOON, Person, claimed, drawn, order, person

from generator.messages import Fault
from storage.postgresql import PostgresStore
from storage.records import Accepted, Job, Rung

Ways = Callable[[Awaitable[object]], Awaitable[int]]


@pytest.fixture
async def alone(postgres) -> AsyncIterator[PostgresStore]:
    """A store with one connection, so that every way is seen."""
    store = PostgresStore(postgres, pool=1)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def ann(alone) -> Person:
    return await person(alone)


@pytest.fixture
async def job(alone, ann) -> Job:
    """A job of hers that is running, with another one in line behind it."""
    await ann.orders()
    await ann.orders()
    return await claimed(alone)


@pytest.fixture
async def ways(alone) -> Ways:
    """Counts what is sent; preparing a statement, once in a connection's life, is left out."""
    sent: list[str] = []
    async with alone._db._pool.acquire() as connection:
        connection.add_query_logger(lambda record: sent.append(record.query))

    async def counted(verb: Awaitable[object]) -> int:
        sent.clear()
        assert await verb is not False
        return len(sent)

    return counted


async def test_accepting_goes_there_four_times(alone, ann, ways):
    assert await ways(alone.submit(order(ann.account), LIMITS, NOON)) <= 4  # begin, look, do, commit


async def test_the_first_order_of_a_day_goes_there_six_times(alone, ann, ways):
    limits = replace(LIMITS, daily_allowance=2_000_000)

    assert await ways(alone.submit(order(ann.account), limits, NOON)) <= 6


async def test_an_order_that_is_repeated_goes_there_five_times(alone, ann, ways):
    new = order(ann.account)
    assert isinstance(await alone.submit(new, LIMITS, NOON), Accepted)

    assert await ways(alone.submit(new, LIMITS, NOON)) <= 5


@pytest.mark.usefixtures("job")
async def test_claiming_goes_there_once(alone, ways):
    assert await ways(alone.claim("bot", NOON)) == 1


async def test_every_end_of_a_running_job_goes_there_four_times(alone, job, ways):
    assert await ways(drawn(alone, job, seconds=9.0)) <= 4


@pytest.mark.parametrize("end", ["fail", "stopped", "cancel", "give back"])
async def test_every_other_end_goes_there_four_times(alone, job, ways, end):
    verb = {
        "fail": lambda: alone.fail(job.id, job.attempt, Fault.OUT_OF_MEMORY, NOON),
        "stopped": lambda: alone.stopped(job.id, job.attempt, NOON),
        "cancel": lambda: alone.cancel(job.id, NOON),
        "give back": lambda: alone.give_back(job.id, job.attempt, lost=True),
    }[end]

    assert await ways(verb()) <= 4


async def test_what_is_one_statement_goes_there_once(alone, ann, job, ways):
    post = await alone.post(job.id)

    assert await ways(alone.place(job.id)) == 1
    assert await ways(alone.balance(ann.account, LIMITS, NOON)) == 1
    assert await ways(alone.learn("shape", 2.0)) == 1
    assert await ways(alone.move_post(post.id, "{}")) == 1
    assert await ways(alone.confirm(post.id, Rung.EDITED)) == 1


async def test_giving_credits_back_goes_there_four_times(alone, job, ways):
    await drawn(alone, job)

    assert await ways(alone.refund(job.id, "sorry", NOON)) <= 4
