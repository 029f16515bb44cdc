"""Two bots on one database are exchanged one after the other while people order: an upgrade by day."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable

from books import STOP_SECONDS, everything_is_well, nothing_is_left
from product import Product
from street import Street, join_discord, join_telegram, new_key

from storage.pictures import PictureFolder
from storage.postgresql import PostgresStore
from tests.platforms.discord import LoopbackDiscord
from tests.platforms.telegram import LoopbackTelegram

SECONDS, EXCHANGES, SEED = 10.0, 2, 3


async def test_nothing_is_lost_or_doubled_while_bots_are_exchanged(made, tmp_path, old_postgres):
    shared = {"DATABASE": old_postgres, "PICTURES": f"file://{tmp_path}/pictures"}
    shared |= {"MAX_WAITING": 10_000, "MAX_QUEUE": 100_000}
    async with LoopbackDiscord() as discord, LoopbackTelegram() as telegram:
        discord.rest.checking = False  # takes longer than answering
        bots = made(tmp_path / "one" / "data", **shared), made(tmp_path / "two" / "data", **shared)
        join_discord(tmp_path / "one", discord)
        for name in ("one", "two"):  # both; one of them hears
            join_telegram(tmp_path / name, telegram)
        for bot in bots:
            await asyncio.to_thread(bot.start)
        key = await asyncio.to_thread(new_key, bots[0].data, **shared)
        street = Street(bots, discord, telegram, key, random.Random(SEED))

        await street.work({"exchange": (1, one_after_the_other(bots))}, SECONDS, EXCHANGES)

        folder = PictureFolder(tmp_path / "pictures")
        await everything_is_well(street, PostgresStore(old_postgres, pool=2), folder)
        nothing_is_left(bots, tmp_path / "pictures")


def one_after_the_other(bots: tuple[Product, ...]) -> Callable[[], Awaitable[None]]:
    turns = itertools.cycle(bots)

    async def exchange() -> None:
        bot = next(turns)
        assert await asyncio.to_thread(bot.stop, STOP_SECONDS) == 0
        await asyncio.to_thread(bot.start)

    return exchange
