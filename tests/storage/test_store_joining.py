"""Two accounts become one: credits, jobs, places in line, limits."""

import pytest
from stored_orders import DAY, LIMITS, NOON, claimed, drawn, order, person

from storage.records import (
    Accepted,
    AccountFull,
    Blocked,
    Identity,
    JobState,
    Joined,
    Kind,
    Limits,
    OwnCode,
    Preferences,
    TriedTooOften,
    WrongCode,
)

DAILY = Limits(per_account=10, whole_queue=100, daily_allowance=500)


async def joined(store, maker, user, limits=LIMITS, now=NOON) -> Joined:
    await store.offer_link(maker.account, "CODE", now + 600)
    answer = await store.use_link(user.account, "CODE", limits, now)
    assert isinstance(answer, Joined)
    return answer


async def test_the_older_account_stays_whoever_made_the_code(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")

    answer = await joined(store, bob, ann)

    assert (answer.account.id, answer.gone) == (ann.account, bob.account)
    assert (await store.account(Identity("web", "bob"), "bob")).id == ann.account
    assert await store.identities(ann.account) == [Identity("web", "ann"), Identity("web", "bob")]
    assert [account.id for account, _ in await store.accounts()] == [ann.account]
    assert await store.find_account(bob.account) == answer.account


async def test_credits_go_over_by_two_entries_whose_sum_is_zero(store):
    ann, bob = await person(store, "ann", credits=100), await person(store, "bob", credits=30)
    await bob.orders(price=10)

    answer = await joined(store, ann, bob)

    assert (answer.balance.available, answer.balance.held) == (120, 10)
    entries = await store.entries(ann.account)
    transfers = [entry for entry in entries if entry.kind is Kind.TRANSFER]
    assert [(entry.account, entry.available, entry.held) for entry in transfers] == [
        (ann.account, 20, 10),
        (bob.account, -20, -10),
    ]
    assert sum(entry.available + entry.held for entry in entries) == 130
    assert await store.ledger_faults() == []


async def test_a_job_that_is_running_meanwhile_is_settled_with_the_account_that_stays(store):
    ann, bob = await person(store, "ann", credits=0), await person(store, "bob", credits=30)
    await bob.orders(price=10)
    job = await claimed(store)

    await joined(store, ann, bob)
    ended = await drawn(store, job)

    assert ended.account == ann.account
    assert await ann.credits() == (20, 0)
    assert await store.ledger_faults() == []


async def test_a_job_that_waits_meanwhile_can_be_cancelled(store):
    ann, bob = await person(store, "ann", credits=0), await person(store, "bob", credits=30)
    job = await bob.orders(price=10)

    await joined(store, ann, bob)
    await store.cancel(job.id, NOON)

    assert await ann.credits() == (30, 0)
    assert await store.ledger_faults() == []


async def test_the_history_of_both_is_one(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    jobs = {(await ann.orders()).id, (await bob.orders()).id}

    await joined(store, ann, bob)

    assert {job.id for job in await store.history(ann.account, None, 10)} == jobs


async def test_the_same_key_in_both_accounts_is_no_trouble(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    for who in (ann, bob):
        await store.submit(order(who.account, "1"), LIMITS, NOON)

    await joined(store, ann, bob)

    assert len(await store.history(ann.account, None, 10)) == 2


async def test_whoever_still_names_the_account_that_is_gone_reaches_the_other(store):
    ann, bob = await person(store, "ann", credits=10), await person(store, "bob", credits=10)
    await joined(store, ann, bob)

    accepted = await store.submit(order(bob.account, price=15), LIMITS, NOON)
    await store.grant(bob.account, 7, "late", "", NOON)
    changed = await store.set_account(bob.account, weight=3.0)

    assert isinstance(accepted, Accepted)
    assert accepted.job.account == changed.id == ann.account
    assert await ann.credits() == await bob.credits() == (12, 15)
    assert await store.ledger_faults() == []


async def test_limits_count_both_as_one(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    for who in (ann, bob, bob):
        await who.orders()
    await joined(store, ann, bob)

    limits = Limits(per_account=3, whole_queue=100, daily_allowance=0)

    assert await store.submit(order(ann.account), limits, NOON) == AccountFull(3)


async def test_the_queue_serves_both_as_one_person(store):
    ann, bob, cy = await person(store, "ann"), await person(store, "bob"), await person(store, "cy")
    for _ in range(4):
        await ann.orders()
        await bob.orders()
        await cy.orders()

    await joined(store, ann, bob)

    served = [(await claimed(store)).account for _ in range(8)]
    assert 3 <= served.count(cy.account) <= 5


async def test_of_two_daily_allowances_one_is_left(store):
    ann, bob = await person(store, "ann", credits=0), await person(store, "bob", credits=0)
    for who in (ann, bob):
        await store.balance(who.account, DAILY, NOON)

    answer = await joined(store, ann, bob, DAILY)

    assert (answer.lapsed, answer.balance.available) == (500, 500)
    assert (await store.balance(ann.account, DAILY, NOON)).available == 500
    assert (await store.balance(ann.account, DAILY, NOON + DAY)).available == 500
    assert await store.ledger_faults() == []


async def test_credits_that_were_given_never_lapse(store):
    ann, bob = await person(store, "ann", credits=0), await person(store, "bob", credits=2000)
    for who in (ann, bob):
        await store.balance(who.account, DAILY, NOON)

    answer = await joined(store, ann, bob, DAILY)

    assert (answer.lapsed, answer.balance.available) == (0, 2500)


async def test_joining_a_third_account_adds_no_allowance_either(store):
    people = [await person(store, name, credits=0) for name in "abc"]
    for who in people:
        await store.balance(who.account, DAILY, NOON)

    await joined(store, people[0], people[1], DAILY)
    answer = await joined(store, people[2], people[1], DAILY)

    assert answer.balance.available == 500
    assert (await store.find_account(people[2].account)).id == people[0].account
    assert len(await store.identities(people[0].account)) == 3


async def test_joining_on_a_day_when_one_was_topped_up_brings_no_second_top_up(store):
    ann, bob = await person(store, "ann", credits=0), await person(store, "bob", credits=0)
    await store.balance(bob.account, DAILY, NOON)
    await store.submit(order(bob.account, price=400), DAILY, NOON)

    await joined(store, ann, bob, DAILY)

    assert (await store.balance(ann.account, DAILY, NOON)).available == 100


async def test_a_code_works_once(store):
    ann, bob, cy = await person(store, "ann"), await person(store, "bob"), await person(store, "cy")
    await joined(store, ann, bob)

    assert await store.use_link(cy.account, "CODE", LIMITS, NOON) == WrongCode()


async def test_a_code_that_is_too_old_or_replaced_is_wrong(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    await store.offer_link(ann.account, "OLD", NOON + 600)
    await store.offer_link(ann.account, "NEW", NOON + 600)

    assert await store.use_link(bob.account, "OLD", LIMITS, NOON) == WrongCode()
    assert await store.use_link(bob.account, "NEW", LIMITS, NOON + 600) == WrongCode()


async def test_one_s_own_code_is_told_as_such(store):
    ann = await person(store, "ann")
    await store.offer_link(ann.account, "CODE", NOON + 600)

    assert await store.use_link(ann.account, "CODE", LIMITS, NOON) == OwnCode()


async def test_after_five_wrong_codes_the_right_one_has_to_wait(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    await store.offer_link(ann.account, "CODE", NOON + 3600)
    for _ in range(5):
        assert await store.use_link(bob.account, "GUESS", LIMITS, NOON) == WrongCode()

    assert await store.use_link(bob.account, "CODE", LIMITS, NOON + 1) == TriedTooOften(NOON + 600)
    assert isinstance(await store.use_link(bob.account, "CODE", LIMITS, NOON + 601), Joined)


@pytest.mark.parametrize("blocked", ["ann", "bob"])
async def test_a_blocked_account_is_not_joined(store, blocked):
    people = {name: await person(store, name) for name in ("ann", "bob")}
    await store.set_account(people[blocked].account, blocked=True)
    await store.offer_link(people["ann"].account, "CODE", NOON + 600)

    assert await store.use_link(people["bob"].account, "CODE", LIMITS, NOON) == Blocked()


@pytest.mark.parametrize(("first", "kept"), [(Preferences(), 4), (Preferences(count=2), 2)])
async def test_preferences_are_those_of_the_account_that_stays_or_else_the_other_s(store, first, kept):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    await store.prefer(ann.account, first)
    await store.prefer(bob.account, Preferences(count=4))

    answer = await joined(store, ann, bob)

    assert answer.preferences.count == kept
    assert {preferences.count for _, preferences in await store.preferred()} == {kept}


async def test_a_job_ends_once_though_the_account_was_joined_twice(store):
    people = [await person(store, name, credits=10) for name in "abc"]
    job = await people[2].orders(price=10)
    await joined(store, people[1], people[2])
    await joined(store, people[0], people[1])
    claim = await claimed(store)

    await drawn(store, claim)

    assert claim.id == job.id
    assert (await store.job(job.id)).state is JobState.SUCCEEDED
    assert await people[0].credits() == (20, 0)
    assert await store.ledger_faults() == []
