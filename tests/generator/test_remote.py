"""What the bot thinks of a generator elsewhere, by what it said and how long ago."""

import asyncio
import json

import pytest

from generator.address import Address
from generator.client import GeneratorClient, NotReached
from generator.messages import Loading, Ready, Unusable
from generator.remote import LAPSE_SECONDS, LOST_SECONDS, RemoteGenerator, judged

DEADLINE = 60


def test_a_short_silence_changes_nothing():
    assert judged(Ready("z", painters=3), LAPSE_SECONDS - 1, "x") == Ready("z", painters=3)


def test_after_a_longer_silence_orders_wait():
    assert judged(Ready("z"), LAPSE_SECONDS, "x") == Loading(0.0)


def test_after_minutes_it_is_said_so():
    health = judged(Ready("z"), LOST_SECONDS, "https://gpu.example")

    assert health == Unusable("The generator at https://gpu.example has not been reached for 5 minutes.")


async def answering(answer: bytes):
    """Serve one HTTP answer to everybody who connects; return the server and its address."""

    async def answered(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answered, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return server, Address(None, f"http://127.0.0.1:{port}/")


def http(content: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n{more}\r\n".encode() + content


READY = json.dumps({"health": "ready", "model": "z", "busy": False, "painters": 3}).encode()


@pytest.mark.parametrize(("told", "painters"), [(None, 3), (8, 8)])
async def test_how_many_paint_is_learned_unless_it_is_set(told, painters):
    server, address = await answering(http(READY))
    remote = RemoteGenerator(address, painters=told)
    asking = asyncio.create_task(remote.run())

    async with asyncio.timeout(DEADLINE):
        while not isinstance(remote.health, Ready):  # noqa: ASYNC110 - it asks in its own time
            await asyncio.sleep(0.01)

    assert remote.health == Ready("z", painters=painters)
    await remote.stop()
    await asking
    server.close()


async def test_a_wrong_secret_is_said_to_the_owner():
    server, address = await answering(http(b"{}", "401 Unauthorized"))
    client = GeneratorClient(None, address.url, "wrong-wrong-wrong")

    health = await client.health()

    assert isinstance(health, Unusable)
    assert "PINXIT_GENERATOR_SECRET" in health.reason
    await client.close()
    server.close()


@pytest.mark.parametrize(
    "answer",
    [
        http(READY, "503 Service Unavailable"),
        http(b"{" * 10_000_000),
        http(json.dumps({"health": "ready", "model": "z", "busy": False, "painters": 0}).encode()),
        http(json.dumps({"health": "ready", "model": "z", "busy": False, "painters": 10**9}).encode()),
        http(b"", "302 Found", "Location: http://127.0.0.1:1/health\r\n"),
        b"\x00\xff",
    ],
)
async def test_what_is_no_answer_is_as_if_nobody_were_there(answer):
    server, address = await answering(answer)
    client = GeneratorClient(None, address.url)

    with pytest.raises(NotReached):
        await client.health()
    await client.close()
    server.close()
