"""Whatever goes wrong and whenever: every accepted job has one end, one settlement and one showing of it."""

import asyncio
import random
from collections import Counter

import pytest
from stage import (
    DEADLINE,
    ScriptedGenerator,
    Stage,
    dies_while_drawing,
    draws,
    fails,
    has_a_bug,
    is_not_reached,
    living,
    opened,
)

from bot.updates import Final
from storage.pictures import PictureFolder
from storage.records import JobState, Kind

SETTLED = {
    JobState.SUCCEEDED: [Kind.HOLD, Kind.CAPTURE],
    JobState.FAILED: [Kind.HOLD, Kind.RELEASE],
    JobState.CANCELLED: [Kind.HOLD, Kind.RELEASE],
}


def moody(dice: random.Random) -> ScriptedGenerator:
    def script(request):
        moods = [draws, dies_while_drawing, is_not_reached, fails, has_a_bug]
        return dice.choices(moods, [6, 3, 2, 1, 1])[0](request)

    return ScriptedGenerator(usually=script)


async def live_a_while(stage: Stage, dice: random.Random) -> list[str]:
    """Order and cancel at random; the bot dies in the midst of it."""
    accepted = []
    async with living(stage):
        for _ in range(12):
            job = await stage.accepted(f"a star --n {dice.randint(1, 3)}", by=dice.choice("ABC"))
            accepted.append(job.id)
            if dice.random() < 0.3:
                await stage.cancel(job)
            for _ in range(dice.randint(0, 60)):
                await asyncio.sleep(0)
    return accepted


async def all_ended(stage: Stage) -> None:
    async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as tasks:
        life = tasks.create_task(stage.live())
        while await stage.store.queued() or await stage.store.undelivered():  # noqa: ASYNC110 - others work meanwhile
            await asyncio.sleep(0.001)
        life.cancel()


@pytest.mark.parametrize(
    ("each_engine", "seed"),
    [*(("sqlite", seed) for seed in range(4)), ("far away", 0), ("far away", 1), ("postgresql", 0)],
    indirect=["each_engine"],
)
@pytest.mark.usefixtures("each_engine")
async def test_every_accepted_job_ends_once(tmp_path, seed):
    dice, folder, shown = random.Random(seed), PictureFolder(tmp_path), Counter()
    async with opened() as store:
        stages = [Stage(store, moody(dice), folder) for _ in range(4)]
        accepted = [job for stage in stages[:3] for job in await live_a_while(stage, dice)]
        await all_ended(stages[3])

        for stage in stages:
            shown.update(
                job for job in accepted for update in stage.audience.of(job) if isinstance(update, Final)
            )
        for name in accepted:
            job, receipt = await store.job(name), await store.receipt(name)
            assert [entry.kind for entry in receipt] == SETTLED[job.state]
            pictures = await store.pictures(name)
            assert len(pictures) == (job.count if job.state is JobState.SUCCEEDED else 0)
            assert all(folder.path(picture.sha256).exists() for picture in pictures)
        assert set(shown) == set(accepted)
        assert await store.ledger_faults() == []
