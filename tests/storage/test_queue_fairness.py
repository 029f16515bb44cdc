"""Fairness, simulated through a real store: one card draws, people order, time is virtual."""

import asyncio
import itertools
import math
from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from stored_orders import NOON, Person, claimed, drawn, fresh_store, person

from storage.records import Job
from storage.store import Store

FEW = settings(max_examples=15, deadline=None)
SECONDS = st.sampled_from([0.5, 1.0, 2.0, 4.0, 8.0, 16.0])


def in_memory(play) -> None:
    """Run a play on a fresh store in memory."""

    async def run() -> None:
        store = fresh_store()
        await store.open()
        try:
            await play(store)
        finally:
            await store.close()

    asyncio.run(run())


def jain(shares: Sequence[float]) -> float:
    """1 when all are served alike, 1/n when one has everything."""
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))


async def draw(store: Store, factor: float = 1.0) -> Job:
    """Claim and finish one job; it takes `factor` times what was expected."""
    job = await claimed(store)
    return await drawn(store, job, job.cost_seconds * factor)


async def people(store: Store, count: int) -> list[Person]:
    return [await person(store, f"person {number}") for number in range(count)]


async def test_light_users_do_not_wait_for_a_hogs_hundred_jobs(store):
    hog, ann, bob = await people(store, 3)
    for _ in range(100):
        await hog.orders(seconds=4.0)
    for _ in range(10):
        await draw(store)
    newcomers = {(await ann.orders()).id, (await bob.orders()).id}

    next_two = {(await draw(store)).id, (await draw(store)).id}

    assert next_two == newcomers


async def test_somebody_coming_back_from_idle_has_saved_up_no_turns(store):
    ann, bob = await people(store, 2)
    await ann.orders(seconds=1.0)
    for _ in range(20):
        await bob.orders(seconds=1.0)
    for _ in range(11):
        await draw(store)
    for _ in range(5):
        await ann.orders(seconds=1.0)

    served = [(await draw(store)).account for _ in range(6)]

    assert Counter(served) == {ann.account: 3, bob.account: 3}


async def test_a_job_that_was_given_back_is_next_again(store):
    ann, bob = await people(store, 2)
    first = await ann.orders()
    await bob.orders()
    await ann.orders()
    job = await claimed(store)
    assert job.id == first.id

    await store.give_back(job.id, job.attempt, lost=True)

    assert (await claimed(store)).id == first.id


async def test_a_cancelled_job_gives_its_turn_to_the_persons_next_one(store):
    ann, bob = await people(store, 2)
    await ann.orders(seconds=1.0)
    cancelled, last = await ann.orders(seconds=16.0), await ann.orders(seconds=1.0)
    bobs = [await bob.orders(seconds=4.0) for _ in range(3)]

    await store.cancel(cancelled.id, NOON)

    order = [(await draw(store)).id for _ in range(5)]
    assert order.index(last.id) < order.index(bobs[1].id)


async def test_who_cancels_everything_starts_over_as_if_nothing_had_been_ordered(store):
    ann, bob = await people(store, 2)
    for job in [await ann.orders(seconds=16.0) for _ in range(5)]:
        await store.cancel(job.id, NOON)

    bobs = [await bob.orders(seconds=1.0) for _ in range(2)]
    anns = await ann.orders(seconds=1.0)

    assert [(await draw(store)).id for _ in range(3)] == [bobs[0].id, anns.id, bobs[1].id]


async def test_who_draws_longer_than_expected_waits_longer_afterwards(store):
    slow, ann = await people(store, 2)
    for _ in range(4):
        await slow.orders(seconds=1.0)
        await ann.orders(seconds=1.0)

    await draw(store, factor=10.0)  # the first of `slow`
    served = [(await draw(store)).account for _ in range(4)]

    assert served == [ann.account] * 4


async def test_a_weight_of_three_gets_three_times_the_card(store):
    heavy = await person(store, "heavy", weight=3.0)
    light = await person(store, "light", weight=1.0)
    for _ in range(80):
        await heavy.orders(seconds=2.0)
        await light.orders(seconds=2.0)

    served = Counter([(await draw(store)).account for _ in range(80)])

    assert abs(served[heavy.account] / served[light.account] - 3.0) < 0.2


