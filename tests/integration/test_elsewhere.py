"""The real bot and a real generator that somebody else starts, with a network between them."""

import asyncio
import socket
import subprocess
import sys

import pytest
from link import link_to
from product import environment, page

from storage.records import JobState
from storage.sqlite import SqliteStore

SECRET = "known-to-both-alone"
DEADLINE = 300.0


class Generator:
    """`pinxit generator` on a port of this machine."""

    def __init__(self, folder) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "bot", "generator", "--listen", f"127.0.0.1:{self.port}"]
        told = environment(self._folder / "unused", GENERATOR_SECRET=SECRET)
        with (self._folder / "generator.log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, env=told, cwd=self._folder)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def generator(tmp_path):
    process = Generator(tmp_path)
    yield process
    process.kill()


async def test_whatever_happens_between_them_every_job_ends_and_waiting_costs_no_attempt(made, generator):
    async with link_to(generator.port) as link:
        product = made(GENERATOR_URL=link.url, GENERATOR_SECRET=SECRET)
        product.start()
        async with page(product) as chat:
            early = (await chat.imagine("a red circle"))["item"]["job"]  # there is no generator yet
            await asyncio.to_thread(generator.start)
            assert (await chat.ended(early, DEADLINE))["state"] == "done"
            assert product.generators() == []

            link.silence()
            silent = (await chat.imagine("a blue star"))["item"]["job"]
            await asyncio.sleep(3)
            link.mend()
            assert (await chat.ended(silent, DEADLINE))["state"] == "done"

            link.cut()
            cut = (await chat.imagine("a green square"))["item"]["job"]
            await asyncio.sleep(3)
            link.mend()
            assert (await chat.ended(cut, DEADLINE))["state"] == "done"

            generator.kill()
            gone = (await chat.imagine("a red heart"))["item"]["job"]
            await asyncio.sleep(3)
            await asyncio.to_thread(generator.start)
            assert (await chat.ended(gone, DEADLINE))["state"] == "done"

            lost = (await chat.imagine("a yellow moon --steps 50"))["item"]["job"]
            await chat.shown(lost, lambda item: item.get("step", 0) > 0, DEADLINE)
            generator.kill()
            await asyncio.to_thread(generator.start)
            assert (await chat.ended(lost, DEADLINE))["state"] == "done"
        assert product.stop() == 0

    losses = await counted(product.data)
    assert losses.pop(lost) <= 1  # none where it was drawn before the kill came
    assert losses == {early: 0, silent: 0, cut: 0, gone: 0}
    assert SECRET not in product.log.read_text()


async def counted(data) -> dict[str, int]:
    """Return the attempts that each job has lost; all have succeeded and no credit is astray."""
    store = SqliteStore(data / "pinxit.sqlite3")
    await store.open()
    try:
        jobs = await store.jobs(100)
        assert {job.state for job in jobs} == {JobState.SUCCEEDED}
        assert await store.ledger_faults() == []
        return {job.id: job.losses for job in jobs}
    finally:
        await store.close()


async def test_a_bot_with_another_secret_says_so_and_draws_nothing(made, generator):
    await asyncio.to_thread(generator.start)
    product = made(GENERATOR_URL=f"http://127.0.0.1:{generator.port}", GENERATOR_SECRET=SECRET + "!")
    product.start()
    async with page(product) as chat:
        await chat.told(lambda: chat.health.get("state") == "unusable", DEADLINE)

        assert "PINXIT_GENERATOR_SECRET" in chat.health["reason"]


async def test_commands_use_the_generator_elsewhere_too(generator, tmp_path):
    await asyncio.to_thread(generator.start)
    told = environment(
        tmp_path / "data", GENERATOR_URL=f"http://127.0.0.1:{generator.port}", GENERATOR_SECRET=SECRET
    )
    run = [sys.executable, "-m", "bot", "imagine", "a red circle", "--steps", "1", "-o", "circle.png"]

    done = await asyncio.to_thread(
        subprocess.run, run, env=told, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "circle.png").stat().st_size > 100
