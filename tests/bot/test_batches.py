"""Jobs of several people in one batch: each keeps its own end, whatever becomes of the others."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from stage import (
    DEADLINE,
    ScriptedGenerator,
    Stage,
    dies_while_drawing,
    draws,
    fails,
    hangs,
    is_not_reached,
    living,
    opened,
    until,
    waits_for,
)

from bot.batching import Batching
from bot.updates import Broken, Cancelled, Delivered, Progress
from generator.client import Lost
from generator.messages import Begun, Fault, Paused, StepDone
from storage.pictures import PictureFolder
from storage.records import JobState, Kind

pytestmark = pytest.mark.usefixtures("each_engine")

CROWD = ("Bob", "Cyd", "Dan")


async def learn(stage, job, gain=0.8):
    """Let batches of the job's shape have been measured: each picture more takes so much less."""
    for count in (1, 4):
        seconds = 0.5 * (1.0 + (count - 1) * (1.0 - gain)) / count
        await stage.estimate.learn(job.recipe, seconds, count)


def a_stage(store, generator, folder, patience_seconds=DEADLINE):
    return Stage(
        store, generator, PictureFolder(folder), batching=Batching(), patience_seconds=patience_seconds
    )


@asynccontextmanager
async def crowded(folder, *scripts, patience_seconds=DEADLINE, **changes):
    """Ada's two pictures are under way, and three people wait behind them; all are let go together."""
    go_on = asyncio.Event()
    generator = ScriptedGenerator(waits_for(go_on), draws, *scripts, **changes)
    async with opened() as store:
        stage = a_stage(store, generator, folder, patience_seconds)
        async with living(stage):
            first = await stage.accepted("a star")
            await learn(stage, first)
            await stage.accepted("a moon")
            await until(lambda: len(generator.requests) == 2)
            jobs = [await stage.accepted(f"a star of {name}", by=name) for name in CROWD]
            go_on.set()
            yield stage, jobs


def sent(generator) -> list[set[str]]:
    return [{order.id.rpartition(":")[0] for order in request.orders} for request in generator.requests]


async def kinds(stage, job) -> list[Kind]:
    return [entry.kind for entry in await stage.store.receipt(job.id)]


async def test_people_who_wait_for_pictures_alike_are_drawn_as_one_batch(tmp_path):
    async with crowded(tmp_path) as (stage, jobs):
        ends = [await stage.end(job) for job in jobs]

        assert sent(stage.generator)[2:] == [{job.id for job in jobs}]
        for job, name, end in zip(jobs, CROWD, ends, strict=True):
            assert isinstance(end, Delivered)
            assert (end.job.attempt, end.job.losses) == (1, 0)
            file = stage.folder.path(end.pictures[0].sha256).read_bytes()
            assert file.decode().startswith(f"a star of {name}")
            assert await kinds(stage, job) == [Kind.HOLD, Kind.CAPTURE]


async def test_everybody_in_a_batch_sees_its_progress_and_no_preview_of_anothers(tmp_path):
    go_on = asyncio.Event()

    def with_a_preview(request):
        begun, step, preview, *rest = draws(request)
        yield from (begun, step, preview, go_on, *rest)

    async with crowded(tmp_path, with_a_preview) as (stage, jobs):
        shown = [await stage.audience.sees(job.id, Progress) for job in jobs]
        await until(lambda: stage.dispatcher.current(jobs[0]).previews != ())
        seen = [stage.dispatcher.current(job).previews for job in jobs]
        go_on.set()

        assert [(update.step, update.steps) for update in shown] == [(1, 2)] * 3
        assert seen == [((0, b"small"),), (), ()]
        for job in jobs:
            await stage.end(job)


async def test_where_a_batch_was_not_measured_to_pay_everybody_is_drawn_alone(tmp_path):
    go_on = asyncio.Event()
    generator = ScriptedGenerator(waits_for(go_on))
    async with opened() as store:
        stage = a_stage(store, generator, tmp_path)
        async with living(stage):
            jobs = [await stage.accepted("a star", by=name) for name in CROWD]
            await learn(stage, jobs[0], gain=0.02)
            jobs += [await stage.accepted("a star", by=name) for name in CROWD]
            go_on.set()
            for job in jobs:
                assert isinstance(await stage.end(job), Delivered)

    assert {len(request.orders) for request in generator.requests} == {1}


async def test_under_pressure_a_batch_is_tried_once_to_learn_whether_it_pays(tmp_path):
    go_on = asyncio.Event()
    generator = ScriptedGenerator(waits_for(go_on))
    async with opened() as store:
        stage = a_stage(store, generator, tmp_path)
        async with living(stage):
            jobs = [await stage.accepted("a star", by=f"person {number}") for number in range(30)]
            go_on.set()
            for job in jobs:
                await stage.end(job)
        measured = await stage.estimate.together(jobs[0].recipe, 8)

    assert sorted(len(request.orders) for request in generator.requests)[-2:] == [1, 8]
    assert measured == {1: 0.5, 8: 0.5}


async def test_while_a_painter_is_free_nobody_waits_for_anothers_picture(tmp_path):
    generator = ScriptedGenerator(painters=6)
    async with opened() as store:
        stage = a_stage(store, generator, tmp_path)
        jobs = [await stage.accepted("a star", by=name) for name in CROWD]
        await learn(stage, jobs[0])
        async with living(stage):
            for job in jobs:
                await stage.end(job)

    assert {len(request.orders) for request in generator.requests} == {1}


