"""Jobs that are claimed beside another one: who stands near, who joins, and that nobody pays for it."""

from hypothesis import given
from hypothesis import strategies as st
from stored_orders import NOON, claimed, drawn
from test_queue_fairness import FEW, in_memory, people

from storage.fair import HOT_WINDOW_SECONDS
from storage.records import CancelOutcome, JobState
from storage.store import Store


def ids(jobs) -> list[str]:
    return [job.id for job in jobs]


async def test_near_are_the_first_in_line_and_who_is_shortly_behind(store):
    ann, bob = await people(store, 2)
    await ann.orders(seconds=HOT_WINDOW_SECONDS - 1)
    anns = await ann.orders(seconds=2.0)
    await ann.orders()
    bobs = await bob.orders()
    await claimed(store)

    assert ids(await store.near(32)) == [bobs.id, anns.id]
    assert ids(await store.near(1)) == [bobs.id]


async def test_nobody_is_near_where_nobody_waits(store):
    assert ids(await store.near(32)) == []


async def test_who_joins_is_held_by_the_same_bot_and_counts_an_attempt(store):
    crowd = await people(store, 3)
    jobs = [await one.orders() for one in crowd]
    first = await claimed(store, "this bot")

    joined = await store.join("this bot", [jobs[2].id, jobs[1].id])

    assert first.id == jobs[0].id
    assert [(job.id, job.state, job.attempt) for job in joined] == [
        (jobs[1].id, JobState.RUNNING, 1),
        (jobs[2].id, JobState.RUNNING, 1),
    ]
    assert ids(await store.recover("this bot", NOON, [first.id])) == ids(joined)


async def test_who_has_been_cancelled_or_claimed_meanwhile_does_not_join(store):
    crowd = await people(store, 4)
    jobs = [await one.orders() for one in crowd]
    await claimed(store)
    near = ids(await store.near(32))
    assert await store.cancel(jobs[1].id, NOON) is CancelOutcome.CANCELLED
    await claimed(store)

    assert ids(await store.join("bot", near)) == [jobs[3].id]
    assert ids(await store.join("bot", near)) == []
    assert ids(await store.join("bot", [])) == []


async def test_a_job_that_joined_and_was_given_back_keeps_its_place(store):
    crowd = await people(store, 4)
    jobs = [await one.orders() for one in crowd]
    await claimed(store)
    joined = await store.join("bot", [jobs[3].id])

    await store.give_back(joined[0].id, joined[0].attempt, lost=True)

    assert ids(await store.near(32)) == ids(jobs[1:])


async def test_a_newcomer_starts_no_later_because_others_joined(store):
    ann, bob, cyd, dan = await people(store, 4)
    await ann.orders()
    passed_over = await bob.orders(seconds=3.0)
    behind = [await cyd.orders(seconds=4.0), await cyd.orders(seconds=4.0)]
    await claimed(store)
    await store.join("bot", ids(behind))

    newcomer = await dan.orders()

    assert (await claimed(store)).id == passed_over.id
    assert (await claimed(store)).id == newcomer.id


MOVES = st.lists(
    st.one_of(
        st.just("claim"),
        st.tuples(st.just("join"), st.integers(1, 4)),
        st.tuples(st.sampled_from(["draw", "give back", "lose"]), st.integers(0, 10)),
    ),
    max_size=40,
)


@FEW
@given(costs=st.lists(st.sampled_from([0.5, 1.0, 2.0, 4.0]), min_size=3, max_size=12), moves=MOVES)
def test_virtual_time_is_charged_once_however_jobs_come_to_be_drawn(costs, moves):
    async def play(store: Store) -> None:
        crowd = await people(store, 3)
        owed = dict.fromkeys((one.account for one in crowd), 0.0)
        for number, cost in enumerate(costs):
            await crowd[number % 3].orders(seconds=cost)
            owed[crowd[number % 3].account] += cost
        held, came_back = [], False
        for move in moves:
            match move:
                case "claim":
                    held += [job] if (job := await store.claim("bot", NOON)) else []
                case ("join", count):
                    held += await store.join("bot", ids((await store.near(32))[:count]))
                case ("draw", which) if held:
                    job = held.pop(which % len(held))
                    await drawn(store, job, job.cost_seconds)
                case (verb, which) if held:
                    job = held.pop(which % len(held))
                    assert await store.give_back(job.id, job.attempt, lost=verb == "lose")
                    came_back = True  # to a place that may be before the clock
            finish, clock, first = await times(store)
            assert finish == owed
            assert first is None or clock <= first or came_back

    in_memory(play)


async def times(store) -> tuple[dict[int, float], float, float | None]:
    """Return when each account's next job would start, the clock, and the first tag in line."""

    async def read(db):
        accounts = await db.rows("select id, finish from accounts")
        clock = await db.row("select now from clock")
        first = await db.row("select min(tag) as tag from jobs where state = 'queued'")
        return {row["id"]: float(row["finish"]) for row in accounts}, clock["now"], first["tag"]

    return await store._db.read(read)
