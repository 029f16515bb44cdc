"""Inline mode: typed after the bot's name in any chat, the message becomes the picture."""

import asyncio

import pytest
from writing import draws, running, waits_for

from tests.platforms.telegram import group
from tests.platforms.telegram_faults import refused


@pytest.fixture
def stage(town):
    """A chat of the owner's, for files."""
    return town.founds(group("Backstage"))


async def sent(town, words, by=None):
    query = town.types_inline(words, by=by)
    await town.until(lambda: query in town.world.inline_answers)
    return town.chooses(query, by=by, text=words)


async def test_the_placeholder_becomes_the_picture(town, tmp_path, stage):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0, stage=stage.id) as bot:
        message = await sent(town, "a red fox --seed 7")
        await town.until(lambda: "step 3 of 8" in message.text)
        go.set()
        await town.until(lambda: message.file and "Reroll" in message.buttons)
        await bot.until_confirmed()
        [job] = await bot.jobs()

        assert await bot.rung(job.id) == "edited"
    assert message.text.startswith("a red fox\n256×256, steps: 8, seed: 7")
    assert [each.file for each in town.answers(stage)] == [message.file]


async def test_one_picture_is_painted_whatever_the_person_prefers_elsewhere(town, tmp_path, stage):
    async with running(town, tmp_path, stage=stage.id) as bot:
        message = await sent(town, "a red fox")
        await town.until(lambda: message.file)
        [job] = await bot.jobs()

    assert job.count == 1


async def test_without_a_staging_chat_a_clear_word_is_said(town, tmp_path):
    async with running(town, tmp_path):
        query = town.types_inline("a red fox")
        await town.until(lambda: query in town.world.inline_answers)

    assert town.world.inline_answers[query]["results"] == []
    assert town.world.inline_answers[query]["button"]["text"] == "Painting in other chats is not set up here"


async def test_a_no_is_told_in_the_message(town, tmp_path, stage):
    async with running(town, tmp_path, stage=stage.id):
        message = await sent(town, "a fox --steps 99")
        await town.until(lambda: "from 1 to 50" in message.text)


async def test_buttons_of_an_inline_picture_work_after_a_restart_and_answer_privately(town, tmp_path, stage):
    async with running(town, tmp_path, stage=stage.id) as bot:
        message = await sent(town, "a red fox")
        await town.until(lambda: "Reroll" in message.buttons)
        await bot.until_confirmed()
    async with running(town, tmp_path, stage=stage.id):
        town.presses(message, "Reroll")
        await town.until(lambda: town.answers() and town.last.file)
        town.presses(message, "Delete")
        await town.until(lambda: message.text == "Deleted for good.")

    assert message.buttons == {}


async def test_where_the_staging_chat_is_gone_the_picture_comes_privately(town, tmp_path, stage):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go, draws), seconds=10.0, stage=stage.id) as bot:
        message = await sent(town, "a red fox")
        await town.until(lambda: "step 3 of 8" in message.text)
        stage.kicked = True
        go.set()
        await town.until(lambda: town.answers() and town.last.file)
        await bot.until_confirmed()
        [job] = await bot.jobs()

        assert await bot.rung(job.id) == "direct"


async def test_a_retry_uses_the_file_that_telegram_has_already(town, tmp_path, stage):
    town.fault(refused("editMessageMedia", "Too Many Requests", status=502, times=2))
    async with running(town, tmp_path, stage=stage.id):
        message = await sent(town, "a red fox")
        await town.until(lambda: message.file, seconds=30)

    assert len(town.answers(stage)) == 1


async def test_wildcards_are_told_that_an_inline_message_holds_one_picture(town, tmp_path, stage):
    async with running(town, tmp_path, stage=stage.id) as bot:
        message = await sent(town, "a {red|blue} fox")
        await town.until(lambda: "may make 1 order" in message.text)

        assert await bot.jobs() == []
