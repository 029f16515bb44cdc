"""Painting over pictures on Telegram: sent with a caption, answered with words, remixed."""

import pytest
from writing import running

from generator.recipe import Start
from tests.platforms.sent_pictures import BAD, GOOD, picture
from tests.platforms.telegram_world import supergroup


async def painted(town, bot, count=1):
    await town.until(lambda: sum(bool(message.file) for message in town.answers()) >= count)
    await bot.until_confirmed()
    return await bot.jobs()


@pytest.mark.parametrize("caption", ["/imagine a blue boat", "a blue boat"])
async def test_a_picture_with_a_caption_is_painted_over(town, tmp_path, caption):
    async with running(town, tmp_path) as bot:
        town.says(f"{caption} --strength 0.4", photo=picture())
        [job] = await painted(town, bot)

    assert job.recipe.prompt == "a blue boat"
    assert isinstance(job.recipe.start, Start)
    assert job.recipe.start.strength == 0.4
    assert (job.recipe.width, job.recipe.height) == (336, 192)


async def test_a_picture_that_is_answered_in_a_group_is_painted_over(town, tmp_path):
    chat = town.founds(supergroup())
    async with running(town, tmp_path) as bot:
        photo = town.says("look", by=town.bob, chat=chat, photo=picture())
        town.says("/imagine more of it", chat=chat, reply_to=photo)
        await town.until(lambda: town.answers(chat) and town.answers(chat)[-1].file)
        [job] = await bot.jobs()

    assert job.recipe.start is not None


async def test_words_that_answer_our_own_picture_paint_over_that_one(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("a red fox")
        await painted(town, bot)
        town.says("make it blue", reply_to=town.last)
        new, old = await painted(town, bot, 2)

    assert new.parent == old.id
    assert new.recipe.start is not None
    assert not town.called("getFile")


async def test_a_remix_after_a_restart_paints_over_the_picture(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("a red fox --seed 7")
        await painted(town, bot)
        message = town.last
    async with running(town, tmp_path):
        town.presses(message, "Remix")
        await town.until(lambda: "a red fox --strength 0.6" in town.last.text)
        form = town.last
    async with running(town, tmp_path) as bot:
        town.says("a red fox in snow --strength 0.3", reply_to=form)
        new, old = await painted(town, bot, 2)

    assert (new.parent, new.recipe.start.strength, new.recipe.prompt) == (old.id, 0.3, "a red fox in snow")


@pytest.mark.parametrize(
    ("label", "ratio"), [("Zoom out", 1), ("→ Wider", 1.5), ("↓ Taller", 2 / 3), ("Twice as large", 1)]
)
async def test_more_of_a_picture_is_painted_after_a_restart(town, tmp_path, label, ratio):
    async with running(town, tmp_path) as bot:
        town.says("a red fox --seed 7")
        await painted(town, bot)
        message = town.last
    async with running(town, tmp_path) as bot:
        town.presses(message, label)
        new, old = await painted(town, bot, 2)

    assert new.parent == old.id
    assert new.recipe.width / new.recipe.height == pytest.approx(ratio, rel=0.1)
    assert new.recipe.start is not None


async def test_an_order_that_began_with_a_picture_is_edited_with_it(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("a boat", photo=picture())
        [first] = await painted(town, bot)
        town.presses(town.last, "Edit")
        await town.until(lambda: "a boat --size" in town.last.text)
        town.says("a ship --strength 0.5", reply_to=town.last)
        new, _ = await painted(town, bot, 2)

    assert new.recipe.start.picture == first.recipe.start.picture
    assert new.recipe.start.strength == 0.5


async def test_two_dots_keep_the_picture(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("a boat", photo=picture())
        [first] = await painted(town, bot)
        town.says(".. at night")
        new, _ = await painted(town, bot, 2)

    assert new.recipe.start == first.recipe.start


async def test_wildcards_keep_the_picture_through_a_restart(town, tmp_path):
    async with running(town, tmp_path):
        town.says("a {red|blue} boat", photo=picture())
        await town.until(lambda: town.answers() and town.last.buttons)
        question = town.last
    async with running(town, tmp_path) as bot:
        town.presses(question, "Paint them all")
        jobs = await painted(town, bot, 2)

    assert len({job.recipe.start.picture for job in jobs}) == 1


@pytest.mark.parametrize("kind", GOOD)
async def test_every_usual_kind_of_picture_is_taken(town, tmp_path, kind):
    async with running(town, tmp_path) as bot:
        town.says("a boat", photo=GOOD[kind])
        [job] = await painted(town, bot)

    assert job.recipe.start is not None


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_picture_gets_one_kind_sentence_and_costs_nothing(town, tmp_path, kind):
    content, sentence = BAD[kind]
    async with running(town, tmp_path) as bot:
        town.says("a boat", photo=content)
        await town.until(town.answers)

        assert await bot.jobs() == []
    assert town.last.text.startswith(sentence)


async def test_wildcards_in_an_edited_order_keep_its_mask(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("a red fox")
        await painted(town, bot)
        town.presses(town.last, "→ Wider")  # paints with a mask
        wider, _ = await painted(town, bot, 2)
        town.presses(town.last, "Edit")
        await town.until(lambda: "a red fox --size" in town.last.text)
        town.says("a {red|blue} fox in snow --strength 0.5", reply_to=town.last)
        await town.until(lambda: "Paint them all" in town.last.buttons)
    async with running(town, tmp_path) as bot:
        town.presses(town.last, "Paint them all")
        second, first, *_ = await painted(town, bot, 4)

    assert wider.recipe.start.mask
    for job in (first, second):
        assert (job.recipe.start.picture, job.recipe.start.mask) == (
            wider.recipe.start.picture,
            wider.recipe.start.mask,
        )


async def test_what_was_only_enlarged_says_so_and_its_words_are_told_as_words(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("a red fox")
        await painted(town, bot)
        plain = town.last
        town.presses(plain, "Twice as large")
        await painted(town, bot, 2)
        large = town.last
        town.presses(large, "Info")
        await town.until(lambda: town.last.text.startswith("These are its words"))

    assert "Nothing new was painted" in large.text
    assert "Nothing new was painted" not in plain.text
