"""The API is good HTTP: HEAD, OPTIONS, conditions, ranges, pipelines, other pages, bodies that never come."""

import asyncio
import contextlib
import json

import pytest
from apistage import PLENTY, ApiStage, painting, playing_api

from bot.adapters.api.core import Rules

DEADLINE = 30.0


@pytest.fixture
async def painted(tmp_path):
    """An API with a finished job."""
    async with playing_api(tmp_path, painting()) as api:
        api.job = await api.done((await api.order())["id"])
        yield api


async def raw(api: ApiStage, sent: bytes) -> bytes:
    """Send bytes; return all that is answered until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.server.port)
    writer.write(sent)
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    async with asyncio.timeout(DEADLINE):
        answer = await reader.read()
    writer.close()
    return answer


def request(api: ApiStage, line: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{line} HTTP/1.1", f"Host: 127.0.0.1:{api.server.port}", f"Authorization: Bearer {api.token}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


# ── methods ───────────────────────────────────────────────────────────────────────────────────────


async def test_head_answers_as_get_does_without_the_body(painted):
    paths = ["/health", "/v1/models", "/v1/me", "/v1/jobs", f"/v1/jobs/{painted.job['id']}", "/docs"]
    for path in [*paths, f"/tasks/{painted.job['id']}", painted.job["pictures"][0]["url"]]:
        get, head = await painted.get(path), await painted.ask("HEAD", path)

        assert (head.status, head.body) == (get.status, b"") == (200, b"")
        assert head.headers["content-type"] == get.headers["content-type"]
        assert head.headers["content-length"] == get.headers["content-length"]


async def test_head_needs_the_key_that_get_needs(painted):
    assert (await painted.ask("HEAD", "/v1/jobs", key="")).status == 401
    assert (await painted.ask("HEAD", "/v1/jobs/none")).status == 404


@pytest.mark.parametrize("path", ["/v1/jobs/x/events", "/tasks/x/stream"])
async def test_what_has_no_end_yet_has_no_head(api, path):
    said = await api.ask("HEAD", path)

    assert (said.status, said.headers["allow"]) == (405, "GET, OPTIONS")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/jobs", "GET, HEAD, OPTIONS, POST"),
        ("/v1/jobs/x", "DELETE, GET, HEAD, OPTIONS"),
        ("/apps/run", "OPTIONS, POST"),
        ("/api/generate", "OPTIONS, POST"),
        ("/v1/models", "GET, HEAD, OPTIONS"),
    ],
)
async def test_every_method_that_an_address_takes_is_told(api, path, methods):
    no = await api.ask("PATCH", path)
    asked = await api.ask("OPTIONS", path, key="")

    assert (no.status, no.headers["allow"]) == (405, methods)
    assert (asked.status, asked.headers["allow"], asked.body) == (204, methods, b"")


async def test_the_first_part_of_an_address_alone_is_answered_in_its_own_dialect(api):
    assert (await api.get("/v1")).json["error"]["code"] == "not_found"
    assert (await api.get("/api")).json["code"] == 404


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_picture_that_is_there_already_is_not_sent_again(painted):
    url = painted.job["pictures"][0]["url"]
    first = await painted.get(url, key="")

    again = await painted.get(url, key="", headers={"if-none-match": f'"x", {first.headers["etag"]}'})
    other = await painted.get(url, key="", headers={"if-none-match": '"x"'})

    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert "immutable" in again.headers["cache-control"]
    assert (other.status, other.body) == (200, first.body)


async def test_a_sent_file_that_is_there_already_is_not_sent_again(painted):
    (file,) = (await painted.post_json("/files", {"files": [{"filename": "a.txt"}]})).json["data"]
    await painted.ask("PUT", file["upload_url"], key="", data=b"words")

    first = await painted.get(file["uri"], key="")
    again = await painted.get(file["uri"], key="", headers={"if-none-match": first.headers["etag"]})

    assert (first.body, again.status, again.body) == (b"words", 304, b"")


async def test_a_part_of_a_picture_is_sent_and_a_part_that_is_not_there_refused(painted):
    url = painted.job["pictures"][0]["url"]
    whole = await painted.get(url, key="")

    part = await painted.get(url, key="", headers={"range": "bytes=8-15"})
    rest = await painted.get(url, key="", headers={"range": "bytes=-8"})
    none = await painted.get(url, key="", headers={"range": "bytes=999999-"})
    changed = await painted.get(url, key="", headers={"range": "bytes=0-3", "if-range": '"another"'})

    assert (part.status, part.body) == (206, whole.body[8:16])
    assert (rest.status, rest.body) == (206, whole.body[-8:])
    assert none.status == 416
    assert (changed.status, changed.body) == (200, whole.body)


async def test_an_address_that_was_changed_anywhere_leads_nowhere(painted):
    url = painted.job["pictures"][0]["url"]
    start = url.rindex("/") + 1
    for at in range(start, len(url)):
        changed = url[:at] + ("A" if url[at] != "A" else "B") + url[at + 1 :]

        assert (await painted.get(changed, key="")).status == 404


async def test_an_id_is_the_same_however_it_is_written_in_the_address(painted):
    written = "".join(f"%{ord(letter):02X}" for letter in painted.job["id"])
    reader = request(painted, f"GET /v1/jobs/{written}", "Connection: close")

    answer = await raw(painted, reader)

    assert answer.startswith(b"HTTP/1.1 200")
    assert painted.job["id"].encode() in answer


# ── connections ───────────────────────────────────────────────────────────────────────────────────


async def test_requests_that_are_sent_before_the_answers_are_answered_in_their_order(api):
    body = json.dumps({"prompt": "a star", "dry_run": True}).encode()
    asked = [
        request(api, "GET /v1/models"),
        request(api, "POST /v1/jobs", f"Content-Length: {len(body)}", body=body),
        request(api, "GET /v1/nothing"),
        request(api, "GET /health", "Connection: close"),
    ]

    answers = (await raw(api, b"".join(asked))).split(b"HTTP/1.1 ")[1:]

    assert [answer[:3] for answer in answers] == [b"200", b"200", b"404", b"200"]
    assert b'"object":"list"' in answers[0]
    assert b'"dry_run":true' in answers[1]


@pytest.mark.parametrize("path", ["/v1/jobs", "/apps/run", "/api/generate", "/v1/images/generations"])
async def test_a_body_that_never_comes_is_waited_for_no_longer_than_a_while(api, monkeypatch, path):
    monkeypatch.setattr("bot.adapters.api.gate.BODY_SECONDS", 0.2)

    answer = await raw(api, request(api, f"POST {path}", "Content-Length: 40", body=b'{"prompt": "a'))

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"did not come in time" in answer
    assert await api.credits() == (1000, 0)


async def test_a_form_that_never_comes_is_waited_for_no_longer_than_a_while(api, monkeypatch):
    monkeypatch.setattr("bot.adapters.api.forms.FORM_SECONDS", 0.2)
    headers = ("Content-Type: multipart/form-data; boundary=x", "Content-Length: 4000")

    answer = await raw(api, request(api, "POST /v1/images/edits", *headers, body=b"--x\r\n"))

    assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("how", ["Content-Length: 900000000", "Transfer-Encoding: chunked"])
async def test_nobody_waits_for_a_large_body_that_was_refused_already(api, how):
    line = f"POST /v1/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer wrong\r\n{how}\r\n\r\n"

    answer = await raw(api, line.encode())

    assert answer.startswith(b"HTTP/1.1 401")
    assert b"connection: close" in answer


@pytest.mark.parametrize(
    "head",
    [
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Bad Header: x\r\n\r\n",
    ],
)
async def test_a_request_that_could_be_read_in_two_ways_ends_the_connection(api, head):
    hidden = request(api, "POST /v1/jobs", "Content-Length: 14", body=b'{"prompt":"x"}')
    line = f"POST /v1/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.token}\r\n".encode()

    answer = await raw(api, line + head + hidden)

    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1
    assert await api.credits() == (1000, 0)


# ── pages elsewhere ───────────────────────────────────────────────────────────────────────────────


async def test_a_client_library_in_a_listed_page_may_send_whatever_headers_it_has(tmp_path):
    rules = Rules(rate=PLENTY, version="test", origins=("https://app.example",))
    wanted = "authorization,content-type,x-stainless-os,x-stainless-retry-count,openai-organization"
    asks = {"access-control-request-method": "POST", "access-control-request-headers": wanted}
    async with playing_api(tmp_path, rules=rules) as api:
        listed = await api.ask(
            "OPTIONS", "/v1/images/generations", key="", headers=asks | {"origin": "https://app.example"}
        )
        other = await api.ask(
            "OPTIONS", "/v1/images/generations", key="", headers=asks | {"origin": "https://evil.example"}
        )

    assert listed.status == 200
    assert set(wanted.split(",")) <= {
        name.strip() for name in listed.headers["access-control-allow-headers"].split(",")
    }
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_the_description_is_compressed_and_sent_once(api, path):
    first = await api.get(path, key="", headers={"accept-encoding": "gzip"})
    plain = await api.get(path, key="", headers={"accept-encoding": "identity"})
    again = await api.get(path, key="", headers={"if-none-match": first.headers["etag"]})

    assert first.headers["content-encoding"] == "gzip"
    assert int(first.headers["content-length"]) < len(plain.body) / 4
    assert (first.body, again.status, again.body) == (plain.body, 304, b"")
