import asyncio
from dataclasses import replace

import pytest
from stored_orders import LIMITS, NOON, RECIPE, claimed, drawn, order, person, picture

from generator.messages import Fault
from storage.records import (
    MOVES,
    Accepted,
    AccountFull,
    Blocked,
    CancelOutcome,
    ImpossibleMove,
    JobState,
    NotEnough,
    QueueFull,
    Repeated,
)


async def test_an_accepted_job_can_be_read_as_it_was_answered(store):
    ann = await person(store)

    answer = await store.submit(order(ann.account), LIMITS, NOON)

    assert isinstance(answer, Accepted)
    assert await store.job(answer.job.id) == answer.job
    assert await store.post(answer.job.id) == answer.post
    assert answer.job.recipe == RECIPE


async def test_any_prompt_is_kept_as_it_was(store):
    ann = await person(store)
    prompt = "לוֹ \u202e <b>x</b> '; drop table jobs; -- \x00 🦊🏽 " + "ы" * 31_000
    odd = replace(order(ann.account), recipe=replace(RECIPE, prompt=prompt, seed=2**63 - 1))

    answer = await store.submit(odd, LIMITS, NOON)

    assert isinstance(answer, Accepted)
    assert (await store.job(answer.job.id)).recipe == odd.recipe


async def test_the_same_key_is_accepted_once(store):
    ann = await person(store, credits=10)
    first = await store.submit(order(ann.account, "k"), LIMITS, NOON)

    again = await store.submit(order(ann.account, "k"), LIMITS, NOON + 5)

    assert again == Repeated(first.job, first.post)
    assert await ann.credits() == (6, 4)


async def test_a_repeated_key_is_answered_although_the_account_is_full_by_now(store):
    ann = await person(store)
    await store.submit(order(ann.account, "k"), LIMITS, NOON)

    again = await store.submit(order(ann.account, "k"), replace(LIMITS, per_account=1), NOON)

    assert isinstance(again, Repeated)


