"""Batches of several people's jobs, drawn by the real generator in its own process."""

import asyncio
import io
import os
import signal
from contextlib import asynccontextmanager

import numpy as np
from PIL import Image
from stage import Stage, living, opened, until
from test_batch_books import books_are_exact
from test_batches import CROWD, kinds, learn

from bot.batching import Batching
from bot.updates import Delivered, Progress
from generator.child import GeneratorChild
from generator.messages import Ready
from generator.models import EMBEDDED
from storage.pictures import PictureFolder
from storage.records import Kind

DEADLINE = 300  # the machine may be busy


class Witness:
    """A generator, and how many pictures each request asked it for."""

    def __init__(self, child):
        self.child = child
        self.asked: list[int] = []

    @property
    def client(self):
        return self

    @property
    def health(self):
        return self.child.health

    def kill(self):
        self.child.kill()

    def generate(self, request):
        self.asked.append(len(request.orders))
        return self.child.client.generate(request)


@asynccontextmanager
async def drawing(folder, batching):
    """A stage in front of a real generator, which is ready."""
    folder.mkdir(exist_ok=True)
    child = GeneratorChild(EMBEDDED, folder / "g.sock", threads=1)
    life = asyncio.create_task(child.run())
    try:
        async with asyncio.timeout(DEADLINE):
            await child.until(Ready)
        async with opened() as store:
            pictures, generator = PictureFolder(folder / "pictures"), Witness(child)
            stage = Stage(store, generator, pictures, batching=batching, patience_seconds=DEADLINE)
            async with living(stage):
                yield stage
    finally:
        await child.stop()
        await life


async def crowd(stage, steps):
    """Ada's picture is drawn, another of hers waits at the generator, and three people wait for theirs."""
    jobs = [await stage.accepted(f"a {shape} --steps 40") for shape in ("red circle", "blue star")]
    await until(lambda: len(stage.generator.asked) == 2)
    for seed, name in enumerate(CROWD, 3):
        jobs.append(await stage.accepted(f"a red circle --steps {steps} --seed {seed}", by=name))
    await learn(stage, jobs[-1])
    return jobs


async def ends(stage, jobs):
    return [await stage.end(job, DEADLINE) for job in jobs]


def pixels(stage, end):
    return np.asarray(Image.open(io.BytesIO(stage.folder.path(end.pictures[0].sha256).read_bytes())), int)


async def test_a_batch_of_several_people_draws_the_pictures_that_each_would_get_alone(tmp_path):
    async with drawing(tmp_path / "together", Batching()) as stage:
        jobs = await crowd(stage, 4)
        together = await ends(stage, jobs)
        assert stage.generator.asked == [1, 1, 3]
        company = [pixels(stage, end) for end in together]
        assert all(end.job.draw_seconds > 0 for end in together)
        assert 3 in await stage.estimate.together(jobs[2].recipe, 8)
        await books_are_exact(stage, jobs, together)

    async with drawing(tmp_path / "alone", Batching(0)) as stage:
        jobs = await crowd(stage, 4)
        alone = [pixels(stage, end) for end in await ends(stage, jobs)]
        assert stage.generator.asked == [1] * 5

    assert max(np.abs(a - b).max() for a, b in zip(company, alone, strict=True)) <= 1


async def test_a_generator_killed_in_the_middle_of_a_batch_costs_nobody_their_picture(tmp_path):
    async with drawing(tmp_path, Batching()) as stage:
        jobs = await crowd(stage, 20)
        for job in jobs[2:]:
            await stage.audience.sees(job.id, Progress, DEADLINE)
        os.kill(stage.generator.child.pid, signal.SIGKILL)
        found = await ends(stage, jobs)

        assert stage.generator.asked[:3] == [1, 1, 3]
        assert set(stage.generator.asked[3:]) == {1}
        assert [type(end) for end in found] == [Delivered] * 5
        assert [end.job.losses for end in found] == [0, 0, 1, 1, 1]
        for job in jobs:
            assert await kinds(stage, job) == [Kind.HOLD, Kind.CAPTURE]
        await books_are_exact(stage, jobs, found)
