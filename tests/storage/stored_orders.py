"""Orders as a chat would make them, and stores that hold an account with credits."""

import itertools
from dataclasses import dataclass

from generator.messages import PictureFormat
from generator.recipe import Recipe
from storage.pictures import LetGo, Pictures
from storage.records import Accepted, Identity, Job, Limits, NewJob, NewPost, Picture
from storage.sqlite import SqliteStore
from storage.store import Store

RECIPE = Recipe(prompt="a red fox in snow", model="embedded", width=256, height=256, steps=8, seed=7)
LIMITS = Limits(per_account=10_000, whole_queue=100_000, daily_allowance=0)
NOON = 1_790_000_000.0  # some day in 2026, UTC
DAY = 86_400.0
numbers = itertools.count()


def fresh_store() -> Store:
    """Return a store for one run of a simulation, not yet open."""
    return SqliteStore(":memory:")


def order(account: int, key: str | None = None, *, price: int = 4, seconds: float = 2.0) -> NewJob:
    return NewJob(
        key=key or f"key {next(numbers)}",
        account=account,
        recipe=RECIPE,
        count=1,
        format=PictureFormat.PNG,
        price=price,
        cost_seconds=seconds,
        parent=None,
        post=NewPost(platform="web", address='{"tab": 1}', language="en"),
    )


def picture(job: Job, sha256: str = "ab" * 32) -> Picture:
    return Picture(
        job=job.id,
        index=0,
        sha256=sha256,
        format=PictureFormat.PNG,
        width=256,
        height=256,
        size_bytes=90_000,
        truncated=False,
        secret=f"secret of {job.id}",
    )


@dataclass
class Person:
    """Somebody with an account in a store."""

    store: Store
    account: int

    async def orders(self, *, price: int = 4, seconds: float = 2.0) -> Job:
        accepted = await self.store.submit(order(self.account, price=price, seconds=seconds), LIMITS, NOON)
        assert isinstance(accepted, Accepted)
        return accepted.job

    async def credits(self) -> tuple[int, int]:
        balance = await self.store.balance(self.account, LIMITS, NOON)
        return balance.available, balance.held


async def person(store: Store, name: str = "ann", *, credits: int = 1_000_000, weight: float = 1.0) -> Person:
    account = await store.account(Identity("web", name), name)
    await store.grant(account.id, credits, f"welcome {name}", "", NOON)
    await store.set_account(account.id, weight=weight)
    return Person(store, account.id)


async def claimed(store: Store, lease: str = "bot") -> Job:
    job = await store.claim(lease, NOON)
    assert job is not None
    return job


async def drawn(store: Store, job: Job, seconds: float = 2.0) -> Job:
    ended = await store.succeed(job.id, job.attempt, [picture(job)], seconds, NOON)
    assert ended is not None
    return ended


def letting_go(store: Store, pictures: Pictures) -> LetGo:
    """Remove what nothing in the store refers to."""
    return lambda hashes: store.contents.let_go(hashes, pictures.remove)
