"""The real product with a token: Discord beside the web chat, one queue, one bot process."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from product import Product, page

from generator.machine import resident_mib
from tests.platforms.discord import TOKEN, LoopbackDiscord
from tests.platforms.discord_faults import slow
from tests.platforms.discord_rest import Call


@pytest.fixture
async def town():
    async with LoopbackDiscord() as loopback:
        yield loopback
    assert loopback.complaints == []


def on(town: LoopbackDiscord, made, tmp_path: Path, token: str = TOKEN) -> Product:
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN={token}\nDISCORD_API_URL={town.url}\n")
    return made(tmp_path / "data")


async def test_a_picture_is_painted_on_discord_and_the_bot_stays_small(made, tmp_path, town):
    product = on(town, made, tmp_path)
    await asyncio.to_thread(product.start)
    await town.ready()

    asked = town.imagine("a red circle", steps=1, count=2)
    await town.until(lambda: asked.original and asked.original.attachments, seconds=60)
    resident = await asyncio.to_thread(resident_mib, product.pid)
    began = time.monotonic()
    code = await asyncio.to_thread(product.stop)

    assert [content[:4] for content in asked.original.pictures] == [b"\x89PNG"] * 2
    assert resident <= 150
    assert code == 0
    assert time.monotonic() - began < 10
    assert TOKEN not in product.log.read_text()


def acknowledged(call: Call) -> bool:
    return call.name.endswith("/callback")


def shows_its_place(call: Call) -> bool:
    return call.method == "PATCH"


def shows_progress(call: Call) -> bool:
    return call.method == "PATCH" and "step" in call.body["content"]


def sends_the_pictures(call: Call) -> bool:
    return any(name.endswith(".png") for name, _ in call.files.values())


@pytest.mark.parametrize("moment", [acknowledged, shows_its_place, shows_progress, sends_the_pictures])
async def test_a_bot_that_is_killed_delivers_once_and_charges_once(made, tmp_path, town, moment):
    product = on(town, made, tmp_path)
    await asyncio.to_thread(product.start)
    await town.ready()
    asked = town.imagine("a red circle", steps=30, size="512x512", count=2)
    await town.until(lambda: any(moment(call) for call in town.calls), seconds=60)

    await asyncio.to_thread(product.kill)
    await asyncio.to_thread(product.start)
    await town.ready(2)

    await town.until(lambda: "Reroll" in asked.original.buttons, seconds=60)
    wallet = town.command("credits")
    await town.until(lambda: wallet.original and wallet.original.content)
    assert [message for message in town.messages if not message.ephemeral] == [asked.original]
    assert len(asked.original.attachments) == 2
    assert wallet.original.content.count("Spent") == 1


async def test_a_bot_that_is_killed_while_its_acknowledgement_is_under_way_paints_it_afterwards(
    made, tmp_path, town
):
    product = on(town, made, tmp_path)
    await asyncio.to_thread(product.start)
    await town.ready()
    town.fault(slow("POST /interactions/.*", 0.5, times=1))
    asked = town.imagine("a red circle", steps=1)
    await town.until(lambda: town.called("/callback"))

    await asyncio.to_thread(product.kill)
    await town.until(lambda: asked.original)
    await asyncio.to_thread(product.start)

    await town.until(lambda: asked.original.attachments, seconds=60)
    assert [message for message in town.messages if not message.ephemeral] == [asked.original]


async def test_a_hundred_commands_at_once_are_acknowledged_in_time_by_a_bot_that_just_started(
    made, tmp_path, town
):
    town.rest.checking = False  # takes longer than answering
    product = on(town, made, tmp_path)
    await asyncio.to_thread(product.start)
    await town.ready()
    before = worked_seconds(product.pid)

    asked = [town.imagine(f"picture {number}", steps=1) for number in range(100)]
    await town.until(lambda: all(each.original for each in asked))

    worked = worked_seconds(product.pid) - before
    waits = sorted(town.called(f"/interactions/{each.id}/")[0].at - each.at for each in asked)
    assert worked <= 0.5  # what a quiet machine waits; others may be busy with it
    assert waits[-1] < 3.0


def worked_seconds(pid: int) -> float:
    """Return the seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_a_wrong_token_leaves_the_web_chat_alone(made, tmp_path, town):
    product = on(town, made, tmp_path, token="wrong-and-quiet")

    await asyncio.to_thread(product.start)
    await town.until(lambda: town.called("GET /users/@me"))

    async with page(product) as chat:
        answer = await chat.imagine("a red circle --steps 1")
        done = await chat.ended(answer["item"]["job"])
    assert done["state"] == "done"
    assert "Discord refuses DISCORD_TOKEN" in product.log.read_text()
    assert "wrong-and-quiet" not in product.log.read_text()
