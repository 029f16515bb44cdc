"""A process that joins accounts with jobs and credits for ever; it prints each pair once acknowledged."""

import asyncio
import itertools
import sys

from stored_orders import LIMITS, NOON, claimed, drawn, person

from storage.records import Joined
from storage.sqlite import SqliteStore

AT_ONCE = 3


async def joins(store: SqliteStore, name: str) -> None:
    for number in itertools.count():
        one = await person(store, f"{name} {number} a", credits=10)
        other = await person(store, f"{name} {number} b", credits=10)
        for who in (one, other, other):
            await who.orders(price=3)
        job = await claimed(store, name)
        await store.offer_link(one.account, f"{name}{number}", NOON + 600)
        answer = await store.use_link(other.account, f"{name}{number}", LIMITS, NOON)
        assert isinstance(answer, Joined)
        print(one.account, other.account, flush=True)  # noqa: T201 - the test reads it
        await drawn(store, job)


async def main(path: str) -> None:
    store = SqliteStore(path)
    await store.open()
    async with asyncio.TaskGroup() as callers:
        for caller in range(AT_ONCE):
            callers.create_task(joins(store, f"caller {caller}"))


asyncio.run(main(sys.argv[1]))
