import asyncio
import signal
import time
from pathlib import Path

import pytest
from aiohttp import ClientSession
from scripted import ScriptedService, running
from test_web_socket import ask, page

from bot.adapters.web.labels import LABELS, blanks
from bot.adapters.web.server import STOP_SECONDS, CannotListen


async def test_port_zero_takes_a_free_port_and_says_which(
    service: ScriptedService, http: ClientSession
) -> None:
    server = service.server(port=0)

    async with running(server), http.get(server.url) as response:
        assert response.status == 200
        assert "Pinxit" in await response.text()
        assert str(server.port) in server.url


async def test_a_port_in_use_is_one_clear_sentence(service: ScriptedService) -> None:
    first = service.server()

    with pytest.raises(CannotListen, match=f"Port {first.port} on 127.0.0.1 cannot be used"):
        service.server(port=first.port)
    first.close()


async def test_a_foreign_address_is_one_clear_sentence(service: ScriptedService) -> None:
    with pytest.raises(CannotListen, match="PINXIT_HOST"):
        service.server(host="192.0.2.1")


async def test_stopping_lets_open_pages_go_within_seconds(service: ScriptedService) -> None:
    server = service.server()
    serving = asyncio.create_task(server.run())

    async with page(server.url) as socket:
        began = time.monotonic()
        serving.cancel()
        await socket.wait_closed()
        await asyncio.wait({serving})

    assert time.monotonic() - began < STOP_SECONDS + 10


async def test_the_bots_signals_stay_its_own(service: ScriptedService, http: ClientSession) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    async with running(service.server()) as server, http.get(server.url):
        during = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    assert during == before


async def test_labels_come_in_every_language_with_their_blanks(url: str, http: ClientSession) -> None:
    for language in ("en", "ru", "zh", "nonsense"):
        async with http.get(f"{url}/labels?language={language}") as response:
            words = await response.json()
        assert words.keys() == LABELS.keys()
        assert all(blanks(text).items() <= blanks(words[key]).items() for key, text in LABELS.items())


async def test_what_was_drawn_of_the_examples_is_shown_where_there_is_something(
    service: ScriptedService, http: ClientSession, tmp_path: Path
) -> None:
    drawn = tmp_path / "drawn.webp"
    drawn.write_bytes(b"tiles")
    with_tiles = ScriptedService(tmp_path, sampler=drawn)

    async with running(with_tiles.server()) as server:
        async with page(server.url) as socket:
            named = (await ask(socket, type="hello", language="ru"))["sampler"]
        async with http.get(server.url + named) as response:
            assert await response.read() == b"tiles"
    async with running(service.server()) as server:
        async with page(server.url) as socket:
            assert (await ask(socket, type="hello", language="ru"))["sampler"] is None
        async with http.get(server.url + named) as response:
            assert response.status == 404
