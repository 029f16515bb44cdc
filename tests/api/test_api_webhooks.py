"""Webhooks: told at least once, signed, never to where they must not go, given up in the end."""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from apistage import ApiStage, playing_api
from stage import ScriptedGenerator, fails, opened, until
from standardwebhooks import Webhook

from bot.adapters.api.webhooks import PAUSES
from bot.outgoing import Unreached
from generator.messages import Loading

RUN = {"app": "infsh/z-image-turbo", "input": {"prompt": "a star"}}
KEYS = {"id", "status", "output", "error", "session_id", "created_at", "updated_at"}


class Receiver:
    """Somebody else's server: remembers what it was told and answers as it likes."""

    def __init__(self, answer: Callable[[int], Awaitable[web.StreamResponse]]) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.port = 0
        self._answer = answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?x=1"

    async def hear(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.heard.append((headers, await request.read()))
        return await self._answer(len(self.heard))


async def yes(_number: int) -> web.Response:
    return web.Response(status=204)


async def no(_number: int) -> web.Response:
    return web.Response(status=500)


async def third_time(number: int) -> web.Response:
    return web.Response(status=200 if number == 3 else 503)


async def hangs(_number: int) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


async def points_elsewhere(_number: int) -> web.Response:
    return web.Response(status=307, headers={"location": "/other"})


@asynccontextmanager
async def receiving(answer: Callable[[int], Awaitable[web.StreamResponse]] = yes) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()


def playing_with(tmp_path: Any, receiver: Receiver, *scripts: Any, **changes: Any) -> Any:
    allowed = [f"127.0.0.1:{receiver.port}"]
    return playing_api(tmp_path, ScriptedGenerator(*scripts), fetch_allowed=allowed, **changes)


async def run(api: ApiStage, url: str) -> str:
    said = await api.post_json("/apps/run", RUN | {"webhook": url})
    assert said.status == 200, said.body
    return said.json["data"]["id"]


async def ended(api: ApiStage, task: str) -> Any:
    """Return how telling ended."""
    async with asyncio.timeout(20):
        while True:
            said = await api.get(f"/v1/jobs/{task}/webhook")
            if said.status == 200 and said.json["state"] != "waiting":
                return said.json
            await asyncio.sleep(0.01)


async def test_the_end_of_a_task_is_told_once_in_exactly_the_vendors_keys(tmp_path):
    async with receiving() as receiver, playing_with(tmp_path, receiver) as api:
        task = await run(api, receiver.url)

        assert (await ended(api, task))["state"] == "delivered"
        await asyncio.sleep(0.1)
        ((headers, body),) = receiver.heard
        told = json.loads(body)
        assert set(told) == KEYS
        assert (told["id"], told["status"], told["error"], told["session_id"]) == (task, 10, "", None)
        assert (await api.get(told["output"]["image"], key="")).status == 200
        assert "authorization" not in headers
        assert api.token not in json.dumps(headers) + body.decode()


async def test_a_message_is_signed_in_both_ways(tmp_path):
    async with receiving() as receiver, playing_with(tmp_path, receiver) as api:
        secret = (await api.get("/v1/me")).json["webhook_secret"]
        await ended(api, await run(api, receiver.url))

        ((headers, body),) = receiver.heard
        when = headers["webhook-timestamp"]
        signature = hmac.new(secret.encode(), f"{when}.".encode() + body, hashlib.sha256).hexdigest()
        assert headers["x-webhook-signature"] == f"sha256={signature}"
        assert headers["x-webhook-timestamp"] == when
        moment = datetime.fromtimestamp(int(when), UTC)
        standard = Webhook(secret).sign(headers["webhook-id"], moment, body.decode())
        assert headers["webhook-signature"] == standard


async def test_whoever_says_no_is_asked_again_with_the_same_words(tmp_path):
    async with receiving(third_time) as receiver, playing_with(tmp_path, receiver) as api:
        told = await ended(api, await run(api, receiver.url))

        assert (told["state"], told["tries"], told["last_answer"]) == ("delivered", 3, "200")
        assert len({body for _, body in receiver.heard}) == 1
        assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1


async def test_in_the_end_it_is_given_up_and_that_is_known(tmp_path, caplog):
    async with receiving(no) as receiver, playing_with(tmp_path, receiver) as api:
        with caplog.at_level(logging.WARNING):
            told = await ended(api, await run(api, receiver.url))

        assert (told["state"], told["last_answer"]) == ("given_up", "500")
        assert told["tries"] == len(receiver.heard) == len(PAUSES) + 1
        assert "given up" in caplog.text
        assert receiver.url not in caplog.text


async def test_whoever_hangs_holds_up_nobody(tmp_path):
    async with receiving(hangs) as slow, receiving() as quick:
        allowed = [f"127.0.0.1:{slow.port}", f"127.0.0.1:{quick.port}"]
        async with playing_api(tmp_path, fetch_allowed=allowed) as api:
            for _ in range(5):
                await run(api, slow.url)
            task = await run(api, quick.url)

            assert (await ended(api, task))["state"] == "delivered"


async def test_a_redirect_is_a_no_and_is_not_followed(tmp_path):
    async with receiving(points_elsewhere) as receiver, playing_with(tmp_path, receiver) as api:
        told = await ended(api, await run(api, receiver.url))

        assert (told["state"], told["last_answer"]) == ("given_up", "307")


@pytest.mark.parametrize("script", [fails])
async def test_a_failed_task_is_told_with_its_reason(tmp_path, script):
    async with receiving() as receiver, playing_with(tmp_path, receiver, script) as api:
        await ended(api, await run(api, receiver.url))

        told = json.loads(receiver.heard[0][1])
        assert (told["status"], told["output"]) == (11, None)
        assert told["error"]


async def test_a_cancelled_task_is_told_and_a_refused_one_is_not(tmp_path):
    async with receiving() as receiver, playing_with(tmp_path, receiver, credits=15) as api:
        api.generator.health = Loading(0.1)
        task = await run(api, receiver.url)
        refused = await api.post_json("/apps/run", RUN | {"webhook": receiver.url})
        await api.post_json(f"/tasks/{task}/cancel")
        await ended(api, task)

        assert refused.status == 402
        assert [json.loads(body)["status"] for _, body in receiver.heard] == [12]


async def test_native_jobs_are_told_as_their_own_dialect_shows_them(tmp_path):
    async with receiving() as receiver, playing_with(tmp_path, receiver) as api:
        job = await api.order(webhook=receiver.url)
        await ended(api, job["id"])

        told = json.loads(receiver.heard[0][1])
        assert (told["id"], told["state"]) == (job["id"], "succeeded")


async def test_what_an_earlier_run_had_to_tell_is_told_by_the_next(tmp_path):
    async with receiving() as receiver:
        async with playing_with(tmp_path, receiver) as api:
            api.generator.health = Loading(0.1)
            task = await run(api, receiver.url)
        assert receiver.heard == []

        async with opened(tmp_path / "db") as store:
            while (claimed := await store.claim("x", 1.0)) is not None:
                await store.succeed(claimed.id, claimed.attempt, [], 1.0, 2.0)
        async with playing_with(tmp_path, receiver):
            await until(lambda: bool(receiver.heard))

        assert json.loads(receiver.heard[0][1])["id"] == task


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x",
        "http://localhost/x",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[ff02::1]/",
        "ftp://93.184.216.34/",
        "file:///etc/passwd",
        "gopher://93.184.216.34/",
        "//93.184.216.34/",
        "93.184.216.34",
        "http://user:pass@93.184.216.34/",
        "http://93.184.216.34@127.0.0.1/",
        "http://93.184.216.34\\@127.0.0.1/",
        "http://93.184.216.34/\r\nhost: x",
        "http://93.184.216.34/ x",
        "http://93.184.216.34:99999/",
        "http://93.184.216.34:0/",
        "http://",
        "http:///x",
        "http://no-such-host.invalid/",
        "http://%31%32%37.0.0.1/",
        "http://①②⑦.0.0.1/",
        "",
        "http://93.184.216.34/" + "a" * 2000,
    ],
)
async def test_an_address_that_is_not_public_is_refused_when_it_is_given(api, url):
    said = [
        await api.post_json("/apps/run", RUN | {"webhook": url}),
        await api.post_json("/v1/jobs", {"prompt": "a", "webhook": url}),
        await api.post_json(
            "/apps/run",
            RUN | {"input": {"prompt": "a", "loras": [{"adapter_name": "a", "lora_url": url}]}},
        ),
    ]

    assert [answer.status for answer in said] == [422] * 3
    assert await api.credits() == (1000, 0)


async def test_a_public_address_is_taken(api):
    await api.outgoing.check("https://93.184.216.34/hook")
    await api.outgoing.check("http://[2606:2800:220:1:248:1893:25c8:1946]:8080/hook")


async def test_an_exception_is_for_exactly_one_host_and_port(tmp_path):
    async with playing_api(tmp_path, fetch_allowed=["127.0.0.1:9000"]) as api:
        said = [
            (await api.post_json("/apps/run", RUN | {"webhook": f"http://{place}/"})).status
            for place in ("127.0.0.1:9000", "127.0.0.1:9001", "localhost:9000", "127.0.0.1")
        ]

        assert said == [200, 422, 422, 422]


async def test_an_address_that_became_private_meanwhile_is_not_connected_to(api, monkeypatch):
    async with receiving() as receiver:
        loop = asyncio.get_running_loop()

        async def rebound(*_args: Any, **_how: Any) -> Any:
            return [(2, 1, 6, "", ("127.0.0.1", receiver.port))]

        monkeypatch.setattr(loop, "getaddrinfo", rebound)

        with pytest.raises(Unreached, match="not a public address"):
            await api.outgoing.post(f"http://rebinding.example:{receiver.port}/", b"{}", {})
        assert receiver.heard == []
