"""Styles that people save for themselves."""

import json

import pytest
from stage import ScriptedGenerator, playing

from bot.commands import (
    ChangeSettings,
    DeleteMine,
    DeleteStyle,
    ExportMine,
    RenameStyle,
    SaveStyle,
    ShowStyles,
)
from bot.own_styles import style_of
from bot.refusals import (
    BadOption,
    BadStyleName,
    NoNegativePrompt,
    StyleNameTaken,
    StyleTooLong,
    TooManyStyles,
    UnknownLora,
    UnknownOption,
    UnknownStyle,
)
from bot.updates import PreferencesView, Refused, StyleGone, StyleKept
from storage.records import MOST_STYLES, Preferences


async def saved(stage, name="mine", text="{prompt}, in ink --ar 16:9", by="Ada"):
    return await stage.service.answer(SaveStyle(stage.person(by), name, text))


async def own(stage, by="Ada"):
    answer = await stage.service.answer(ShowStyles(stage.person(by)))
    return [style.name for style in answer.own]


async def test_a_saved_style_is_a_template_with_options(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        assert isinstance(await saved(stage), StyleKept)
        job = await stage.accepted("a heron --style mine")

        assert (job.recipe.prompt, job.recipe.negative_prompt) == ("a heron, in ink", "")
        assert (job.recipe.width, job.recipe.height) == (336, 192)


async def test_a_style_with_what_its_model_cannot_heed_is_refused(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        answer = await saved(stage, text="{prompt}, in ink --no colour")

        assert isinstance(answer, Refused)
        assert isinstance(answer.refusal, NoNegativePrompt)
        assert await own(stage) == []


async def test_what_an_order_says_itself_wins_over_the_style(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await saved(stage, text="{prompt} --ar 16:9 --steps 4 --n 2 --lora snow:0.5")
        job = await stage.accepted("a heron --size 128x128 --steps 6 --style mine")

        assert (job.recipe.width, job.recipe.height, job.recipe.steps, job.count) == (128, 128, 6, 2)
        assert [lora.name for lora in job.recipe.loras] == ["snow"]


async def test_a_style_is_the_person_s_alone_and_wins_over_the_house_s(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await saved(stage, "photo", "my {prompt}")
        mine, theirs = (
            await stage.accepted("a cat --style photo"),
            await stage.accepted("a cat --style photo", "Bob"),
        )

        assert mine.recipe.prompt == "my a cat"
        assert theirs.recipe.prompt.startswith("A photograph of a cat")
        assert await own(stage, "Bob") == []


async def test_a_style_is_renamed_and_deleted(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await saved(stage)
        await stage.service.answer(RenameStyle(stage.person(), "mine", "Тушь"))
        renamed = await own(stage)
        gone = await stage.service.answer(DeleteStyle(stage.person(), "тушь"))

        assert (renamed, gone) == (["тушь"], StyleGone("тушь"))
        assert await own(stage) == []


async def test_other_preferences_stay_with_it(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await stage.service.answer(ChangeSettings(by=stage.person(), count=2))
        await saved(stage)
        answer = await stage.service.answer(ChangeSettings(by=stage.person(), aspect="4:3"))

        assert isinstance(answer, PreferencesView)
        assert (answer.preferences.count, answer.preferences.aspect) == (2, "4:3")
        assert await own(stage) == ["mine"]


async def test_styles_survive_a_restart_are_exported_and_deleted_with_everything(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await saved(stage)
        await stage.people.open()
        kept = await own(stage)
        file = json.loads((await stage.service.answer(ExportMine(stage.person()))).file)
        await stage.service.answer(DeleteMine(stage.person(), confirmed=True))

        assert kept == ["mine"]
        assert file["accounts"][0]["preferences"]["styles"][0][0] == "mine"
        assert await own(stage) == []


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("!", "{prompt}", BadStyleName),
        ("x" * 33, "{prompt}", BadStyleName),
        ("mine", "{prompt} --ar wide", BadOption),
        ("mine", "{prompt} --sede 7", UnknownOption),
        ("mine", "{prompt} --lora nope", UnknownLora),
        ("mine", "{prompt}" + "x" * 1000, StyleTooLong),
    ],
)
async def test_what_could_not_be_painted_is_not_saved(tmp_path, name, text, kind):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        answer = await saved(stage, name, text)

        assert isinstance(answer, Refused)
        assert isinstance(answer.refusal, kind)
        assert await own(stage) == []


async def test_there_are_only_so_many(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        for number in range(MOST_STYLES):
            await saved(stage, f"s{number}")
        one_more, changed = await saved(stage, "more"), await saved(stage, "s0", "new {prompt}")

        assert isinstance(one_more.refusal, TooManyStyles)
        assert isinstance(changed, StyleKept)


async def test_a_name_in_use_is_not_taken_by_renaming(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await saved(stage, "one")
        await saved(stage, "two")
        taken = await stage.service.answer(RenameStyle(stage.person(), "one", "two"))
        unknown = await stage.service.answer(RenameStyle(stage.person(), "three", "four"))

        assert isinstance(taken.refusal, StyleNameTaken)
        assert isinstance(unknown.refusal, UnknownStyle)


def test_a_template_without_a_place_for_the_prompt_follows_it():
    assert style_of("mine", "in ink --ar 3:4").over("a cat") == "a cat, in ink"
    assert style_of("mine", "--ar 3:4").over("a cat") == "a cat"


def test_what_a_style_shows_can_be_saved_again():
    style = style_of("mine", "{prompt}, in ink --no red, blue --ar 3:4 --lora snow:0.5")

    assert style_of("mine", style.typed) == style


def test_of_two_accounts_that_become_one_both_sorts_of_styles_are_left():
    one = Preferences(count=2, styles=(("a", "1"), ("b", "1")))
    other = Preferences(count=3, styles=(("b", "2"), ("c", "2")))

    assert one.joined_with(other) == Preferences(count=2, styles=(("a", "1"), ("b", "1"), ("c", "2")))
    assert Preferences(styles=(("a", "1"),)).joined_with(other).count == 3
    full = Preferences(styles=tuple((f"s{n}", "") for n in range(MOST_STYLES)))
    assert set(full.styles) == set(full.joined_with(other).styles)
