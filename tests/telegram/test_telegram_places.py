"""Groups, topics, albums and documents."""

import asyncio

import pytest
from writing import running, waits_for

from bot.commands import ChangeSettings, Person
from storage.records import Identity
from tests.platforms.telegram import supergroup
from tests.platforms.telegram_faults import refused
from tests.platforms.telegram_world import Chat, group


@pytest.mark.parametrize("found", [group, supergroup])
async def test_in_a_group_a_command_is_answered_under_it(town, tmp_path, found):
    chat = town.founds(found())
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat", chat=chat)
        await town.until(lambda: town.answers(chat) and town.answers(chat)[-1].file)
        await bot.until_confirmed()

    [answer] = town.answers(chat)
    assert answer.reply_to is asked


async def test_a_command_that_names_another_bot_is_not_ours_and_one_that_names_us_is(town, tmp_path):
    chat = town.founds(supergroup())
    async with running(town, tmp_path) as bot:
        town.says("/imagine@another_bot a hat", chat=chat)
        town.says("/imagine@pinxit_bot a cat", chat=chat)
        await town.until(lambda: town.answers(chat) and town.answers(chat)[-1].file)
        jobs = await bot.jobs()

    assert [job.recipe.prompt for job in jobs] == ["a cat"]


async def test_chatter_under_our_pictures_is_no_order(town, tmp_path):
    chat = town.founds(supergroup())
    async with running(town, tmp_path) as bot:
        town.imagine("a hat", chat=chat)
        await town.until(lambda: town.answers(chat) and town.answers(chat)[-1].file)
        town.says("how lovely", chat=chat, reply_to=town.answers(chat)[-1])
        town.says("/queue", chat=chat)
        await town.until(lambda: "Waiting" in town.answers(chat)[-1].text)

        assert len(await bot.jobs()) == 1


async def test_everything_stays_in_its_topic(town, tmp_path):
    forum = town.founds(supergroup(forum=True))
    forum.topics = {77: True, 88: True}
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        town.imagine("a hat --n 2", chat=forum, thread=77)
        await town.until(lambda: town.called("sendChatAction"))
        go.set()
        await town.until(lambda: len(town.answers(forum)) == 3)
        await bot.until_confirmed()

    sent = [call for call in town.calls if call.method.startswith("send")]
    assert {call.method for call in sent} == {"sendMessage", "sendMediaGroup", "sendChatAction"}
    assert {call.values.get("message_thread_id") for call in sent} == {77}


async def test_the_general_topic_and_replies_in_groups_without_topics_name_no_thread(town, tmp_path):
    forum, plain = town.founds(supergroup(forum=True)), town.founds(supergroup())
    async with running(town, tmp_path) as bot:
        town.imagine("a hat", chat=forum)
        town.imagine("a cat", chat=plain, thread=5)  # Telegram numbers reply threads, too
        await town.until(lambda: town.answers(forum) and town.answers(forum)[-1].file)
        await town.until(lambda: town.answers(plain) and town.answers(plain)[-1].file)
        await bot.until_confirmed()

    assert not [call for call in town.calls if "message_thread_id" in call.values]


async def test_several_pictures_are_an_album_with_one_message_of_buttons(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.imagine("a hat --n 4")
        await town.until(lambda: town.answers() and "Reroll" in town.answers()[0].buttons)
        await bot.until_confirmed()

    beside, *pictures = town.answers()
    assert [picture.album for picture in pictures] == ["album1"] * 4
    assert all(picture.reply_to is beside and not picture.buttons for picture in pictures)
    assert beside.file is None


async def test_whoever_prefers_documents_gets_the_very_file(town, tmp_path):
    async with running(town, tmp_path) as bot:
        ann = Person(identity=Identity("telegram", str(town.ann.id)), name="Ann", language="en")
        await bot.service.answer(ChangeSettings(by=ann, as_document=True))
        town.imagine("a hat")
        await town.until(lambda: town.answers() and town.last.file)
        town.imagine("two hats --n 2")
        await town.until(lambda: len(town.answers()) == 4)
        await bot.until_confirmed()
        job = (await bot.jobs())[-1]
        [picture] = await bot.store.pictures(job.id)
        stored = bot.pictures.path(picture.sha256).read_bytes()

    assert {message.file.kind for message in town.answers() if message.file} == {"document"}
    assert town.answers()[0].file.content == stored


async def test_a_photo_that_telegram_finds_odd_comes_as_a_document(town, tmp_path):
    town.fault(refused("editMessageMedia.*", "Bad Request: PHOTO_INVALID_DIMENSIONS", times=1))
    async with running(town, tmp_path) as bot:
        town.imagine("a hat")
        await town.until(lambda: town.answers() and town.last.file)
        await bot.until_confirmed()

    assert town.last.file.kind == "document"


@pytest.mark.parametrize("forbidden", [{"photo", "document"}, {"message"}], ids=["pictures", "everything"])
async def test_where_no_picture_may_be_sent_nothing_is_accepted_and_it_is_said(town, tmp_path, forbidden):
    chat = town.founds(supergroup())
    chat.forbids = forbidden
    async with running(town, tmp_path) as bot:
        town.imagine("a hat", chat=chat)
        where = town.private() if "message" in forbidden else chat
        await town.until(lambda: town.answers(where))

        assert await bot.jobs() == []
    assert town.answers(where)[-1].text.startswith("I may not send pictures in that group yet.")


async def test_what_a_group_allows_is_asked_once_and_again_after_it_was_mended(town, tmp_path):
    chat = town.founds(supergroup())
    chat.forbids = {"photo", "document"}
    async with running(town, tmp_path) as bot:
        town.imagine("a hat", chat=chat)
        await town.until(lambda: town.answers(chat))
        chat.forbids = set()
        bot.clock.passed += 21
        for _ in range(2):
            town.imagine("a hat", chat=chat)
        await town.until(lambda: sum(bool(message.file) for message in town.answers(chat)) == 2)

    assert len([call for call in town.called("getChat ") if str(chat.id) in call.name]) <= 3


async def test_who_adds_the_bot_to_a_group_is_told_how_to_paint_or_what_it_lacks(town, tmp_path):
    fine, poor = town.founds(supergroup()), town.founds(group())
    poor.forbids = {"photo", "document"}
    channel = town.founds(Chat(-1009, "channel", "News"))
    async with running(town, tmp_path):
        for chat in (channel, fine, poor):
            town.adds_the_bot(chat)
        town.adds_the_bot(fine, was="member", now="member")
        town.adds_the_bot(fine, was="member", now="left")
        await town.until(lambda: town.answers(fine) and town.answers(poor))
        town.says("/help", chat=fine)
        await town.until(lambda: len(town.answers(fine)) == 2)

    assert town.answers(fine)[0].text.startswith("Hello! I paint pictures from words: type /imagine")
    assert town.answers(poor)[0].text.startswith("I may not send pictures in that group yet.")
    assert not town.answers(channel)
