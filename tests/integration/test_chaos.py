"""People work in every chat at once while bot and generator are killed at random.

Minutes long, so it runs where it is asked for: `make chaos`. PINXIT_CHAOS_SECONDS says for how long,
PINXIT_CHAOS_SEED repeats what was drawn by lot (the machine's own timing is not repeated).
"""

import asyncio
import contextlib
import os
import random
import re
import secrets
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from product import ROOT, Product, environment, page
from websockets.exceptions import WebSocketException

from bot.file_names import named_job
from storage.pictures import PictureFolder
from storage.records import Job, JobState, Kind, Post
from storage.sqlite import SqliteStore
from tests.platforms.discord import TOKEN as DISCORD_TOKEN
from tests.platforms.discord import LoopbackDiscord
from tests.platforms.telegram import TOKEN as TELEGRAM_TOKEN
from tests.platforms.telegram import LoopbackTelegram

pytestmark = pytest.mark.skipif("PINXIT_CHAOS" not in os.environ, reason="asked for by `make chaos`")

SECONDS = float(os.environ.get("PINXIT_CHAOS_SECONDS", "180"))
SEED = int(os.environ.get("PINXIT_CHAOS_SEED") or secrets.randbelow(10**6))
DEADLINE = 600.0  # until everything has ended
VICTIMS = ("generator", "generator", "generator", "bot")
KEY = re.compile(r"pinxit_\S+")
CUT = (OSError, WebSocketException, TimeoutError, aiohttp.ClientError, KeyError)
ENDED = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


