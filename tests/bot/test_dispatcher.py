"""The story of a job, and all the ways it can end."""

import asyncio
from functools import partial

import pytest
from stage import (
    DEADLINE,
    ScriptedGenerator,
    Stage,
    dies_while_drawing,
    draws,
    fails,
    finished,
    hangs,
    has_a_bug,
    is_not_reached,
    living,
    opened,
    playing,
    until,
    waits_for,
)

from bot.refusals import AlreadyEnded
from bot.updates import Broken, Cancelled, Delivered, Progress, Queued, Refused, Stopping
from generator.client import NotReached
from generator.messages import Fault, Loading, Ready, Unusable
from storage.pictures import PictureFolder
from storage.records import JobState, Kind, Rung
from storage.store import StorageError

pytestmark = pytest.mark.usefixtures("each_engine")


async def settlements(stage, job) -> list[Kind]:
    return [entry.kind for entry in await stage.store.receipt(job.id)]


async def test_a_job_goes_from_its_place_over_progress_to_its_picture(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        job = await stage.accepted("a red circle --seed 7")
        end = await stage.end(job)

        shown = stage.audience.of(job.id)
        assert [(update.step, update.steps) for update in shown if isinstance(update, Progress)][-1] == (2, 2)
        assert isinstance(end, Delivered)
        assert shown[-1] == end
        assert stage.folder.path(end.pictures[0].sha256).read_bytes() == b"a red circle 7"
        assert await settlements(stage, job) == [Kind.HOLD, Kind.CAPTURE]


async def test_previews_are_part_of_progress(tmp_path):
    go_on = asyncio.Event()

    def shows_a_preview(request):
        yield from list(draws(request))[:3]
        yield go_on
        yield from list(draws(request))[3:]

    async with playing(ScriptedGenerator(shows_a_preview), tmp_path) as stage:
        job = await stage.accepted()
        await stage.audience.sees(job.id, Progress)

        seen = stage.dispatcher.current(job)
        assert seen is not None
        assert seen.previews == ((0, b"small"),)
        go_on.set()
        await stage.end(job)


async def test_four_pictures_are_four_recipes_in_one_request(tmp_path):
    generator = ScriptedGenerator()
    async with playing(generator, tmp_path) as stage:
        delivered = await stage.drawn("a red circle --n 4 --seed 7")

        assert [picture.index for picture in delivered.pictures] == [0, 1, 2, 3]
        assert [order.recipe.seed for order in generator.requests[0].orders] == [7, 8, 9, 10]
        assert len({picture.sha256 for picture in delivered.pictures}) == 4
        assert len({picture.secret for picture in delivered.pictures}) == 4


@pytest.mark.parametrize("count", [1, 4])
async def test_a_failed_picture_costs_nothing(tmp_path, count):
    async with playing(ScriptedGenerator(fails), tmp_path) as stage:
        job = await stage.accepted(f"a red circle --n {count}")
        end = await stage.end(job)

        assert isinstance(end, Broken)
        assert end.fault is Fault.OUT_OF_MEMORY
        assert await stage.balance() == (1000, 0)
        assert await settlements(stage, job) == [Kind.HOLD, Kind.RELEASE]


async def test_a_generator_that_dies_is_asked_again(tmp_path):
    async with playing(ScriptedGenerator(dies_while_drawing), tmp_path) as stage:
        delivered = await stage.drawn()

        assert (delivered.job.attempt, delivered.job.losses) == (2, 1)
        assert await settlements(stage, delivered.job) == [Kind.HOLD, Kind.CAPTURE]


async def test_a_job_that_kills_three_generators_is_poison_and_others_go_on(tmp_path):
    def poisoned(request):
        return (dies_while_drawing if "poison" in request.orders[0].recipe.prompt else draws)(request)

    async with playing(ScriptedGenerator(usually=poisoned), tmp_path) as stage:
        poison, harmless = await stage.accepted("poison"), await stage.accepted("a red circle")
        ends = [await stage.end(poison), await stage.end(harmless)]

        assert isinstance(ends[0], Broken)
        assert ends[0].fault is Fault.POISON
        assert isinstance(ends[1], Delivered)
        assert await settlements(stage, poison) == [Kind.HOLD, Kind.RELEASE]


async def test_a_generator_that_is_not_reached_burns_no_attempt_that_counts(tmp_path):
    generator = ScriptedGenerator(*[is_not_reached] * 12)
    async with playing(generator, tmp_path) as stage:
        delivered = await stage.drawn()

        assert delivered.job.losses == 0
        assert len(generator.requests) == 13


async def test_a_generator_that_hangs_is_killed_and_counts_as_lost(tmp_path):
    generator = ScriptedGenerator(hangs)
    async with opened() as store:
        stage = Stage(store, generator, PictureFolder(tmp_path))
        job = await stage.accepted()
        await stage.estimate.learn(job.recipe, 0.01)
        async with living(stage):
            delivered = await stage.end(job)

        assert generator.kills == 1
        assert isinstance(delivered, Delivered)
        assert delivered.job.losses == 1


async def test_a_job_that_waits_for_another_inside_the_generator_does_not_count_as_silent(tmp_path):
    def slowly(request):
        begun, step, *rest = draws(request)
        yield begun
        for _ in range(6):
            beat = asyncio.Event()
            asyncio.get_running_loop().call_later(0.5, beat.set)
            yield from (beat, step)
        yield from rest

    generator = ScriptedGenerator(slowly)
    async with opened() as store:
        stage = Stage(store, generator, PictureFolder(tmp_path), patience_seconds=2.0)
        first, second = await stage.accepted(), await stage.accepted("a blue star")
        await stage.estimate.learn(first.recipe, 0.01)
        async with living(stage):
            ends = [await stage.end(first), await stage.end(second)]

        assert generator.kills == 0
        assert [end.job.attempt for end in ends] == [1, 1]


async def test_a_bug_fails_its_job_and_no_other(tmp_path):
    async with playing(ScriptedGenerator(has_a_bug), tmp_path) as stage:
        end = await stage.end(await stage.accepted())
        after = await stage.drawn()

        assert isinstance(end, Broken)
        assert end.fault is Fault.INTERNAL
        assert isinstance(after, Delivered)
        assert (await stage.balance())[1] == 0


async def test_two_are_under_way_and_the_third_waits(tmp_path):
    go_on = asyncio.Event()
    generator = ScriptedGenerator(waits_for(go_on))
    async with playing(generator, tmp_path) as stage:
        jobs = [await stage.accepted(f"a star --seed {seed}") for seed in range(3)]
        await stage.audience.sees(jobs[0].id, Progress)
        await until(lambda: len(generator.requests) == 2)

        third = await stage.store.job(jobs[2].id)
        assert third.state is JobState.QUEUED
        go_on.set()
        for job in jobs:
            assert isinstance(await stage.end(job), Delivered)


# ── several painters at one address ───────────────────────────────────────────────────────────────


async def test_as_many_are_drawn_as_there_are_painters_and_one_more_waits_there(tmp_path):
    go_on = asyncio.Event()
    generator = ScriptedGenerator(usually=waits_for(go_on), painters=3)
    async with playing(generator, tmp_path) as stage:
        jobs = [await stage.accepted(f"a star --seed {seed}") for seed in range(6)]
        await until(lambda: len(generator.requests) == 4)

        states = [(await stage.store.job(job.id)).state for job in jobs]
        assert states.count(JobState.RUNNING) == 4
        assert stage.dispatcher.drawing == 3
        go_on.set()
        for job in jobs:
            assert isinstance(await stage.end(job), Delivered)


async def test_painters_that_come_and_go_change_how_many_are_fed(tmp_path):
    go_on = asyncio.Event()
    generator = ScriptedGenerator(usually=waits_for(go_on), painters=3)
    generator.health = Ready("embedded")
    async with playing(generator, tmp_path) as stage:
        jobs = [await stage.accepted(f"a star --seed {seed}") for seed in range(6)]
        await until(lambda: len(generator.requests) == 2)

        generator.health = Ready("embedded", painters=3)
        stage.dispatcher.wake()

        await until(lambda: len(generator.requests) == 4)
        go_on.set()
        for job in jobs:
            assert isinstance(await stage.end(job), Delivered)


async def test_after_a_failure_one_job_is_sent_while_others_are_drawn(tmp_path):
    go_on, stuck = asyncio.Event(), asyncio.Event()

    def never_begins(_request):
        yield stuck
        yield NotReached("no room")

    generator = ScriptedGenerator(
        waits_for(go_on), is_not_reached, never_begins, usually=waits_for(go_on), painters=4
    )
    async with playing(generator, tmp_path) as stage:
        jobs = [await stage.accepted("a star")]
        await until(lambda: stage.dispatcher.drawing == 1)
        jobs += [await stage.accepted(f"a star --seed {seed}") for seed in range(5)]
        await until(lambda: len(generator.requests) == 3)
        await asyncio.sleep(0.05)

        assert len(generator.requests) == 3
        stuck.set()
        go_on.set()
        ends = [await stage.end(job) for job in jobs]
        assert {end.job.losses for end in ends} == {0}


async def test_silence_at_a_free_painter_counts_though_others_are_drawn(tmp_path):
    def never_begins(_request):
        yield asyncio.Event()

    go_on = asyncio.Event()
    generator = ScriptedGenerator(waits_for(go_on), never_begins, painters=2)
    async with opened() as store:
        stage = Stage(store, generator, PictureFolder(tmp_path))
        first, second = await stage.accepted(), await stage.accepted("a blue star")
        await stage.estimate.learn(first.recipe, 0.01)
        async with living(stage):
            assert isinstance(await stage.end(second), Delivered)
            go_on.set()
            ends = [await stage.end(first), await stage.end(second)]

        assert sum(end.job.losses for end in ends) <= 1
        assert ends[1].job.losses == 0


# ── cancelling ────────────────────────────────────────────────────────────────────────────────────


async def test_a_queued_job_is_cancelled_at_once(tmp_path):
    generator = ScriptedGenerator()
    generator.health = Loading(0.3)
    async with playing(generator, tmp_path) as stage:
        job = await stage.accepted()
        answer, again = await stage.cancel(job), await stage.cancel(job)

        assert isinstance(answer, Cancelled)
        assert isinstance(again, Refused)
        assert isinstance(again.refusal, AlreadyEnded)
        assert isinstance(await stage.end(job), Cancelled)
        assert await stage.balance() == (1000, 0)


async def test_a_running_job_is_stopped_between_two_steps(tmp_path):
    generator = ScriptedGenerator(waits_for(asyncio.Event()))
    async with playing(generator, tmp_path) as stage:
        job = await stage.accepted()
        await stage.audience.sees(job.id, Progress)
        answers = [await stage.cancel(job), await stage.cancel(job)]

        assert isinstance(answers[0], Stopping)
        assert isinstance(answers[1], Stopping | Refused)
        assert isinstance(await stage.end(job), Cancelled)
        assert generator.closed_early == 1
        assert await settlements(stage, job) == [Kind.HOLD, Kind.RELEASE]


async def test_a_prefetched_job_is_stopped_before_it_begins(tmp_path):
    go_on = asyncio.Event()
    generator = ScriptedGenerator(waits_for(go_on))
    async with playing(generator, tmp_path) as stage:
        first, second = await stage.accepted(), await stage.accepted("a blue star")
        await until(lambda: len(generator.requests) == 2)
        await stage.cancel(second)

        assert isinstance(await stage.end(second), Cancelled)
        go_on.set()
        assert isinstance(await stage.end(first), Delivered)


async def test_an_ended_job_cannot_be_cancelled(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        delivered = await stage.drawn()

        answer = await stage.cancel(delivered.job)

        assert isinstance(answer, Refused)
        assert isinstance(answer.refusal, AlreadyEnded)


async def test_a_cancel_that_races_with_the_picture_settles_once(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        for turns in range(40):
            job = await stage.accepted()
            for _ in range(turns * 3):
                await asyncio.sleep(0)
            await stage.cancel(job)
            end = await stage.end(job)

            assert isinstance(end, Delivered | Cancelled)
            assert len(await settlements(stage, job)) == 2
        assert await stage.store.ledger_faults() == []


# ── places and the painter's health ───────────────────────────────────────────────────────────────


async def test_people_see_their_place_fall_as_the_queue_moves(tmp_path):
    go_on = asyncio.Event()
    async with playing(ScriptedGenerator(waits_for(go_on)), tmp_path) as stage:
        jobs = [await stage.accepted(f"a star --seed {seed}") for seed in range(4)]
        await stage.audience.sees(jobs[0].id, Progress)
        go_on.set()
        await stage.end(jobs[3])

        places = [update.place for update in stage.audience.of(jobs[3].id) if isinstance(update, Queued)]
        assert places == sorted(places, reverse=True)


async def test_work_is_accepted_while_the_painter_loads_and_drawn_once_it_is_there(tmp_path):
    generator = ScriptedGenerator()
    generator.health = Loading(0.25)
    async with playing(generator, tmp_path) as stage:
        answer = await stage.imagine()
        assert isinstance(answer, Queued)
        assert answer.loading == 0.25
        assert generator.requests == []

        generator.health = Ready("embedded")

        assert isinstance(await stage.end(answer.job), Delivered)


async def test_loading_is_told_to_those_who_wait(tmp_path):
    generator = ScriptedGenerator()
    generator.health = Loading(0.25)
    async with playing(generator, tmp_path) as stage:
        job = await stage.accepted()

        generator.health = Loading(0.75)

        told = partial(stage.audience.of, job.id)
        await until(lambda: any(isinstance(each, Queued) and each.loading == 0.75 for each in told()))


async def test_a_painter_that_turns_unusable_keeps_the_queue(tmp_path):
    generator = ScriptedGenerator()
    generator.health = Loading(0.25)
    async with playing(generator, tmp_path) as stage:
        job = await stage.accepted()
        generator.health = Unusable("The model has no weights.")
        await stage.audience.sees(job.id, Queued)
        assert (await stage.store.job(job.id)).state is JobState.QUEUED

        generator.health = Ready("embedded")

        assert isinstance(await stage.end(job), Delivered)


# ── storage in trouble ────────────────────────────────────────────────────────────────────────────


class FullFolder(PictureFolder):
    """A folder without space until it is given some."""

    full = True
    refused = 0

    async def put(self, content):
        if self.full:
            self.refused += 1
            raise StorageError("no space left")
        return await super().put(content)


async def test_a_full_disk_keeps_the_job_queued_until_there_is_space(tmp_path):
    folder, generator = FullFolder(tmp_path), ScriptedGenerator()
    async with opened() as store, living(Stage(store, generator, folder)) as stage:
        job = await stage.accepted()
        await until(lambda: folder.refused == 3)
        assert len(generator.requests) == 1
        assert await stage.balance() == (1000 - job.price, job.price)

        folder.full = False

        delivered = await stage.end(job)
        assert isinstance(delivered, Delivered)
        assert delivered.job.losses == 0
        assert await settlements(stage, job) == [Kind.HOLD, Kind.CAPTURE]


async def test_a_bug_in_claiming_leaves_the_bot_alive(tmp_path):
    async with opened() as store:
        claim, bugs = store.claim, [ZeroDivisionError("a bug"), ZeroDivisionError("a bug")]

        async def buggy(lease, now, worn):
            if bugs:
                raise bugs.pop()
            return await claim(lease, now, worn)

        store.claim = buggy
        async with living(Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))) as stage:
            assert isinstance(await stage.drawn(), Delivered)


# ── restarts ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_job_that_an_earlier_run_left_running_is_drawn(tmp_path):
    async with opened() as store:
        before = Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))
        job = await before.accepted()
        await store.claim("an earlier run", 0.0)

        async with living(Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))) as stage:
            assert isinstance(await stage.end(job), Delivered)


