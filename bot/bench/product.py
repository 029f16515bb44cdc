"""The product as the benchmark uses it: a real `pinxit run`, and a page that types and waits."""

import asyncio
import itertools
import json
import os
import secrets
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

import bot
from bot.settings import Settings
from bot.trouble import Trouble
from generator.client import GeneratorClient
from generator.machine import resident_mib

START_SECONDS = 60.0
READY_SECONDS = 3600.0  # a large model may be downloaded first
PICTURE_SECONDS = 3600.0
PLENTY = 10**6
LARGEST_MESSAGE = 2**24
ADDRESS = "Pinxit is at "


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture: from sending the message to the message with the picture, and the engine's share."""

    seconds: float
    engine_seconds: float

    @property
    def overhead_seconds(self) -> float:
        """Everything that was not the engine."""
        return self.seconds - self.engine_seconds


class Product:
    """Runs while the context is open; then nothing of it is left."""

    module: tuple[str, ...] = ("bot", "run")

    def __init__(self, settings: Settings, data: Path) -> None:
        self._settings = settings
        self._data = data
        self._process: Process | None = None
        self._socket: ClientConnection | None = None
        self._numbers = itertools.count(1)
        self.generator = GeneratorClient(data / "generator.sock")
        self.start_seconds = 0.0
        self.url = ""

    async def __aenter__(self) -> Self:
        """Start it and wait until the painter is ready. Raises Trouble."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._start()
            async with asyncio.timeout(READY_SECONDS):
                await self._until_ready()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        await self._end()

    async def draw(self, text: str) -> Drawn:
        """Type /imagine and wait for the picture. Raises Trouble when none comes."""
        began = time.perf_counter()
        reply = await self._send("imagine", text=text, key=secrets.token_hex(12))
        async with asyncio.timeout(PICTURE_SECONDS):
            job = await self._accepted(reply)
            item = await self._ended(job)
        if item["state"] != "done":
            raise Trouble(item["sentence"])
        return Drawn(time.perf_counter() - began, item["seconds"])

    def resident_mib(self) -> float:
        """Return the memory of the bot process."""
        assert self._process is not None
        return resident_mib(self._process.pid)

    # ── the process ───────────────────────────────────────────────────────────────────────────────

    async def _start(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *self.module),
            env=self._environment(),
            cwd=self._data,  # so that no .env is found
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
        )
        assert self._process.stdout is not None
        said = (await self._process.stdout.readline()).decode().strip()
        self.start_seconds = time.perf_counter() - began
        if not said.startswith(ADDRESS):
            raise Trouble("Pinxit did not start; `pinxit doctor` says why.")
        self.url = url = said.removeprefix(ADDRESS)
        where = f"ws{url.removeprefix('http')}/socket"
        self._socket = await connect(where, origin=Origin(url), max_size=LARGEST_MESSAGE, proxy=None)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PINXIT_")}
        model = Path(self._settings.model)
        ours = {
            "DATA": self._data,
            "PORT": 0,
            "MODEL": model.absolute() if model.exists() else self._settings.model,
            "DAILY_ALLOWANCE": PLENTY,
            "RATE_PER_MINUTE": PLENTY,
            "RATE_BURST": PLENTY,
            "GLOBAL_RATE_PER_MINUTE": PLENTY,
            "GLOBAL_RATE_BURST": PLENTY,
            "API_RATE_PER_MINUTE": PLENTY,
            "API_RATE_BURST": PLENTY,
            "MAX_WAITING": PLENTY,
            "MAX_QUEUE": PLENTY,
        }
        if self._settings.threads:
            ours["THREADS"] = self._settings.threads
        root = str(Path(bot.__file__).parent.parent)
        paths = os.pathsep.join(filter(None, [root, kept.get("PYTHONPATH")]))
        return kept | {f"PINXIT_{name}": str(value) for name, value in ours.items()} | {"PYTHONPATH": paths}

    async def _end(self) -> None:
        await self.generator.close()
        if self._socket is not None:
            await self._socket.close()
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    # ── the page ──────────────────────────────────────────────────────────────────────────────────

    async def _until_ready(self) -> None:
        await self._send("hello", language=self._settings.language)
        while True:
            message = await self._heard()
            health = message.get("health", message)
            if health.get("state") in {"ready", "busy"}:
                return
            if health.get("state") == "unusable":
                raise Trouble(health["reason"])

    async def _accepted(self, reply: int) -> str:
        while True:
            message = await self._heard()
            if message.get("reply") == reply:
                if message["type"] != "item":
                    raise Trouble(message["sentence"])
                return str(message["item"]["job"])

    async def _ended(self, job: str) -> dict[str, Any]:
        while True:
            item = (await self._heard()).get("item", {})
            if item.get("job") == job and item["state"] in {"done", "broken", "cancelled"}:
                return dict(item)

    async def _send(self, type: str, **values: object) -> int:
        assert self._socket is not None
        reply = next(self._numbers)
        await self._socket.send(json.dumps({"type": type, "reply": reply, **values}))
        return reply

    async def _heard(self) -> dict[str, Any]:
        assert self._socket is not None
        return dict(json.loads(await self._socket.recv()))