async def test_a_key_of_somebody_else_opens_nothing(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    theirs = await store.submit(order(ann.account, "k"), LIMITS, NOON)

    answer = await store.submit(order(bob.account, "k"), LIMITS, NOON)

    assert isinstance(answer, Accepted)
    assert answer.job.id != theirs.job.id


async def test_one_key_sent_many_times_at_once_is_one_job(store):
    ann = await person(store)

    answers = await asyncio.gather(*(store.submit(order(ann.account, "k"), LIMITS, NOON) for _ in range(20)))

    assert sum(isinstance(answer, Accepted) for answer in answers) == 1
    assert len({answer.job.id for answer in answers}) == 1


async def test_an_account_has_only_so_many_unfinished_jobs(store):
    ann = await person(store)
    limits = replace(LIMITS, per_account=2)
    await ann.orders()
    await ann.orders()
    await claimed(store)  # running ones count too

    assert await store.submit(order(ann.account), limits, NOON) == AccountFull(2)


async def test_an_ended_job_makes_room(store):
    ann = await person(store)
    await ann.orders()
    await drawn(store, await claimed(store))

    answer = await store.submit(order(ann.account), replace(LIMITS, per_account=1), NOON)

    assert isinstance(answer, Accepted)


async def test_the_whole_queue_has_an_end_and_a_crowd_cannot_push_past_it(store):
    people = [await person(store, f"person {number}") for number in range(10)]
    limits = replace(LIMITS, whole_queue=4)

    answers = await asyncio.gather(*(store.submit(order(one.account), limits, NOON) for one in people))

    assert sum(isinstance(answer, Accepted) for answer in answers) == 4
    assert answers.count(QueueFull(4)) == 6


async def test_a_blocked_account_is_told_so(store):
    ann = await person(store)
    await store.set_account(ann.account, blocked=True)

    assert await store.submit(order(ann.account), LIMITS, NOON) == Blocked()


async def test_submitting_for_nobody_is_an_error(store):
    with pytest.raises(LookupError):
        await store.submit(order(77), LIMITS, NOON)


async def test_an_empty_queue_has_nothing_to_claim(store):
    assert await store.claim("bot", NOON) is None


async def test_each_claim_is_a_new_attempt(store):
    ann = await person(store)
    await ann.orders()
    first = await claimed(store)
    await store.give_back(first.id, first.attempt, lost=False)

    second = await claimed(store)

    assert (first.attempt, second.attempt) == (1, 2)
    assert second.state is JobState.RUNNING


async def test_only_a_lost_attempt_counts_against_the_job(store):
    ann = await person(store)
    await ann.orders()
    job = await claimed(store)
    await store.give_back(job.id, job.attempt, lost=False)
    job = await claimed(store)

    given_back = await store.give_back(job.id, job.attempt, lost=True)

    assert (given_back.state, given_back.losses) == (JobState.QUEUED, 1)


async def test_late_results_of_an_old_attempt_change_nothing(store):
    ann = await person(store, credits=10)
    await ann.orders(price=4)
    old = await claimed(store)
    await store.give_back(old.id, old.attempt, lost=True)
    new = await claimed(store)

    late = [
        await store.succeed(old.id, old.attempt, [picture(old)], 1.0, NOON),
        await store.fail(old.id, old.attempt, Fault.INTERNAL, NOON),
        await store.stopped(old.id, old.attempt, NOON),
        await store.give_back(old.id, old.attempt, lost=True),
    ]

    assert late == [None, None, None, None]
    assert await store.job(new.id) == new
    assert await ann.credits() == (6, 4)
    assert await store.pictures(old.id) == []


async def test_the_second_result_of_the_same_attempt_changes_nothing(store):
    ann = await person(store, credits=10)
    await ann.orders(price=4)
    job = await claimed(store)
    ended = await drawn(store, job)

    again = await store.fail(job.id, job.attempt, Fault.INTERNAL, NOON)

    assert again is None
    assert await store.job(job.id) == ended
    assert await ann.credits() == (6, 0)


async def test_a_success_keeps_pictures_and_measured_time(store):
    ann = await person(store)
    await ann.orders()
    job = await claimed(store)

    ended = await store.succeed(job.id, job.attempt, [picture(job)], 1.5, NOON + 9)

    assert (ended.state, ended.draw_seconds, ended.ended_at) == (JobState.SUCCEEDED, 1.5, NOON + 9)
    assert await store.job(job.id) == ended
    assert await store.pictures(job.id) == [picture(job)]


async def test_a_failure_keeps_its_reason(store):
    ann = await person(store)
    await ann.orders()
    job = await claimed(store)

    ended = await store.fail(job.id, job.attempt, Fault.POISON, NOON)

    assert (ended.state, ended.fault) == (JobState.FAILED, Fault.POISON)
    assert await store.job(job.id) == ended


async def test_a_queued_job_is_cancelled_at_once_and_only_once(store):
    ann = await person(store, credits=10)
    job = await ann.orders()

    outcomes = [await store.cancel(job.id, NOON), await store.cancel(job.id, NOON)]

    assert outcomes == [CancelOutcome.CANCELLED, CancelOutcome.ENDED]
    assert await ann.credits() == (10, 0)
    assert await store.claim("bot", NOON) is None


async def test_a_running_job_is_cancelled_when_it_has_stopped(store):
    ann = await person(store, credits=10)
    await ann.orders(price=4)
    job = await claimed(store)

    outcomes = [await store.cancel(job.id, NOON), await store.cancel(job.id, NOON)]
    held = await ann.credits()
    ended = await store.stopped(job.id, job.attempt, NOON)

    assert outcomes == [CancelOutcome.STOPPING, CancelOutcome.STOPPING]
    assert held == (6, 4)
    assert ended.state is JobState.CANCELLED
    assert await ann.credits() == (10, 0)


async def test_cancelling_an_ended_or_unknown_job_changes_nothing(store):
    ann = await person(store, credits=10)
    await ann.orders(price=4)
    job = await drawn(store, await claimed(store))

    assert await store.cancel(job.id, NOON) is CancelOutcome.ENDED
    assert await store.cancel("unknown", NOON) is CancelOutcome.ENDED
    assert await ann.credits() == (6, 0)


async def test_a_job_lost_while_it_was_to_be_stopped_is_cancelled(store):
    ann = await person(store, credits=10)
    await ann.orders()
    job = await claimed(store)
    await store.cancel(job.id, NOON)

    ended = await store.give_back(job.id, job.attempt, lost=True)

    assert ended.state is JobState.CANCELLED
    assert await ann.credits() == (10, 0)


async def test_after_a_crash_running_jobs_are_queued_again_and_cancelled_ones_end(store):
    ann = await person(store, credits=10)
    for _ in range(2):
        await ann.orders(price=4)
    drawing, stopping = await claimed(store, "before"), await claimed(store, "before")
    await store.cancel(stopping.id, NOON)

    recovered = await store.recover("after", NOON)

    assert [(job.id, job.state, job.losses) for job in recovered] == [
        (drawing.id, JobState.QUEUED, 0),
        (stopping.id, JobState.CANCELLED, 0),
    ]
    assert await ann.credits() == (6, 4)
    assert await store.succeed(drawing.id, drawing.attempt, [], 1.0, NOON) is None


async def test_recovery_leaves_its_own_jobs_alone(store):
    ann = await person(store)
    await ann.orders()
    job = await claimed(store, "mine")

    assert await store.recover("mine", NOON) == []
    assert await store.job(job.id) == job


@pytest.mark.parametrize("old", JobState)
@pytest.mark.parametrize("new", JobState)
async def test_a_job_moves_only_along_the_table(store, old, new):
    ann = await person(store)
    job = replace(await ann.orders(), state=old)

    if new in MOVES[old]:
        assert job.moved_to(new).state is new
    else:
        with pytest.raises(ImpossibleMove):
            job.moved_to(new)


async def test_several_orders_are_accepted_together_and_repeated_together(store):
    ann = await person(store, credits=8)
    orders = [order(ann.account, "k:0"), order(ann.account, "k:1")]

    first = await store.submit_all(orders, LIMITS, NOON)
    again = await store.submit_all(orders, LIMITS, NOON + 5)

    assert [type(answer) for answer in first] == [Accepted, Accepted]
    assert list(again) == [Repeated(answer.job, answer.post) for answer in first]
    assert await ann.credits() == (0, 8)


async def test_of_several_orders_none_is_accepted_where_one_cannot_be(store):
    ann = await person(store, credits=7)
    orders = [order(ann.account, "k:0"), order(ann.account, "k:1")]

    [poor] = await store.submit_all(orders, LIMITS, NOON)
    [full] = await store.submit_all(orders, replace(LIMITS, per_account=1), NOON)

    assert poor == NotEnough(price=8, available=7)
    assert full == AccountFull(1)
    assert await ann.credits() == (7, 0)
    assert await store.queued() == []
    assert await store.ledger_faults() == []
