"""People work in every chat at once while bots, generators, database and cluster are killed at random.

Minutes long, so it runs where it is asked for: `make chaos`. PINXIT_CHAOS_SECONDS says for how long,
PINXIT_CHAOS_SEED repeats what was drawn by lot (the machine's own timing is not repeated).
"""

import asyncio
import os
import random
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest
from books import everything_is_well, nothing_is_left
from private_postgres import THROW_OUT, Server, name_in
from product import Product
from raycluster import RayCluster
from street import Street, Victims, join_discord, join_telegram, new_key, tell

from storage.pictures import PictureFolder
from storage.postgresql import PostgresStore
from storage.sqlite import SqliteStore
from tests.platforms.discord import LoopbackDiscord
from tests.platforms.telegram import LoopbackTelegram

pytestmark = pytest.mark.skipif("PINXIT_CHAOS" not in os.environ, reason="asked for by `make chaos`")

SECONDS = float(os.environ.get("PINXIT_CHAOS_SECONDS", "180"))
SEED = int(os.environ.get("PINXIT_CHAOS_SEED") or secrets.randbelow(10**6))
SECRET = "known-to-both-alone"
ROOM = {"MAX_WAITING": 10_000, "MAX_QUEUE": 100_000}


async def test_whatever_is_killed_nothing_is_lost_doubled_or_left(made, tmp_path):
    async with LoopbackDiscord() as discord, LoopbackTelegram() as telegram:
        bot = made(tmp_path / "data", **ROOM)
        join_discord(tmp_path, discord)
        join_telegram(tmp_path, telegram)
        street = await opened((bot,), discord, telegram)

        victims = {"generator": (3, generators_of(street)), "bot": (1, a_bot_of(street))}
        await street.work(victims, SECONDS)

        store = SqliteStore(bot.data / "pinxit.sqlite3")
        await everything_is_well(street, store, PictureFolder(bot.data / "pictures"))
        nothing_is_left(street.bots, bot.data / "pictures")


@pytest.fixture
async def two(made, tmp_path, postgres_server, empty_postgres) -> AsyncIterator["Two"]:
    async with LoopbackDiscord() as discord, LoopbackTelegram() as telegram:
        yield Two(made, tmp_path, postgres_server, empty_postgres, discord, telegram)


@dataclass
class Two:
    """Two bots on one PostgreSQL database and one folder of pictures: one on Discord, both on Telegram."""

    made: Callable[..., Product]
    home: Path
    server: Server
    url: str
    discord: LoopbackDiscord
    telegram: LoopbackTelegram

    async def opened(self, **settings: object) -> Street:
        shared = ROOM | {"DATABASE": self.url, "PICTURES": f"file://{self.home}/pictures"} | settings
        bots = [self.made(self.home / name / "data", **shared) for name in ("one", "two")]
        join_discord(self.home / "one", self.discord)
        for name in ("one", "two"):  # of both, one hears
            join_telegram(self.home / name, self.telegram)
        return await opened(tuple(bots), self.discord, self.telegram)

    def victims(self, street: Street) -> Victims:
        return {
            "bot": (2, a_bot_of(street)),
            "PostgreSQL": (1, the(self.server, street.dice)),
            "connections": (1, connections_to(self.server, name_in(self.url))),
        }

    async def are_well(self, street: Street) -> None:
        pictures = self.home / "pictures"
        await everything_is_well(street, PostgresStore(self.url, pool=2), PictureFolder(pictures))
        nothing_is_left(street.bots, pictures)
        assert await sessions(self.url) == 1, "only the one that asks"


async def test_two_bots_and_their_postgresql_may_be_killed_likewise(two):
    street = await two.opened()

    await street.work({"generators": (2, generators_of(street))} | two.victims(street), SECONDS)

    await two.are_well(street)


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pinxit[ray]")
async def test_so_may_the_ray_cluster_that_draws_for_them(two):
    cluster = RayCluster()
    try:
        await asyncio.to_thread(cluster.start, 3)
        options = ("--gpus", "0", "--cpus", "1", "--threads", "1", "--replicas", "2", "--drain", "60")
        secret = {"PINXIT_GENERATOR_SECRET": SECRET}
        await asyncio.to_thread(cluster.deploy, *options, module="generator.serve_ray", **secret)
        street = await two.opened(GENERATOR_URL=cluster.url, GENERATOR_SECRET=SECRET)

        harm = {
            "replica": (3, one_of(cluster, "ServeReplica:pinxit:", street.dice)),
            "proxy": (1, one_of(cluster, "ProxyActor", street.dice)),
            "controller": (1, one_of(cluster, "ServeController", street.dice)),
            "node": (1, a_node_of(cluster)),
        }
        await street.work(harm | two.victims(street), SECONDS)

        await two.are_well(street)
    finally:
        await asyncio.to_thread(cluster.end)
    assert cluster.pids("") == []


async def opened(bots: tuple[Product, ...], discord: LoopbackDiscord, telegram: LoopbackTelegram) -> Street:
    """Start the bots and let people in."""
    tell(f"seed {SEED}, {SECONDS:.0f} s")
    discord.rest.checking = False
    key = await asyncio.to_thread(new_key, bots[0].data, **bots[0].settings)
    for bot in bots:
        await asyncio.to_thread(bot.start)
    return Street(bots, discord, telegram, key, random.Random(SEED))


# ── ways to kill ──────────────────────────────────────────────────────────────────────────────────


def generators_of(street: Street) -> Callable[[], Awaitable[None]]:
    async def kill() -> None:
        for bot in street.bots:
            bot.kill_generator()

    return kill


def a_bot_of(street: Street) -> Callable[[], Awaitable[None]]:
    async def kill() -> None:
        bot = street.dice.choice(street.bots)
        await asyncio.to_thread(bot.kill)
        await asyncio.sleep(street.dice.uniform(0.0, 3.0) if len(street.bots) > 1 else 0.0)
        await asyncio.to_thread(bot.start)

    return kill


def the(server: Server, dice: random.Random) -> Callable[[], Awaitable[None]]:
    async def kill() -> None:
        server.kill()
        await asyncio.sleep(dice.uniform(0.0, 3.0))
        server.start()  # from this thread, with which it dies

    return kill


def connections_to(server: Server, database: str) -> Callable[[], Awaitable[None]]:
    async def kill() -> None:
        await asyncio.to_thread(server.psql, THROW_OUT, database=database)

    return kill


def one_of(cluster: RayCluster, title: str, dice: random.Random) -> Callable[[], Awaitable[None]]:
    async def kill() -> None:
        if pids := await asyncio.to_thread(cluster.pids, title):
            with suppress(ProcessLookupError):
                os.kill(dice.choice(pids), signal.SIGKILL)

    return kill


def a_node_of(cluster: RayCluster) -> Callable[[], Awaitable[None]]:
    """Kill a node that is not the head, and have another come."""

    async def kill() -> None:
        await asyncio.to_thread(cluster.tell, "kill")
        await asyncio.to_thread(cluster.tell, "add")

    return kill


async def sessions(url: str) -> int:
    """Return how many are connected to the database, this one included."""
    connection = await asyncpg.connect(url)
    try:
        asked = "select count(*) from pg_stat_activity where datname = current_database()"
        return int(await connection.fetchval(asked))
    finally:
        await connection.close()
