import asyncio
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession
from scripted import ScriptedService
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from bot.adapters.web.guard import HEADERS, is_own_host, is_own_origin


async def raw(url: str, path: str, headers: str = "") -> int:
    """Send a path as it is, which clients would tidy up; return the status."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    request = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n{headers}Connection: close\r\n\r\n"
    writer.write(request.encode())
    status = (await reader.readline()).split()[1]
    writer.close()
    return int(status)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000"])
def test_loopback_names_are_served(host: str) -> None:
    assert is_own_host(host, "127.0.0.1", ())


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "evil.example@127.0.0.1",
        "127.0.0.1/evil",
        "127.0.0.1:port",
        "192.168.1.5:8000",
        "[::1",
    ],
)
def test_other_names_are_not_served_on_loopback(host: str) -> None:
    assert not is_own_host(host, "127.0.0.1", ())


def test_a_server_on_every_address_is_reached_by_any_address_and_by_its_own_names() -> None:
    assert is_own_host("192.168.1.5:8000", "0.0.0.0", ())
    assert is_own_host("pinxit.home", "0.0.0.0", ("Pinxit.home",))
    assert not is_own_host("evil.example", "0.0.0.0", ("pinxit.home",))


@pytest.mark.parametrize("origin", ["http://127.0.0.1:5000", "http://localhost:8000", "null", "", "file://"])
def test_another_port_or_name_is_another_site(origin: str) -> None:
    assert is_own_origin("http://127.0.0.1:8000", "127.0.0.1:8000")
    assert not is_own_origin(origin, "127.0.0.1:8000")


async def test_a_rebound_name_sees_nothing(url: str, http: ClientSession) -> None:
    for path in ("/", "/labels", "/static/app.js", "/pictures/secret.png"):
        async with http.get(url + path, headers={"Host": "evil.example"}) as response:
            assert response.status == 403
            assert "Pinxit" not in await response.text()


async def test_a_request_with_two_hosts_is_refused(url: str) -> None:
    assert await raw(url, "/", "Host: evil.example\r\n") in {400, 403}


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", None])
async def test_the_socket_is_closed_to_other_sites(url: str, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(url.replace("http", "ws") + "/socket", origin=origin, proxy=None).__aenter__()  # type: ignore[arg-type]

    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", None])
async def test_a_form_on_another_site_posts_nothing(
    url: str, http: ClientSession, origin: str | None
) -> None:
    headers = {"Origin": origin} if origin else {}
    async with http.post(
        url + "/login", json={"password": "x", "language": "en"}, headers=headers
    ) as response:
        assert response.status == 403


async def test_pictures_are_not_shown_inside_other_sites(url: str, http: ClientSession) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    async with http.get(url + "/static/mark.svg", headers=headers) as response:
        assert response.status == 403


async def test_a_link_from_elsewhere_opens_the_chat(url: str, http: ClientSession) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    async with http.get(url, headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/labels", "/nothing", "/pictures/none.png"])
async def test_every_response_carries_the_rules(url: str, http: ClientSession, path: str) -> None:
    async with http.get(url + path) as response:
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        assert "server" not in response.headers


def test_no_script_runs_that_is_not_a_file_of_ours() -> None:
    rules = HEADERS["content-security-policy"]

    assert "default-src 'none'" in rules
    assert "frame-ancestors 'none'" in rules
    assert "unsafe" not in rules
    assert "http" not in rules


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2f..%2fapp.py",
        "/static//etc/passwd",
        "/pictures/..%2f..%2fpinxit.sqlite3",
        "/pictures/%2e%2e/x.png",
        "/pictures/" + "a" * 5000 + ".png",
        "/pictures/abc.png",
        "/pictures/secret-of-job001-0.svg",
    ],
)
async def test_no_path_leads_out_of_the_folders(url: str, path: str) -> None:
    assert await raw(url, path) in {404, 400}


async def test_a_picture_is_served_for_ever_under_a_speaking_name(
    url: str, http: ClientSession, service: ScriptedService
) -> None:
    await service.accepted("a red circle")
    await service.finish("job001")

    async with http.get(f"{url}/pictures/secret-of-job001-0.png") as response:
        assert (await response.read())[:4] == b"\x89PNG"
        assert response.headers["content-type"] == "image/png"
        assert "immutable" in response.headers["cache-control"]
        assert 'filename="pinxit-job001-1.png"' in response.headers["content-disposition"]


@pytest.mark.parametrize(
    "name", ["../x.png", 'a".png', "a\r\nSet-Cookie: b.png", "a.html", "a/b.png", "." * 300]
)
async def test_a_picture_is_not_saved_under_a_harmful_name(
    url: str, http: ClientSession, service: ScriptedService, name: str
) -> None:
    await service.finish(await service.accepted("a red circle"))

    async with http.get(f"{url}/pictures/secret-of-job001-0.png", params={"as": name}) as response:
        assert response.headers["content-disposition"] == 'inline; filename="pinxit-job001-1.png"'
        assert "set-cookie" not in response.headers
