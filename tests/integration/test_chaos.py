"""People work in every chat at once while bots, generators and the database are killed at random.

Minutes long, so it runs where it is asked for: `make chaos`. PINXIT_CHAOS_SECONDS says for how long,
PINXIT_CHAOS_SEED repeats what was drawn by lot (the machine's own timing is not repeated).
"""

import asyncio
import os
import random
import secrets
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from books import everything_is_well, nothing_is_left
from private_postgres import THROW_OUT, Server, name_in
from product import Product
from street import Street, join_discord, join_telegram, new_key, tell

from storage.pictures import PictureFolder
from storage.postgresql import PostgresStore
from storage.sqlite import SqliteStore
from tests.platforms.discord import LoopbackDiscord
from tests.platforms.telegram import LoopbackTelegram

pytestmark = pytest.mark.skipif("PINXIT_CHAOS" not in os.environ, reason="asked for by `make chaos`")

SECONDS = float(os.environ.get("PINXIT_CHAOS_SECONDS", "180"))
SEED = int(os.environ.get("PINXIT_CHAOS_SEED") or secrets.randbelow(10**6))
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


async def test_two_bots_and_their_postgresql_may_be_killed_likewise(
    made, tmp_path, postgres_server, empty_postgres
):
    pictures = tmp_path / "pictures"
    shared = ROOM | {"DATABASE": empty_postgres, "PICTURES": f"file://{pictures}"}
    async with LoopbackDiscord() as discord, LoopbackTelegram() as telegram:
        bots = made(tmp_path / "one" / "data", **shared), made(tmp_path / "two" / "data", **shared)
        join_discord(tmp_path / "one", discord)
        for name in ("one", "two"):  # both; one of them hears
            join_telegram(tmp_path / name, telegram)
        street = await opened(bots, discord, telegram)

        victims = {
            "generators": (2, generators_of(street)),
            "bot": (2, a_bot_of(street)),
            "PostgreSQL": (1, the(postgres_server, street.dice)),
            "connections": (1, connections_to(postgres_server, name_in(empty_postgres))),
        }
        await street.work(victims, SECONDS)

        folder = PictureFolder(pictures)
        await everything_is_well(street, PostgresStore(empty_postgres, pool=2), folder)
        nothing_is_left(street.bots, pictures)
        assert await sessions(empty_postgres) == 1, "only the one that asks"


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


async def sessions(url: str) -> int:
    """Return how many are connected to the database, this one included."""
    connection = await asyncpg.connect(url)
    try:
        asked = "select count(*) from pg_stat_activity where datname = current_database()"
        return int(await connection.fetchval(asked))
    finally:
        await connection.close()
