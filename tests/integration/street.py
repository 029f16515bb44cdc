"""People at work in every chat and at the API, and lots that decide what is killed under them."""

import asyncio
import contextlib
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from product import ROOT, Product, environment, page
from websockets.exceptions import WebSocketException

from tests.platforms.discord import TOKEN as DISCORD_TOKEN
from tests.platforms.discord import LoopbackDiscord
from tests.platforms.telegram import TOKEN as TELEGRAM_TOKEN
from tests.platforms.telegram import LoopbackTelegram

KEY = re.compile(r"pinxit_\S+")
BUSY = re.compile(rb"^pinxit_painter_busy (\S+)", re.MULTILINE)
IN_MID_JOB = 0.75  # of the kills
DRAWING_SECONDS = 60.0
CUT = (OSError, WebSocketException, TimeoutError, aiohttp.ClientError, KeyError)

Victims = dict[str, tuple[int, Callable[[], Awaitable[None]]]]  # how often in proportion, and how


def tell(sentence: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {sentence}", flush=True)  # noqa: T201 - a report as it goes


def new_key(data: Path, name: str = "shop", *options: str, **settings: object) -> str:
    """Make a key to the API with credits."""
    made = ("keys", "create", name, "--credits", "100000", "--quiet", *options)
    said = subprocess.run(
        [sys.executable, "-m", "bot", *made],
        env=environment(data, **settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = KEY.search(said.stdout)
    assert found
    return found[0]


def join_discord(folder: Path, discord: LoopbackDiscord) -> None:
    """Let the bot that runs in a folder be on Discord."""
    _say(folder, f"DISCORD_TOKEN={DISCORD_TOKEN}\nDISCORD_API_URL={discord.url}\n")


def join_telegram(folder: Path, telegram: LoopbackTelegram) -> None:
    """Let the bot that runs in a folder be on Telegram."""
    _say(folder, f"TELEGRAM_TOKEN={TELEGRAM_TOKEN}\nTELEGRAM_API_URL={telegram.url}\n")


def _say(folder: Path, lines: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".env").open("a") as file:
        file.write(lines)


@dataclass
class Street:
    """Everybody who works, and the bots under them."""

    bots: tuple[Product, ...]
    discord: LoopbackDiscord
    telegram: LoopbackTelegram
    key: str
    dice: random.Random
    over: asyncio.Event = field(default_factory=asyncio.Event)
    ordered: dict[str, str] = field(default_factory=dict)  # API: the job of every key
    shown: set[str] = field(default_factory=set)  # web: the jobs that were answered with a message
    kills: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)

    async def work(self, victims: Victims, seconds: float, at_least: int = 0) -> None:
        """Work in every chat for so long, while one victim after the other, so many at least, is killed."""
        await asyncio.gather(
            self._kill(victims, seconds, at_least),
            self._on_discord(),
            self._on_telegram(),
            self._on_the_page(),
            self._at_the_api(),
        )
        tell(f"killed {dict(self.kills)}, asked {dict(self.asked)}")

    async def _kill(self, victims: Victims, seconds: float, at_least: int) -> None:
        until = time.monotonic() + seconds
        names, weights = list(victims), [weight for weight, _ in victims.values()]
        while time.monotonic() < until or self.kills.total() < at_least:
            await asyncio.sleep(self.dice.uniform(0.2, 8.0))
            if self.dice.random() < IN_MID_JOB:
                await self._somebody_draws()
                await asyncio.sleep(self.dice.uniform(0.0, 5.0))
            [victim] = self.dice.choices(names, weights)
            self.kills[victim] += 1
            await victims[victim][1]()
        self.over.set()

    async def _somebody_draws(self) -> None:
        """Wait for it, but not for ever: on a slow machine all would be killed before they can draw."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAWING_SECONDS):
                while not await asyncio.to_thread(self._draws):  # noqa: ASYNC110 - in other processes
                    await asyncio.sleep(0.1)

    def _draws(self) -> bool:
        for bot in self.bots:
            with contextlib.suppress(OSError):
                busy = BUSY.search(bot.get("/metrics"))
                if busy is not None and float(busy[1]) > 0:
                    return True
        return False

    def _somewhere(self) -> Product:
        return self.dice.choice(self.bots)

    def _wish(self) -> str:
        return f"a red circle --seed {self.dice.randrange(10**6)} --steps {self.dice.randint(1, 8)}"

    async def _on_discord(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(StopIteration):  # before the commands are known
                self.discord.imagine(
                    "a blue star", steps=self.dice.randint(1, 8), count=self.dice.randint(1, 2)
                )
                self.asked["discord"] += 1
            await asyncio.sleep(self.dice.uniform(1.0, 4.0))

    async def _on_telegram(self) -> None:
        while not self.over.is_set():
            self.telegram.imagine(self._wish(), self.dice.choice([self.telegram.ann, self.telegram.bob]))
            self.asked["telegram"] += 1
            await asyncio.sleep(self.dice.uniform(1.0, 4.0))

    async def _on_the_page(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(*CUT):
                async with page(self._somewhere()) as chat:
                    while not self.over.is_set():
                        answer = await chat.imagine(self._wish())
                        self.asked["web"] += 1
                        if "item" in answer:
                            self.shown.add(answer["item"]["job"])
                        if self.dice.random() < 0.2 and "item" in answer:
                            await chat.ask("cancel", job=answer["item"]["job"])
                        await asyncio.sleep(self.dice.uniform(0.5, 3.0))
            await asyncio.sleep(0.2)

    async def _at_the_api(self) -> None:
        """Order every key until it is accepted, however often and wherever that has to be tried."""
        number = 0
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            while not self.over.is_set():
                with contextlib.suppress(*CUT):
                    key = f"order-{number:05}"
                    self.ordered[key] = (await self._order(http, key))["id"]
                    self.asked["api"] += 1
                    number += 1
                await asyncio.sleep(self.dice.uniform(0.2, 2.0))

    async def _order(self, http: aiohttp.ClientSession, key: str) -> Any:
        headers = {"authorization": f"Bearer {self.key}", "idempotency-key": key}
        given = {"prompt": "a green square", "steps": 2}
        async with http.post(f"{self._somewhere().url}/v1/jobs", json=given, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json()
