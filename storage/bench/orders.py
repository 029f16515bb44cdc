"""Jobs that go through a store from acceptance to their end, and how long each verb takes."""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from zlib import crc32

from generator.messages import PictureFormat
from generator.recipe import Recipe
from storage.records import Accepted, Identity, Job, Limits, NewJob, NewPost, Picture
from storage.store import Store

RECIPE = Recipe(prompt="a red fox in snow", model="embedded", width=256, height=256, steps=8, seed=7)
LIMITS = Limits(per_account=1_000_000, whole_queue=1_000_000, daily_allowance=0)
NOW = 1e9
ACCOUNTS = 100
SCATTERED = "1000000000 + {} * 6364136223 % 8999999993"  # in SQL: ten digits, in no order
ZEROS = "0" * 54  # make a SHA-256 of them

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Orders:
    """Calls the verbs on a store and keeps the seconds that each call took."""

    store: Store
    accounts: Sequence[int]
    claimed: deque[Job] = field(default_factory=deque)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    async def accept(self, key: str) -> None:
        """Accept one order; the accounts take turns."""
        account = self.accounts[crc32(key.encode()) % len(self.accounts)]
        accepted = await self._timed("accept", self.store.submit(new_job(account, key), LIMITS, NOW))
        assert isinstance(accepted, Accepted)

    async def claim(self, _: str) -> None:
        """Claim the first job in line; again where others took all that this one saw when it began."""
        job = None
        while job is None:
            job = await self._timed("claim", self.store.claim("bench", NOW))
        self.claimed.append(job)

    async def end(self, _: str) -> None:
        """Let the job that was claimed first succeed."""
        job = self.claimed.popleft()
        ended = self.store.succeed(job.id, job.attempt, [picture_of(job)], 2.1, NOW)
        assert await self._timed("end", ended)

    async def _timed(self, name: str, verb: Awaitable[Result]) -> Result:
        began = time.perf_counter()
        result = await verb
        self.seconds.setdefault(name, []).append(time.perf_counter() - began)
        return result


VERBS: dict[str, Callable[[Orders, str], Awaitable[None]]] = {
    "accept": Orders.accept,
    "claim": Orders.claim,
    "end": Orders.end,
}


async def people(store: Store) -> list[int]:
    """Return the accounts that order, made where they are not there."""
    names = [f"Person {number}" for number in range(ACCOUNTS)]
    return [(await store.account(Identity("bench", name), name)).id for name in names]


def quantile(seconds: Sequence[float], part: float) -> float:
    """Return the seconds that `part` of the calls stayed below."""
    return sorted(seconds)[int(part * (len(seconds) - 1))]


def new_job(account: int, key: str) -> NewJob:
    """Return an order as a chat would make it."""
    return NewJob(
        key=key,
        account=account,
        recipe=RECIPE,
        count=1,
        format=PictureFormat.PNG,
        price=15,
        cost_seconds=2.0,
        parent=None,
        post=NewPost(platform="web", address="{}", language="en"),
    )


def picture_of(job: Job) -> Picture:
    """Return a picture as the dispatcher would record it, its names anywhere among those of old ones."""
    number = 10**9 + crc32(job.id.encode()) * 6_364_136_223 % 8_999_999_993
    return Picture(
        job=job.id,
        index=0,
        sha256=f"{number}{ZEROS}",
        format=job.format,
        width=256,
        height=256,
        size_bytes=90_000,
        truncated=False,
        secret=f"{number}{job.id}",
    )
