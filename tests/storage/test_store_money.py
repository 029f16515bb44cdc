import pytest
from stored_orders import DAY, LIMITS, NOON, claimed, drawn, order, person

from generator.messages import Fault
from storage.records import Accepted, Balance, Kind, Limits, NotEnough

DAILY = Limits(per_account=10, whole_queue=10, daily_allowance=50)


async def test_an_accepted_job_holds_its_price(store):
    ann = await person(store, credits=10)

    job = await ann.orders(price=4)

    assert await ann.credits() == (6, 4)
    assert [(entry.kind, entry.available, entry.held) for entry in await store.receipt(job.id)] == [
        (Kind.HOLD, -4, 4)
    ]


async def test_a_drawn_picture_spends_the_hold(store):
    ann = await person(store, credits=10)
    await ann.orders(price=4)

    await drawn(store, await claimed(store))

    assert await ann.credits() == (6, 0)


async def test_a_failed_picture_costs_nothing(store):
    ann = await person(store, credits=10)
    await ann.orders(price=4)
    job = await claimed(store)

    await store.fail(job.id, job.attempt, Fault.OUT_OF_MEMORY, NOON)

    assert await ann.credits() == (10, 0)
    assert [entry.key for entry in await store.receipt(job.id)] == [f"hold:{job.id}", f"release:{job.id}"]


async def test_who_cannot_pay_is_told_the_price_and_keeps_everything(store):
    ann = await person(store, credits=3)

    answer = await store.submit(order(ann.account, price=4), LIMITS, NOON)

    assert answer == NotEnough(price=4, available=3)
    assert await ann.credits() == (3, 0)
    assert await store.queue_length() == 0


async def test_a_grant_with_the_same_key_counts_once(store):
    ann = await person(store, credits=0)

    await store.grant(ann.account, 5, "gift", "for you", NOON)
    balance = await store.grant(ann.account, 5, "gift", "for you", NOON)

    assert balance == Balance(available=5, held=0)


async def test_taking_credits_stops_at_zero(store):
    ann = await person(store, credits=5)

    balance = await store.grant(ann.account, -100, "fine", "", NOON)

    assert balance == Balance(available=0, held=0)
    assert await store.ledger_faults() == []


async def test_a_grant_to_nobody_is_an_error(store):
    with pytest.raises(LookupError, match="no account 77"):
        await store.grant(77, 5, "gift", "", NOON)


async def test_a_grant_beyond_all_measure_is_refused(store):
    ann = await person(store)

    with pytest.raises(ValueError, match="At most"):
        await store.grant(ann.account, 10**30, "typo", "", NOON)


async def test_the_daily_allowance_tops_the_balance_up_once_a_day(store):
    ann = await person(store, credits=0)

    first = await store.balance(ann.account, DAILY, NOON)
    await store.submit(order(ann.account, price=20), DAILY, NOON)
    later = await store.balance(ann.account, DAILY, NOON + 60)
    tomorrow = await store.balance(ann.account, DAILY, NOON + DAY)

    assert first == Balance(available=50, held=0)
    assert later == Balance(available=30, held=20)
    assert tomorrow == later  # what is held counts: 50 together


async def test_the_allowance_comes_with_the_first_order_of_the_day(store):
    ann = await person(store, credits=0)

    answer = await store.submit(order(ann.account, price=20), DAILY, NOON)

    assert isinstance(answer, Accepted)
    assert answer.balance == Balance(available=30, held=20)


async def test_an_allowance_never_takes_from_the_rich(store):
    ann = await person(store, credits=80)

    assert await store.balance(ann.account, DAILY, NOON) == Balance(available=80, held=0)


async def test_what_is_spent_after_the_days_first_look_comes_back_tomorrow(store):
    ann = await person(store, credits=50)
    await store.balance(ann.account, DAILY, NOON)
    await store.submit(order(ann.account, price=20), DAILY, NOON)
    await drawn(store, await claimed(store))

    today = await store.balance(ann.account, DAILY, NOON + 1)
    tomorrow = await store.balance(ann.account, DAILY, NOON + DAY)

    assert (today.available, tomorrow.available) == (30, 50)


async def test_a_clock_that_jumps_back_gives_no_second_allowance(store):
    ann = await person(store, credits=0)
    for now in (NOON, NOON - DAY, NOON, NOON + DAY, NOON):
        await store.balance(ann.account, DAILY, now)

    assert await ann.credits() == (50, 0)


async def test_a_refund_gives_a_spent_price_back_once(store):
    ann = await person(store, credits=10)
    job = await ann.orders(price=4)
    await drawn(store, await claimed(store))

    first = await store.refund(job.id, "ugly", NOON)
    second = await store.refund(job.id, "ugly", NOON)

    assert (first, second) == (Balance(available=10, held=0), None)
    assert await store.ledger_faults() == []


async def test_only_what_was_spent_can_be_refunded(store):
    ann = await person(store)
    job = await ann.orders()

    assert await store.refund(job.id, "", NOON) is None
    assert await store.refund("unknown", "", NOON) is None


async def test_entries_are_listed_newest_first(store):
    ann = await person(store, credits=10)
    await ann.orders()
    await drawn(store, await claimed(store))

    entries = await store.entries(ann.account, limit=2)

    assert [entry.kind for entry in entries] == [Kind.CAPTURE, Kind.HOLD]
