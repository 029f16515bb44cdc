"""A bot that is killed between a webhook's sending and its answer tells it again, under the same id."""

import asyncio
from collections.abc import Iterator

import aiohttp
import pytest
from product import Product, eventually
from street import new_key
from webhook_receiver import Receiver, receiving

PATIENCE_SECONDS = 180.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


async def test_a_webhook_that_comes_twice_bears_one_id_and_says_the_same(made, receiver):
    receiver.answering.clear()
    bot: Product = made(FETCH_ALLOW=receiver.host)
    bot.start()
    key = await asyncio.to_thread(new_key, bot.data, "shop", **bot.settings)
    headers = {"authorization": f"Bearer {key}"}
    order = {"prompt": "a red circle", "steps": 1, "webhook": receiver.url}
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.post(f"{bot.url}/v1/jobs", json=order) as answer:
            assert answer.status == 202
        await eventually(lambda: len(receiver.ids) == 1, PATIENCE_SECONDS)

        bot.kill()
        receiver.answering.set()
        bot.start()
        await eventually(lambda: len(receiver.ids) == 2, PATIENCE_SECONDS)

    assert receiver.ids[0] == receiver.ids[1]
    assert receiver.heard[0] == receiver.heard[1]
