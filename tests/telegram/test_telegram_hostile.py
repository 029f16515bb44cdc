"""What people and Telegram may do to the bot, and what it does not do then."""

import asyncio

import pytest
from writing import running, waits_for

from generator.messages import Begun, End, Failed, Fault
from tests.platforms.telegram import supergroup
from tests.platforms.telegram_faults import refused

OVERRIDE = "\u202e"


def out_of_memory(request):
    yield Begun()
    yield Failed(request.orders[0].id, Fault.OUT_OF_MEMORY)
    yield End()


async def test_a_card_that_is_too_small_is_told_paid_back_and_the_next_picture_is_painted(town, tmp_path):
    async with running(town, tmp_path, out_of_memory):
        town.says("too large")
        await town.until(lambda: town.answers() and "did not fit into the painter's memory" in town.last.text)
        failed = town.last
        town.says("a hat")
        await town.until(lambda: town.last.file)
        town.says("/credits")
        await town.until(lambda: town.last.text.startswith("You have 99,999 credits."))

    assert failed.text.endswith("Nothing was charged.")
    assert list(failed.buttons) == ["Reroll", "Edit"]


async def test_no_letter_of_a_prompt_or_a_name_turns_the_text_around_it(town, tmp_path):
    town.ann.name = f"{OVERRIDE}nna"
    chat = town.founds(supergroup())
    async with running(town, tmp_path) as bot:
        for words in (f"a {OVERRIDE}fox", f"a {{red|{OVERRIDE}blue}} fox", f"a fox --foo{OVERRIDE} 3"):
            town.imagine(words, chat=chat)
        await town.until(lambda: len(town.answers(chat)) == 3)
        await bot.until_ended()
        painted = next(message for message in town.answers(chat) if message.file)
        town.presses(painted, "Edit")
        await town.until(lambda: "Tap the present one" in town.answers(chat)[-1].text)

    assert all(OVERRIDE not in message.text for message in town.answers(chat))


@pytest.mark.parametrize("forbidden", [{"photo"}, {"photo", "document"}], ids=["photos", "any file"])
async def test_where_only_words_may_be_sent_the_picture_comes_another_way(town, tmp_path, forbidden):
    chat = town.founds(supergroup())
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = town.imagine("a long one", chat=chat)
        await town.until(lambda: town.answers(chat) and "step 3" in town.answers(chat)[-1].text)
        chat.forbids = forbidden
        go.set()
        where = chat if len(forbidden) == 1 else town.private()
        await town.until(lambda: any("Reroll" in message.buttons for message in town.answers(where)))
        await bot.until_confirmed()

    [shown] = town.answers(chat)
    assert shown.reply_to is asked
    if where is chat:
        assert shown.file.kind == "document"
    else:
        assert shown.text.endswith("I may not show it here, so it went to whoever asked for it.")
        assert not shown.buttons
        assert town.last.text.startswith("I could not show this where you asked for it")


async def test_what_telegram_finds_too_large_is_kept_and_no_storm_begins(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        town.says("a long one")
        await town.until(lambda: town.answers() and "step 3" in town.last.text)
        storm = town.fault(refused(r"(editMessageMedia|send[PDM]\w+) .*", "Request Entity Too Large", 413))
        go.set()
        await bot.until_ended()
        [job] = await bot.jobs()

        assert await bot.rung(job.id) == "kept"
    assert len(storm.hits) <= 4


async def test_an_edited_order_is_not_ordered_again(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.says("a red fox")
        await town.until(lambda: town.answers() and town.last.file)
        town.update("edited_message", asked.payload() | {"text": "a blue fox", "edit_date": 1})
        town.says("/credits")
        await town.until(lambda: town.last.text.startswith("You have"))

        assert len(await bot.jobs()) == 1


async def test_one_who_orders_much_does_not_keep_another_waiting(town, tmp_path):
    painted = []
    go = asyncio.Event()

    def watched(request):
        painted.extend(order.recipe.prompt for order in request.orders)
        yield Begun()
        yield Failed(request.orders[0].id, Fault.INTERNAL)
        yield End()

    def first(request):
        yield Begun()
        yield go
        yield from list(watched(request))[1:]

    async with running(town, tmp_path, first, *[watched] * 9) as bot:
        for number in range(8):
            town.says(f"bob {number}", by=town.bob)
        await town.until(lambda: len(town.answers(town.private(town.bob))) == 8)
        town.says("ann")
        await town.until(town.answers)
        go.set()
        await bot.until_ended()

    assert painted.index("ann") <= 2


async def test_a_stranger_who_presses_again_and_again_fills_no_group(town, tmp_path):
    chat = town.founds(supergroup())
    async with running(town, tmp_path) as bot:
        town.imagine("a hat", chat=chat)
        await town.until(lambda: town.answers(chat) and town.answers(chat)[-1].file)
        picture = town.answers(chat)[-1]
        presses = [town.presses(picture, "Delete", by=town.bob) for _ in range(5)]
        await town.until(lambda: all(press.answer is not None for press in presses))
        town.says("/credits", chat=chat)
        await town.until(lambda: town.answers(chat)[-1].text.startswith("You have"))
        told = [message for message in town.answers(chat) if message.text.startswith("Only whoever asked")]
        bot.clock.passed += 61
        town.presses(picture, "Delete", by=town.bob)
        await town.until(lambda: town.answers(chat)[-1].text.startswith("Only whoever asked"))

    assert len(told) == 1
    assert not picture.deleted