@FEW
@given(
    costs=st.lists(st.lists(SECONDS, min_size=1, max_size=6), min_size=2, max_size=5),
    cancelled=st.sets(st.integers(0, 20), max_size=4),
    taken=st.integers(0, 6),
)
def test_people_are_drawn_in_the_order_of_the_places_they_were_told(costs, cancelled, taken):
    async def play(store: Store) -> None:
        jobs = [
            await one.orders(seconds=cost)
            for one, own in zip(await people(store, len(costs)), costs, strict=True)
            for cost in own
        ]
        for _ in range(min(taken, len(jobs) - 1)):
            await draw(store)
        for index in cancelled & set(range(len(jobs))):
            await store.cancel(jobs[index].id, NOON)
        places = {job.id: place for job in jobs if (place := await store.place(job.id))}

        told = [job.id for job in await store.queued()]
        drawn_order = [(await draw(store)).id for _ in places]

        assert drawn_order == told == sorted(places, key=lambda job: places[job].ahead)
        assert [places[job].ahead for job in drawn_order] == list(range(len(places)))

    in_memory(play)


def test_time_on_the_card_is_shared_evenly_whatever_the_jobs_cost():
    async def play(store: Store) -> None:
        costs = {
            one.account: (one, 2.0 ** (1 + number % 4)) for number, one in enumerate(await people(store, 8))
        }
        for one, seconds in costs.values():
            await one.orders(seconds=seconds)
            await one.orders(seconds=seconds)
        served: Counter[int] = Counter()
        for _ in range(600):
            job = await draw(store)
            served[job.account] += job.draw_seconds
            one, seconds = costs[job.account]
            await one.orders(seconds=seconds)

        assert jain(list(served.values())) > 0.998
        assert min(served.values()) / max(served.values()) > 0.9

    in_memory(play)


@FEW
@given(
    costs=st.lists(st.lists(SECONDS, min_size=1, max_size=4), min_size=2, max_size=6),
    errors=st.lists(st.floats(0.5, 2.0), min_size=8, max_size=8),
)
def test_under_saturation_everybody_gets_the_same_time_on_the_card(costs, errors):
    async def play(store: Store) -> None:
        crowd = {one.account: one for one in await people(store, len(costs))}
        wishes = {account: itertools.cycle(own) for account, own in zip(crowd, costs, strict=True)}
        factors = itertools.cycle(errors)
        for _ in range(2):
            for account, one in crowd.items():
                await one.orders(seconds=next(wishes[account]))
        served: Counter[int] = Counter()
        for _ in range(150):
            job = await draw(store, next(factors))
            served[job.account] += job.draw_seconds
            await crowd[job.account].orders(seconds=next(wishes[job.account]))

        most = max(map(max, costs)) * max(errors)
        assert max(served.values()) - min(served[account] for account in crowd) <= 4 * most
        if min(served.values()) > 10 * most:
            assert jain([served[account] for account in crowd]) > 0.98

    in_memory(play)


@FEW
@given(
    hogs=st.lists(SECONDS, min_size=1, max_size=4),
    cost=SECONDS,
    before=st.integers(0, 10),
)
def test_nobody_starves_behind_people_who_never_stop_ordering(hogs, cost, before):
    async def play(store: Store) -> None:
        crowd = await people(store, len(hogs))
        seconds = dict(zip((one.account for one in crowd), hogs, strict=True))
        by_account = {one.account: one for one in crowd}
        for one in crowd:
            for _ in range(10):
                await one.orders(seconds=seconds[one.account])
        for _ in range(before):
            again = by_account[(await draw(store)).account]
            await again.orders(seconds=seconds[again.account])

        wish = await (await person(store, "newcomer")).orders(seconds=cost)
        waited = 0.0
        while (job := await draw(store)).id != wish.id:
            waited += job.cost_seconds
            await by_account[job.account].orders(seconds=seconds[job.account])

        assert waited <= 2 * sum(hogs)  # at most the turn each is in, and one tie

    in_memory(play)


@FEW
@given(st.lists(st.tuples(st.integers(0, 2), SECONDS, st.sampled_from("odcg")), min_size=5, max_size=60))
def test_seconds_ahead_are_the_cost_of_all_who_come_first(steps):
    async def play(store: Store) -> None:
        crowd = await people(store, 3)
        for who, cost, verb in steps:
            await play_step(store, crowd[who], cost, verb)

        line = await store.queued(1000)
        costs = [job.cost_seconds for job in line]
        for index, job in enumerate(line):
            place = await store.place(job.id)
            if place is not None:
                assert place.ahead == index
                assert math.isclose(place.seconds_ahead, sum(costs[:index]), abs_tol=1e-9)

    in_memory(play)


async def play_step(store: Store, one: Person, cost: float, verb: str) -> None:
    line = await store.queued(1000)
    match verb:
        case "d" if line:
            await store.claim("bot", NOON)
        case "c" if line:
            await store.cancel(line[-1].id, NOON)
        case "g" if line:
            await store.give_back(line[0].id, line[0].attempt, lost=True)
        case _:
            await one.orders(seconds=cost)
