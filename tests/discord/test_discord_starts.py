"""Painting over pictures on Discord: attached to the command, remixed, from the menu of any message."""

import pytest
from painting import running, shows

from tests.platforms.sent_pictures import BAD, picture


def sent(town, content, name="cat.png"):
    return town.posted(town.bob, name, content).attachments[0]


def text_of(form):
    return form.modal["components"][0]["component"]["value"]


async def painted(town, bot, asked):
    await town.until(lambda: asked.original and asked.original.attachments)
    await bot.until_confirmed()
    return (await bot.jobs())[0]


async def test_an_attached_picture_is_painted_over(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a blue boat", image=sent(town, picture()), strength=0.4)
        job = await painted(town, bot, asked)

    assert job.recipe.start.strength == 0.4
    assert (job.recipe.width, job.recipe.height) == (336, 192)


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_picture_gets_one_kind_sentence_and_costs_nothing(town, tmp_path, kind):
    content, sentence = BAD[kind]
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a boat", image=sent(town, content))
        await town.until(lambda: asked.follow_ups)

        assert await bot.jobs() == []
    assert asked.follow_ups[0].content.startswith(sentence)


async def test_a_strength_without_a_picture_is_told(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a boat", strength=0.4)
        await town.until(lambda: asked.follow_ups)

        assert await bot.jobs() == []
    assert "there is no picture" in asked.follow_ups[0].content


async def test_remix_under_a_picture_paints_over_it_after_a_restart(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a lighthouse")
        first = await painted(town, bot, asked)
    async with running(town, tmp_path):
        form = town.press(asked.original, "Remix")
        await town.until(lambda: form.modal)
    async with running(town, tmp_path) as bot:
        again = town.submit(form, "a windmill --strength 0.3")
        job = await painted(town, bot, again)

    assert text_of(form) == "a lighthouse --strength 0.6"
    assert (job.parent, job.recipe.start.strength) == (first.id, 0.3)


@pytest.mark.parametrize("label", ["Zoom out", "← Wider", "↑ Taller", "Twice as large"])
async def test_more_of_a_picture_is_painted_after_a_restart(town, tmp_path, label):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a lighthouse")
        first = await painted(town, bot, asked)
    async with running(town, tmp_path) as bot:
        again = town.press(asked.original, label)
        job = await painted(town, bot, again)

    assert job.parent == first.id
    assert job.recipe.start is not None


async def test_an_order_that_began_with_a_picture_is_edited_with_it(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a boat", image=sent(town, picture()))
        first = await painted(town, bot, asked)
        form = town.press(asked.original, "Edit")
        await town.until(lambda: form.modal)
        again = town.submit(form, "a ship --strength 0.5")
        job = await painted(town, bot, again)

    assert job.recipe.start.picture == first.recipe.start.picture


async def test_any_message_s_picture_can_be_remixed_even_after_restarts(town, tmp_path):
    async with running(town, tmp_path):
        message = town.posted(town.bob, "holiday.png", picture())
        asked = town.on_message("Remix this picture", message)
        await town.until(lambda: asked.original and asked.original.buttons)
    async with running(town, tmp_path):
        form = town.press(asked.original, "Remix")
        await town.until(lambda: form.modal)
    async with running(town, tmp_path) as bot:
        again = town.submit(form, "a beach in winter")
        job = await painted(town, bot, again)

    assert shows(asked.original, "The picture is here.")
    assert job.recipe.start.strength == 0.6


async def test_wildcards_keep_the_picture(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a {red|blue} boat", image=sent(town, picture()))
        await town.until(lambda: asked.original and asked.original.buttons)
        town.press(asked.original, "Paint them all")
        await town.until(lambda: sum(bool(message.attachments) for message in town.messages) == 3)
        jobs = await bot.jobs()

    assert len({job.recipe.start.picture for job in jobs}) == 1


async def test_wildcards_in_an_edited_order_keep_its_mask(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a fox")
        await painted(town, bot, asked)
        onward = town.press(asked.original, "→ Wider")  # paints with a mask
        wider = await painted(town, bot, onward)
        form = town.press(onward.original, "Edit")
        await town.until(lambda: form.modal)
        several = town.submit(form, "a {red|blue} fox in snow --strength 0.5")
        await town.until(lambda: several.original and several.original.buttons)
    async with running(town, tmp_path) as bot:
        town.press(several.original, "Paint them all")
        await town.until(lambda: sum(bool(message.attachments) for message in town.messages) == 4)
        await bot.until_confirmed()
        second, first, *_ = await bot.jobs()

    assert wider.recipe.start.mask
    for job in (first, second):
        assert job.recipe.start.pictures == wider.recipe.start.pictures


async def test_what_was_only_enlarged_says_so(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a fox")
        await painted(town, bot, asked)
        larger = town.press(asked.original, "Twice as large")
        await painted(town, bot, larger)

    assert "Nothing new was painted" in larger.original.content
    assert "Nothing new was painted" not in asked.original.content
