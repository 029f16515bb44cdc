"""Twenty thousand jobs with a painter that paints nothing, and five hundred pictures: memory stays flat.

An hour long, so it runs where it is asked for: `make soak`. PINXIT_SOAK_NULL and PINXIT_SOAK_PICTURES
are the numbers of jobs.
"""

import asyncio
import os
import time
from typing import Any

import aiohttp
import pytest
from product import Product
from street import new_key, tell

from generator.machine import resident_mib

pytestmark = pytest.mark.skipif("PINXIT_SOAK" not in os.environ, reason="asked for by `make soak`")

NULL_JOBS = int(os.environ.get("PINXIT_SOAK_NULL", "20000"))
PICTURES = int(os.environ.get("PINXIT_SOAK_PICTURES", "500"))
CLIENTS = 20
LOOKS = 20  # at the memory
MOST_GROWTH = 0.05


@pytest.mark.parametrize(
    ("program", "jobs"),
    [(("bot.bench.null",), NULL_JOBS), (("bot", "run"), PICTURES)],
    ids=["a painter of nothing", "the embedded model"],
)
async def test_memory_is_flat_over_many_jobs(made, tmp_path, program, jobs):
    product = made(
        tmp_path / "data", program=program, MAX_WAITING=1000, API_RATE_PER_MINUTE=1e6, API_RATE_BURST=10**6
    )
    key = await asyncio.to_thread(new_key, product.data)
    await asyncio.to_thread(product.start)
    began = time.monotonic()

    looks = await drawn(product, key, jobs)

    seconds = time.monotonic() - began
    settled = looks[LOOKS // 2 :]  # what is kept of the latest ten thousand jobs is no leak
    for name in settled[0]:
        growth = settled[-1][name] / settled[0][name] - 1
        course = ", ".join(f"{look[name]:.0f}" for look in looks)
        tell(f"{name}: {course} MiB; {growth:+.1%} in the second half")
    tell(f"{jobs} jobs in {seconds:.0f} s, {jobs / seconds:.1f} a second")
    assert all(settled[-1][name] <= settled[0][name] * (1 + MOST_GROWTH) for name in settled[0])
    assert await asyncio.to_thread(product.stop) == 0


async def drawn(product: Product, key: str, jobs: int) -> list[dict[str, float]]:
    """Order all jobs, a few at a time, each until it has ended; look at the memory on the way."""
    numbers, looks = iter(range(jobs)), []
    done = 0

    async def client(http: aiohttp.ClientSession) -> None:
        nonlocal done
        for number in numbers:
            await order(http, product, key, number)
            done += 1
            if done % (jobs // LOOKS) == 0:
                looks.append(await asyncio.to_thread(memory, product))
                tell(f"{done} jobs: {', '.join(f'{name} {mib:.1f} MiB' for name, mib in looks[-1].items())}")

    async with aiohttp.ClientSession() as http:
        await asyncio.gather(*(client(http) for _ in range(CLIENTS)))
    return looks


async def order(http: aiohttp.ClientSession, product: Product, key: str, number: int) -> Any:
    headers = {"authorization": f"Bearer {key}", "prefer": "wait=120"}
    given = {"prompt": f"a red circle {number}", "steps": 1, "seed": number}
    async with http.post(f"{product.url}/v1/jobs", json=given, headers=headers) as answer:
        assert answer.status in {201, 202}, await answer.text()
        return await answer.json()


def memory(product: Product) -> dict[str, float]:
    """Return the resident memory in MiB of the bot and, where there is one, of its generator."""
    generators = product.generators()
    return {"bot": resident_mib(product.pid)} | (
        {"generator": resident_mib(generators[0])} if generators else {}
    )
