"""At the pace that Telegram asks for, nothing is lost, nothing loops, and no chat gets more than it takes."""

import asyncio
from itertools import pairwise

import pytest
from writing import running, waits_for

from bot.adapters.telegram.budget import Pace
from tests.platforms.telegram import User, supergroup


def times(town, chat):
    written = ("send", "edit")
    calls = [
        call
        for call in town.calls
        if call.method.startswith(written)
        and call.method != "sendChatAction"
        and call.values.get("chat_id") == chat.id
    ]
    return [call.at for call in calls]


async def test_a_long_job_is_told_once_a_second_and_ends_with_its_picture(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0, pace=Pace()) as bot:
        town.imagine("a boat")
        await town.until(lambda: town.answers() and town.last.file)
        go.set()
        await town.until(lambda: "Reroll" in town.last.buttons)
        await bot.until_ended()

    at = times(town, town.private())
    assert all(later - earlier >= 0.8 for earlier, later in pairwise(at))  # less what is late on its way
    assert len(at) <= 6


async def test_an_album_comes_whole(town, tmp_path):
    async with running(town, tmp_path, pace=Pace()) as bot:
        town.imagine("a boat --n 3")
        await town.until(lambda: town.answers() and "Reroll" in town.answers()[0].buttons)
        await bot.until_ended()

    assert len(town.answers()) == 4
    assert len(town.called("sendMediaGroup")) == 1


@pytest.mark.parametrize("trouble", ["deleted", "kicked"])
async def test_the_ladder_is_climbed_without_a_storm(town, tmp_path, trouble):
    chat = town.founds(supergroup())
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0, pace=Pace()) as bot:
        town.imagine("a boat", chat=chat)
        await town.until(lambda: town.answers(chat) and "step 3" in town.answers(chat)[-1].text)
        calls = len(town.calls)
        town.answers(chat)[-1].deleted = True
        chat.kicked = trouble == "kicked"
        go.set()
        await bot.until_ended()
        [job] = await bot.jobs()

        assert await bot.rung(job.id) == ("posted" if trouble == "deleted" else "direct")
    assert len(town.calls) - calls <= 9


async def test_a_crowd_is_served_whole_at_thirty_messages_a_second(town, tmp_path):
    crowd = [town.joins(User(f"person_{number}")) for number in range(40)]
    async with running(town, tmp_path, pace=Pace()) as bot:
        for person in crowd:
            town.imagine("a hat", by=person)
            town.says("/help", by=person)
        await town.until(
            lambda: all(any(each.file for each in town.answers(town.private(one))) for one in crowd),
            seconds=60,
        )
        await town.until(
            lambda: all(
                any("/imagine" in each.text for each in town.answers(town.private(one))) for one in crowd
            ),
            seconds=60,
        )
        await bot.until_ended()

    at = [call.at for call in town.calls if call.method in {"sendMessage", "editMessageMedia"}]
    assert len(at) == 120
    assert at[-1] - at[0] >= 2.5  # four times thirty; single calls may be late on their way


async def test_what_was_a_caption_before_a_restart_is_found_out_once(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0, pace=Pace()):
        town.imagine("a boat")
        await town.until(lambda: town.answers() and town.last.file)
    async with running(town, tmp_path, waits_for(asyncio.Event()), seconds=10.0, pace=Pace()):
        town.presses(town.last, "Cancel")
        await town.until(lambda: "Cancelled" in town.last.text)

    assert len([call for call in town.calls if "no text in the message" in call.description.lower()]) <= 1


async def test_a_group_gets_no_more_than_its_minute_holds_and_results_find_room(town, tmp_path):
    chat = town.founds(supergroup())
    pace = Pace(chat_seconds=0.01, group_minute=20, group_minute_for_progress=12)
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0, pace=pace) as bot:
        for number in range(11):
            town.imagine(f"picture {number}", by=town.ann, chat=chat)
        await town.until(lambda: town.answers(chat) and "step 3" in town.answers(chat)[0].text)
        go.set()
        await town.until(lambda: town.answers(chat)[0].file)
        await bot.store.jobs()

    assert len(times(town, chat)) <= 20
