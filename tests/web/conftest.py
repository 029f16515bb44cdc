"""A server around the scripted service, and real Chromium where there is one."""

import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from scripted import ScriptedService, running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = (
    "--headless",
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
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


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Chromium for all tests; skipped with a reason where the machine has none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the browser tests")
    folder = tmp_path_factory.mktemp("chromium")
    command = [CHROMIUM, *ARGUMENTS, f"--user-data-dir={folder}", "--remote-debugging-port=0", "about:blank"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    yield next(line.split()[-1] for line in process.stderr if line.startswith("DevTools listening on"))
    os.killpg(process.pid, signal.SIGKILL)  # it has children of its own
    process.wait()
    process.stderr.close()


@pytest_asyncio.fixture
async def browser(chromium: str) -> AsyncIterator[Any]:
    """A connection to Chromium."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only where there is a browser

    async with async_playwright() as playwright:
        yield await playwright.chromium.connect_over_cdp(chromium)


@pytest_asyncio.fixture
async def visit(browser: Any) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Open the chat in a fresh profile; fails the test on any error of a script or of the content rules."""
    faults: list[str] = []
    profiles: list[Any] = []

    async def opened(url: str, language: str = "en-US", width: int = 1180, **context: Any) -> Any:
        profile = await browser.new_context(
            viewport={"width": width, "height": 800}, locale=language, **context
        )
        profiles.append(profile)
        page = await profile.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: _note(faults, message))
        await page.goto(url)
        await page.wait_for_selector("body[data-ready]")
        return page

    yield opened
    for profile in profiles:
        await profile.close()
    assert faults == []


def _note(faults: list[str], message: Any) -> None:
    """Keep what the console calls an error, but for a socket that was cut on purpose."""
    if message.type == "error" and "WebSocket connection" not in message.text:
        faults.append(message.text)
