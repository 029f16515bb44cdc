"""A process that accepts jobs for ever, several at once, and prints each key that was acknowledged."""

import asyncio
import sys

from stored_orders import LIMITS, NOON, Person, claimed, drawn, order, person

from storage.records import Accepted
from storage.sqlite import SqliteStore

AT_ONCE = 4


async def submits(one: Person, name: str, most: int) -> None:
    for number in range(most):
        key = f"{name} {number}"
        assert isinstance(await one.store.submit(order(one.account, key), LIMITS, NOON), Accepted)
        print(key, flush=True)  # noqa: T201 - the test reads it
        if number % 3 == 0:
            await drawn(one.store, await claimed(one.store, name))


async def main(path: str, name: str, most: int) -> None:
    store = SqliteStore(path)
    await store.open()
    one = await person(store, name)
    async with asyncio.TaskGroup() as callers:
        for caller in range(AT_ONCE):
            callers.create_task(submits(one, f"{name} {caller}", most))
    await store.close()


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
