"""Joining accounts multiplies no allowance, and takes nothing that was given otherwise."""

from hypothesis import given
from hypothesis import strategies as st

from storage import ledger
from storage.records import Balance

CREDITS = st.integers(0, 10_000)
BALANCES = st.builds(Balance, available=CREDITS, held=CREDITS)


@given(BALANCES, st.integers(-10_000, 30_000))
def test_unspent_allowance_is_a_part_of_what_is_owned(balance, given):
    unspent = ledger.unspent_allowance(balance, given)

    assert 0 <= unspent <= balance.available + balance.held
    assert unspent == 0 or balance.available + balance.held - unspent <= max(0, given)


@given(st.lists(CREDITS, min_size=2, max_size=6), st.integers(0, 10_000))
def test_however_many_are_joined_one_allowance_is_left(unspent, daily):
    left = unspent[0]
    for more in unspent[1:]:
        lapsed = ledger.surplus(left, more, daily)
        assert 0 <= lapsed <= min(left, more)
        left += more - lapsed

    assert left <= max(daily, *unspent)
