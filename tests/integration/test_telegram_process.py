"""The real product with a token: Telegram beside the web chat, one queue, one bot process."""

import asyncio
import time
from pathlib import Path

import pytest
from product import Product, page

from generator.machine import resident_mib
from tests.platforms.telegram import TOKEN, LoopbackTelegram
from tests.platforms.telegram_methods import Call


@pytest.fixture
async def town():
    async with LoopbackTelegram() as loopback:
        yield loopback
    # A bot that was killed cannot know what its last edit had reached; that it is told so harms nobody.
    assert [each for each in loopback.complaints if "not modified" not in each] == []


def on(town: LoopbackTelegram, made, tmp_path: Path, token: str = TOKEN) -> Product:
    (tmp_path / ".env").write_text(f"TELEGRAM_TOKEN={token}\nTELEGRAM_API_URL={town.url}\n")
    return made(tmp_path / "data")


def pictures(town: LoopbackTelegram):
    return [message for message in town.answers() if message.file and "Reroll" in message.buttons]


async def test_a_picture_is_painted_on_telegram_and_the_bot_stays_small_and_quiet(made, tmp_path, town):
    product = on(town, made, tmp_path)
    await asyncio.to_thread(product.start)
    await town.ready()

    town.imagine("a red circle --steps 1")
    await town.until(lambda: pictures(town), seconds=60)
    resident = await asyncio.to_thread(resident_mib, product.pid)
    began = time.monotonic()
    code = await asyncio.to_thread(product.stop)

    assert pictures(town)[0].file.content[:4] == b"\x89PNG"
    assert resident <= 150
    assert code == 0
    assert time.monotonic() - began < 10
    assert TOKEN not in product.log.read_text()
    assert TOKEN.partition(":")[2] not in product.log.read_text()


def tells_the_place(call: Call) -> bool:
    return call.method == "sendMessage"


def shows_progress(call: Call) -> bool:
    return call.method.startswith("edit") and "step" in str(call.values)


def sends_the_picture(call: Call) -> bool:
    return any(name.endswith(".png") for name, _ in call.files.values())


@pytest.mark.parametrize("moment", [None, tells_the_place, shows_progress, sends_the_picture])
async def test_a_bot_that_is_killed_delivers_once_and_charges_once(made, tmp_path, town, moment):
    product = on(town, made, tmp_path)
    await asyncio.to_thread(product.start)
    await town.ready()
    town.imagine("a red circle --steps 30 --size 512x512")
    if moment is None:  # as soon as the order was fetched
        await town.until(lambda: town.handed, seconds=60)
    else:
        await town.until(lambda: any(moment(call) for call in town.calls), seconds=60)

    await asyncio.to_thread(product.kill)
    await asyncio.to_thread(product.start)

    await town.until(lambda: pictures(town), seconds=60)
    await asyncio.sleep(0.5)
    town.says("/credits")
    await town.until(lambda: "Latest entries" in town.last.text)
    assert len(pictures(town)) == 1
    assert town.last.text.count("Spent") == 1


async def test_an_album_is_sent_once_though_the_bot_is_killed_after_it(made, tmp_path, town):
    product = on(town, made, tmp_path)
    await asyncio.to_thread(product.start)
    await town.ready()
    town.imagine("a red circle --steps 1 --n 3")

    def album_is_there():
        group = [place for place, call in enumerate(town.calls) if call.method == "sendMediaGroup"]
        return group and len(town.calls) > group[0] + 1

    await town.until(album_is_there, seconds=60)
    await asyncio.to_thread(product.kill)
    await asyncio.to_thread(product.start)

    await town.until(lambda: "Reroll" in town.answers()[0].buttons, seconds=60)
    town.says("/credits")
    await town.until(lambda: "Latest entries" in town.last.text)
    assert len([message for message in town.answers() if message.album]) == 3
    assert town.last.text.count("Spent") == 1


async def test_a_payment_counts_once_though_the_bot_is_killed_while_it_comes(made, tmp_path, town):
    product = on(town, made, tmp_path)
    with (tmp_path / ".env").open("a") as settings:
        settings.write("TELEGRAM_PACKS=500:50\n")
    await asyncio.to_thread(product.start)
    await town.ready()
    town.says("/buy")
    await town.until(town.answers)
    town.presses(town.last, "500 credits · 50 ⭐")
    await town.until(lambda: town.last.invoice)

    town.pays(town.last, "charge1")
    await town.until(lambda: any("successful_payment" in str(update) for update in town.handed))
    await asyncio.to_thread(product.kill)
    await asyncio.to_thread(product.start)

    await town.until(lambda: "500 credits are yours" in town.last.text)
    town.says("/credits")
    await town.until(lambda: "Latest entries" in town.last.text)
    assert town.last.text.count("Granted: +500") == 1


async def test_a_wrong_token_leaves_the_web_chat_alone(made, tmp_path, town):
    product = on(town, made, tmp_path, token="123456:wrong-and-quiet")

    await asyncio.to_thread(product.start)
    await town.until(lambda: town.called("getMe"))

    async with page(product) as chat:
        answer = await chat.imagine("a red circle --steps 1")
        done = await chat.ended(answer["item"]["job"])
    assert done["state"] == "done"
    assert "Telegram refuses TELEGRAM_TOKEN" in product.log.read_text()
    assert "wrong-and-quiet" not in product.log.read_text()
