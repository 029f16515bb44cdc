"""Credits that were bought: once per charge, and taken back once."""

import pytest
from stored_orders import LIMITS, NOON, person

from storage.records import Identity, Payment


def paid(by, charge="c1", credits=500):
    return Payment(
        charge=charge,
        account=by.account,
        by=Identity("telegram", "1001"),
        credits=credits,
        stars=50,
        paid_at=NOON,
    )


async def test_a_charge_gives_its_credits_once(store):
    ann = await person(store, credits=10)

    await store.pay(paid(ann))
    await store.pay(paid(ann))

    assert await ann.credits() == (510, 0)
    assert await store.payment("c1") == paid(ann)
    assert await store.ledger_faults() == []


async def test_two_charges_are_two_payments(store):
    ann = await person(store, credits=0)

    await store.pay(paid(ann, "c1"))
    await store.pay(paid(ann, "c2"))

    assert await ann.credits() == (1000, 0)


async def test_a_refund_takes_the_credits_once(store):
    ann = await person(store, credits=10)
    await store.pay(paid(ann))

    first = await store.take_back("c1", NOON + 1)
    second = await store.take_back("c1", NOON + 2)

    assert first == second
    assert first[0].refunded_at == NOON + 1
    assert await ann.credits() == (10, 0)


async def test_a_refund_takes_no_more_than_is_there(store):
    ann = await person(store, credits=0)
    await store.pay(paid(ann))
    await ann.orders(price=400)

    await store.take_back("c1", NOON)

    assert await ann.credits() == (0, 400)
    assert await store.ledger_faults() == []


async def test_nothing_is_known_of_other_charges(store):
    assert await store.payment("c1") is None
    assert await store.take_back("c1", NOON) is None


async def test_payments_go_over_when_accounts_become_one(store):
    ann, bob = await person(store, "ann", credits=5), await person(store, "bob", credits=0)
    await store.pay(paid(bob))
    await store.offer_link(ann.account, "CODE", NOON + 600)

    await store.use_link(bob.account, "CODE", LIMITS, NOON)
    await store.take_back("c1", NOON)

    assert (await store.payment("c1")).account == ann.account
    assert await ann.credits() == (5, 0)


async def test_payments_are_among_what_a_person_can_have(store):
    ann = await person(store)
    await store.pay(paid(ann))

    [row] = (await store.kept(ann.account))["payments"]

    assert (row["charge"], row["credits"], row["stars"]) == ("c1", 500, 50)


async def test_no_account_no_payment(store):
    ann = await person(store)
    nobody = paid(ann)

    with pytest.raises(LookupError):
        await store.pay(
            Payment(**{name: getattr(nobody, name) for name in nobody.__slots__} | {"account": 999})
        )
