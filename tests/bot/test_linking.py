"""One person on two platforms has one account, once they carry a code over."""

import asyncio

import pytest
from stage import ScriptedGenerator, playing, waits_for

from bot.commands import ChangeSettings, MakeLink, ShowHistory, UseLink
from bot.linking import LENGTH, typed
from bot.refusals import AccountBlocked, LinkCodeWrong, LinkCodeYours, TooManyLinkTries, TooManyWaiting
from bot.updates import Delivered, LinkAsked, LinkCode, Linked, Refused
from storage.records import Identity, Limits


async def code_of(stage, by="Ada") -> str:
    answer = await stage.service.answer(MakeLink(stage.person(by)))
    assert isinstance(answer, LinkCode)
    return answer.code


async def use(stage, code, by="Bob", *, confirmed=True):
    return await stage.service.answer(UseLink(stage.person(by), code, confirmed))


async def link(stage, maker="Ada", user="Bob") -> Linked:
    answer = await use(stage, await code_of(stage, maker), user)
    assert isinstance(answer, Linked)
    return answer


@pytest.mark.parametrize(
    "how", [str.lower, lambda code: f" {code[:4]}-{code[4:]} ", lambda code: f"link_{code}"]
)
async def test_a_code_joins_two_however_it_is_typed(tmp_path, how):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        answer = await use(stage, how(await code_of(stage)))

        assert isinstance(answer, Linked)
        assert answer.identities == (Identity("stage", "Ada"), Identity("stage", "Bob"))


async def test_whose_code_it_is_is_told_before_anything_is_shared(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        code = await code_of(stage)

        answer = await use(stage, f"link_{code}", confirmed=False)

        assert answer == LinkAsked(code=code, name="Ada", identities=(Identity("stage", "Ada"),))
        assert len(await stage.store.accounts()) == 2
        assert isinstance(await use(stage, answer.code), Linked)


async def test_asking_whose_code_it_is_counts_as_guessing(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        for _ in range(5):
            assert isinstance((await use(stage, "AAAAAAAA", confirmed=False)).refusal, LinkCodeWrong)

        answer = await use(stage, await code_of(stage), confirmed=False)

        assert isinstance(answer.refusal, TooManyLinkTries)


async def test_codes_are_long_and_never_the_same(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        codes = {await code_of(stage, f"person {number}") for number in range(50)}

        assert len(codes) == 50
        assert {len(code) for code in codes} == {LENGTH}
        assert all(typed(code) == code for code in codes)


async def test_after_linking_history_and_credits_are_shared(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await stage.drawn(by="Ada")
        await stage.drawn(by="Bob")

        await link(stage)

        mine = await stage.service.answer(ShowHistory(stage.person("Ada")))
        theirs = await stage.service.answer(ShowHistory(stage.person("Bob")))
        assert len(mine.items) == 2
        assert mine == theirs
        assert await stage.balance("Ada") == await stage.balance("Bob")
        assert await stage.store.ledger_faults() == []


async def test_a_picture_that_is_painted_meanwhile_is_delivered_and_paid_once(tmp_path):
    gate = asyncio.Event()
    async with playing(ScriptedGenerator(waits_for(gate)), tmp_path) as stage:
        job = await stage.accepted(by="Bob")

        await link(stage)
        gate.set()

        assert isinstance(await stage.end(job), Delivered)
        assert (await stage.balance("Ada"))[1] == 0
        assert await stage.store.ledger_faults() == []


async def test_limits_count_both_as_one(tmp_path):
    limits = Limits(per_account=2, whole_queue=100, daily_allowance=1000)
    async with playing(ScriptedGenerator(waits_for(asyncio.Event())), tmp_path, limits=limits) as stage:
        await stage.accepted(by="Ada")
        await stage.accepted(by="Bob")

        await link(stage)

        answer = await stage.imagine(by="Bob")
        assert isinstance(answer.refusal, TooManyWaiting)


async def test_preferences_are_shared_at_once(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await stage.service.answer(ChangeSettings(by=stage.person("Bob"), language="zh"))

        await link(stage)

        assert stage.people.preferences(Identity("stage", "Ada")).language == "zh"
        await stage.service.answer(ChangeSettings(by=stage.person("Ada"), language="ru"))
        assert stage.people.preferences(Identity("stage", "Bob")).language == "ru"


async def test_a_code_works_once(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        code = await code_of(stage)
        await use(stage, code)

        assert isinstance((await use(stage, code, "Cy")).refusal, LinkCodeWrong)


async def test_one_s_own_code_is_refused_kindly(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        assert isinstance((await use(stage, await code_of(stage), "Ada")).refusal, LinkCodeYours)


async def test_guessing_is_slowed_down(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        code = await code_of(stage)
        for _ in range(5):
            await use(stage, "AAAAAAAA")

        answer = await use(stage, code)

        assert isinstance(answer.refusal, TooManyLinkTries)
        assert 0 < answer.refusal.retry_seconds <= 600


async def test_a_block_is_not_got_rid_of_by_linking(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        code = await code_of(stage)
        account = await stage.store.account(Identity("stage", "Bob"), "Bob")
        await stage.store.set_account(account.id, blocked=True)

        answer = await use(stage, code)

        assert isinstance(answer, Refused)
        assert isinstance(answer.refusal, AccountBlocked)


@pytest.mark.parametrize("nonsense", ["", "☂", "' or 1=1 --", "x" * 5000, "\ud800"])
async def test_whatever_is_typed_as_a_code_is_only_wrong(tmp_path, nonsense):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        assert isinstance((await use(stage, nonsense)).refusal, LinkCodeWrong)
