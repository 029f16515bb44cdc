"""A server around the scripted service, and real Chromium where there is one."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from scripted import ScriptedService, running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)


@pytest.fixture
def service(tmp_path: Path) -> ScriptedService:
    return ScriptedService(tmp_path)


@pytest_asyncio.fixture
async def url(service: ScriptedService) -> AsyncIterator[str]:
    """The address of a running chat."""
    async with running(service.server()) as server:
        yield server.url


@pytest_asyncio.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Any]:
    """Chromium, started for one test; skipped with a reason where the machine has none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the browser tests")
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only where there is a browser

    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture
async def visit(browser: Any) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Open the chat in a fresh profile; fails the test on any error of a script or of the content rules."""
    faults: list[str] = []

    async def opened(url: str, language: str = "en-US", width: int = 1180, **context: Any) -> Any:
        profile = await browser.new_context(
            viewport={"width": width, "height": 800}, locale=language, **context
        )
        page = await profile.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: _note(faults, message))
        await page.goto(url)
        await page.wait_for_selector("body[data-ready]")
        return page

    yield opened
    assert faults == []


def _note(faults: list[str], message: Any) -> None:
    """Keep what the console calls an error, but for a socket that was cut on purpose."""
    if message.type == "error" and "WebSocket connection" not in message.text:
        faults.append(message.text)
