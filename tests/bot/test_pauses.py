"""A job that lets a shorter one by while it is drawn: nobody is called hung, lost or charged for it."""

import asyncio
import itertools
from contextlib import asynccontextmanager

import pytest
from stage import (
    DEADLINE,
    ScriptedGenerator,
    Stage,
    dies_while_drawing,
    draws,
    finished,
    hangs,
    living,
    opened,
    playing,
    until,
    waits_for,
)

from bot.updates import Cancelled, Delivered, Progress
from generator.client import Lost
from generator.messages import Begun, End, Paused, Ready, Resumed, StepDone
from storage.pictures import PictureFolder
from storage.records import JobState, Kind

pytestmark = pytest.mark.usefixtures("each_engine")

PATIENCE = 0.5


class Pausing(ScriptedGenerator):
    """Draws one job, paused until `go_on`, and meanwhile those after it; when killed it cuts that one off."""

    def __init__(self, *others, **changes):
        super().__init__(self.is_paused, *others, painters=2, **changes)
        self.health = Ready("embedded", painters=1)
        self.go_on, self.cut = asyncio.Event(), False

    def is_paused(self, request):
        yield from (Begun(), StepDone(1, 2), Paused(), self.go_on)
        if self.cut:
            yield Lost("cut")
        yield from (Resumed(), StepDone(2, 2), *map(finished, request.orders), End())

    def kill(self):
        super().kill()
        self.cut = True
        self.go_on.set()


@asynccontextmanager
async def paused(folder, generator, patience_seconds=PATIENCE):
    """A long job is paused; a short one was sent after it."""
    async with opened() as store:
        stage = Stage(store, generator, PictureFolder(folder), patience_seconds=patience_seconds)
        long = await stage.accepted("a star --n 4", by="Ada")
        await stage.estimate.learn(long.recipe, 0.01)
        short = await stage.accepted("a moon", by="Bob")
        async with living(stage):
            await until(lambda: stage.tally.pauses == 1)
            yield stage, long, short


async def kinds(stage, job) -> list[Kind]:
    return [entry.kind for entry in await stage.store.receipt(job.id)]


async def test_the_generator_is_told_how_long_everybody_is_expected_to_take(tmp_path):
    async with paused(tmp_path, Pausing()) as (stage, long, short):
        await stage.end(short)

        assert [request.seconds for request in stage.generator.requests] == [0.04, 0.01]
        stage.generator.go_on.set()
        await stage.end(long)


async def test_who_is_paused_may_be_silent_and_the_next_in_line_is_sent_meanwhile(tmp_path):
    async with paused(tmp_path, Pausing()) as (stage, long, short):
        assert isinstance(await stage.end(short), Delivered)
        third = await stage.accepted("a moon", by="Cyd")
        assert isinstance(await stage.end(third), Delivered)
        await asyncio.sleep(2 * PATIENCE)
        stage.generator.go_on.set()
        end = await stage.end(long)

        assert isinstance(end, Delivered)
        assert stage.generator.kills == 0
        assert [end.job.losses, end.job.attempt] == [0, 1]
        for job in (long, short, third):
            assert await kinds(stage, job) == [Kind.HOLD, Kind.CAPTURE]
        steps = [update.step for update in stage.audience.of(long.id) if isinstance(update, Progress)]
        assert steps == sorted(steps)


async def test_who_hangs_within_a_pause_is_killed_and_nothing_is_held_against_the_paused_one(tmp_path):
    async with paused(tmp_path, Pausing(hangs)) as (stage, long, short):
        ends = [await stage.end(job) for job in (long, short)]

        assert stage.generator.kills == 1
        assert [type(end) for end in ends] == [Delivered, Delivered]
        assert [end.job.losses for end in ends] == [0, 1]
        for job in (long, short):
            assert await kinds(stage, job) == [Kind.HOLD, Kind.CAPTURE]


