"""Whether history slows a claim: files of SQLite's that differ in nothing else, asked call by call."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from storage.bench.orders import VERBS, Orders, people, quantile
from storage.bench.places import InFile, prepare

CALLS = 500


async def claims(sizes: Sequence[int], folder: Path) -> list[float]:
    """Return the seconds of the middle claim behind each number of old jobs."""
    async with AsyncExitStack() as open_stores:
        each = [await _opened(open_stores, InFile(folder / f"{rows}.db"), rows) for rows in sizes]
        for verb in VERBS:
            for call in range(CALLS):
                for orders in each:
                    await VERBS[verb](orders, f"{verb} {call}")
    return [quantile(orders.seconds["claim"], 0.5) for orders in each]


async def _opened(open_stores: AsyncExitStack, place: InFile, rows: int) -> Orders:
    await prepare(place, rows)
    store = place.store()
    await store.open()
    open_stores.push_async_callback(store.close)
    return Orders(store, await people(store))
