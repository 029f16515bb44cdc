"""Processes that order, claim and end jobs at once on one database, each with so many callers."""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from uuid import uuid4

from storage.bench.orders import VERBS, Orders, people, quantile
from storage.bench.places import Place

WARM_UP = 20  # calls of each verb that are not counted
PATIENCE_SECONDS = 600.0  # of one process for the others

Span = tuple[float, float, list[float]]
"""When a verb's calls began and ended on the machine's clock, and the seconds of each."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many press on a database, for how many jobs, behind how many that wait all the while."""

    processes: int
    callers: int
    jobs: int
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """What a crowd got of a verb: calls a second, and milliseconds of one call."""

    verb: str
    per_second: float
    p50_ms: float
    p99_ms: float


def press(place: Place, crowd: Crowd) -> list[Rate]:
    """Let a crowd work; return what it got of each verb. What waited before the counted jobs waits on."""
    spawning = multiprocessing.get_context("spawn")
    with (
        spawning.Manager() as manager,
        ProcessPoolExecutor(crowd.processes, mp_context=spawning) as processes,
    ):
        together = manager.Barrier(crowd.processes, timeout=PATIENCE_SECONDS)
        works = [processes.submit(_work, place, crowd, together) for _ in range(crowd.processes)]
        return list(_rates([work.result() for work in works]))


def _rates(spans: Sequence[dict[str, Span]]) -> Iterator[Rate]:
    for verb in VERBS:
        begins, ends, seconds = zip(*(span[verb] for span in spans), strict=True)
        each = [taken for some in seconds for taken in some]
        per_second = len(each) / (max(ends) - min(begins))
        yield Rate(verb, per_second, 1000 * quantile(each, 0.5), 1000 * quantile(each, 0.99))


def _work(place: Place, crowd: Crowd, together: Barrier) -> dict[str, Span]:
    try:
        return asyncio.run(_worked(place, crowd, together.wait))
    except BaseException:
        together.abort()  # the others need not wait
        raise


async def _worked(place: Place, crowd: Crowd, ready: Callable[[], object]) -> dict[str, Span]:
    store = place.store()
    await store.open()
    try:
        orders = Orders(store, await people(store))
        for verb in VERBS:
            await _call(orders, verb, crowd.callers, max(WARM_UP, crowd.callers))
        await _call(orders, "accept", crowd.callers, crowd.waiting // crowd.processes)
        jobs = crowd.jobs // crowd.processes
        return {verb: await _span(orders, verb, crowd.callers, jobs, ready) for verb in VERBS}
    finally:
        await store.close()


async def _span(orders: Orders, verb: str, callers: int, jobs: int, ready: Callable[[], object]) -> Span:
    orders.seconds.clear()
    await asyncio.to_thread(ready)
    began = time.monotonic()
    await _call(orders, verb, callers, jobs)
    return began, time.monotonic(), orders.seconds[verb]


async def _call(orders: Orders, verb: str, callers: int, times: int) -> None:
    keys = iter([uuid4().hex for _ in range(times)])

    async def caller() -> None:
        for key in keys:
            await VERBS[verb](orders, key)

    await asyncio.gather(*(caller() for _ in range(callers)))