async def test_a_job_that_an_earlier_run_was_to_stop_ends_cancelled(tmp_path):
    async with opened() as store:
        before = Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))
        job = await before.accepted()
        await store.claim("an earlier run", 0.0)
        await before.cancel(job)

        async with living(Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))) as stage:
            assert isinstance(await stage.end(job), Cancelled)
            assert await stage.balance() == (1000, 0)


async def test_an_end_that_nobody_saw_is_shown_once_after_a_restart(tmp_path):
    async with opened() as store:
        before = Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))
        job = await before.accepted()
        await before.cancel(job)

        async with living(Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))) as stage:
            assert isinstance(await stage.end(job), Cancelled)
        async with living(Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))) as later:
            await later.drawn()

            assert stage.audience.of(job.id) == [await stage.audience.sees(job.id, Cancelled)]
            assert later.audience.of(job.id) == []
        assert (await store.post(job.id)).rung is Rung.EDITED


async def test_a_late_result_of_a_lost_attempt_changes_nothing(tmp_path):
    go_on = asyncio.Event()
    async with playing(ScriptedGenerator(waits_for(go_on)), tmp_path) as stage:
        job = await stage.accepted()
        await stage.audience.sees(job.id, Progress)
        running = await stage.store.job(job.id)
        await stage.store.fail(job.id, running.attempt, Fault.PAINTER_GONE, 0.0)
        go_on.set()
        await stage.drawn("something else")

        assert (await stage.store.job(job.id)).state is JobState.FAILED
        assert await settlements(stage, job) == [Kind.HOLD, Kind.RELEASE]
        late = finished(stage.generator.requests[0].orders[0])
        sha256 = await PictureFolder(tmp_path / "elsewhere").put(late.file)
        assert not stage.folder.path(sha256).exists()


async def test_stopping_hands_back_what_is_under_way_at_once(tmp_path):
    generator = ScriptedGenerator(usually=waits_for(asyncio.Event()))
    async with opened() as store:
        stage = Stage(store, generator, PictureFolder(tmp_path))
        jobs = [await stage.accepted() for _ in range(3)]
        running = asyncio.create_task(stage.dispatcher.run())
        await until(lambda: len(generator.requests) == 2)
        stage.dispatcher.stop()
        async with asyncio.timeout(DEADLINE):
            await running

        found = [await store.job(job.id) for job in jobs]
        assert [(job.state, job.losses) for job in found] == [(JobState.QUEUED, 0)] * 3
