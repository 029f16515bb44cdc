"""Jobs with the LoRAs that are on are drawn together, and nobody pays for it: played through a real store."""

import itertools
from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from stored_orders import LIMITS, NOON, Person, drawn, order
from test_queue_fairness import FEW, SECONDS, in_memory, jain, people

from generator.recipe import Lora
from storage.fair import HOT_WINDOW_SECONDS, LONGEST_SKIP_SECONDS
from storage.records import Accepted, Job
from storage.store import Store

SNOW, INK = Lora("snow", 0.8), Lora("ink")


async def orders(one: Person, *loras: Lora, seconds: float = 1.0, at: float = NOON) -> Job:
    plain = order(one.account, seconds=seconds)
    new = replace(plain, recipe=replace(plain.recipe, loras=loras))
    accepted = await one.store.submit(new, LIMITS, at)
    assert isinstance(accepted, Accepted)
    return accepted.job


async def claims(store: Store, *worn: Lora, at: float = NOON) -> Job:
    wearing = replace(order(0).recipe, loras=worn).wardrobe
    job = await store.claim("bot", at, wearing)
    assert job is not None
    return job


async def test_who_wears_what_is_on_already_is_drawn_first(store):
    ann, bob, eve = await people(store, 3)
    first = await orders(ann)
    await orders(bob, INK)
    hot = await orders(eve, SNOW)

    assert (await claims(store, SNOW)).id == hot.id
    assert (await claims(store, SNOW)).id == first.id


async def test_the_first_in_line_keeps_the_place_where_it_wears_the_same(store):
    ann, bob = await people(store, 2)
    first, _ = await orders(ann, SNOW), await orders(bob, SNOW)

    assert (await claims(store, SNOW)).id == first.id


async def test_other_strengths_are_other_weights(store):
    ann, bob = await people(store, 2)
    first = await orders(ann)
    await orders(bob, replace(SNOW, scale=0.5))

    assert (await claims(store, SNOW)).id == first.id


async def test_nobody_far_behind_comes_first(store):
    ann, bob = await people(store, 2)
    await orders(bob, seconds=HOT_WINDOW_SECONDS + 1)
    first = await orders(ann)
    await orders(bob, SNOW)
    await claims(store)

    assert (await claims(store, SNOW)).id == first.id


async def test_who_has_waited_for_long_is_not_passed_over(store):
    ann, bob = await people(store, 2)
    first = await orders(ann)
    late = NOON + LONGEST_SKIP_SECONDS
    await orders(bob, SNOW, at=late)

    assert (await claims(store, SNOW, at=late)).id == first.id


async def test_a_newcomer_starts_no_later_because_somebody_was_passed_over(store):
    ann, bob, eve = await people(store, 3)
    await orders(ann)
    passed_over = await orders(bob, seconds=3.0)
    hot = await orders(bob, SNOW)
    await claims(store)
    assert (await claims(store, SNOW)).id == hot.id

    newcomer = await orders(eve)
    await orders(ann, seconds=1.0)

    assert (await claims(store)).id == passed_over.id
    assert (await claims(store)).id == newcomer.id


WARDROBES = st.lists(st.sampled_from([(), (SNOW,), (INK,), (SNOW, INK)]), min_size=3, max_size=9)


@FEW
@given(costs=st.lists(SECONDS, min_size=2, max_size=6), wardrobes=WARDROBES)
def test_time_on_the_card_is_shared_evenly_whoever_wears_what(costs, wardrobes):
    async def play(store: Store) -> None:
        crowd = {one.account: one for one in await people(store, len(costs))}
        seconds = dict(zip(crowd, costs, strict=True))
        wishes = {account: itertools.cycle(wardrobes[number % 3 :]) for number, account in enumerate(crowd)}
        for account, one in [*crowd.items()] * 2:
            await orders(one, *next(wishes[account]), seconds=seconds[account])
        served: Counter[int] = Counter()
        worn: tuple[Lora, ...] = ()
        for _ in range(120):
            job = await claims(store, *worn)
            worn = job.recipe.worn
            await drawn(store, job, job.cost_seconds)
            served[job.account] += job.cost_seconds
            await orders(crowd[job.account], *next(wishes[job.account]), seconds=seconds[job.account])

        assert max(served.values()) - min(served[each] for each in crowd) <= 4 * (
            max(costs) + HOT_WINDOW_SECONDS
        )
        if min(served.values()) > 10 * max(costs) + 10 * HOT_WINDOW_SECONDS:
            assert jain([served[each] for each in crowd]) > 0.98

    in_memory(play)


@FEW
@given(hogs=st.lists(SECONDS, min_size=1, max_size=4), cost=SECONDS)
def test_nobody_starves_behind_people_who_all_wear_what_is_on(hogs, cost):
    async def play(store: Store) -> None:
        crowd = await people(store, len(hogs) + 1)
        newcomer, by_account = crowd.pop(), {one.account: one for one in crowd}
        seconds = dict(zip(by_account, hogs, strict=True))
        for one in [*crowd] * 3:
            await orders(one, SNOW, seconds=seconds[one.account])
        await claims(store, SNOW)

        wish = await orders(newcomer, INK, seconds=cost)
        waited = 0.0
        while (job := await claims(store, SNOW)).id != wish.id:
            waited += job.cost_seconds
            await orders(by_account[job.account], SNOW, seconds=seconds[job.account])

        assert waited <= 2 * sum(hogs) + len(hogs) * (HOT_WINDOW_SECONDS + max(hogs))

    in_memory(play)


async def test_loras_are_put_on_less_often_than_in_plain_order(store):
    crowd = await people(store, 4)
    for turn, one in itertools.product(range(6), crowd):
        await orders(one, *[(), (SNOW,), (INK,)][(turn + one.account) % 3])
    changes, worn = 0, ()

    for _ in range(24):
        job = await claims(store, *worn)
        changes += job.recipe.worn != worn
        worn = job.recipe.worn

    assert changes <= 12  # in plain order it would be at every job of most rounds
