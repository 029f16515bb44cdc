"""Two real bots on one PostgreSQL: limits, shares, previews, offices and shards are those of one."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from books import all_shown, on_discord_now, on_telegram_now
from product import Product, eventually, once, page
from street import join_discord, join_telegram, new_key
from webhook_receiver import Receiver, receiving

from storage.pictures import PictureFolder
from storage.postgresql import PostgresStore, migrate
from storage.records import JobState
from storage.sql.scripts import newest
from tests.platforms.discord import Guild, LoopbackDiscord, snowflake
from tests.platforms.telegram import LoopbackTelegram

RATE_PER_MINUTE, BURST = 120, 5  # of orders, by one account
BURST_OF_WRONG_KEYS = 20
SOON = 240.0  # seconds, on a machine with much to do

Two = tuple[Product, Product]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def database(postgres_server) -> str:
    return postgres_server.empty()


@pytest.fixture(scope="module")
def pair(database, receiver, tmp_path_factory) -> Iterator[Two]:
    """Two bots for all tests that do them no harm; the first one draws."""
    folder = tmp_path_factory.mktemp("company")
    settings = {"DATABASE": database, "PICTURES": f"file://{folder}/pictures", "MAX_WAITING": 200}
    settings |= {"FETCH_ALLOW": receiver.host, "LOG_FORMAT": "json", "TRUSTED_PROXIES": "127.0.0.1"}
    bots = Product(folder / "one" / "data", **settings), Product(folder / "two" / "data", **settings)
    for bot in bots:
        bot.data.parent.mkdir()
        bot.start()
    yield bots
    for bot in bots:
        bot.end()


@pytest.fixture
def two(made, empty_postgres, tmp_path) -> Two:
    """Two bots, not yet started, that a test may kill."""
    settings = {"DATABASE": empty_postgres, "PICTURES": f"file://{tmp_path}/pictures", "LOG_FORMAT": "json"}
    bots = made(tmp_path / "one" / "data", **settings), made(tmp_path / "two" / "data", **settings)
    for bot in bots:
        bot.data.parent.mkdir()
    return bots


def holds(bot: Product, office: str) -> bool:
    """Say whether the bot, which is alive, was the last to take an office."""
    lines = [json.loads(line) for line in bot.log.read_text().splitlines() if line.startswith("{")]
    return any(line.get("event") == "office taken" and line.get("office") == office for line in lines)


class Shop:
    """Somebody with a key, who may go to either bot."""

    def __init__(self, key: str, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {key}"}

    async def order(self, bot: Product, **given: object) -> tuple[int, dict]:
        wish = {"prompt": "a red circle", "steps": 2} | given
        async with self._http.post(f"{bot.url}/v1/jobs", json=wish, headers=self._headers) as answer:
            return answer.status, await answer.json()

    async def looks(self, bot: Product) -> int:
        async with self._http.get(f"{bot.url}/v1/me", headers=self._headers) as answer:
            return answer.status


@asynccontextmanager
async def shopping(bot: Product, name: str, *options: str, **settings: object) -> AsyncIterator[Shop]:
    key = await asyncio.to_thread(new_key, bot.data, name, *options, **bot.settings | settings)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
        yield Shop(key, http)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(url, pool=2)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


# ── as if they were one ───────────────────────────────────────────────────────────────────────────


async def test_what_another_bot_draws_is_shown_with_its_steps_and_previews(pair):
    showing = pair[1] if holds(pair[0], "drawing") else pair[0]
    async with page(showing) as far:
        job = (await far.imagine("a red circle --steps 40 --size 512x512"))["item"]["job"]
        end = await far.ended(job, SOON)

    seen = [item for item in far.seen[job] if item["state"] == "running"]
    assert end["state"] == "done"
    assert len({item["step"] for item in seen}) > 1
    previews = [preview for item in seen for _, preview in item["previews"]]
    assert previews
    assert all(preview.startswith("data:image/jpeg;base64,") for preview in previews)


async def test_a_page_sees_what_was_ordered_on_the_page_of_the_other_bot(pair):
    for here, there in (pair, pair[::-1]):
        async with page(here) as ordering, page(there) as watching:
            job = (await ordering.imagine("a red circle --steps 40 --size 512x512"))["item"]["job"]
            end = await watching.ended(job, SOON)

        assert end["state"] == "done"
        assert any(item["state"] == "running" for item in watching.seen[job])


async def test_the_requests_with_a_key_are_counted_by_both_bots_together(pair):
    async with shopping(pair[0], "hasty", "--rate", str(RATE_PER_MINUTE)) as shop:
        began = time.monotonic()
        said = await asyncio.gather(*(shop.looks(bot) for _ in range(60) for bot in pair))
        passed = time.monotonic() - began

    burst = RATE_PER_MINUTE / 6
    assert set(said) == {200, 429}
    assert burst <= said.count(200) <= burst + passed * RATE_PER_MINUTE / 60 + 1


async def test_wrong_keys_from_one_address_are_counted_by_both_bots_together(pair):
    headers = {"authorization": "Bearer pinxit_0123456789ab_wrong", "x-forwarded-for": "203.0.113.9"}
    async with aiohttp.ClientSession(headers=headers) as http:
        said = []
        for bot in pair * BURST_OF_WRONG_KEYS:
            async with http.get(f"{bot.url}/v1/me") as answer:
                said.append(answer.status)

    assert said[0] == 401
    assert BURST_OF_WRONG_KEYS <= said.count(401) < 2 * BURST_OF_WRONG_KEYS
    assert {429} == {*said} - {401}


async def test_the_end_of_a_job_is_told_to_a_webhook_once_whichever_bot_took_the_order(pair, receiver):
    async with shopping(pair[0], "listener") as shop:
        answers = [await shop.order(bot, webhook=receiver.url) for bot in pair * 3]
        jobs = [job["id"] for status, job in answers if status == 202]
        await eventually(lambda: {*jobs} <= {*receiver.jobs()}, SOON)
        await asyncio.sleep(1.0)  # in which a second one could come

    assert len(jobs) == 6
    assert Counter(job for job in receiver.jobs() if job in jobs) == dict.fromkeys(jobs, 1)


async def test_who_orders_little_at_one_bot_does_not_wait_for_who_orders_much_at_another(pair, database):
    async with shopping(pair[0], "much") as much, shopping(pair[1], "little") as little:
        first = [(await much.order(pair[0], steps=20))[1]["id"] for _ in range(10)]
        _, only = await little.order(pair[1], steps=20)
        async with opened(database) as store:
            await all_shown(store)
            ends = [(await store.job(job)).ended_at for job in first]
            end = (await store.job(only["id"])).ended_at

    assert sum(each < end for each in ends) <= 5


async def test_a_backup_made_by_command_while_both_work_is_put_back_by_command(
    pair, database, postgres_server, tmp_path
):
    async with shopping(pair[0], "keeper") as shop:
        ordering = asyncio.create_task(orders(shop, pair, 8))
        made = await asyncio.to_thread(
            once, f"backup {tmp_path}/copy", pair[0].data, SOON, **pair[0].settings
        )
        jobs = await ordering
    empty = await asyncio.to_thread(postgres_server.empty)
    other = {"DATABASE": empty, "PICTURES": f"file://{tmp_path}/pictures"}
    back = await asyncio.to_thread(once, f"restore {tmp_path}/copy", tmp_path / "other", SOON, **other)

    assert (made.returncode, made.stderr) == (0, "")
    assert "Every credit is accounted for." in back.stdout
    async with opened(empty) as copy, opened(database) as store:
        await all_shown(store)
        kept = {job.id for job in await copy.jobs(1000)}
        files = PictureFolder(tmp_path / "pictures")
        named = {each.sha256 for job in kept for each in await copy.pictures(job)}
        assert kept <= {job.id for job in await store.jobs(1000)}
        assert set(await files.hashes()) == named
        assert await copy.ledger_faults() == []
    assert len(jobs) == 8


async def orders(shop: Shop, bots: Two, count: int) -> list[str]:
    return [(await shop.order(bots[number % 2]))[1]["id"] for number in range(count)]


# ── offices and shards ────────────────────────────────────────────────────────────────────────────


async def test_one_bot_hears_telegram_and_the_other_takes_over_when_it_is_killed(two, empty_postgres):
    async with LoopbackTelegram() as town:
        for bot in two:
            join_telegram(bot.data.parent, town)
            await asyncio.to_thread(bot.start)
        await town.ready(3)
        hearing = [bot for bot in two if holds(bot, "telegram")]
        polling = town.most_polling
        for number in range(3):
            town.imagine(f"a red circle --seed {number} --steps 20")
        await town.until(town.answers, SOON)

        await asyncio.to_thread(hearing[0].kill)
        town.imagine("a blue square --steps 2")
        async with opened(empty_postgres) as store:
            await town.until(lambda: len(on_telegram_now(town)) == 4, SOON)
            await all_shown(store)
            jobs = await store.jobs()

    assert len(hearing) == polling == 1
    assert {job.state for job in jobs} == {JobState.SUCCEEDED}
    assert on_telegram_now(town) == {job.id: 1 for job in jobs}


async def test_a_webhook_of_telegram_is_taken_over_likewise(two, unused_port):
    async with LoopbackTelegram() as town:
        town.webhook_at = f"http://127.0.0.1:{unused_port}/hook"
        for bot in two:
            join_telegram(bot.data.parent, town)
            with (bot.data.parent / ".env").open("a") as file:
                file.write("TELEGRAM_WEBHOOK_URL=https://pinxit.example/hook\n")
                file.write(f"TELEGRAM_WEBHOOK_LISTEN=127.0.0.1:{unused_port}\n")
            await asyncio.to_thread(bot.start)
        await town.until(lambda: town.world.webhook, SOON)
        receiving = [bot for bot in two if holds(bot, "telegram")]
        town.imagine("a red circle --steps 2")
        await town.until(lambda: len(on_telegram_now(town)) == 1, SOON)

        await asyncio.to_thread(receiving[0].kill)
        town.imagine("a blue square --steps 2")
        await town.until(lambda: len(on_telegram_now(town)) == 2, SOON)

    assert len(receiving) == 1
    assert set(on_telegram_now(town).values()) == {1}


async def test_shards_of_discord_are_divided_and_each_server_is_answered_by_one_bot(two, empty_postgres):
    async with LoopbackDiscord() as town:
        town.rest.checking = False  # takes longer than answering
        neighbour = Guild("Neighbours", id=str(int(snowflake()) + (1 << 22)))
        town.guilds.append(neighbour)
        lounge = town._place(neighbour.channel("lounge"))
        for number, bot in enumerate(two):
            join_discord(bot.data.parent, town)
            with (bot.data.parent / ".env").open("a") as file:
                file.write(f"DISCORD_SHARDS={number}/2\n")
            await asyncio.to_thread(bot.start)
        await town.until(lambda: {each.shard for each in town.gateway.sessions} == {0, 1}, SOON)
        await town.until(lambda: town.world.commands.get(""), SOON)

        asked = [town.imagine("a red circle", steps=2)]
        asked += [town.command("imagine", channel=lounge, options={"prompt": "a blue square", "steps": 2})]
        asked += [town.imagine("a green star", steps=40, size="512x512")]
        async with opened(empty_postgres) as store:
            await town.until(lambda: all(each.original for each in asked), SOON)
            await town.until(lambda: asked[0].original.attachments, SOON)
            home = int(town.guild.id) >> 22 & 1
            await asyncio.to_thread(two[home].kill)  # its order is shown by the other

            await town.until(lambda: all(each.original.attachments for each in asked), SOON)
            await all_shown(store)
            jobs = await store.jobs()

    assert [(each.shards, each.shard) for each in sorted(town.gateway.sessions, key=lambda s: s.shard)] == [
        (2, 0),
        (2, 1),
    ]
    assert on_discord_now(town) == {job.id: 1 for job in jobs}
    assert len(jobs) == 3


def test_bots_that_start_at_the_same_moment_on_an_old_database_migrate_it_once(two, old_postgres):
    for bot in two:
        bot.settings["DATABASE"] = old_postgres

    for bot in two:
        bot.begin()
    for bot in two:
        bot.has_begun()

    assert asyncio.run(names_and_version(old_postgres)) == (["Ann"], newest())
    assert [bot.stop(30) for bot in two] == [0, 0]


async def names_and_version(url: str) -> tuple[list[str], int]:
    async with opened(url) as store:
        names = [account.name for account, _ in await store.accounts()]
        return names, await store._db.read(migrate.version)
