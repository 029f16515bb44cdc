import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from scripted import ScriptedService
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bot.adapters.web.chat import HEALTH_SECONDS, MOST_TABS
from bot.adapters.web.tabs import MOST_WAITING, Outbox, Tab, TooSlow
from bot.updates import Deleted
from generator.messages import CardMemory, Loading, Ready
from generator.models import EMBEDDED_MODEL

KEY = "0123456789abcdef"


@contextlib.asynccontextmanager
async def page(url: str, language: str = "en") -> AsyncIterator[ClientConnection]:
    """Connect as a page does and take the welcome."""
    address = url.replace("http", "ws") + "/socket"
    async with connect(address, origin=url, proxy=None, max_size=None) as socket:  # type: ignore[arg-type]
        await ask(socket, type="hello", language=language)
        yield socket


async def ask(socket: ClientConnection, **message: object) -> dict[str, Any]:
    """Send a message and wait for the answer to it."""
    await socket.send(json.dumps({"reply": 5, **message}))
    return await heard(socket, reply=5)


async def heard(socket: ClientConnection, **wanted: object) -> dict[str, Any]:
    """Wait for a message with these values."""
    async with asyncio.timeout(20):
        while True:
            message = json.loads(await socket.recv())
            if all(message.get(name) == value for name, value in wanted.items()):
                return message


async def test_a_prompt_goes_from_its_place_over_previews_to_a_picture(
    url: str, service: ScriptedService
) -> None:
    async with page(url) as socket:
        queued = await ask(socket, type="imagine", key=KEY, text="a red circle --ar 16:9")
        await service.paint("job001", 3)
        running = await heard(socket, type="item")
        await service.finish("job001")
        done = await heard(socket, type="item")

    assert (queued["item"]["state"], queued["item"]["place"]) == ("queued", 1)
    assert (running["item"]["step"], running["item"]["of"]) == (3, 8)
    assert running["item"]["previews"][0][1].startswith("data:image/jpeg;base64,")
    assert done["item"]["pictures"][0]["src"] == "/pictures/secret-of-job001-0.png"


async def test_pressing_once_and_sending_twice_makes_one_job(url: str, service: ScriptedService) -> None:
    async with page(url) as socket:
        first = await ask(socket, type="imagine", key=KEY, text="a star")
        again = await ask(socket, type="imagine", key=KEY, text="a star")

    assert first["item"]["job"] == again["item"]["job"]
    assert len(service.shown) == 1


async def test_a_refusal_is_a_sentence_in_the_pages_language(url: str) -> None:
    async with page(url, "ru") as socket:
        refused = await ask(socket, type="imagine", key=KEY, text="звезда --nonsense 7")

    assert refused["type"] == "refused"
    assert refused["sentence"].startswith("Параметра --nonsense нет")


async def test_two_pages_see_the_same_each_in_its_language(url: str) -> None:
    async with page(url) as english, page(url, "zh") as chinese:
        await ask(english, type="imagine", key=KEY, text="a star")
        seen = await heard(chinese, type="item")
        await ask(english, type="delete", job="job001")
        gone = await heard(chinese, type="deleted")

    assert seen["item"]["state"] == "queued"
    assert "秒" in seen["item"]["sentence"]
    assert gone["job"] == "job001"


async def test_a_page_that_comes_back_is_told_everything(url: str, service: ScriptedService) -> None:
    await service.accepted("a star")
    await service.paint("job001", 5)

    async with connect(url.replace("http", "ws") + "/socket", origin=url, proxy=None) as socket:  # type: ignore[arg-type]
        welcome = await ask(socket, type="hello", language="en")

    assert welcome["history"]["items"][0]["step"] == 5
    assert welcome["wallet"]["available"] == 1985
    assert welcome["health"]["state"] == "ready"
    assert "--ar" in [option["flag"] for option in welcome["options"]]


async def test_the_painters_waking_up_is_told(url: str, service: ScriptedService) -> None:
    async with page(url) as socket:
        service.health = Loading(0.25)
        told = await heard(socket, type="health")

    assert (told["state"], told["fraction"]) == ("loading", 0.25)


