"""Blending two pictures on Telegram: one answers the other, with /blend under it."""

import pytest
from writing import running

from bot.adapters.telegram.buttons import Agreed, Declined
from tests.platforms.sent_pictures import BAD, picture
from tests.platforms.telegram_world import supergroup


@pytest.fixture
def chat(town):
    return town.founds(supergroup())


@pytest.fixture
def photo(town, chat):
    """A picture that somebody sent to a group, which the bot was not told of."""
    return town.says("look", by=town.bob, chat=chat, photo=picture())


async def test_a_picture_that_answers_another_is_blended_with_it(town, tmp_path, chat, photo):
    async with running(town, tmp_path) as bot:
        town.says("/blend a boat --strength 0.4", chat=chat, reply_to=photo, photo=picture((64, 64)))
        await town.until(lambda: town.answers(chat) and town.answers(chat)[-1].file)
        [job] = await bot.jobs()

    start = job.recipe.start
    assert (job.recipe.prompt, start.share, start.strength) == ("a boat", 0.5, 0.4)
    assert (job.recipe.width, job.recipe.height) == (336, 192)
    assert len(start.pictures) == 2


async def test_a_share_that_is_typed_says_how_much_comes_from_the_second(town, tmp_path, chat, photo):
    async with running(town, tmp_path) as bot:
        town.says("/blend a boat --share 0.3", chat=chat, reply_to=photo, photo=picture((64, 64)))
        await town.until(lambda: town.answers(chat) and town.answers(chat)[-1].file)
        [job] = await bot.jobs()

    assert job.recipe.start.share == 0.3


async def test_a_share_of_one_picture_is_refused_kindly(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("a boat --share 0.3", photo=picture())
        await town.until(town.answers)

        assert await bot.jobs() == []
    assert town.last.text.startswith("--share says how much")


async def test_a_picture_is_blended_with_one_of_ours(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("a red fox")
        await town.until(lambda: town.answers() and town.last.file)
        await bot.until_confirmed()
        town.says("/blend a fox in a boat", reply_to=town.last, photo=picture())
        await town.until(lambda: sum(bool(message.file) for message in town.answers()) == 2)
        new, old = await bot.jobs()

    assert new.parent == old.id
    assert len(new.recipe.start.pictures) == 2
    assert len(town.called("getFile")) == 1


@pytest.mark.parametrize("answering", [None, picture()], ids=["words", "a picture"])
async def test_an_answer_to_no_picture_is_told_how_to_blend(town, tmp_path, chat, answering):
    async with running(town, tmp_path) as bot:
        words = town.says("see you", by=town.bob, chat=chat)
        town.says("/blend a boat", chat=chat, reply_to=words, photo=answering)
        await town.until(lambda: town.answers(chat))

        assert await bot.jobs() == []
    assert town.answers(chat)[-1].text.startswith("Reply to a picture with another one")


async def test_words_that_answer_a_picture_are_told_how_to_blend(town, tmp_path, chat, photo):
    async with running(town, tmp_path) as bot:
        town.says("/blend a boat", chat=chat, reply_to=photo)
        await town.until(lambda: town.answers(chat))

        assert await bot.jobs() == []
    assert town.answers(chat)[-1].text.startswith("Reply to a picture with another one")


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_picture_of_the_two_gets_one_kind_sentence(town, tmp_path, chat, photo, kind):
    content, sentence = BAD[kind]
    async with running(town, tmp_path) as bot:
        town.says("/blend a boat", chat=chat, reply_to=photo, photo=content)
        await town.until(lambda: town.answers(chat))

        assert await bot.jobs() == []
    assert town.answers(chat)[-1].text.startswith(sentence)


async def test_wildcards_of_a_blend_are_asked_back_and_painted_between_both_after_a_restart(
    town, tmp_path, chat, photo
):
    async with running(town, tmp_path):
        words = "/blend a {red|blue} boat --share 0.3"
        town.says(words, chat=chat, reply_to=photo, photo=picture((64, 64)))
        await town.until(lambda: town.answers(chat) and town.answers(chat)[-1].buttons)
        question = town.answers(chat)[-1]
    async with running(town, tmp_path) as bot:
        town.presses(question, "Paint them all")
        await town.until(lambda: sum(bool(message.file) for message in town.answers(chat)) == 2)
        await bot.until_confirmed()
        jobs = await bot.jobs()

    assert {job.recipe.prompt for job in jobs} == {"a red boat", "a blue boat"}
    assert {(len(job.recipe.start.pictures), job.recipe.start.share) for job in jobs} == {(2, 0.3)}


def test_what_lies_between_two_pictures_fits_into_two_buttons_and_reads_back():
    agreed, declined = Agreed(-(10**14), "ab" * 32), Declined(-(10**14), "cd" * 32)

    assert len(agreed.text().encode()) <= 64
    assert (Agreed.read(agreed.text()), Declined.read(declined.text())) == (agreed, declined)
