"""The real process, spoken to over its socket."""

import asyncio
import json
from contextlib import aclosing

import aiohttp
import pytest
from wishes import wish

from generator.client import GeneratorClient, NotReached
from generator.frames import encode_generate
from generator.messages import Begun, End, Failed, Fault, Finished, Preview, Ready, StepDone
from generator.metadata import read_recipe

DEADLINE = 300


async def drawn(client, request):
    async with asyncio.timeout(DEADLINE), aclosing(client.generate(request)) as events:
        return [event async for event in events]


async def until_idle(client):
    """Nothing is drawn any more; a stopped picture takes until the end of its step."""
    async with asyncio.timeout(DEADLINE):
        while (await client.health()).busy:  # noqa: ASYNC110  another process: there is only asking
            await asyncio.sleep(0.01)


async def test_a_picture_comes_with_steps_and_previews_before_it(client):
    long = wish(steps=40)  # previews may take a share of the time only: with a few steps there may be none
    events = await drawn(client, long)

    assert events[0] == Begun()
    assert [e.step for e in events if isinstance(e, StepDone)] == [*range(1, 41)]
    assert any(isinstance(e, Preview) for e in events)
    assert isinstance(events[-2], Finished)
    assert events[-1] == End()
    assert read_recipe(events[-2].file) == long.orders[0].recipe


async def test_a_batch_ends_each_of_its_orders(client):
    events = await drawn(client, wish("a", "b", "c"))

    assert {e.order for e in events if isinstance(e, Finished)} == {"a", "b", "c"}


async def test_closing_the_stream_stops_the_work_between_two_steps(client):
    async with asyncio.timeout(DEADLINE), aclosing(client.generate(wish(steps=50, previews=False))) as events:
        async for event in events:
            if isinstance(event, StepDone):
                break

    stopped = asyncio.get_running_loop().time()
    await until_idle(client)
    whole = asyncio.get_running_loop().time()
    [event async for event in client.generate(wish(steps=50, previews=False))]

    assert whole - stopped < (asyncio.get_running_loop().time() - whole) / 4


async def test_one_is_drawn_one_waits_and_a_third_is_not_reached(client):
    async with asyncio.timeout(DEADLINE), aclosing(client.generate(wish(steps=50))) as first:
        assert await anext(first) == Begun()
        others = [asyncio.create_task(drawn(client, wish())) for _ in range(2)]
        done, waiting = await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)

    with pytest.raises(NotReached, match="503"):
        done.pop().result()
    assert (await waiting.pop())[-1] == End()


BAD = [
    (b"", "no frame"),
    (b"\x00\xff\x00", "no frame"),
    (b"\0\0\0\1\0\0\0\0x", "no JSON"),
    (b'\0\0\0\x0d\0\0\0\0{"orders": 7}', "orders must be"),
    (encode_generate(wish()).replace(b'"width": 256', b'"width": 007'), "no JSON"),
    (encode_generate(wish()).replace(b'"width": 256', b'"width":   7'), "width must be"),
    (encode_generate(wish()).replace(b'"steps": 2,', b'"steps":-1,'), "steps must be"),
]


@pytest.mark.parametrize(("content", "sentence"), BAD)
async def test_a_bad_request_gets_a_sentence_and_the_process_lives(process, client, content, sentence):
    async with aiohttp.ClientSession("http://x", connector=aiohttp.UnixConnector(str(process[0]))) as session:
        answer = await session.post("/generate", data=content)
        said = await answer.json()

    assert answer.status == 400
    assert sentence in said["error"]
    assert isinstance(await client.health(), Ready)


async def test_a_request_without_end_is_cut_off_and_the_process_lives(process, client):
    async def endless():
        for _ in range(40):
            yield b" " * 2**20

    async with aiohttp.ClientSession("http://x", connector=aiohttp.UnixConnector(str(process[0]))) as session:
        try:
            answer = await session.post("/generate", data=endless())
            assert answer.status == 400
        except aiohttp.ClientError:
            pass  # cut while sending: as good

    assert isinstance(await client.health(), Ready)


@pytest.mark.parametrize(
    "garbage", [b"\x00" * 100_000, b"GET / HTTP/9.9\r\n\r\n", b"POST /generate HTTP/1.1\r\n"]
)
async def test_what_is_not_http_is_dropped_and_the_process_lives(process, client, garbage):
    reader, writer = await asyncio.open_unix_connection(process[0])
    writer.write(garbage)
    writer.write_eof()
    async with asyncio.timeout(DEADLINE):
        await reader.read()
    writer.close()

    assert isinstance(await client.health(), Ready)


async def test_a_request_that_the_generator_refuses_fails_its_orders(client, caplog):
    events = await drawn(client, wish(*(str(n) for n in range(17))))

    assert events == [*(Failed(str(n), Fault.INTERNAL) for n in range(17)), End()]
    assert "1 to 16 orders" in caplog.records[-1].reason


async def test_the_log_is_json_and_holds_no_prompt(process, client):
    await drawn(client, wish(prompt="unmistakable"))

    lines = process[1].read_text().splitlines()

    assert {"model ready"} <= {json.loads(line)["event"] for line in lines}
    assert "unmistakable" not in "".join(lines)


async def test_where_nobody_listens_nothing_is_reached(tmp_path):
    nobody = GeneratorClient(tmp_path / "none.sock")

    with pytest.raises(NotReached):
        await nobody.health()
    with pytest.raises(NotReached):
        await drawn(nobody, wish())
    await nobody.close()


async def test_the_socket_belongs_to_its_owner_alone(process):
    assert process[0].stat().st_mode & 0o777 == 0o600
