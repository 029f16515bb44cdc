"""Blocking and erasing an account, as storage sees it."""

import pytest
from stored_orders import LIMITS, NOON, claimed, drawn, order, person

from storage.records import Blocked, CancelOutcome, Identity, JobState
from storage.sql.emptying import ERASED


async def test_erasing_names_the_files_that_nobody_needs_any_more(store):
    ann = await person(store, "ann")
    job = await ann.orders()
    await drawn(store, await claimed(store))

    emptied = await store.erase(ann.account, NOON)

    assert (emptied.jobs, emptied.hashes, emptied.cancelled) == (1, ("ab" * 32,), ())
    assert (await store.job(job.id)).recipe.prompt == ERASED
    assert await store.pictures(job.id) == []
    assert await store.undelivered() == []


async def test_erasing_waits_for_a_running_job(store):
    ann = await person(store, "ann")
    await ann.orders()
    job = await claimed(store)

    assert await store.erase(ann.account, NOON) is None
    await drawn(store, job)
    assert await store.erase(ann.account, NOON) is not None


async def test_erasing_gives_back_what_was_held(store):
    ann = await person(store, "ann", credits=10)
    job = await ann.orders(price=4)

    emptied = await store.erase(ann.account, NOON)

    ((cancelled, post),) = emptied.cancelled
    assert (cancelled.id, cancelled.state, post.job) == (job.id, JobState.CANCELLED, job.id)
    assert await ann.credits() == (10, 0)
    assert await store.ledger_faults() == []


async def test_erasing_twice_is_no_trouble_and_ordering_goes_on(store):
    ann = await person(store, "ann")
    await ann.orders()

    await store.erase(ann.account, NOON)
    await store.erase(ann.account, NOON)
    again = await ann.orders()

    assert (await store.account(Identity("web", "ann"), "ann")).id == ann.account
    assert [job.id for job in await store.history(ann.account, None, 10)] == [again.id]


async def test_erasing_takes_the_traces_of_a_joined_account_too(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    await bob.orders()
    await store.offer_link(ann.account, "CODE", NOON + 600)
    await store.use_link(bob.account, "CODE", LIMITS, NOON)

    emptied = await store.erase(bob.account, NOON)

    assert emptied.jobs == 1
    assert (await store.find_account(bob.account)).name == ""


async def test_a_block_cancels_what_waits_and_marks_what_runs(store):
    ann = await person(store, "ann", credits=10)
    running, waiting = await ann.orders(price=4), await ann.orders(price=4)
    claim = await claimed(store)

    account, stopped = await store.block(ann.account, NOON)

    assert account.blocked
    assert stopped.running == (running.id,)
    assert [job.id for job, _ in stopped.cancelled] == [waiting.id]
    assert await store.cancel(running.id, NOON) is CancelOutcome.STOPPING
    assert (await store.stopped(claim.id, claim.attempt, NOON)).state is JobState.CANCELLED
    assert await ann.credits() == (10, 0)
    assert await store.ledger_faults() == []


async def test_nobody_can_be_blocked_who_is_not_there(store):
    assert await store.block(7, NOON) is None


async def test_a_blocked_account_may_not_order(store):
    ann = await person(store, "ann")
    await store.block(ann.account, NOON)

    assert await store.submit(order(ann.account), LIMITS, NOON) == Blocked()


async def cancelled_by(store, deed: str, account: int) -> list[str]:
    """Let an account's waiting jobs be cancelled without its asking; return them as they were told."""
    if deed == "erase":
        ended = (await store.erase(account, NOON)).cancelled
    else:
        _, stopped = await store.block(account, NOON)
        await store.set_account(account, blocked=False)
        ended = stopped.cancelled
    return [job.id for job, _ in ended]


@pytest.mark.parametrize("deed", ["erase", "block"])
async def test_what_was_cancelled_without_asking_costs_no_place_in_line_later(store, deed):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    jobs = [await ann.orders(seconds=100.0) for _ in range(5)]

    assert await cancelled_by(store, deed, ann.account) == [job.id for job in jobs]

    first, hers, last = await bob.orders(), await ann.orders(), await bob.orders()
    assert [job.id for job in await store.queued()] == [first.id, hers.id, last.id]
