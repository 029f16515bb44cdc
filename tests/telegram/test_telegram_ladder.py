"""What is finished reaches its person, whatever Telegram says meanwhile."""

import asyncio

import pytest
from writing import running, waits_for

from tests.platforms.telegram import supergroup
from tests.platforms.telegram_faults import down, flood, slow
from tests.platforms.telegram_world import group


async def begun(town, chat=None, thread=None):
    """Ann has ordered, and sees progress."""
    asked = town.imagine("a long one", chat=chat, thread=thread)
    await town.until(lambda: town.answers(chat) and "step 3" in town.answers(chat)[-1].text)
    return asked


async def test_a_message_that_was_deleted_is_followed_by_a_new_one(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = await begun(town)
        town.last.deleted = True
        go.set()
        await town.until(lambda: town.answers() and town.last.file)
        await bot.until_confirmed()
        [job] = await bot.jobs()

        assert await bot.rung(job.id) == "posted"
    assert town.last.reply_to is asked


@pytest.mark.parametrize("trouble", ["kicked", "closed topic", "may not send photos"])
async def test_where_the_bot_may_no_longer_write_the_picture_comes_privately(town, tmp_path, trouble):
    forum = town.founds(supergroup(forum=True))
    forum.topics = {9: True}
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        await begun(town, forum, 9)
        town.answers(forum)[-1].deleted = True
        match trouble:
            case "kicked":
                forum.kicked = True
            case "closed topic":
                forum.topics[9] = False
            case _:
                forum.may_not = "Bad Request: not enough rights to send photos to the chat"
        go.set()
        await town.until(lambda: town.answers() and town.last.file)
        await bot.until_confirmed()
        [job] = await bot.jobs()

        assert await bot.rung(job.id) == "direct"
    assert town.last.text.startswith(
        "I could not show this where you asked for it, so here it is.\na long one"
    )


async def test_a_bot_that_was_blocked_keeps_the_picture_and_does_not_storm(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        await begun(town)
        town.ann.blocks = True
        calls = len(town.calls)
        go.set()
        await bot.until_ended()
        [job] = await bot.jobs()
        rung, made = await bot.rung(job.id), len(town.calls) - calls
        town.ann.blocks = False
        town.says("/history")
        await town.until(lambda: "1" in town.last.buttons)
        town.presses(town.last, "1")
        await town.until(lambda: town.last.file and "Reroll" in town.last.buttons)

    assert rung == "kept"
    assert made <= 4


async def test_a_group_that_became_a_supergroup_gets_the_picture_under_its_new_number(town, tmp_path):
    old = town.founds(group())
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        await begun(town, old)
        grown = town.migrates(old)
        go.set()
        await town.until(lambda: town.answers(grown) and town.answers(grown)[-1].file)
        await bot.until_confirmed()
        answer = town.answers(grown)[-1]
        town.presses(answer, "Reroll")
        await town.until(lambda: len(town.answers(grown)) == 2 and town.answers(grown)[-1].file)


async def test_the_flood_of_one_chat_does_not_stop_another(town, tmp_path):
    town.fault(flood(rf"\w+ {town.ann.id}", 6, times=1))
    async with running(town, tmp_path) as bot:
        town.imagine("in the flood", by=town.ann)
        await town.until(lambda: town.called(f"sendMessage {town.ann.id}"))
        town.imagine("on dry land", by=town.bob)
        bobs = town.private(town.bob)
        await town.until(lambda: town.answers(bobs) and town.answers(bobs)[-1].file)
        assert len(town.called(f" {town.ann.id}")) == 1
        await town.until(lambda: town.answers() and town.last.file)
        flooded = [call.at for call in town.called(f" {town.ann.id}")]
        await bot.until_confirmed()

    assert flooded[1] - flooded[0] >= 6


async def test_a_storm_of_floods_loses_nothing(town, tmp_path):
    storm = town.fault(flood(r"(send|edit)\w+ .*", 1, times=4))
    async with running(town, tmp_path) as bot:
        town.imagine("a hat")
        await town.until(lambda: town.answers() and town.last.file)
        await bot.until_confirmed()

    assert len(storm.hits) == 4
    assert len(town.answers()) == 1


async def test_an_outage_loses_nothing(town, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.adapters.telegram.wire.PATIENCE_SECONDS", 0.1)
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        await begun(town)
        await town.go_down()
        go.set()
        await asyncio.sleep(0.5)
        await town.come_back()
        await town.until(lambda: "Reroll" in town.last.buttons)
        await bot.until_confirmed()

    assert len(town.answers()) == 1


async def test_bad_gateways_lose_nothing(town, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.adapters.telegram.wire.PATIENCE_SECONDS", 0.05)
    town.fault(down(r"(send|edit)\w+ .*", times=5))
    async with running(town, tmp_path) as bot:
        town.imagine("a hat")
        await town.until(lambda: town.answers() and town.last.file)
        await bot.until_confirmed()

    assert len(town.answers()) == 1


async def test_a_slow_telegram_is_no_reason_to_do_it_twice(town, tmp_path):
    town.fault(slow(r"(send|edit)\w+ .*", 0.3))
    async with running(town, tmp_path) as bot:
        town.imagine("a hat --n 2")
        await town.until(lambda: town.answers() and "Reroll" in town.answers()[0].buttons)
        await bot.until_confirmed()

    assert len(town.answers()) == 3


async def test_a_picture_finished_while_nobody_could_show_it_comes_after_the_restart_once(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        await begun(town)
        fault = town.fault(down(r"edit.*"))
        go.set()
        await town.until(lambda: fault.hits)
    town.lift()

    async with running(town, tmp_path) as bot:
        await town.until(lambda: "Reroll" in town.last.buttons)
        await bot.until_confirmed()
        [job] = await bot.jobs()
        entries = await bot.store.receipt(job.id)

    assert len(town.answers()) == 1
    assert [entry.kind.value for entry in entries] == ["hold", "capture"]


async def test_what_one_person_presses_is_not_held_up_by_a_chat_that_is_flooded(town, tmp_path):
    chat = town.founds(supergroup())
    town.fault(flood(rf"\w+ {chat.id}", 6, times=1))
    async with running(town, tmp_path):
        town.says("/help", chat=chat)
        await town.until(lambda: town.called(f"sendMessage {chat.id}"))
        town.says("/help")
        await town.until(town.answers)
        assert not town.answers(chat)
        await town.until(lambda: town.answers(chat))
