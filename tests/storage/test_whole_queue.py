"""The queue is counted seldom, and ends where it should all the same."""

import asyncio
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from stored_orders import LIMITS, NOON, claimed, drawn, order, person

from storage.records import Accepted, QueueFull
from storage.sql.job_ids import new_job_id
from storage.sql.whole_queue import UNSEEN, WholeQueue

MOST = 2 * UNSEEN + 5  # so that five orders are taken uncounted
BOTS = 2
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("accept"), st.integers(0, BOTS - 1)),
        st.tuples(st.just("undo"), st.integers(1, 4)),
        st.tuples(st.just("end"), st.integers(1, 30)),
        st.tuples(st.just("skip"), st.integers(1, 5)),  # numbers that no job got
    ),
    max_size=200,
)


@given(begun=st.integers(0, 2 * UNSEEN), deeds=DEEDS)
def test_what_is_not_counted_is_far_from_full_whatever_happens(begun, deeds):
    bots = [WholeQueue() for _ in range(BOTS)]
    unfinished = newest = begun

    for deed, number in deeds:
        match deed:
            case "accept":
                bots[number].saw(newest)
                if bots[number].may_be_full(MOST):
                    bots[number].counted(unfinished, newest)
                else:
                    assert unfinished + 2 * UNSEEN < MOST
                unfinished, newest = unfinished + 1, newest + 1
            case "undo":
                undone = min(number, unfinished)
                unfinished, newest = unfinished - undone, newest - undone
            case "end":
                unfinished = max(0, unfinished - number)
            case "skip":
                newest += number


async def test_the_queue_ends_at_its_end_however_many_were_taken_uncounted(store):
    ann = await person(store)
    limits = replace(LIMITS, whole_queue=MOST)

    answers = await asyncio.gather(
        *(store.submit(order(ann.account), limits, NOON) for _ in range(MOST + 20))
    )

    assert sum(isinstance(answer, Accepted) for answer in answers) == MOST
    assert answers.count(QueueFull(MOST)) == 20


async def test_an_end_makes_room_for_one_order_in_a_full_queue(store):
    ann = await person(store)
    limits = replace(LIMITS, whole_queue=3)
    for _ in range(3):
        await ann.orders()
    await drawn(store, await claimed(store))

    answers = [await store.submit(order(ann.account), limits, NOON) for _ in range(2)]

    assert isinstance(answers[0], Accepted)
    assert answers[1] == QueueFull(3)


async def test_behind_a_count_the_queue_is_not_counted_again(store):
    ann = await person(store)
    counted = []
    store._queue.counted = lambda *count, noted=store._queue.counted: [counted.append(count), noted(*count)]

    for _ in range(20):
        await ann.orders()

    assert counted == [(0, 0)]


@given(st.floats(1.7e9, 2.1e9), st.integers(64, 3_000_000))
def test_ids_of_one_time_lie_together_and_behind_those_of_an_earlier_one(now, later):
    earlier, one, other, next_one = (
        new_job_id(at) for at in (now, now + later, now + later, now + later + 64)
    )

    assert sorted([next_one, other, earlier, one])[1:3] == sorted([one, other])
    assert one != other
