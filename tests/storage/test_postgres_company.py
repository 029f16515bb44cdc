"""Several bots on one PostgreSQL database: who does what, who holds what, and what they tell one another."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest
from private_postgres import THROW_OUT
from stored_orders import LIMITS, NOON, claimed, drawn, order, person

from storage.postgresql import PostgresStore, company
from storage.records import Accepted, AccountFull, QueueFull, Rung, Submission
from storage.sql.whole_queue import UNSEEN

WEB = {"web"}  # where the orders come from
CUTS = 30


class Bots:
    """Makes bots on the database, each with its company."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.tasks: dict[PostgresStore, asyncio.Task] = {}

    async def __call__(self) -> PostgresStore:
        store = PostgresStore(self._url, pool=4)
        await store.open()
        self.tasks[store] = asyncio.create_task(store.company.run())
        async with asyncio.timeout(30):
            await store.company._here.wait()
        return store

    async def dies(self, store: PostgresStore) -> None:
        task = self.tasks.pop(store)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()


@pytest.fixture
async def bot(postgres) -> AsyncIterator[Bots]:
    bots = Bots(postgres)
    yield bots
    for store in [*bots.tasks]:
        await bots.dies(store)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - others make it true
            await asyncio.sleep(0.02)


async def test_an_office_has_one_holder_and_goes_to_another_when_that_one_dies(bot):
    at_work: list[str] = []

    async def office(name: str) -> None:
        at_work.append(name)
        try:
            await asyncio.Event().wait()
        finally:
            at_work.remove(name)

    first, second = await bot(), await bot()
    leading = asyncio.create_task(first.company.lead("drawing", lambda: office("first")))
    await until(lambda: at_work == ["first"])
    waiting = asyncio.create_task(second.company.lead("drawing", lambda: office("second")))
    await asyncio.sleep(3 * company.OFFICE_SECONDS)

    assert at_work == ["first"]
    await bot.dies(first)
    await until(lambda: at_work == ["second"])
    for task in (leading, waiting):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_connections_that_are_cut_again_and_again_end_no_bot(bot, postgres, monkeypatch):
    monkeypatch.setattr(company, "OFFICE_SECONDS", 0.0)
    monkeypatch.setattr(company, "RETRY_SECONDS", 0.0)
    bots = [await bot() for _ in range(2)]
    leading = [
        asyncio.create_task(each.company.lead(office, asyncio.Event().wait))
        for each in bots
        for office in ("drawing", "sweeping", "webhooks")
    ]

    cutter = await asyncpg.connect(postgres)
    for _ in range(CUTS):
        await cutter.execute(THROW_OUT)
        await asyncio.sleep(0.01)

    assert [task for task in [*leading, *bot.tasks.values()] if task.done()] == []
    await cutter.close()
    for task in leading:
        task.cancel()
    await asyncio.gather(*leading, return_exceptions=True)


async def test_a_notice_reaches_the_others_and_not_oneself(bot):
    heard: dict[str, list] = {"first": [], "second": []}
    first, second = await bot(), await bot()
    first.company.listen(lambda message: heard["first"].append(message["kind"]))
    second.company.listen(lambda message: heard["second"].append((message["kind"], message.get("job"))))

    first.company.tell("ended", job="j1")
    first.company.tell("x" * 10_000)  # what is too long is left out

    await until(lambda: heard["second"] == [("ended", "j1")])
    assert heard["first"] == []


async def test_whoever_comes_back_after_an_outage_hears_that_it_was_away(bot, postgres_server):
    heard: list[str] = []
    store = await bot()
    store.company.listen(lambda message: heard.append(message["kind"]))

    postgres_server.kill()
    postgres_server.start()

    await until(lambda: heard == ["back"])


async def test_each_job_is_claimed_once_by_many_bots(bot):
    bots = [await bot() for _ in range(4)]
    ann = await person(bots[0])
    ordered = {(await ann.orders()).id for _ in range(40)}

    async def claims(store: PostgresStore, lease: str) -> list[str]:
        return [job.id for job in [await store.claim(lease, NOON) for _ in range(15)] if job is not None]

    claims_ = await asyncio.gather(*(claims(store, store.name) for store in bots))

    jobs = [job for found in claims_ for job in found]
    assert len(jobs) == len(set(jobs))
    assert set(jobs) | {job.id for job in await bots[0].queued(100)} == ordered


async def test_a_living_lease_is_left_alone_and_a_dead_one_is_queued_again(bot):
    first, second = await bot(), await bot()
    await (await person(first)).orders()
    await first.beat("first", 30, NOON)
    job = await first.claim("first", NOON)

    left_alone = await second.recover("second", NOON)
    await first.leave("first")
    (again,) = await second.recover("second", NOON)

    assert left_alone == []
    assert again.id == job.id
    assert await first.succeed(job.id, job.attempt, [], 1.0, NOON) is None


