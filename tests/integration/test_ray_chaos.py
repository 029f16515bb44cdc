"""Painters on a Ray cluster of three nodes, and the real bot: figures, then everything killed in turn.

Minutes long and many processes, so it runs where it is asked for: `make chaos-ray`. On a machine that is
too busy for models, `PINXIT_CHAOS_RAY=asleep make chaos-ray` kills painters that only sleep.
"""

import asyncio
import importlib.util
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest
from link import Link, link_to
from product import Page, Product, page
from raycluster import RayCluster
from street import tell

from generator.bench.cluster import (
    MOST_BESIDE,
    PAINTERS,
    SLEEPERS,
    by_turns,
    compared,
    drawn,
    throughput,
    until_painters,
    wish,
)
from generator.child import GeneratorChild
from generator.client import GeneratorClient
from generator.messages import Begun, End, Finished, Generate, Ready, StepDone
from generator.recipe import Lora
from storage.records import Job, JobState, Kind
from storage.sqlite import SqliteStore

pytestmark = [
    pytest.mark.skipif("PINXIT_CHAOS_RAY" not in os.environ, reason="asked for by `make chaos-ray`"),
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: pinxit[ray]"),
]

SECRET = "known-to-both-alone"
DEADLINE = 900.0
JOBS = 6  # under way when something happens
CUT_SECONDS = 20.0
ASLEEP = os.environ.get("PINXIT_CHAOS_RAY") == "asleep"
MODULE, STEPS = (SLEEPERS, 40) if ASLEEP else (PAINTERS, 12)
ROUNDS = int(os.environ.get("PINXIT_CHAOS_ROUNDS", "30"))  # of the comparison with the local generator


def deploy(cluster: RayCluster, replicas: int, module: str = PAINTERS) -> None:
    began = time.monotonic()
    cluster.deploy(
        *("--gpus", "0", "--cpus", "1", "--threads", "1", "--replicas", str(replicas), "--drain", "60"),
        module=module,
        PINXIT_GENERATOR_SECRET=SECRET,
    )
    tell(f"{replicas} replicas are ready after {time.monotonic() - began:.0f} s")


@pytest.fixture(scope="module")
def cluster():
    made = RayCluster()
    try:
        began = time.monotonic()
        made.start(3)
        tell(f"three nodes are up after {time.monotonic() - began:.0f} s")
        yield made
    finally:
        made.end()


async def file_of(client: GeneratorClient, request: Generate) -> bytes:
    """Return the picture's bytes, which are the same wherever it is drawn."""
    [file] = [event.file async for event in client.generate(request) if isinstance(event, Finished)]
    return file


# ── figures ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_picture_takes_little_longer_than_with_a_generator_of_ones_own(cluster, tmp_path):
    await asyncio.to_thread(deploy, cluster, 1)
    remote = GeneratorClient(None, f"{cluster.url}/", SECRET)
    child = GeneratorChild("embedded", tmp_path / "g.sock", threads=1)
    living = asyncio.create_task(child.run())
    await child.until(Ready)

    for request in (wish(7), wish(8, loras=(Lora("snow", 0.8),))):
        assert await file_of(remote, request) == await file_of(child.client, request)
    figures = compared(*await by_turns((child.client, remote), ROUNDS))

    await child.stop()
    await living
    await remote.close()
    for figure in figures:
        tell(f"{figure.name}: {figure.value:.4g} {figure.unit}")
    [added] = [figure.value for figure in figures if figure.name == "Ray Serve adds, least"]
    assert added < 1000 * MOST_BESIDE


async def test_closing_a_stream_stops_the_work_within_a_step(cluster):
    client = GeneratorClient(None, f"{cluster.url}/", SECRET)
    began, steps = time.perf_counter(), 0
    async with asyncio.timeout(DEADLINE), aclosing(client.generate(wish(steps=50))) as events:
        async for event in events:
            steps += isinstance(event, StepDone)
            if steps == 3:
                break
    step = (time.perf_counter() - began) / 3

    closed = time.perf_counter()
    async with aclosing(client.generate(wish(2))) as events:
        assert await anext(events) == Begun()
        free = time.perf_counter() - closed
        tell(f"stopped and free again after {1000 * free:.0f} ms; a step takes {1000 * step:.0f} ms")
        assert free < 20 * step
        assert [event async for event in events][-1] == End()
    await client.close()


async def test_it_is_told_that_somebody_draws(cluster):
    client = GeneratorClient(None, f"{cluster.url}/", SECRET)

    async def draw() -> None:
        for seed in range(1000):
            await drawn(client, wish(seed, steps=50))

    drawing = asyncio.create_task(draw())
    async with asyncio.timeout(DEADLINE):
        while not (await client.health()).busy:  # noqa: ASYNC110 - elsewhere: there is only asking
            await asyncio.sleep(0.2)
        drawing.cancel()
        await asyncio.gather(drawing, return_exceptions=True)
        while (await client.health()).busy:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.2)
    await client.close()


@pytest.mark.parametrize(("module", "pictures"), [(SLEEPERS, 60), (PAINTERS, 24)])
async def test_more_replicas_draw_more(cluster, module, pictures):
    client, found = GeneratorClient(None, f"{cluster.url}/", SECRET), {}
    for replicas in (1, 2, 3):
        if cluster.is_deployed:
            assert await asyncio.to_thread(cluster.withdraw) == 0
        await asyncio.to_thread(deploy, cluster, replicas, module)
        await until_painters(client, replicas)
        found[replicas] = await throughput(client, replicas, pictures)
        what = "asleep 0.4 s for each" if module == SLEEPERS else f"on {os.cpu_count()} cores"
        tell(f"{replicas} replicas {what}: {found[replicas]:.2f} pictures/s")
    await client.close()

    assert module != SLEEPERS or found[3] > 1.5 * found[1]


