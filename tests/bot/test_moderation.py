"""Those who manage grant credits, block, unblock and look at everybody's jobs."""

import asyncio

import pytest
from stage import ScriptedGenerator, playing, waits_for

from bot.commands import Block, Grant, ShowJobs, Unblock
from bot.refusals import AccountBlocked, BadOption, NotAllowed
from bot.texts import describe
from bot.updates import Cancelled, Granted, JobsView, NowBlocked, NowUnblocked, Queued, Refused
from storage.records import Identity

BOB = Identity("stage", "Bob")


async def grant(stage, credits=50, key="g1", **more):
    more = {"vouched": True} | more
    return await stage.service.answer(Grant(by=stage.person(), key=key, to=BOB, credits=credits, **more))


async def block(stage):
    return await stage.service.answer(Block(by=stage.person(), to=BOB, vouched=True))


@pytest.mark.parametrize(
    "command",
    [
        lambda by: Grant(by=by, key="k", to=BOB, credits=1),
        lambda by: Block(by=by, to=BOB),
        lambda by: Unblock(by=by, to=BOB),
        lambda by: ShowJobs(by=by),
    ],
)
async def test_without_the_platform_s_word_nothing_is_done(tmp_path, command):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        answer = await stage.service.answer(command(stage.person()))

        assert isinstance(answer.refusal, NotAllowed)
        assert await stage.store.accounts() == []


async def test_a_grant_is_given_once_though_asked_for_twice(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        first, again = await grant(stage), await grant(stage)

        assert isinstance(first, Granted)
        assert first.balance == again.balance
        assert first.balance.available == 50
        assert describe(first, "en") == "Ada gave stage Bob 50 credits. The balance is 50."


async def test_credits_can_be_taken(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await grant(stage)
        taken = await grant(stage, -20, "g2")

        assert taken.balance.available == 30
        assert describe(taken, "en") == "Ada took 20 credits from stage Bob. The balance is 30."


@pytest.mark.parametrize("credits", [0, 10**15])
async def test_an_impossible_grant_is_refused_kindly(tmp_path, credits):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        assert isinstance((await grant(stage, credits)).refusal, BadOption)


async def test_a_block_cancels_what_waits_and_stops_what_runs_with_all_credits_back(tmp_path):
    async with playing(ScriptedGenerator(waits_for(asyncio.Event())), tmp_path) as stage:
        running, waiting = [await stage.accepted(by="Bob") for _ in range(2)]
        third = await stage.accepted(by="Bob")
        await stage.until_claimed(running)

        answer = await block(stage)

        assert isinstance(answer, NowBlocked)
        assert answer.cancelled == 3
        for job in (running, waiting, third):
            assert isinstance(await stage.audience.sees(job.id, Cancelled), Cancelled)
        assert await stage.balance("Bob") == (1000, 0)
        assert "3 orders were cancelled" in describe(answer, "en")


async def test_a_blocked_person_is_refused_until_unblocked(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await block(stage)
        refused = await stage.imagine(by="Bob")
        unblocked = await stage.service.answer(Unblock(by=stage.person(), to=BOB, vouched=True))

        assert isinstance(refused, Refused)
        assert isinstance(refused.refusal, AccountBlocked)
        assert isinstance(unblocked, NowUnblocked)
        assert isinstance(await stage.imagine(by="Bob"), Queued)


async def test_everybody_s_jobs_are_listed_latest_first_without_private_words(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await stage.accepted("a star", by="Ada")
        await stage.imagine("a secret without witnesses", by="Bob", private=True)

        answer = await stage.service.answer(ShowJobs(by=stage.person(), vouched=True))

        assert isinstance(answer, JobsView)
        assert [(seen.name, seen.job.recipe.prompt) for seen in answer.items] == [
            ("Bob", "—"),
            ("Ada", "a star"),
        ]
        assert answer.items[0].identities == (BOB,)
        assert "witnesses" not in repr(answer)