async def test_a_lease_without_another_word_ends(bot):
    first, second = await bot(), await bot()
    await (await person(first)).orders()
    await first.beat("first", 0.2, NOON)
    job = await claimed(first, "first")

    async with asyncio.timeout(30):
        while not (found := await second.recover("second", NOON)):  # noqa: ASYNC110 - time alone ends it
            await asyncio.sleep(0.05)

    assert [each.id for each in found] == [job.id]


async def test_a_claim_that_nobody_knows_of_is_queued_again(bot):
    store = await bot()
    ann = await person(store)
    await ann.orders()
    await ann.orders()
    known, lost = await claimed(store, "me"), await claimed(store, "me")

    found = await store.recover("me", NOON, {known.id})

    assert [job.id for job in found] == [lost.id]


async def test_an_end_is_shown_by_the_bot_that_took_the_order_until_it_dies(bot):
    first, second = await bot(), await bot()
    for store in (first, second):
        await store.beat(store.name, 30, NOON)
    await (await person(first)).orders()
    job = await drawn(second, await claimed(second))

    assert [shown for _, shown in await first.adopt(WEB, NOON)] == [job]
    assert await second.adopt(WEB, NOON) == []

    await first.leave(first.name)
    ((post, shown),) = await second.adopt(WEB, NOON)
    assert (post.holder, shown) == (second.name, job)
    assert await first.adopt(WEB, NOON) == []
    await second.confirm(post.id, Rung.EDITED)
    assert await second.adopt(WEB, NOON) == []


async def test_an_end_waits_for_a_bot_that_is_on_its_platform(bot):
    first, elsewhere, third = await bot(), await bot(), await bot()
    await (await person(first)).orders()
    job = await drawn(third, await claimed(third))
    await first.leave(first.name)

    assert await elsewhere.adopt({"discord", "telegram"}, NOON) == []
    assert [shown for _, shown in await third.adopt({"discord", "web"}, NOON)] == [job]


async def test_caps_hold_for_a_crowd_at_several_bots(bot):
    bots = [await bot() for _ in range(3)]
    ann, bob = await person(bots[0], "ann"), await person(bots[0], "bob")
    limits = LIMITS.__class__(per_account=5, whole_queue=8, daily_allowance=0)

    answers = await asyncio.gather(
        *(
            store.submit(order(each.account), limits, NOON)
            for store in bots
            for each in (ann, bob)
            for _ in range(5)
        )
    )

    assert sum(isinstance(answer, Accepted) for answer in answers) == 8
    assert {type(answer) for answer in answers} <= {Accepted, AccountFull, QueueFull}
    assert await bots[0].ledger_faults() == []


async def test_the_queue_ends_at_its_end_for_a_crowd_though_no_bot_counts_every_time(bot):
    bots = [await bot() for _ in range(3)]
    people = [await person(bots[0], f"person {number}") for number in range(12)]
    most = 2 * UNSEEN + 10
    limits = LIMITS.__class__(per_account=most, whole_queue=most, daily_allowance=0)

    async def asks(store: PostgresStore, number: int) -> list[Submission]:
        return [await store.submit(order(people[number].account), limits, NOON) for _ in range(40)]

    answers = await asyncio.gather(*(asks(bots[number % 3], number) for number in range(12)))

    assert sum(isinstance(answer, Accepted) for each in answers for answer in each) == most


async def test_one_credit_is_spent_once_however_many_bots_are_asked(bot):
    bots = [await bot() for _ in range(4)]
    ann = await person(bots[0], credits=10)

    answers = await asyncio.gather(
        *(store.submit(order(ann.account, price=4), LIMITS, NOON) for store in bots for _ in range(3))
    )

    assert sum(isinstance(answer, Accepted) for answer in answers) == 2
    assert await ann.credits() == (2, 8)


async def test_all_bots_count_rates_together_and_a_refusal_takes_from_no_bucket(bot):
    bots = [await bot() for _ in range(3)]
    both = {"account 1": (600.0, 4), "everybody": (600.0, 100)}

    waits = await asyncio.gather(*(store.take(both, NOON) for store in bots for _ in range(4)))

    assert sorted(wait > 0 for wait in waits) == [False] * 4 + [True] * 8
    assert 500.0 < max(waits) <= 600.0  # by the server's clock: those of the bots may differ
    left = {"everybody": (600.0, 100)}
    assert sum([await bots[0].take(left, NOON) == 0 for _ in range(100)]) == 96


async def test_who_was_told_to_stop_can_be_asked_for(bot):
    store = await bot()
    await (await person(store)).orders()
    job = await claimed(store, "me")

    await store.cancel(job.id, NOON)

    assert await store.to_stop("me") == [job.id]
    assert await store.to_stop("another") == []