async def test_what_pages_do_not_show_of_the_painter_is_not_told(url: str, service: ScriptedService) -> None:
    async with page(url) as socket:
        service.health = Ready(EMBEDDED_MODEL.name, card=CardMemory(1, 8))
        await asyncio.sleep(2.5 * HEALTH_SECONDS)
        service.health = Loading(0.25)
        told = await heard(socket, type="health")

    assert told["state"] == "loading"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "nonsense",
        b"\x00\xff",
        "[]",
        '{"reply": 1, "type": "constructor"}',
        "x" * 1_500_000,
        '{"a":' * 5000,
    ],
)
async def test_nonsense_gets_a_sentence_and_the_page_lives_on(url: str, message: str | bytes) -> None:
    async with page(url) as socket:
        await socket.send(message)
        error = await heard(socket, type="error")
        after = await ask(socket, type="wallet")

    assert error["sentence"] == "That message could not be read."
    assert after["type"] == "wallet"


async def test_a_prompt_of_forty_thousand_letters_gets_a_sentence(url: str) -> None:
    async with page(url) as socket:
        refused = await ask(socket, type="imagine", key=KEY, text="星" * 40_000)

    assert refused["type"] == "refused"
    assert "32" in refused["sentence"]


async def test_half_a_letter_breaks_nothing(url: str) -> None:
    async with page(url) as socket:
        answer = await ask(socket, type="imagine", key=KEY, text="a star \ud800 --seed \udfff")

    assert answer["type"] == "refused"


async def test_a_seed_beyond_a_browsers_numbers_stays_exact(url: str) -> None:
    async with page(url) as socket:
        queued = await ask(socket, type="imagine", key=KEY, text=f"a star --seed {2**63 - 1}")

    assert queued["item"]["seed"] == str(2**63 - 1)


async def test_a_crash_in_the_service_is_one_kind_sentence(
    url: str, service: ScriptedService, caplog: pytest.LogCaptureFixture
) -> None:
    service._answer = lambda _: 1 / 0  # type: ignore[assignment, method-assign, return-value]

    async with connect(url.replace("http", "ws") + "/socket", origin=url, proxy=None) as socket:  # type: ignore[arg-type]
        error = await ask(socket, type="imagine", key=KEY, text="my secret wish")

    assert error["sentence"] == "Something went wrong. Please try again."
    assert "web command failed" in caplog.text
    assert "secret wish" not in caplog.text


async def test_too_many_pages_are_turned_away(url: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(MOST_TABS):
            await stack.enter_async_context(page(url))
        extra = await stack.enter_async_context(
            connect(url.replace("http", "ws") + "/socket", origin=url, proxy=None)  # type: ignore[arg-type]
        )
        with pytest.raises(ConnectionClosed) as closed:
            await extra.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4429


async def test_a_page_that_left_is_forgotten(url: str) -> None:
    for _ in range(2 * MOST_TABS):
        async with page(url):
            pass
    async with page(url) as socket:
        assert (await ask(socket, type="wallet"))["type"] == "wallet"


async def test_a_slow_page_misses_steps_but_not_the_end() -> None:
    outbox = Outbox()

    for step in range(1000):
        outbox.put({"step": step}, "job1")
    outbox.put({"step": "other"}, "job2")

    assert [await outbox.take(), await outbox.take()] == [{"step": 999}, {"step": "other"}]


def test_a_page_that_takes_nothing_is_cut_off() -> None:
    tab = Tab("en")

    for number in range(MOST_WAITING + 1):
        tab.tell({"number": number})

    assert tab.gone.is_set()
    with pytest.raises(TooSlow):
        tab.outbox.put({})


async def test_a_page_is_told_of_what_happens_elsewhere_and_of_the_credits_it_took(
    url: str, service: ScriptedService
) -> None:
    await service.accepted("a star")
    async with page(url) as socket:
        await service.chat.overhear(service.shown["job001"])
        await service.chat.overhear(Deleted("job001"))
        await service.chat.overhear(None)
        item = await heard(socket, type="item")
        await heard(socket, type="balance")
        await heard(socket, type="deleted", job="job001")
        await heard(socket, type="changed")

    assert item["item"]["job"] == "job001"
