"""Blending two pictures on Discord: both attached to /blend."""

import pytest
from painting import running

from bot.adapters.discord.buttons import Begun, SeveralButton
from tests.platforms.sent_pictures import BAD, picture


def blend(town, prompt, first=None, second=None, **options):
    pair = {
        f"image{number}": town.posted(town.bob, "cat.png", content).attachments[0]
        for number, content in enumerate((first or picture(), second or picture((64, 64))), 1)
    }
    return town.command("blend", options={**pair, "prompt": prompt, **options})


async def painted(town, bot, asked):
    await town.until(lambda: asked.original and asked.original.attachments)
    await bot.until_confirmed()
    return (await bot.jobs())[0]


async def test_two_pictures_are_blended_in_the_ratio_of_the_first(town, tmp_path):
    async with running(town, tmp_path) as bot:
        job = await painted(town, bot, blend(town, "a blue boat", share=0.25, strength=0.4))

    start = job.recipe.start
    assert (job.recipe.prompt, start.share, start.strength) == ("a blue boat", 0.25, 0.4)
    assert (job.recipe.width, job.recipe.height) == (336, 192)
    assert len(start.pictures) == 2


async def test_a_share_that_is_typed_counts_and_is_kept_when_edited(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = blend(town, "a boat --share 0.2")
        await painted(town, bot, asked)
        form = town.press(asked.original, "Edit")
        await town.until(lambda: form.modal)

    assert "--share 0.2" in form.modal["components"][0]["component"]["value"]


async def test_the_usual_blend_is_in_the_middle_and_keeps_both_pictures_when_edited(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = blend(town, "a boat")
        first = await painted(town, bot, asked)
        form = town.press(asked.original, "Edit")
        await town.until(lambda: form.modal)
        job = await painted(town, bot, town.submit(form, "a ship"))

    assert (first.recipe.start.share, job.recipe.prompt) == (0.5, "a ship")
    assert job.recipe.start.pictures == first.recipe.start.pictures


@pytest.mark.parametrize("place", ["first", "second"])
@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_picture_of_the_two_gets_one_kind_sentence_and_costs_nothing(town, tmp_path, kind, place):
    content, sentence = BAD[kind]
    async with running(town, tmp_path) as bot:
        asked = blend(town, "a boat", **{place: content})
        await town.until(lambda: asked.follow_ups)

        assert await bot.jobs() == []
    assert asked.follow_ups[0].content.startswith(sentence)


async def test_wildcards_of_a_blend_are_asked_back_and_painted_between_both_after_a_restart(town, tmp_path):
    async with running(town, tmp_path):
        asked = blend(town, "a {red|blue} boat", share=0.25)
        await town.until(lambda: asked.original and asked.original.buttons)
    async with running(town, tmp_path) as bot:
        town.press(asked.original, "Paint them all")
        await town.until(lambda: sum(bool(message.files) for message in town.messages) == 4)
        await bot.until_confirmed()
        jobs = await bot.jobs()

    assert "2 orders with 2 pictures in all" in asked.original.content
    assert {job.recipe.prompt for job in jobs} == {"a red boat", "a blue boat"}
    assert {(len(job.recipe.start.pictures), job.recipe.start.share) for job in jobs} == {(2, 0.25)}


def test_what_lies_between_two_pictures_fits_into_a_button_and_reads_back():
    begun = Begun(sha256="ab" * 32, other="cd" * 32)
    button = SeveralButton(begun)

    assert len(button.custom_id) <= 100
    assert Begun.found(SeveralButton.__discord_ui_compiled_template__.fullmatch(button.custom_id)) == begun
