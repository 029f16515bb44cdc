"""The real product under test: `python -m bot run` with a folder of its own, and a page that talks to it."""

import asyncio
import contextlib
import itertools
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"Pinxit is at (http://\S+)")
START_SECONDS = 30.0  # generous: the machine may be busy
PATIENCE_SECONDS = 180.0  # the same, until something is shown
ENDS = {"done", "broken", "cancelled"}

View = dict[str, Any]


def environment(data: Path, **settings: object) -> dict[str, str]:
    """Return an environment without anybody's settings but the given ones."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PINXIT_") and name not in {"DISCORD_TOKEN", "TELEGRAM_TOKEN"}
    }
    ours = {"DATA": data, "PORT": 0, "DAILY_ALLOWANCE": 1_000_000, "RATE_PER_MINUTE": 100_000} | settings
    ours = {"RATE_BURST": 100_000, "GLOBAL_RATE_PER_MINUTE": 100_000, "GLOBAL_RATE_BURST": 100_000} | ours
    return kept | {f"PINXIT_{name}": str(value) for name, value in ours.items()} | {"PYTHONPATH": str(ROOT)}


def once(command: str, data: Path, seconds: float, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a command of `pinxit` to its end, which must come within so many seconds."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *command.split()],
        env=environment(data, **settings),
        cwd=data.parent,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


class Product:
    """One data folder and, from `start` to its end, the processes that work in it."""

    def __init__(self, data: Path, *, program: tuple[str, ...] = ("bot", "run"), **settings: object) -> None:
        self.data = data
        self.program = program
        self.settings = settings
        self.url = ""
        self.log = data.parent / f"{data.name}.log"
        self.process: subprocess.Popen[str] | None = None
        self.start_seconds = self._began = 0.0

    def start(self) -> None:
        """Start the bot and wait until it answers."""
        self.begin()
        self.has_begun()

    def begin(self) -> None:
        """Start the bot."""
        self._began = time.monotonic()
        with self.log.open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.program],
                env=environment(self.data, **self.settings),
                cwd=self.data.parent,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def has_begun(self) -> None:
        """Wait until the bot answers."""
        assert self.process is not None
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        self.start_seconds = time.monotonic() - self._began
        address = ADDRESS.search(said)
        assert address, f"no address but {said!r}; log: {self.log.read_text()[-2000:]}"
        self.url = address[1]

    @property
    def pid(self) -> int:
        """The bot's process."""
        assert self.process is not None
        return self.process.pid

    def generators(self) -> list[int]:
        """Return the generator processes of this folder, whoever their parent is."""
        return [pid for pid, line in command_lines() if "generator.serve" in line and str(self.data) in line]

    def processes(self) -> list[int]:
        """Return what still runs of this product: its bot, and generators whoever their parent is."""
        bots = [self.pid] if self.process is not None and self.process.poll() is None else []
        return [*bots, *self.generators()]

    def logged(self, *words: str) -> list[str]:
        """Return the lines of the log that have any of the words in them."""
        return [line for line in self.log.read_text().splitlines() if any(word in line for word in words)]

    def kill_generator(self) -> None:
        """Kill -9 every generator of this folder."""
        for pid in self.generators():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill(self) -> None:
        """Kill -9 the bot."""
        assert self.process is not None
        self.process.kill()
        self._wait()

    def stop(self, seconds: float = 15.0) -> int:
        """Ask the bot to stop; return its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self._wait(seconds)

    def end(self) -> None:
        """Leave nothing running, whatever happened."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.kill_generator()

    def _wait(self, seconds: float = 15.0) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        code = self.process.wait(seconds)
        self.process.stdout.close()
        return code

    def get(self, path: str) -> bytes:
        """Return what a path of the web chat answers."""
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            return response.read()


def command_lines() -> Iterator[tuple[int, str]]:
    """Yield every process and its command line."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                yield int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()


async def eventually(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is true; the deadline is generous."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.02)


class Page:
    """One open page: sends messages, remembers the newest state of every job."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._replies: dict[int, asyncio.Future[View]] = {}
        self._changed = asyncio.Condition()
        self.items: dict[str, View] = {}
        self.seen: dict[str, list[View]] = {}
        self.health: View = {}
        self.balance = 0

    async def ask(self, type: str, **values: object) -> View:
        """Send a message and return its answer."""
        reply = next(self._numbers)
        answered = self._replies[reply] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"type": type, "reply": reply, **values}))
        async with asyncio.timeout(30):
            return await answered

    async def imagine(self, text: str, key: str | None = None) -> View:
        """Type /imagine; return the answer."""
        return await self.ask("imagine", text=text, key=key or secrets.token_hex(12))

    async def ended(self, job: str, seconds: float = PATIENCE_SECONDS) -> View:
        """Return the job's message in its final state."""
        return await self.shown(job, lambda item: item["state"] in ENDS, seconds)

    async def shown(
        self, job: str, wanted: Callable[[View], bool], seconds: float = PATIENCE_SECONDS
    ) -> View:
        """Return the job's message as soon as it shows what is wanted."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: job in self.items and wanted(self.items[job]))
            return self.items[job]

    async def told(self, wanted: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until a message makes it true."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(wanted)

    async def ready(self) -> None:
        """Wait until the painter is ready."""
        await self.told(lambda: self.health.get("state") in {"ready", "busy"})

    async def listen(self) -> None:
        """Take in every message until the socket closes."""
        try:
            async for text in self._socket:
                await self._hear(json.loads(text))
        except Exception as error:  # noqa: BLE001 - a bot that was killed: whoever waits is told
            for waiting in self._replies.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionError(str(error)))

    async def _hear(self, view: View) -> None:
        async with self._changed:
            match view["type"]:
                case "item":
                    self._note(view["item"])
                case "welcome":
                    self.health = view["health"]
                    self.balance = view["wallet"]["available"]
                    for item in view["history"]["items"]:
                        self._note(item)
                case "health":
                    self.health = view
                case "balance":
                    self.balance = view["available"]
            self._changed.notify_all()
        if (waiting := self._replies.pop(view.get("reply", 0) or 0, None)) is not None:
            waiting.set_result(view)

    def _note(self, item: View) -> None:
        known = self.items.get(item["job"])
        if known is None or known["state"] not in ENDS:
            self.items[item["job"]] = item
            self.seen.setdefault(item["job"], []).append(item)


@contextlib.asynccontextmanager
async def page(product: Product, language: str = "en") -> AsyncIterator[Page]:
    """Open the page of a running product."""
    where = product.url.replace("http", "ws") + "/socket"
    async with connect(where, origin=product.url, max_size=2**24, proxy=None) as socket:  # type: ignore[arg-type]
        opened = Page(socket)
        listening = asyncio.create_task(opened.listen())
        try:
            await opened.ask("hello", language=language)
            yield opened
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