# ── cancelling ────────────────────────────────────────────────────────────────────────────────────


async def test_whoever_cancels_is_taken_out_at_once_and_the_others_get_their_pictures(tmp_path):
    go_on = asyncio.Event()
    async with crowded(tmp_path, waits_for(go_on)) as (stage, jobs):
        for job in jobs:
            await stage.audience.sees(job.id, Progress)
        await stage.cancel(jobs[1], by=CROWD[1])
        assert isinstance(await stage.end(jobs[1]), Cancelled)
        assert stage.generator.closed_early == 0
        go_on.set()
        ends = [await stage.end(job) for job in jobs]

        assert [type(end) for end in ends] == [Delivered, Cancelled, Delivered]
        assert await kinds(stage, jobs[1]) == [Kind.HOLD, Kind.RELEASE]
        assert not await stage.store.pictures(jobs[1].id)


async def test_when_all_have_cancelled_the_work_stops(tmp_path):
    async with crowded(tmp_path, waits_for(asyncio.Event())) as (stage, jobs):
        for job in jobs:
            await stage.audience.sees(job.id, Progress)
        for job, name in zip(jobs, CROWD, strict=True):
            await stage.cancel(job, by=name)

        assert [type(await stage.end(job)) for job in jobs] == [Cancelled] * 3
        await until(lambda: stage.generator.closed_early == 1)
        assert isinstance(await stage.drawn("something else"), Delivered)


async def test_stopping_hands_a_whole_batch_back(tmp_path):
    async with crowded(tmp_path, waits_for(asyncio.Event())) as (stage, jobs):
        for job in jobs:
            await stage.audience.sees(job.id, Progress)
        stage.dispatcher.stop()
        await until(lambda: not stage.dispatcher.leading)

        found = [await stage.store.job(job.id) for job in jobs]
        assert [(job.state, job.losses) for job in found] == [(JobState.QUEUED, 0)] * 3


# ── what goes wrong in company is tried again alone ───────────────────────────────────────────────


async def test_of_a_batch_that_was_lost_everybody_is_drawn_again_alone(tmp_path):
    async with crowded(tmp_path, dies_while_drawing) as (stage, jobs):
        ends = [await stage.end(job) for job in jobs]

        assert [(end.job.attempt, end.job.losses) for end in ends] == [(2, 1)] * 3
        assert sorted(map(len, sent(stage.generator)[2:])) == [1, 1, 1, 3]
        for job in jobs:
            assert await kinds(stage, job) == [Kind.HOLD, Kind.CAPTURE]


async def test_a_batch_that_lets_another_job_by_when_the_generator_dies_holds_it_against_nobody(tmp_path):
    def is_paused_and_cut_off(_request):
        yield from (Begun(), StepDone(1, 2), Paused(), Lost("cut"))

    async with crowded(tmp_path, is_paused_and_cut_off) as (stage, jobs):
        ends = [await stage.end(job) for job in jobs]

        assert [(end.job.losses, end.job.attempt) for end in ends] == [(0, 2)] * len(jobs)
        for job in jobs:
            assert await kinds(stage, job) == [Kind.HOLD, Kind.CAPTURE]


async def test_a_poisonous_job_takes_nobody_along(tmp_path):
    def poisoned(request):
        poison = any("Bob" in order.recipe.prompt for order in request.orders)
        return (dies_while_drawing if poison else draws)(request)

    async with crowded(tmp_path, usually=poisoned) as (stage, jobs):
        ends = [await stage.end(job) for job in jobs]

        assert [type(end) for end in ends] == [Broken, Delivered, Delivered]
        assert ends[0].fault is Fault.POISON
        assert [end.job.losses for end in ends[1:]] == [1, 1]


async def test_of_a_batch_that_hangs_the_generator_is_killed_once_and_everybody_drawn_alone(tmp_path):
    async with crowded(tmp_path, hangs, patience_seconds=2.0) as (stage, jobs):
        ends = [await stage.end(job) for job in jobs]

        assert stage.generator.kills == 1
        assert [(type(end), end.job.losses) for end in ends] == [(Delivered, 1)] * 3


async def test_a_picture_that_fails_in_company_is_tried_once_more_alone(tmp_path):
    async with crowded(tmp_path, fails) as (stage, jobs):
        ends = [await stage.end(job) for job in jobs]

        assert [(type(end), end.job.losses) for end in ends] == [
            (Delivered, 1),
            (Delivered, 0),
            (Delivered, 0),
        ]


async def test_a_picture_that_fails_alone_too_has_failed(tmp_path):
    async with crowded(tmp_path, fails, fails) as (stage, jobs):
        ends = [await stage.end(job) for job in jobs]

        assert [type(end) for end in ends] == [Broken, Delivered, Delivered]
        assert ends[0].fault is Fault.OUT_OF_MEMORY
        assert await kinds(stage, jobs[0]) == [Kind.HOLD, Kind.RELEASE]


async def test_a_batch_that_reaches_no_generator_costs_nobody_anything(tmp_path):
    async with crowded(tmp_path, is_not_reached) as (stage, jobs):
        ends = [await stage.end(job) for job in jobs]

        assert [end.job.losses for end in ends] == [0, 0, 0]
