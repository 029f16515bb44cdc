"""Rates kept in the database: however they are asked for, and by how many, never more than the limit."""

import asyncio
import time

from hypothesis import given, settings
from hypothesis import strategies as st
from stored_orders import NOON, fresh_store

from storage.postgresql import PostgresStore

ROUNDING = 1e-3

asks = st.lists(st.tuples(st.floats(0, 3), st.sampled_from(["ann", "bob"])), max_size=60)


@settings(max_examples=40, deadline=None)
@given(asks, st.integers(1, 5), st.floats(0.1, 4))
async def test_no_span_of_time_lets_more_through_than_the_burst_and_what_came_back(asks, burst, interval):
    store = fresh_store()
    await store.open()
    now, let_in = NOON, []
    for gap, who in asks:
        now += gap
        wait = await store.take({who: (interval, burst), "everybody": (interval, 2 * burst)}, now)
        assert wait >= 0
        if wait == 0:
            let_in.append((now, who))
    await store.close()

    for who, most in (("ann", burst), ("bob", burst), ("", 2 * burst)):
        times = [at for at, by in let_in if who in {by, ""}]
        for first, began in enumerate(times):
            for count, ended in enumerate(times[first:], 1):
                assert count <= most + (ended - began) / interval + ROUNDING


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.floats(0.1, 4), st.integers(1, 10))
async def test_who_waits_as_told_is_let_in(burst, interval, more):
    store = fresh_store()
    await store.open()
    now, waits = NOON, []
    for _ in range(burst + more):
        while (wait := await store.take({"ann": (interval, burst)}, now)) > 0:
            waits.append(wait)
            now += wait
    await store.close()

    assert len(waits) <= more
    assert now - NOON <= more * interval + ROUNDING


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.floats(0.1, 4), st.lists(st.floats(0, 6), max_size=12))
async def test_looking_tells_what_counting_would_and_counts_nothing(burst, interval, gaps):
    store, bucket, now = fresh_store(), (interval, burst), NOON
    await store.open()
    for gap in gaps:
        now += gap
        looked = [await store.wait_seconds("ann", bucket, now) for _ in range(3)]
        waited = await store.take({"ann": bucket}, now)
        assert len(set(looked)) == 1
        assert abs(looked[0] - waited) < ROUNDING
    await store.close()


async def test_bots_that_are_hammered_at_once_let_no_more_through_together_than_one(postgres):
    bots = [PostgresStore(postgres, pool=4) for _ in range(3)]
    for bot in bots:
        await bot.open()
    burst, interval, seconds = 5, 0.05, 2.0

    async def hammered(bot: PostgresStore) -> int:
        let_in = 0
        while time.monotonic() - began < seconds:
            let_in += await bot.take({"key k": (interval, burst), "everybody": (1e-6, 10**6)}, NOON) == 0
        return let_in

    began = time.monotonic()
    counts = await asyncio.gather(*(hammered(bot) for bot in bots for _ in range(3)))
    passed = time.monotonic() - began
    for bot in bots:
        await bot.close()

    assert burst <= sum(counts) <= burst + passed / interval + 1
