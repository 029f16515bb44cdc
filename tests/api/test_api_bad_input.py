"""Whatever comes in, there is one clear no in the dialect of the path, no trace, and nothing is charged."""

import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncIterator

import pytest
from apistage import ApiStage, playing_api
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from stage import ScriptedGenerator, waits_for

from bot.adapters.api.faults import ApiFault
from bot.adapters.api.wire import DEEPEST, read_object
from bot.adapters.web.connections import GuardedProtocol

PATHS = ["/v1/jobs", "/apps/run", "/api/generate", "/v1/images/generations"]
JSON = {"content-type": "application/json"}
PROMPT = {"prompt": "a star", "aspect_ratio": "1:1"}


def is_one_clear_no(said, path: str) -> None:
    """Say that an answer is a no in its path's own words, and tells nothing of the inside."""
    assert 400 <= said.status < 500
    body = said.json
    if path.startswith("/api/"):
        assert set(body) == {"code", "message", "data"}
    elif path == "/v1/images/generations":
        assert set(body["error"]) == {"message", "type", "param", "code"}
    else:
        assert said.headers["content-type"] == "application/problem+json"
        assert body["status"] == said.status
    for word in ("Traceback", "pydantic", "fastapi", ".py", "sqlite", "/work", "/tmp"):
        assert word not in said.body.decode()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"prompt": "a"} {"prompt": "b"}',
        b"\xff\xfe\x00",
        b'{"prompt": "\xff"}',
        b'{"prompt": "a", "prompt": "b"}',
        b'{"prompt": "a", "seed": NaN}',
        b'{"prompt": "a", "shift": Infinity}',
        b'{"prompt": "a", "shift": 1e999}',
        b'{"prompt": "\\ud800"}',
        b'{"\\udfff": 1, "prompt": "a"}',
        b'{"prompt": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"prompt": "a", "seed": ' + b"9" * 10_000 + b"}",
        b'{"prompt": {"toString": 1}}',
        b"prompt=a+star",
    ],
)
async def test_a_body_that_is_none_is_refused(api, path, body):
    said = await api.ask("POST", path, data=body, headers=JSON)

    is_one_clear_no(said, path)
    assert await api.credits() == (1000, 0)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png"],
)
async def test_another_content_type_is_refused(api, path, kind):
    said = await api.ask("POST", path, data=json.dumps(PROMPT), headers={"content-type": kind})

    is_one_clear_no(said, path)
    assert await api.credits() == (1000, 0)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
async def test_a_packed_body_is_not_unpacked(api, encoding):
    bomb = zlib.compress(bytes(10 << 20))

    said = await api.ask(
        "POST", "/apps/run", data=bomb, headers=JSON | {"content-encoding": encoding}, skip_auto_headers=[]
    )

    is_one_clear_no(said, "/apps/run")


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_of_ten_gigabytes_is_refused_by_its_announcement(api, path):
    said, _ = await raw(api, f"POST {path} HTTP/1.1", f"Content-Length: {10 << 30}", body=b"{")

    assert said.startswith("HTTP/1.1 413")


async def test_an_endless_body_without_a_length_is_refused(api):
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield bytes(1 << 16)

    with contextlib.suppress(OSError):
        said = await api.ask("POST", "/apps/run", data=endless(), headers=JSON)
        assert said.status == 413


async def test_a_stranger_learns_nothing_from_a_body(api):
    said, _ = await raw(api, "POST /apps/run HTTP/1.1", f"Content-Length: {10 << 30}", body=b"{", key="x")

    assert said.startswith("HTTP/1.1 401")


@pytest.mark.parametrize(
    "line",
    [
        "GET /tasks/..%2f..%2fetc%2fpasswd HTTP/1.1",
        "GET /f/../../etc/passwd HTTP/1.1",
        "GET /f/..%2f..%2fetc%2fpasswd.png HTTP/1.1",
        "GET /f/%00.png HTTP/1.1",
        "GET /f/aaaaaaaaaaaaaaaaaaaa/..%2f..%2fx HTTP/1.1",
        "GET /v1/jobs/%ff%fe HTTP/1.1",
        "GET /v1/jobs/%ed%a0%80 HTTP/1.1",
        "GET /v1/jobs?before=nan HTTP/1.1",
        "GET /v1/jobs?before=inf&limit=-1 HTTP/1.1",
        "GET /v1/jobs?limit=99999999999999999999 HTTP/1.1",
        "GET /api/status?task_id=%00 HTTP/1.1",
        "GET /tasks/x/files?role=both HTTP/1.1",
        "PATCH /tasks/x HTTP/1.1",
        "TRACE /v1/jobs HTTP/1.1",
        "GET /v1/models/..%2f HTTP/1.1",
    ],
)
async def test_an_odd_address_is_a_plain_no(api, line):
    said, body = await raw(api, line)

    assert said.split()[1] in {"400", "404", "405", "422"}
    assert b"Traceback" not in body


@pytest.mark.parametrize(
    "header",
    [
        "Idempotency-Key: " + "k" * 300,
        "Idempotency-Key: é",
        "Idempotency-Key:",
        "Cancel-After: soon",
        "Host: a b",
    ],
)
async def test_an_odd_header_is_a_plain_no(api, header):
    body = json.dumps(PROMPT).encode()

    said, _ = await raw(api, "POST /v1/jobs HTTP/1.1", header, f"Content-Length: {len(body)}", body=body)

    assert said.startswith("HTTP/1.1 400")
    assert await api.credits() == (1000, 0)