# ── harm ──────────────────────────────────────────────────────────────────────────────────────────


class Story:
    """A bot, its page, the cluster, and the network between them."""

    def __init__(self, product: Product, chat: Page, cluster: RayCluster, link: Link) -> None:
        self.product = product
        self.chat = chat
        self.cluster = cluster
        self.link = link
        self.jobs: list[str] = []
        self.unreached: list[str] = []  # ordered while nothing could be reached

    async def order(self) -> str:
        seed = len(self.jobs)
        answer = await self.chat.imagine(f"a red circle --seed {seed} --steps {STEPS} --size 64x64")
        self.jobs.append(answer["item"]["job"])
        return self.jobs[-1]

    async def suffer(self, name: str, harm: Callable[[], Awaitable[None]]) -> None:
        """Have jobs drawn, do harm, and wait until all have ended."""
        began = time.monotonic()
        jobs = [await self.order() for _ in range(JOBS)]
        async with asyncio.timeout(DEADLINE):
            await asyncio.wait(
                [asyncio.create_task(self.chat.shown(job, drawn_or_ended, DEADLINE)) for job in jobs],
                return_when=asyncio.FIRST_COMPLETED,
            )
        await harm()
        for job in self.jobs:
            end = await self.chat.ended(job, DEADLINE)
            assert end["state"] == "done", (name, end)
        tell(f"{name}: all {len(self.jobs)} have ended after {time.monotonic() - began:.0f} s")

    # each harm by itself

    async def a_replica(self) -> None:
        self._kill(self.cluster.pids("ServeReplica:pinxit:")[:1])

    async def the_proxies(self) -> None:
        self._kill(self.cluster.pids("ProxyActor"))

    async def the_controller(self) -> None:
        self._kill(self.cluster.pids("ServeController"))

    async def a_replica_hangs(self) -> None:
        self._kill(self.cluster.pids("ServeReplica:pinxit:")[:1], signal.SIGSTOP)

    async def silence(self) -> None:
        self.link.silence()
        await asyncio.sleep(CUT_SECONDS)
        self.link.mend()

    async def a_cut(self) -> None:
        self.link.cut()
        self.unreached += [await self.order() for _ in range(2)]
        await asyncio.sleep(CUT_SECONDS)
        self.link.mend()

    async def a_node(self) -> None:
        await asyncio.to_thread(self.cluster.tell, "kill")

    async def the_head(self) -> None:
        """Everything dies; what watches over the cluster starts it and deploys anew."""
        self.cluster.kill_head()
        self.unreached += [await self.order() for _ in range(2)]
        assert await asyncio.to_thread(self.cluster.until_given_up) != 0
        await asyncio.to_thread(self.cluster.start, 2)
        await asyncio.to_thread(deploy, self.cluster, 2, MODULE)

    def _kill(self, pids: list[int], number: int = signal.SIGKILL) -> None:
        assert pids
        for pid in pids:
            os.kill(pid, number)


def drawn_or_ended(item: dict) -> bool:
    return item["state"] == "done" or item.get("step", 0) > 0


async def test_whatever_is_killed_every_job_ends_once_and_every_credit_is_accounted_for(cluster, tmp_path):
    if cluster.is_deployed:
        assert await asyncio.to_thread(cluster.withdraw) == 0
    await asyncio.to_thread(deploy, cluster, 3, MODULE)
    async with link_to(cluster.port) as link:
        product = Product(tmp_path / "data", MAX_WAITING=200, GENERATOR_URL=link.url, GENERATOR_SECRET=SECRET)
        product.start()
        try:
            async with page(product) as chat:
                await chat.ready()
                story = Story(product, chat, cluster, link)
                await story.suffer("nothing", quietly)
                await story.suffer("a replica killed", story.a_replica)
                await story.suffer("the proxies killed", story.the_proxies)
                await story.suffer("the controller killed", story.the_controller)
                await story.suffer(f"{CUT_SECONDS:.0f} s of silence", story.silence)
                await story.suffer(f"{CUT_SECONDS:.0f} s cut off", story.a_cut)
                await story.suffer("a replica hangs", story.a_replica_hangs)
                await story.suffer("a node killed", story.a_node)
                await story.suffer("the head killed", story.the_head)
            assert product.stop() == 0
        finally:
            product.end()
    await books_are_exact(product, story)


async def quietly() -> None:
    """Do no harm."""


async def books_are_exact(product: Product, story: Story) -> None:
    store = SqliteStore(product.data / "pinxit.sqlite3")
    await store.open()
    try:
        jobs = await store.jobs(1000)
        [(account, balance)] = await store.accounts()
        entries = await store.entries(account.id, 10_000)
        assert await store.ledger_faults() == []
        assert await store.undelivered() == []
    finally:
        await store.close()
    assert {job.id for job in jobs} == set(story.jobs)
    assert {job.state for job in jobs} == {JobState.SUCCEEDED}
    assert balance.held == 0
    captured = -sum(entry.held for entry in entries if entry.kind is Kind.CAPTURE)
    assert captured == sum(job.price for job in jobs)
    waited = [job for job in jobs if job.id in story.unreached]
    assert [job.losses for job in waited] == [0] * len(waited)
    tell(summary(jobs))


def summary(jobs: list[Job]) -> str:
    attempts, losses = sum(job.attempt for job in jobs), sum(job.losses for job in jobs)
    return f"{len(jobs)} jobs, all drawn and paid once; {attempts} attempts, of which {losses} were lost"
