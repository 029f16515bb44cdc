"""Kill -9 at random points: every accepted job ends in one set of pictures or one reason, credits exact."""

import asyncio
import contextlib
import random
from collections import Counter

import pytest
from product import ENDS, Page, Product, eventually, page
from websockets.exceptions import WebSocketException

from storage.pictures import PictureFolder
from storage.postgresql import PostgresStore
from storage.records import JobState, Kind
from storage.sqlite import SqliteStore
from storage.store import Store

ORDERS = 20
KILLS = ("generator", "generator", "bot")  # drawn from; two in three hit the generator
KILL_COUNT = 12
CUT = (OSError, WebSocketException, TimeoutError)  # what a page sees of a bot that was killed


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request) -> dict[str, str]:
    """Settings that choose an engine."""
    return {"DATABASE": request.getfixturevalue("empty_postgres")} if request.param == "postgresql" else {}


@pytest.mark.parametrize("seed", [2026])
async def test_whatever_is_killed_every_job_ends_once_and_every_credit_is_accounted_for(made, database, seed):
    product, dice = made(MAX_WAITING=200, **database), random.Random(seed)
    product.start()

    kills = KILL_COUNT // 2 if database else KILL_COUNT  # more of PostgreSQL is killed in test_company_kills
    bought, _ = await asyncio.gather(buy(product, dice), kill(product, dice, kills))
    ends = await all_ended(product, bought)

    assert product.stop() == 0
    assert len(set(bought.values())) == ORDERS
    assert set(ends.values()) <= {"done", "broken"}
    await books_are_exact(product, bought)
    nothing_is_left(product)


async def buy(product: Product, dice: random.Random) -> dict[str, str]:
    """Order every picture once, however often it has to be tried; return the job of every key."""
    bought: dict[str, str] = {}
    while len(bought) < ORDERS:
        with contextlib.suppress(*CUT):
            async with page(product) as chat:
                await order_the_rest(chat, bought, dice)
        await asyncio.sleep(0.1)
    return bought


async def order_the_rest(chat: Page, bought: dict[str, str], dice: random.Random) -> None:
    for number in range(len(bought), ORDERS):
        key = f"order-{number:04}-of-the-shop"
        text = f"a red circle --seed {number} --steps {dice.randint(1, 8)} --n {dice.randint(1, 2)}"
        answer = await chat.imagine(text, key=key)
        if answer.get("key") == "painter_unusable":  # killed before it was ready, too often in a row
            return
        bought[key] = answer["item"]["job"]
        await asyncio.sleep(dice.uniform(0.0, 1.5))


async def kill(product: Product, dice: random.Random, times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(dice.uniform(0.1, 5.0))
        if dice.choice(KILLS) == "generator":
            product.kill_generator()
        else:
            product.kill()
            await asyncio.to_thread(product.start)


async def all_ended(product: Product, bought: dict[str, str]) -> dict[str, str]:
    async with page(product) as chat:
        ends = [await chat.ended(job, seconds=90) for job in bought.values()]
    assert all(end["state"] in ENDS for end in ends)
    return {end["job"]: end["state"] for end in ends}


def store_of(product: Product) -> Store:
    url = product.settings.get("DATABASE")
    return PostgresStore(str(url), pool=2) if url else SqliteStore(product.data / "pinxit.sqlite3")


async def books_are_exact(product: Product, bought: dict[str, str]) -> None:
    store, folder = store_of(product), PictureFolder(product.data / "pictures")
    await store.open()
    try:
        jobs = await store.jobs(10 * ORDERS)
        [(account, balance)] = await store.accounts()
        entries = await store.entries(account.id, 100 * ORDERS)
        pictures = [picture for job in jobs for picture in await store.pictures(job.id)]
        kept = [file.name for file in folder.path("0" * 64).parents[2].glob("??/??/*")]

        assert {job.id for job in jobs} == set(bought.values())
        assert await store.ledger_faults() == []
        assert await store.undelivered() == []
        assert balance.held == 0
        captured = -sum(entry.held for entry in entries if entry.kind is Kind.CAPTURE)
        assert captured == sum(job.price for job in jobs if job.state is JobState.SUCCEEDED)
        assert Counter(picture.job for picture in pictures) == {
            job.id: job.count for job in jobs if job.state is JobState.SUCCEEDED
        }
        assert {picture.sha256 for picture in pictures} == set(kept)
        assert all(job.fault for job in jobs if job.state is JobState.FAILED)
    finally:
        await store.close()


def nothing_is_left(product: Product) -> None:
    assert product.generators() == []
    assert list((product.data / "pictures" / "tmp").glob("*")) == []
    assert {file.name for file in product.data.iterdir()} <= {
        "pinxit.sqlite3",
        "pinxit.lock",
        "pictures",
        "logs",
        "generator.sock",
    }


async def test_a_killed_bot_takes_its_generator_along(made):
    product = made()
    product.start()
    await eventually(lambda: product.generators() != [])

    product.kill()

    await eventually(lambda: product.generators() == [])


async def test_a_killed_generator_is_replaced_while_the_bot_stays_up(made):
    product = made()
    product.start()
    async with page(product) as chat:
        await chat.ready()
        [old] = product.generators()

        product.kill_generator()
        done = await chat.ended((await chat.imagine("a red circle --steps 1"))["item"]["job"])

    assert done["state"] == "done"
    assert product.generators() != [old]


async def test_a_generator_killed_while_a_long_job_lets_a_short_one_by_ends_both_once(made, database):
    product = made(**database)
    product.start()
    async with page(product) as chat:
        await chat.ready()
        bought = {
            name: (await chat.imagine(f"a red circle {options}"))["item"]["job"]
            for name, options in (("long", "--n 4 --steps 30"), ("short", "--steps 40"))
        }
        await chat.shown(bought["short"], lambda item: item["state"] == "running")
        await chat.shown(bought["long"], lambda item: item["state"] == "running")
        product.kill_generator()
        ends = {name: await chat.ended(job) for name, job in bought.items()}
    losses = await losses_of(product, bought)

    assert {end["state"] for end in ends.values()} == {"done"}
    assert sum(losses.values()) <= 1  # of both but one was being drawn
    assert product.stop() == 0
    await books_are_exact(product, bought)
    nothing_is_left(product)


async def losses_of(product: Product, bought: dict[str, str]) -> dict[str, int]:
    store = store_of(product)
    await store.open()
    try:
        found = {name: await store.job(job) for name, job in bought.items()}
    finally:
        await store.close()
    return {name: job.losses for name, job in found.items() if job is not None}
