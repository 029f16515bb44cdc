"""Somebody else's job: what a platform may vouch for, and who pays."""

from pathlib import Path

from stage import ScriptedGenerator, Stage, playing

from bot.commands import Cancel, Delete, Reroll, ShowInfo, Vary
from bot.refusals import NoSuchJob
from bot.updates import Deleted, Delivered, Info, Queued, Refused


async def drawn(stage: Stage) -> Delivered:
    return await stage.drawn(by="Ada")


async def test_a_reroll_that_is_vouched_for_is_paid_by_whoever_asks(tmp_path: Path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        original = await drawn(stage)
        before = await stage.balance("Ada")
        command = Reroll(
            by=stage.person("Bob"), key="r", job=original.job.id, post=stage.post(), vouched=True
        )

        answer = await stage.service.answer(command)

        assert isinstance(answer, Queued)
        assert answer.job.account != original.job.account
        assert await stage.balance("Ada") == before


async def test_without_a_word_for_them_nobody_varies_or_sees_somebody_else_s_job(tmp_path: Path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        job = (await drawn(stage)).job.id
        bob, post = stage.person("Bob"), stage.post()

        vary = await stage.service.answer(Vary(by=bob, key="v", job=job, index=0, strong=True, post=post))
        info = await stage.service.answer(ShowInfo(bob, job))

        assert isinstance(vary, Refused)
        assert isinstance(vary.refusal, NoSuchJob)
        assert isinstance(info, Refused)


async def test_a_moderator_deletes_and_cancels_for_others(tmp_path: Path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        job = (await drawn(stage)).job.id
        moderator = stage.person("Mo")

        seen = await stage.service.answer(ShowInfo(moderator, job, vouched=True))
        late = await stage.service.answer(Cancel(moderator, job, vouched=True))
        gone = await stage.service.answer(Delete(moderator, job, vouched=True))

        assert isinstance(seen, Info)
        assert isinstance(late, Refused)
        assert gone == Deleted(job)
