"""Two bots on one PostgreSQL, killed at random as the server is: every job ends once, credits are exact."""

import asyncio
import contextlib
import random
import secrets
from collections import Counter

import pytest
from product import Page, Product, page
from websockets.exceptions import WebSocketException

from storage.postgresql import PostgresStore
from storage.records import JobState, Kind
from storage.store import StorageError

ORDERS = 12
CUT = (OSError, WebSocketException, TimeoutError)


@pytest.fixture
def two(made, empty_postgres, tmp_path) -> tuple[Product, Product]:
    """Two bots with folders of their own, one database and one place for pictures."""
    shared = {"DATABASE": empty_postgres, "PICTURES": f"file://{tmp_path}/pictures", "MAX_WAITING": 200}
    return made(**shared), made(**shared)


@pytest.mark.parametrize("seed", [7])
async def test_bots_and_the_database_may_be_killed_in_mid_work(two, postgres_server, empty_postgres, seed):
    dice = random.Random(seed)
    for product in two:
        product.start()

    bought, _ = await asyncio.gather(buy(two, dice), kill(two, postgres_server, dice))

    await books_are_exact(empty_postgres, bought)
    assert [product.stop(30) for product in two] == [0, 0]


async def test_another_bot_draws_and_shows_what_a_killed_one_accepted(two, empty_postgres):
    first, second = two
    first.start()
    second.start()
    async with page(first) as chat:
        bought = {(await chat.imagine(f"a red circle --seed {n}"))["item"]["job"] for n in range(3)}

    first.kill()

    await books_are_exact(empty_postgres, bought)
    assert second.stop(30) == 0


async def test_an_order_at_one_bot_is_drawn_by_the_other_and_shown_at_the_first(two):
    first, second = two
    first.start()
    second.start()
    async with page(first) as one, page(second) as other:
        jobs = [(await each.imagine("a blue square"))["item"]["job"] for each in (one, other)]

        ends = [await one.ended(jobs[0]), await other.ended(jobs[1])]

    assert [end["state"] for end in ends] == ["done", "done"]
    assert [product.stop(30) for product in two] == [0, 0]


async def buy(two: tuple[Product, Product], dice: random.Random) -> set[str]:
    """Order everything once, at either bot, however often it has to be tried; return the jobs."""
    bought: dict[str, str] = {}
    keys = [secrets.token_hex(12) for _ in range(ORDERS)]
    while len(bought) < ORDERS:
        with contextlib.suppress(*CUT):
            async with page(dice.choice(two)) as chat:
                await order_some(chat, [key for key in keys if key not in bought], bought, dice)
        await asyncio.sleep(0.1)
    return set(bought.values())


async def order_some(chat: Page, keys: list[str], bought: dict[str, str], dice: random.Random) -> None:
    for key in keys:
        answer = await chat.imagine(f"a red circle --steps {dice.randint(1, 8)}", key=key)
        if "item" not in answer:
            return
        bought[key] = answer["item"]["job"]
        await asyncio.sleep(dice.uniform(0.0, 1.0))


async def kill(two: tuple[Product, Product], server, dice: random.Random) -> None:
    """Kill a bot three times, with the other beside it, and once the server itself."""
    for victim in ("bot", "server", "bot", "bot"):
        await asyncio.sleep(dice.uniform(1.0, 4.0))
        if victim == "server":
            server.kill()
            server.start()
        else:
            product = dice.choice(two)
            product.kill()
            await asyncio.sleep(dice.uniform(0.0, 2.0))
            product.start()  # from this thread: the bot's children die with the one that started them


async def books_are_exact(url: str, bought: set[str]) -> None:
    store = PostgresStore(url, pool=2)
    await store.open()
    try:
        await all_shown(store)
        jobs = await store.jobs(10 * ORDERS)
        [(account, balance)] = await store.accounts()
        entries = await store.entries(account.id, 100 * ORDERS)
        pictures = [picture for job in jobs for picture in await store.pictures(job.id)]

        assert {job.id for job in jobs} == bought
        assert await store.ledger_faults() == []
        assert balance.held == 0
        assert {job.state for job in jobs} <= {JobState.SUCCEEDED, JobState.FAILED}
        captured = -sum(entry.held for entry in entries if entry.kind is Kind.CAPTURE)
        assert captured == sum(job.price for job in jobs if job.state is JobState.SUCCEEDED)
        assert Counter(picture.job for picture in pictures) == {
            job.id: job.count for job in jobs if job.state is JobState.SUCCEEDED
        }
    finally:
        await store.close()


async def all_shown(store: PostgresStore) -> None:
    async with asyncio.timeout(150):
        while True:
            with contextlib.suppress(StorageError):
                if not await store.queued() and not await store.undelivered():
                    return
            await asyncio.sleep(0.3)
