"""Memory that runs out costs one job at most: the real bot, and a real generator whose memory is short."""

import asyncio
import subprocess
import sys

import pytest
from product import ROOT, environment, page

from generator.messages import Fault
from storage.sqlite import SqliteStore

SHORT = """
import os, sys
import torch
from generator.engine import painter
from generator.serve import main

def refuses(what, function, too_much):
    def short(*given):
        if too_much(*given):
            os.write(2, f"no memory to {what}\\n".encode())
            raise torch.OutOfMemoryError
        return function(*given)
    return short

painter.denoise = refuses("draw several", painter.denoise, lambda net, latents, *_rest: len(latents) > 1)
painter.pixels_of = refuses("decode whole", painter.pixels_of, lambda vae, _latents: not vae.use_tiling)
painter.initial_latents = refuses("draw this", painter.initial_latents, lambda recipe, *_: recipe.seed == 13)
main(sys.argv[1:])
"""
DEADLINE = 600.0


@pytest.fixture
def short(tmp_path):
    """A generator's socket, process and log: no two pictures fit, none decodes whole, one never fits."""
    socket, log = tmp_path / "g.sock", tmp_path / "generator.log"
    command = [sys.executable, "-c", SHORT, "--socket", str(socket), "--threads", "1"]
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stderr=errors, cwd=ROOT, env=environment(tmp_path / "unused"))
    yield socket, process, log
    process.kill()
    process.wait()


async def test_batches_are_halved_pictures_decoded_in_tiles_and_one_job_fails_free_of_charge(made, short):
    socket, process, log = short
    product = made(GENERATOR_URL=f"unix:{socket}")
    await asyncio.to_thread(product.start)
    async with page(product) as chat:
        several = (await chat.imagine("a red circle --n 4 --steps 2"))["item"]["job"]
        assert (await chat.ended(several, DEADLINE))["state"] == "done"
        paid = chat.balance

        never = (await chat.imagine("a blue star --seed 13 --steps 2"))["item"]["job"]
        assert (await chat.ended(never, DEADLINE))["state"] == "broken"
        await chat.told(lambda: chat.balance == paid, DEADLINE)

        after = (await chat.imagine("a green square --steps 2"))["item"]["job"]
        assert (await chat.ended(after, DEADLINE))["state"] == "done"
        await chat.told(lambda: chat.balance < paid, DEADLINE)
    assert product.stop() == 0
    said = log.read_text()

    assert await faults(product.data) == {several: None, never: Fault.OUT_OF_MEMORY, after: None}
    assert process.poll() is None
    assert said.count("no memory to draw several") == said.count("batch halved for want of memory") == 3
    assert said.count("no memory to decode whole") >= 5
    assert said.count("no memory to draw this") == 1


async def faults(data) -> dict[str, Fault | None]:
    """Return what each job failed by; no credit is astray."""
    store = SqliteStore(data / "pinxit.sqlite3")
    await store.open()
    try:
        assert await store.ledger_faults() == []
        return {job.id: job.fault for job in await store.jobs(100)}
    finally:
        await store.close()
