"""``python -m generator.bench.cluster``: what Ray Serve adds to a picture, and what more replicas draw.

A cluster of this machine alone is started for it, or the painters are deployed on the one at --cluster.
"""

import argparse
import asyncio
import os
import socket
import statistics
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from generator.child import GeneratorChild
from generator.client import GeneratorClient, NotReached
from generator.figures import Figure, show, write
from generator.messages import Finished, Generate, Order, Ready
from generator.models import EMBEDDED
from generator.recipe import Recipe

PAINTERS, SLEEPERS = "generator.serve_ray", "generator.bench.sleepers"
RECIPE = Recipe(prompt="a red circle", model=EMBEDDED, width=64, height=64, steps=8, seed=1)
READY_SECONDS = 600.0
LOOK_SECONDS = 0.5
MOST_BESIDE = 0.040


class NotDeployed(Exception):
    """No painters; ``str(error)`` is one sentence."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture: all its seconds, and those of them that its painter does not count as painting."""

    whole: float
    beside: float


def wish(seed: int = 1, **changes: object) -> Generate:
    """Return an order for one small picture."""
    recipe = replace(RECIPE, **({"seed": seed} | changes))  # type: ignore[arg-type]
    return Generate(orders=(Order(id=f"a:{seed}", recipe=recipe),), previews=False)


async def drawn(client: GeneratorClient, request: Generate) -> Sample:
    """Draw one picture."""
    began, painted = time.perf_counter(), 0.0
    async for event in client.generate(request):
        if isinstance(event, Finished):
            painted = event.seconds
    whole = time.perf_counter() - began
    return Sample(whole, whole - painted)


async def until_painters(client: GeneratorClient, count: int) -> None:
    """Wait until so many can draw at once."""
    async with asyncio.timeout(READY_SECONDS):
        while await _painters(client) != count:  # noqa: ASYNC110 - elsewhere: there is only asking
            await asyncio.sleep(LOOK_SECONDS)


async def _painters(client: GeneratorClient) -> int:
    try:
        health = await client.health()
    except NotReached:
        return 0
    return health.painters if isinstance(health, Ready) else 0


async def throughput(client: GeneratorClient, replicas: int, pictures: int) -> float:
    """Return the pictures a second that so many replicas draw, with one order always waiting."""
    seeds = iter(range(pictures))

    async def draw() -> None:
        for seed in seeds:
            await drawn(client, wish(seed))

    await asyncio.gather(*(drawn(client, wish(seed)) for seed in range(replicas + 1)))  # warm
    began = time.perf_counter()
    await asyncio.gather(*(draw() for _ in range(replicas + 1)))
    return pictures / (time.perf_counter() - began)


async def by_turns(clients: Sequence[GeneratorClient], rounds: int) -> list[list[Sample]]:
    """Draw the same pictures with each client by turns, so that load hits all alike."""
    for client in clients:
        await drawn(client, wish())
    found: list[list[Sample]] = [[] for _ in clients]
    for seed in range(rounds):
        for samples, client in zip(found, clients, strict=True):
            samples.append(await drawn(client, wish(seed)))
    return found


def compared(local: Sequence[Sample], ray: Sequence[Sample]) -> list[Figure]:
    """Return what Ray adds to a picture, by the medians and by the least of both."""
    beside = [[each.beside for each in samples] for samples in (local, ray)]
    whole = [statistics.median(each.whole for each in samples) for samples in (local, ray)]
    medians, least = [statistics.median(each) for each in beside], [min(each) for each in beside]
    goal = f"≤ {1000 * MOST_BESIDE:.0f}"
    return [
        Figure("beside the painting, a generator of one's own, median", 1000 * medians[0], "ms"),
        Figure("beside the painting, through Ray Serve, median", 1000 * medians[1], "ms"),
        Figure("Ray Serve adds, median", 1000 * (medians[1] - medians[0]), "ms", goal),
        Figure("Ray Serve adds, least", 1000 * (least[1] - least[0]), "ms"),
        Figure("whole picture, Ray Serve to one's own", whole[1] / whole[0], "×"),
    ]


def scaled(what: str, found: dict[int, float]) -> list[Figure]:
    """Return the pictures a second of each number of replicas, and how they compare."""
    lines = []
    for replicas, per_second in found.items():
        several = "replica" if replicas == 1 else "replicas"
        lines.append(Figure(f"{replicas} {several} {what}", per_second, "pictures/s"))
        if replicas > 1:
            lines.append(Figure("  to one replica", per_second / found[1], "×"))
    return lines


# ── deploying ─────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def deployed(options: argparse.Namespace, module: str, replicas: int) -> AsyncIterator[GeneratorClient]:
    """Deploy so many replicas as people do, and take them down again."""
    port = _free_port()
    command = [sys.executable, "-m", module, "--listen", f"127.0.0.1:{port}", "--replicas", str(replicas)]
    command += ["--gpus", "0" if module == SLEEPERS else str(options.gpus), "--cpus", "0.1", "--drain", "5"]
    command += [*(["--cluster", options.cluster] if options.cluster else []), "--threads", "1"]
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL)
    client = GeneratorClient(None, f"http://127.0.0.1:{port}/")
    try:
        await _first(until_painters(client, replicas), process.wait())
        if process.returncode is not None:
            raise NotDeployed("The painters could not be deployed; what was printed above says why.")
        yield client
    finally:
        await client.close()
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait until one of them ends, and for the others no longer."""
    tasks = [asyncio.create_task(each) for each in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@asynccontextmanager
async def _own_generator() -> AsyncIterator[GeneratorClient]:
    with TemporaryDirectory(prefix="pinxit-") as folder:
        child = GeneratorChild(EMBEDDED, Path(folder, "g.sock"), threads=1)
        living = asyncio.create_task(child.run())
        try:
            await child.until(Ready)
            yield child.client
        finally:
            await child.stop()
            await living


# ── the whole run ─────────────────────────────────────────────────────────────────────────────────


async def measured(options: argparse.Namespace) -> list[Figure]:
    """Measure everything."""
    asleep, awake = {}, {}
    for replicas in range(1, options.replicas + 1):
        async with deployed(options, SLEEPERS, replicas) as client:
            asleep[replicas] = await throughput(client, replicas, 20 * replicas)
    for replicas in range(1, min(options.replicas, os.cpu_count() or 1) + 1):
        async with deployed(options, PAINTERS, replicas) as client:
            if replicas == 1:
                async with _own_generator() as own:
                    local, ray = await by_turns((own, client), options.rounds)
            awake[replicas] = await throughput(client, replicas, 20 * replicas)
    return [
        *scaled("that only wait, as on cards of their own", asleep),
        *scaled(f"of the embedded model on {os.cpu_count()} cores", awake),
        *compared(local, ray),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 1 with a sentence on standard error."""
    options = _options(arguments)
    if find_spec("ray") is None:
        print("Ray is not installed here: `pip install 'pinxit[ray]'` brings it.", file=sys.stderr)  # noqa: T201
        return 1
    try:
        figures = asyncio.run(measured(options))
    except NotDeployed as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    show(figures)
    if options.json:
        write(options.json, figures)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m generator.bench.cluster", description=__doc__)
    parser.add_argument("--cluster", help="address of a Ray cluster; without one, this machine becomes one")
    parser.add_argument("--replicas", type=int, default=3, help="the most that are tried")
    parser.add_argument("--gpus", type=float, default=0.0, help="cards of each replica that draws")
    parser.add_argument("--rounds", type=int, default=30, help="pictures of the comparison")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
