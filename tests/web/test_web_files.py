"""The page's own files: small on the wire, kept by the browser, and new at once after an upgrade."""

import gzip
import re
from pathlib import Path

import pytest
from aiohttp import ClientSession
from scripted import ScriptedService

from bot.adapters.web.app import STATIC
from bot.adapters.web.page_files import PageFiles

AS_SENT = {"accept-encoding": "gzip"}


async def address_of(http: ClientSession, url: str, name: str) -> str:
    """Return where the page says that a file is."""
    async with http.get(url) as response:
        found = re.search(rf'"(/static/[0-9a-f]+/{re.escape(name)})"', await response.text())
    assert found is not None
    return url + found[1]


async def test_what_the_page_leads_to_is_kept_for_ever(url: str, http: ClientSession) -> None:
    async with http.get(await address_of(http, url, "app.js")) as response:
        assert response.status == 200
        assert response.content_type == "text/javascript"
        assert "immutable" in response.headers["cache-control"]


@pytest.mark.parametrize("path", ["/", "/labels?language=ru", "/static/app.js"])
async def test_what_keeps_its_address_is_asked_for_again_and_sent_when_it_changed(
    url: str, http: ClientSession, path: str
) -> None:
    async with http.get(url + path) as response:
        etag = response.headers["etag"]
        assert response.headers["cache-control"] == "no-cache"
    async with http.get(url + path, headers={"if-none-match": etag}) as again:
        assert (again.status, await again.read()) == (304, b"")
    async with http.get(url + path, headers={"if-none-match": '"another"'}) as other:
        assert other.status == 200


@pytest.mark.parametrize("path", ["/", "/labels", "/static/style.css"])
async def test_text_is_compressed_for_whoever_takes_that(url: str, http: ClientSession, path: str) -> None:
    async with http.get(url + path, headers=AS_SENT, auto_decompress=False) as response:
        packed = await response.read()
        assert response.headers["content-encoding"] == "gzip"
        assert response.headers["vary"] == "accept-encoding"
    for wish in ("identity", "gzip;q=0, br"):
        async with http.get(url + path, headers={"accept-encoding": wish}) as response:
            assert "content-encoding" not in response.headers
            assert await response.read() == gzip.decompress(packed)


async def test_a_version_that_is_not_here_any_more_is_not_found(url: str, http: ClientSession) -> None:
    async with http.get(f"{url}/static/0123456789abcdef/app.js") as response:
        assert response.status == 404


def test_any_change_of_any_file_changes_the_address(tmp_path: Path) -> None:
    def version(script: str, page: str = '<script src="/static/a.js">') -> str:
        (tmp_path / "a.js").write_text(script)
        (tmp_path / "index.html").write_text(page)
        return PageFiles(tmp_path)._version

    assert len({version("1"), version("2"), version("1", "<p>")}) == 3


async def test_every_module_is_fetched_at_once_and_not_one_after_the_other(
    url: str, http: ClientSession
) -> None:
    async with http.get(url) as response:
        page = await response.text()

    modules = {path.name for path in STATIC.glob("*.js")} - {"login.js"}
    assert set(re.findall(r'rel="modulepreload" href="/static/[0-9a-f]+/(\w+\.js)"', page)) == modules


async def test_the_page_takes_less_than_sixty_thousand_bytes_on_the_wire(
    url: str, http: ClientSession
) -> None:
    total = 0
    paths = ["/labels", *(f"/static/{path.name}" for path in STATIC.iterdir())]
    for path in ("/", *paths):
        async with http.get(url + path, headers=AS_SENT, auto_decompress=False) as response:
            total += len(await response.read())

    assert total < 60_000


def test_the_drawn_examples_are_kept_until_there_are_others(tmp_path: Path) -> None:
    (drawn := tmp_path / "examples.webp").write_bytes(b"RIFF")
    first = ScriptedService(tmp_path, sampler=drawn).chat._sampler_address
    drawn.write_bytes(b"RIFF2")

    assert first != ScriptedService(tmp_path, sampler=drawn).chat._sampler_address
