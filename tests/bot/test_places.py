"""The rules of a server or chat hold for what is ordered there."""

import asyncio

import pytest
from stage import ScriptedGenerator, playing, waits_for

from bot.commands import ChangePlace, Here, ShowPlace
from bot.places import Places
from bot.refusals import (
    BadOption,
    NotAllowed,
    TooLargeHere,
    UnwelcomeWord,
    WrongChannel,
    WrongRole,
)
from bot.updates import PlaceView, Queued, Refused
from bot.words import Words
from storage.records import PlaceId, PlaceRules, Spoiler

CLUB = PlaceId("stage", "club")
LOUNGE = Here(place=CLUB, channels=("lounge", "all"), roles=("member",))


async def rule(stage, **changes):
    changes.setdefault("vouched", True)
    return await stage.service.answer(ChangePlace(by=stage.person(), place=CLUB, **changes))


async def refused(stage, text="a star", here=LOUNGE):
    answer = await stage.imagine(text, here=here)
    assert isinstance(answer, Refused)
    return answer.refusal


async def test_only_whom_the_platform_vouches_for_may_rule(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        changed = await rule(stage, private=True, vouched=False)
        shown = await stage.service.answer(ShowPlace(stage.person(), CLUB))

        assert isinstance(changed.refusal, NotAllowed)
        assert isinstance(shown.refusal, NotAllowed)
        assert stage.places.rules(CLUB) == PlaceRules()


async def test_only_what_is_given_changes_and_none_sets_it_back(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await rule(stage, channels=["lounge"], roles={"member": 2}, spoiler="always", count=2)
        answer = await rule(stage, log_channel="log", count=None)

        expected = PlaceRules(
            channels=frozenset({"lounge"}),
            roles=(("member", 2),),
            spoiler=Spoiler.ALWAYS,
            log_channel="log",
        )
        assert answer == PlaceView(place=CLUB, rules=expected, by=stage.person(), changed=True)


async def test_rules_are_known_after_a_restart(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await rule(stage, private=True)
        again = Places(stage.store, Words())
        await again.open()

        assert again.rules(CLUB) == PlaceRules(private=True)
        assert again.rules(PlaceId("stage", "elsewhere")) == PlaceRules()


@pytest.mark.parametrize(
    "impossible",
    [{"roles": {"member": 0}}, {"most_pixels": 1}, {"spoiler": "sometimes"}, {"aspect": "1:9"}],
    ids=str,
)
async def test_an_impossible_rule_is_refused_kindly(tmp_path, impossible):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        answer = await rule(stage, **impossible)

        assert isinstance(answer.refusal, BadOption)


async def test_a_channel_that_is_not_meant_for_it_is_refused(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await rule(stage, channels=["studio"])

        assert isinstance(await refused(stage), WrongChannel)
        assert isinstance(await stage.imagine(here=Here(place=CLUB, channels=("x", "studio"))), Queued)
        assert isinstance(await stage.imagine(here=Here(place=CLUB, manages=True)), Queued)
        assert isinstance(await stage.imagine(), Queued)


async def test_a_role_that_may_not_order_is_refused(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await rule(stage, roles={"artist": 2})

        assert isinstance(await refused(stage), WrongRole)
        assert isinstance(await stage.imagine(here=Here(place=CLUB, roles=("artist",))), Queued)


async def test_a_reroll_obeys_the_place_too(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        job = await stage.accepted("a star made of gore")
        await rule(stage, words=True)

        answer = await stage.reroll(job, here=LOUNGE)

        assert isinstance(answer.refusal, UnwelcomeWord)


async def test_the_list_of_words_holds_where_it_is_on(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        assert isinstance(await stage.imagine("much Gore", here=LOUNGE), Queued)

        await rule(stage, words=True)

        assert (await refused(stage, "much Gore")).word == "gore"
        assert isinstance(await stage.imagine("a gorge", here=LOUNGE), Queued)


async def test_a_large_picture_is_refused_and_an_unsaid_size_made_to_fit(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await rule(stage, most_pixels=128 * 128)

        refusal = await refused(stage, "a star --size 512x512")
        assert isinstance(refusal, TooLargeHere)
        assert (refusal.size, refusal.example) == ("512x512", "128x128")
        small = await stage.imagine("a star --ar 16:9", here=LOUNGE)
        assert small.job.recipe.width * small.job.recipe.height <= 128 * 128
        assert small.job.recipe.width > small.job.recipe.height


async def test_the_place_s_defaults_yield_to_the_person_s_and_to_the_order_s(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await rule(stage, aspect="16:9", count=3, private=True)

        job = (await stage.imagine(here=LOUNGE)).job

        assert (job.recipe.width, job.count, job.private) == (336, 3, True)
        assert (await stage.imagine("a star --n 1", here=LOUNGE)).job.count == 1


async def test_a_weightier_role_is_drawn_sooner(tmp_path):
    async with playing(ScriptedGenerator(waits_for(asyncio.Event())), tmp_path) as stage:
        await rule(stage, roles={"member": 1, "patron": 10})
        await stage.accepted()
        patron = Here(place=CLUB, roles=("member", "patron"))
        for _ in range(3):
            await stage.imagine(by="Bob", here=LOUNGE)
        jobs = [(await stage.imagine(by="Cy", here=patron)).job.id for _ in range(3)]

        order = [job.id for job in await stage.store.queued()]

        assert order.index(jobs[1]) < order.index(jobs[0]) + 2
        assert order.index(jobs[2]) < len(order) - 2
