"""From the command to the picture, as people on Telegram see it."""

import asyncio

import pytest
from writing import running, waits_for

from storage.records import JobState
from tests.platforms.studio import begins_at
from tests.platforms.telegram import supergroup


async def test_a_command_becomes_a_picture_in_one_message(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a red fox in snow --seed 7")
        await town.until(lambda: any(message.file for message in town.answers()))
        await bot.until_confirmed()
        [job] = await bot.jobs()

    [answer] = town.answers()
    assert answer.text.startswith("a red fox in snow\n256×256, steps: 8, seed: 7")
    assert answer.file.kind == "photo"
    assert answer.file.name == f"pinxit-{job.id}-1.png"
    assert answer.reply_to is asked
    assert list(answer.buttons) == [
        *("Reroll", "Vary subtle", "Vary strong"),
        *("Edit", "Remix", "Info", "Delete"),
        *("Zoom out", "Twice as large"),
        *("← Wider", "→ Wider", "↑ Taller", "↓ Taller"),
    ]
    assert job.state is JobState.SUCCEEDED


async def test_the_message_goes_from_place_to_progress_to_picture(town, tmp_path):
    begin, go = asyncio.Event(), asyncio.Event()
    async with running(town, tmp_path, begins_at(begin, waits_for(go)), seconds=10.0) as bot:
        town.imagine("a boat")
        await town.until(lambda: town.answers() and "You're next." in town.last.text)
        begin.set()
        await town.until(lambda: town.last.file)
        preview = town.last.file.content
        go.set()
        await town.until(lambda: "Reroll" in town.last.buttons)
        await bot.until_confirmed()

    [answer] = town.answers()
    assert "You're next." in answer.seen[0]
    assert any("▰▰▰▱▱▱▱▱▱▱ Painting: step 3 of 8." in text for text in answer.seen)
    assert preview[:2] == b"\xff\xd8"
    assert answer.file.content != preview
    assert town.called("sendChatAction")


@pytest.mark.parametrize(
    "text",
    ["a red fox", "a red fox --seed 5\nin snow", "/imagine\na red fox", "/imagine@pinxit_bot\ta red fox"],
)
async def test_in_a_private_chat_plain_words_are_a_prompt(town, tmp_path, text):
    async with running(town, tmp_path) as bot:
        town.says(text)
        await town.until(lambda: town.answers() and town.last.file)
        [job] = await bot.jobs()

    assert job.recipe.prompt.startswith("a red fox")


async def test_plain_words_can_be_switched_off(town, tmp_path):
    async with running(town, tmp_path, plain=False) as bot:
        town.says("a red fox")
        await town.until(town.answers)

        assert await bot.jobs() == []
    assert town.last.text == "Begin with /imagine, and then say what you would like to see."


async def test_a_short_job_shows_no_progress(town, tmp_path):
    async with running(town, tmp_path, seconds=1.0) as bot:
        town.imagine("a boat")
        await town.until(lambda: town.answers() and town.last.file)
        await bot.until_confirmed()

    assert not any("Painting" in text for text in town.last.seen)


async def test_a_no_is_one_kind_message(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.imagine("a fox --steps 3 --steps 4")
        await town.until(town.answers)

        assert await bot.jobs() == []
    assert town.last.text == "--steps is there twice. Keep one of them."


async def test_an_update_that_is_handed_out_twice_is_one_order(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.imagine("a hat", again=True)
        await town.until(lambda: len(bot.asked) == 2)
        await town.until(lambda: town.answers() and town.last.file)
        await bot.until_confirmed()

        assert len(await bot.jobs()) == 1
    assert len(town.answers()) == 1


async def test_a_cancelled_job_is_told_at_its_message_and_costs_nothing(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        town.imagine("the first")
        town.imagine("the second", by=town.bob)
        await town.until(lambda: town.answers(town.private(town.bob)))
        [waiting] = town.answers(town.private(town.bob))
        town.presses(waiting, "Cancel", by=town.bob)
        await town.until(lambda: "Cancelled" in waiting.text)
        go.set()
        await bot.until_confirmed()

    assert list(waiting.buttons) == ["Reroll", "Edit"]


async def test_nobody_waits_for_an_answer_while_a_picture_of_theirs_is_painted(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0):
        town.imagine("a boat")
        await town.until(lambda: town.answers() and "step 3" in town.last.text)
        town.says("/queue")
        await town.until(lambda: "under way" in town.last.text)
        town.presses(town.last, "Cancel 1")
        await town.until(lambda: "Cancelled" in town.answers()[0].text)


async def test_everybody_is_answered_in_their_own_language(town, tmp_path):
    town.ann.language, town.bob.language = "ru", "zh-hans"
    async with running(town, tmp_path):
        town.says("/start", by=town.ann)
        town.says("/start", by=town.bob)
        await town.until(lambda: town.answers() and town.answers(town.private(town.bob)))

    assert town.last.text.startswith("Здравствуйте!")
    assert town.answers(town.private(town.bob))[0].text.startswith("你好！")


async def test_imagine_alone_asks_for_words_and_takes_the_answer(town, tmp_path):
    chat = town.founds(supergroup())
    async with running(town, tmp_path) as bot:
        town.says("/imagine", chat=chat)
        await town.until(lambda: town.answers(chat))
        question = town.answers(chat)[0]
        town.says("a red fox", chat=chat, reply_to=question)
        await town.until(lambda: town.answers(chat)[-1].file)
        [job] = await bot.jobs()

    assert question.markup == {"force_reply": True, "selective": True}
    assert job.recipe.prompt == "a red fox"


async def test_whoever_names_the_bot_first_is_painted_for_and_chatter_is_not(town, tmp_path):
    chat, town.hears_all = town.founds(supergroup()), True
    async with running(town, tmp_path) as bot:
        for words in ("hello all", "I like @pinxit_bot", "@pinxit_bots a hen", "@Pinxit_Bot, a red fox"):
            town.says(words, chat=chat)
        await town.until(lambda: town.answers(chat) and town.answers(chat)[-1].file)
        town.says("@pinxit_bot", chat=chat)
        await town.until(lambda: "Reply to this message" in town.answers(chat)[-1].text)

        assert [job.recipe.prompt for job in await bot.jobs()] == ["a red fox"]