@pytest.mark.parametrize(
    "header", ["Prefer: wait=99999999999999", "Prefer: wait=-1", "Last-Event-ID: \x01-x"]
)
async def test_an_odd_wish_is_passed_over(api, header):
    job = await api.done((await api.order())["id"])

    said, _ = await raw(api, f"GET /v1/jobs/{job['id']} HTTP/1.1", header)

    assert said.startswith(("HTTP/1.1 200", "HTTP/1.1 400"))


async def test_a_name_cannot_smuggle_a_header(api):
    name = "a\r\nset-cookie: x=1\r\n.png"
    said = await api.post_json("/files", {"files": [{"filename": name, "content_type": "x\r\ny: z"}]})
    (file,) = said.json["data"]
    await api.ask("PUT", file["upload_url"], key="", data=b"\x89PNG\r\n\x1a\n")

    got = await api.get(file["uri"], key="")

    assert "set-cookie" not in got.headers
    assert "\n" not in file["filename"] + file["content_type"]


async def test_a_file_that_is_two_things_is_handed_out_as_a_picture_alone(api):
    (file,) = (await api.post_json("/files", {"files": [{"filename": "x.html"}]})).json["data"]
    await api.ask("PUT", file["upload_url"], key="", data=b"GIF89a/*<script>alert(1)</script>*/")

    got = await api.get(file["uri"], key="")

    assert got.headers["content-type"] == "image/gif"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]


# ── clients that vanish, are slow, or say nothing ─────────────────────────────────────────────────


async def raw(api: ApiStage, line: str, *headers: str, body: bytes = b"", key: str = "") -> tuple[str, bytes]:
    """Send a request as it stands; return the first line and all of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.server.port)
    own = [] if any(header.lower().startswith("host:") for header in headers) else ["Host: 127.0.0.1"]
    lines = [line, *own, f"Authorization: Bearer {key or api.token}", "Content-Type: application/json"]
    head = "\r\n".join([*lines, *headers, "Connection: close", "", ""])
    writer.write(head.encode() + body)
    try:
        async with asyncio.timeout(10):
            answer = await reader.read()
    finally:
        writer.close()
    return answer.partition(b"\r\n")[0].decode(), answer


async def test_streams_whose_readers_vanish_leave_nothing_behind(tmp_path):
    async with playing_api(tmp_path, ScriptedGenerator(waits_for(asyncio.Event()))) as api:
        job = (await api.order())["id"]
        before = len(asyncio.all_tasks())
        for path in (f"/tasks/{job}/stream", f"/v1/jobs/{job}/events"):
            for _ in range(20):
                _, writer = await asyncio.open_connection("127.0.0.1", api.server.port)
                writer.write(
                    f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n".encode()
                )
                await writer.drain()
                await asyncio.sleep(0.005)
                writer.transport.abort()
        async with asyncio.timeout(20):
            while len(asyncio.all_tasks()) > before + 5:  # noqa: ASYNC110 - they end by themselves
                await asyncio.sleep(0.05)

        assert (await api.get("/health", key="")).status == 200


async def test_a_reader_that_does_not_read_holds_up_nobody(api):
    job = (await api.order("a star " * 4000))["id"]
    connections = []
    for _ in range(30):
        _, writer = await asyncio.open_connection("127.0.0.1", api.server.port)
        request = f"GET /v1/jobs/{job} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n"
        writer.write(request.encode() * 20)
        connections.append(writer)

    assert (await api.done(job))["state"] == "succeeded"
    for writer in connections:
        writer.transport.abort()


async def test_a_connection_that_says_nothing_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(GuardedProtocol, "head_seconds", 0.2)
    async with playing_api(tmp_path) as api:
        silent, _ = await asyncio.open_connection("127.0.0.1", api.server.port)
        slow, writer = await asyncio.open_connection("127.0.0.1", api.server.port)
        writer.write(b"GET /health HTTP/1.1\r\nX-")

        async with asyncio.timeout(30):
            assert await silent.read() == b""
            assert await slow.read() == b""


async def test_endless_headers_are_cut_off(api):
    reader, writer = await asyncio.open_connection("127.0.0.1", api.server.port)
    writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n")
    with contextlib.suppress(OSError):
        for number in range(2000):
            writer.write(f"X-{number}: {'a' * 100}\r\n".encode())
            await writer.drain()
        writer.write(b"\r\n")

    async with asyncio.timeout(30):
        with contextlib.suppress(OSError):
            assert b"200" not in await reader.read()


async def test_a_thousand_idle_connections_are_borne(api):
    idle = [await asyncio.open_connection("127.0.0.1", api.server.port) for _ in range(1000)]

    assert (await api.get("/health", key="")).status == 200
    assert (await api.post_json("/v1/jobs", {"prompt": "a"})).status in {201, 202}

    for _, writer in idle:
        writer.transport.abort()


# ── reading JSON ──────────────────────────────────────────────────────────────────────────────────

ANYTHING = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(some.dictionaries(some.text(), ANYTHING, max_size=5))
def test_every_sound_object_is_read_as_it_is(values):
    assert read_object(json.dumps(values).encode()) == values


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(some.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body):
    with contextlib.suppress(ApiFault):
        assert isinstance(read_object(body), dict)


def test_nesting_is_read_as_deep_as_it_is_said():
    def nested(depth: int) -> bytes:
        return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)

    assert read_object(nested(DEEPEST))
    with pytest.raises(ApiFault):
        read_object(nested(DEEPEST + 1))