def tell(sentence: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {sentence}", flush=True)  # noqa: T201 - a report as it goes


@dataclass
class Street:
    """Everybody who works, and the bot that is killed under them."""

    product: Product
    discord: LoopbackDiscord
    telegram: LoopbackTelegram
    key: str
    dice: random.Random
    over: asyncio.Event = field(default_factory=asyncio.Event)
    accepted: dict[str, str] = field(default_factory=dict)  # API: the job of every key
    kills: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)

    def wish(self) -> str:
        return f"a red circle --seed {self.dice.randrange(10**6)} --steps {self.dice.randint(1, 8)}"

    async def on_discord(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(StopIteration):  # before the commands are known
                self.discord.imagine(
                    "a blue star", steps=self.dice.randint(1, 8), count=self.dice.randint(1, 2)
                )
                self.asked["discord"] += 1
            await asyncio.sleep(self.dice.uniform(1.0, 4.0))

    async def on_telegram(self) -> None:
        while not self.over.is_set():
            self.telegram.imagine(self.wish(), self.dice.choice([self.telegram.ann, self.telegram.bob]))
            self.asked["telegram"] += 1
            await asyncio.sleep(self.dice.uniform(1.0, 4.0))

    async def on_the_page(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(*CUT):
                async with page(self.product) as chat:
                    while not self.over.is_set():
                        answer = await chat.imagine(self.wish())
                        self.asked["web"] += 1
                        if self.dice.random() < 0.2 and "item" in answer:
                            await chat.ask("cancel", job=answer["item"]["job"])
                        await asyncio.sleep(self.dice.uniform(0.5, 3.0))
            await asyncio.sleep(0.2)

    async def at_the_api(self) -> None:
        """Order every key until it is accepted, however often that has to be tried."""
        number = 0
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            while not self.over.is_set():
                with contextlib.suppress(*CUT):
                    key = f"order-{number:05}"
                    self.accepted[key] = (await self._order(http, key))["id"]
                    self.asked["api"] += 1
                    number += 1
                await asyncio.sleep(self.dice.uniform(0.2, 2.0))

    async def _order(self, http: aiohttp.ClientSession, key: str) -> Any:
        headers = {"authorization": f"Bearer {self.key}", "idempotency-key": key}
        given = {"prompt": "a green square", "steps": 2}
        async with http.post(f"{self.product.url}/v1/jobs", json=given, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def kill(self) -> None:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            await asyncio.sleep(self.dice.uniform(0.2, 8.0))
            victim = self.dice.choice(VICTIMS)
            self.kills[victim] += 1
            if victim == "generator":
                self.product.kill_generator()
            else:
                await asyncio.to_thread(self.product.kill)
                await asyncio.to_thread(self.product.start)
        self.over.set()


async def test_whatever_is_killed_nothing_is_lost_doubled_or_left(made, tmp_path):
    tell(f"seed {SEED}, {SECONDS:.0f} s")
    async with LoopbackDiscord() as discord, LoopbackTelegram() as telegram:
        discord.rest.checking = False
        product = on_every_platform(made, tmp_path, discord, telegram)
        key = await asyncio.to_thread(new_key, product.data)
        await asyncio.to_thread(product.start)
        street = Street(product, discord, telegram, key, random.Random(SEED))

        await asyncio.gather(
            street.kill(),
            street.on_discord(),
            street.on_telegram(),
            street.on_the_page(),
            street.at_the_api(),
        )
        tell(f"killed {dict(street.kills)}, asked {dict(street.asked)}")
        await all_shown(product)

        assert await asyncio.to_thread(product.stop) == 0
        jobs = await the_books(street)
        every_picture_is_in_its_chat(street, jobs)
        nothing_is_left(product)


def on_every_platform(
    made: Any, tmp_path: Path, discord: LoopbackDiscord, telegram: LoopbackTelegram
) -> Product:
    (tmp_path / ".env").write_text(
        f"DISCORD_TOKEN={DISCORD_TOKEN}\nDISCORD_API_URL={discord.url}\n"
        f"TELEGRAM_TOKEN={TELEGRAM_TOKEN}\nTELEGRAM_API_URL={telegram.url}\n"
    )
    return made(tmp_path / "data", MAX_WAITING=10_000, MAX_QUEUE=100_000)  # type: ignore[no-any-return]


def new_key(data: Path) -> str:
    said = subprocess.run(
        [sys.executable, "-m", "bot", "keys", "create", "shop", "--credits", "100000", "--quiet"],
        env=environment(data),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = KEY.search(said.stdout)
    assert found
    return found[0]


async def all_shown(product: Product) -> None:
    """Wait until every job has ended and every end is confirmed as shown."""
    began = time.monotonic()
    store = SqliteStore(product.data / "pinxit.sqlite3")
    await store.open()
    try:
        async with asyncio.timeout(DEADLINE):
            while (left := await unfinished(store)) != (0, 0):  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.5)
    except TimeoutError:
        pytest.fail(f"after {DEADLINE:.0f} s {left[0]} jobs wait and {left[1]} ends are not shown")
    finally:
        await store.close()
    tell(f"all ended and shown after {time.monotonic() - began:.0f} s")


async def unfinished(store: SqliteStore) -> tuple[int, int]:
    backlog = await store.oversight.backlog()
    return sum(each.jobs for each in backlog.waiting), backlog.undelivered


async def the_books(street: Street) -> list[tuple[Job, Post]]:
    """Check credits, pictures and promises in the database; return every job with its post."""
    data = street.product.data
    store, folder = SqliteStore(data / "pinxit.sqlite3"), PictureFolder(data / "pictures")
    await store.open()
    try:
        jobs = await store.jobs(100_000)
        assert {job.state for job in jobs} <= ENDED
        assert set(street.accepted.values()) <= {job.id for job in jobs}
        assert len(set(street.accepted.values())) == len(street.accepted)
        assert await store.ledger_faults() == []
        assert sum(balance.held for _, balance in await store.accounts()) == 0
        captured = [
            entry.key for job in jobs for entry in await store.receipt(job.id) if entry.kind is Kind.CAPTURE
        ]
        drawn = [job for job in jobs if job.state is JobState.SUCCEEDED]
        assert len(captured) == len(set(captured)) == len(drawn)
        pictures = {job.id: await store.pictures(job.id) for job in jobs}
        assert all(len(pictures[job.id]) == job.count for job in drawn)
        assert all(job.fault for job in jobs if job.state is JobState.FAILED)
        named = {each.sha256 for kept in pictures.values() for each in kept}
        assert set(await folder.hashes()) == named
        tell(f"{len(jobs)} jobs: {dict(Counter(job.state.value for job in jobs))}; ledger and files agree")
        posts = [(job, await store.post(job.id)) for job in jobs]
        return [(job, post) for job, post in posts if post is not None]
    finally:
        await store.close()


def every_picture_is_in_its_chat(street: Street, jobs: list[tuple[Job, Post]]) -> None:
    """On Discord and Telegram every finished job's files are there to be seen, and once only."""
    shown = {"discord": on_discord_now(street.discord), "telegram": on_telegram_now(street.telegram)}
    for platform, found in shown.items():
        drawn = [job for job, post in jobs if post.platform == platform and job.state is JobState.SUCCEEDED]
        missing = [job.id for job in drawn if found[job.id] < job.count]
        doubled = [job.id for job in drawn if found[job.id] > job.count]
        tell(f"{platform}: {len(drawn)} drawn, {len(missing)} missing, {len(doubled)} shown twice")
        assert missing == []
        assert doubled == []


def on_discord_now(town: LoopbackDiscord) -> Counter[str]:
    names = [file["filename"] for message in town.world.messages.values() for file in message.attachments]
    return Counter(found[0] for name in names if (found := named_job(name)))


def on_telegram_now(town: LoopbackTelegram) -> Counter[str]:
    names = [message.file.name for message in town.world.messages if message.file and not message.deleted]
    return Counter(found[0] for name in names if (found := named_job(name)))


def nothing_is_left(product: Product) -> None:
    assert product.generators() == []
    assert list((product.data / "pictures" / "tmp").glob("*")) == []
    tell("no process and no half file is left")