async def test_what_kills_generators_takes_no_paused_job_with_it(tmp_path):
    async with opened() as store:
        generator = ScriptedGenerator(painters=2)
        generator.health = Ready("embedded", painters=1)
        stage = Stage(store, generator, PictureFolder(tmp_path), patience_seconds=DEADLINE)
        died = [asyncio.Event() for _ in range(3)]

        def by_turns(request):
            if "poison" in request.orders[0].recipe.prompt:
                yield from itertools.islice(dies_while_drawing(request), 2)
                next(event for event in died if not event.is_set()).set()
                yield Lost("cut")
            elif all(event.is_set() for event in died):
                yield from draws(request)
            else:
                yield from (Begun(), StepDone(1, 2), Paused())
                yield next(event for event in died if not event.is_set())
                yield Lost("cut")

        generator.usually = by_turns
        long, poison = await stage.accepted("a star --n 4"), await stage.accepted("poison", by="Bob")
        async with living(stage):
            end = await stage.end(long)
            await stage.end(poison)

        assert isinstance(end, Delivered)
        assert end.job.losses == 0
        assert await kinds(stage, poison) == [Kind.HOLD, Kind.RELEASE]


async def test_once_it_goes_on_silence_counts_again(tmp_path):
    def resumes_and_hangs(_request):
        yield from (Begun(), StepDone(1, 2), Paused(), Resumed(), asyncio.Event())

    generator = ScriptedGenerator(resumes_and_hangs)
    async with opened() as store:
        stage = Stage(store, generator, PictureFolder(tmp_path), patience_seconds=PATIENCE)
        job = await stage.accepted()
        await stage.estimate.learn(job.recipe, 0.01)
        async with living(stage):
            end = await stage.end(job)

        assert generator.kills == 1
        assert end.job.losses == 1


async def test_a_paused_job_is_cancelled_at_once_and_the_other_is_drawn(tmp_path):
    async with paused(tmp_path, Pausing()) as (stage, long, short):
        await stage.cancel(long)
        ends = [await stage.end(job) for job in (long, short)]

        assert [type(end) for end in ends] == [Cancelled, Delivered]
        assert await kinds(stage, long) == [Kind.HOLD, Kind.RELEASE]
        assert await kinds(stage, short) == [Kind.HOLD, Kind.CAPTURE]


async def test_who_was_let_by_is_cancelled_and_the_paused_one_goes_on(tmp_path):
    def is_slow(_request):
        yield from (Begun(), asyncio.Event())

    async with paused(tmp_path, Pausing(is_slow), patience_seconds=DEADLINE) as (stage, long, short):
        await until(lambda: stage.dispatcher.drawing == 2)
        await stage.cancel(short, by="Bob")
        cancelled = await stage.end(short)
        stage.generator.go_on.set()

        assert isinstance(cancelled, Cancelled)
        assert isinstance(await stage.end(long), Delivered)
        assert await kinds(stage, short) == [Kind.HOLD, Kind.RELEASE]


async def test_seconds_of_a_pause_are_not_counted_as_drawn(tmp_path):
    async with paused(tmp_path, Pausing()) as (stage, long, short):
        await stage.end(short)
        first = stage.dispatcher.drawn_seconds(long.id)
        await asyncio.sleep(0.1)  # ten seconds of the stage's clock

        assert stage.dispatcher.drawn_seconds(long.id) == first
        stage.generator.go_on.set()
        await stage.end(long)


async def test_who_is_next_is_told_that_a_long_job_lets_them_by(tmp_path, monkeypatch):
    go_on = asyncio.Event()
    async with playing(ScriptedGenerator(waits_for(go_on)), tmp_path, patience_seconds=DEADLINE) as stage:
        long = await stage.accepted("a star --n 4 --steps 50")
        await stage.audience.sees(long.id, Progress)
        monkeypatch.setattr(stage.dispatcher, "spared_seconds", lambda _job: long.cost_seconds)
        first = await stage.imagine("a moon --steps 2", by="Bob")
        second = await stage.imagine("a moon --steps 2", by="Cyd")
        go_on.set()

        assert first.eta_seconds == first.job.cost_seconds
        assert second.eta_seconds >= 2 * second.job.cost_seconds
        for job in (long, first.job, second.job):
            await stage.end(job)


async def test_stopping_hands_back_the_paused_one_and_the_other(tmp_path):
    async with paused(tmp_path, Pausing(hangs), patience_seconds=DEADLINE) as (stage, long, short):
        await until(lambda: stage.dispatcher.drawing == 2)
        stage.dispatcher.stop()
        await until(lambda: not stage.dispatcher.leading)

        for job in (long, short):
            kept = await stage.store.job(job.id)
            assert (kept.state, kept.losses) == (JobState.QUEUED, 0)
