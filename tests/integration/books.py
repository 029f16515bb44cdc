"""What must be true after everything that was done to Pinxit: nothing lost, doubled or left."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest
from product import Product
from street import Street, tell

from bot.file_names import named_job
from storage.pictures import PictureFolder
from storage.records import Job, JobState, Kind, Post
from storage.sql.store import SqlStore
from tests.platforms.discord import LoopbackDiscord
from tests.platforms.telegram import LoopbackTelegram

DEADLINE = 1800.0  # until everything has ended; a busy machine draws slowly
STOP_SECONDS = 30.0  # a stop takes no longer
ENDED = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}
MOST_JOBS = 100_000


async def everything_is_well(street: Street, store: SqlStore, folder: PictureFolder) -> None:
    """Wait for every end, stop the bots, and check all that must be true then."""
    await store.open()
    try:
        await all_shown(store)
        for bot in street.bots:
            assert await asyncio.to_thread(bot.stop, STOP_SECONDS) == 0
        if len(street.bots) > 1:  # each waits an hour before it takes what is younger for an orphan
            swept = await folder.sweep(lambda hashes: store.contents.let_go(hashes, folder.remove))
            tell(f"{swept} orphans swept")
        jobs = await books_agree(street, store, folder)
        every_picture_is_in_its_chat(street, jobs)
        none_ended_by_itself(street.bots)
    finally:
        await store.close()


async def all_shown(store: SqlStore) -> None:
    """Wait until every job has ended and every end is confirmed as shown."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(DEADLINE):
            while (left := await unfinished(store)) != (0, 0):  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.5)
    except TimeoutError:
        pytest.fail(f"after {DEADLINE:.0f} s {left[0]} jobs wait and {left[1]} ends are not shown")
    tell(f"all ended and shown after {time.monotonic() - began:.0f} s")


async def unfinished(store: SqlStore) -> tuple[int, int]:
    """Return how many jobs have not ended, and how many ends are not shown."""
    backlog = await store.oversight.backlog()
    return sum(each.jobs for each in backlog.waiting), backlog.undelivered


async def books_agree(street: Street, store: SqlStore, folder: PictureFolder) -> list[tuple[Job, Post]]:
    """Check credits, pictures and promises; return every job with its post."""
    jobs = await store.jobs(MOST_JOBS)
    assert {job.state for job in jobs} <= ENDED
    assert {*street.ordered.values(), *street.shown} <= {job.id for job in jobs}
    assert len(set(street.ordered.values())) == len(street.ordered)
    assert all(job.fault for job in jobs if job.state is JobState.FAILED)
    await _credits_agree(store, jobs)
    await _pictures_agree(store, folder, jobs)
    tell(f"{len(jobs)} jobs: {dict(Counter(job.state.value for job in jobs))}; ledger and files agree")
    posts = [(job, await store.post(job.id)) for job in jobs]
    return [(job, post) for job, post in posts if post is not None]


async def _credits_agree(store: SqlStore, jobs: list[Job]) -> None:
    assert await store.ledger_faults() == []
    assert sum(balance.held for _, balance in await store.accounts()) == 0
    captured = [
        entry.key for job in jobs for entry in await store.receipt(job.id) if entry.kind is Kind.CAPTURE
    ]
    drawn = [job for job in jobs if job.state is JobState.SUCCEEDED]
    assert len(captured) == len(set(captured)) == len(drawn)


async def _pictures_agree(store: SqlStore, folder: PictureFolder, jobs: list[Job]) -> None:
    """Every picture is kept, and nothing else is."""
    pictures = {job.id: await store.pictures(job.id) for job in jobs}
    assert {job.id: len(pictures[job.id]) for job in jobs if pictures[job.id]} == {
        job.id: job.count for job in jobs if job.state is JobState.SUCCEEDED
    }
    named = {each.sha256 for kept in pictures.values() for each in kept}
    assert set(await folder.hashes()) == named


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


def none_ended_by_itself(products: tuple[Product, ...]) -> None:
    """Whatever was done to them, no bot met anything that it had not thought of."""
    for product in products:
        assert product.logged("crashed", "by a bug", "of a bug") == []


def nothing_is_left(products: tuple[Product, ...], pictures: Path) -> None:
    """No process of theirs runs, and no half file lies about."""
    for product in products:
        assert product.processes() == []
    assert list((pictures / "tmp").glob("*")) == []
    tell("no process and no half file is left")
