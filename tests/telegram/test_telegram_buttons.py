"""Each button, before and after a restart: what it needs stands in it."""

import asyncio

import pytest
from writing import running, waits_for

from bot.adapters.telegram.buttons import Pressed
from bot.commands import Delete, Person
from bot.deeds import Deed
from storage.records import Identity, JobState
from tests.platforms.telegram import supergroup
from tests.platforms.telegram_faults import refused, slow


async def painted(town, prompt="a red fox --seed 7", **how):
    town.imagine(prompt, **how)
    found = [message for message in town.answers(how.get("chat")) if "Reroll" in message.buttons]

    def fresh():
        shown = town.answers(how.get("chat") or town.private(how.get("by")))
        return [message for message in shown if "Reroll" in message.buttons and message not in found]

    await town.until(fresh)
    return fresh()[-1]


async def test_reroll_paints_the_same_with_another_seed(town, tmp_path):
    async with running(town, tmp_path) as bot:
        first = await painted(town)
        await bot.until_confirmed()
    async with running(town, tmp_path) as bot:
        pressed = town.presses(first, "Reroll")
        await town.until(lambda: len(town.answers()) == 2 and town.last.file)
        await bot.until_confirmed()
        again, original = await bot.jobs()

    assert pressed.answer is not None
    assert town.last.reply_to is first
    assert (again.parent, again.recipe.prompt) == (original.id, "a red fox")
    assert again.recipe.seed != original.recipe.seed


@pytest.mark.parametrize(("label", "strength"), [("Vary subtle", 0.15), ("Vary strong", 0.4)])
async def test_a_variation_stays_near_the_original(town, tmp_path, label, strength):
    async with running(town, tmp_path) as bot:
        first = await painted(town)
        await bot.until_confirmed()
    async with running(town, tmp_path) as bot:
        town.presses(first, label)
        await town.until(lambda: len(town.answers()) == 2 and town.last.file)
        variation = (await bot.jobs())[0]

    assert (variation.recipe.seed, variation.recipe.variation_strength) == (7, strength)


async def test_each_picture_of_an_album_can_be_varied(town, tmp_path):
    async with running(town, tmp_path) as bot:
        beside = await painted(town, "a boat --n 3 --seed 5")
        town.presses(beside, "Vary subtle 3")
        await town.until(lambda: town.last.file and "Reroll" in town.last.buttons)
        variation = (await bot.jobs())[0]

    assert variation.recipe.seed == 7


@pytest.mark.parametrize("label", ["Zoom out 3", "← Wider 3", "↓ Taller 3", "Twice as large 3"])
async def test_there_is_more_of_each_picture_of_an_album_after_a_restart(town, tmp_path, label):
    async with running(town, tmp_path) as bot:
        beside = await painted(town, "a boat --n 4 --seed 5")
        await bot.until_confirmed()
        whole = list(beside.buttons)
    async with running(town, tmp_path):
        town.presses(beside, "More 3")
        await town.until(lambda: label in beside.buttons)
    async with running(town, tmp_path) as bot:
        town.presses(beside, label)
        await town.until(lambda: town.last.file and "Reroll" in town.last.buttons)
        [new, old] = await bot.jobs()
        town.presses(beside, "←")
        await town.until(lambda: list(beside.buttons) == whole)

    assert (new.parent, old.count) == (old.id, 4)
    assert new.recipe.start is not None


async def test_more_of_a_picture_that_is_gone_is_told(town, tmp_path):
    async with running(town, tmp_path) as bot:
        beside = await painted(town, "a boat --n 2")
        await bot.until_confirmed()
        [job] = await bot.jobs()
        page = Person(identity=Identity("web", "owner"), name="Web", language="en")
        await bot.answer(Delete(page, job.id, vouched=True))
        town.presses(beside, "More 2")
        await town.until(lambda: town.last is not beside)

    assert "Reroll" in beside.buttons


async def test_edit_asks_with_the_recipe_and_takes_the_answer(town, tmp_path):
    async with running(town, tmp_path):
        first = await painted(town)
        town.presses(first, "Edit")
        await town.until(lambda: "Tap the present one" in town.last.text)
        form = town.last
    async with running(town, tmp_path, plain=False) as bot:
        town.says("a blue fox --seed 8", reply_to=form)
        await town.until(lambda: town.last.file and town.last is not first)
        changed = (await bot.jobs())[0]

    assert form.markup["force_reply"] is True
    assert "a red fox --size 256x256 --seed 7" in form.text
    assert (changed.recipe.prompt, changed.recipe.seed) == ("a blue fox", 8)


async def test_info_shows_the_recipe_to_copy(town, tmp_path):
    async with running(town, tmp_path) as bot:
        first = await painted(town)
        await bot.until_confirmed()
    async with running(town, tmp_path):
        town.presses(first, "Info")
        await town.until(lambda: "Type this to draw it again" in town.last.text)

    assert (
        "code",
        "/imagine a red fox --size 256x256 --seed 7 --steps 8 --n 1 --shift 3.0 --format png",
    ) in (town.last.shown.entities)


async def test_what_no_message_holds_comes_as_a_file_too(town, tmp_path):
    async with running(town, tmp_path):
        first = await painted(town, "fox " * 2000)
        town.presses(first, "Info")
        await town.until(lambda: town.last.file and town.last.file.kind == "document")

    assert town.last.file.content.startswith(b"/imagine fox fox") or b"fox fox" in town.last.file.content
    assert len(first.text) <= 1024


async def test_deleted_pictures_leave_the_chat_and_the_folder(town, tmp_path):
    async with running(town, tmp_path) as bot:
        beside = await painted(town, "a boat --n 3")
        await bot.until_confirmed()
    async with running(town, tmp_path):
        town.presses(beside, "Delete")
        await town.until(lambda: not town.answers())

    assert not [file for file in (tmp_path / "pictures").rglob("*") if file.is_file()]


async def test_copies_of_an_album_leave_the_chat_with_it(town, tmp_path):
    async with running(town, tmp_path) as bot:
        await painted(town, "a boat --n 3")
        await bot.until_confirmed()
        town.says("/history")
        await town.until(lambda: "1" in town.last.buttons)
        history = town.last
        town.presses(history, "1")
        await town.until(lambda: len([each for each in town.answers() if "Reroll" in each.buttons]) == 2)
        copy = [each for each in town.answers() if "Reroll" in each.buttons][-1]
        town.presses(copy, "Delete")
        await town.until(lambda: town.answers() == [history])


async def test_a_year_old_message_is_emptied_where_it_cannot_be_deleted(town, tmp_path):
    async with running(town, tmp_path):
        first = await painted(town)
        before = first.file.content
        first.at -= 3 * 86_400
        town.presses(first, "Delete")
        await town.until(lambda: "Deleted for good." in first.text)

    assert first.file.content != before
    assert first.buttons == {}


async def test_cancelling_a_running_job_stops_it_and_gives_the_credits_back(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        town.imagine("a boat")
        await town.until(lambda: town.answers() and "step 3" in town.last.text)
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        town.presses(town.last, "Cancel")
        await town.until(lambda: "Cancelled" in town.last.text)
        [job] = await bot.jobs()

    assert job.state is JobState.CANCELLED


async def test_others_may_neither_cancel_nor_delete_but_administrators_may(town, tmp_path):
    group = town.founds(supergroup())
    async with running(town, tmp_path):
        first = await painted(town, chat=group)
        town.presses(first, "Delete", by=town.bob)
        await town.until(lambda: "Only whoever asked" in town.answers(group)[-1].text)
        group.administrators.add(town.bob.id)
        town.presses(first, "Delete", by=town.bob)
        await town.until(lambda: first.deleted)


async def test_an_administrator_of_another_group_may_not_touch_it(town, tmp_path):
    here, there = town.founds(supergroup()), town.founds(supergroup("Others"))
    there.administrators.add(town.bob.id)
    async with running(town, tmp_path) as bot:
        first = await painted(town, chat=here)
        theirs = await painted(town, chat=there, by=town.bob)
        keys = [key for row in theirs.markup["inline_keyboard"] for key in row]
        next(key for key in keys if key["text"] == "Delete")["callback_data"] = first.buttons["Delete"]
        town.presses(theirs, "Delete", by=town.bob)
        await town.until(lambda: "Only whoever asked" in town.answers(there)[-1].text)

        assert not first.deleted
        assert not any(job.deleted for job in await bot.jobs())


async def test_a_press_is_acknowledged_before_anything_is_asked(town, tmp_path):
    async with running(town, tmp_path) as bot:
        first = await painted(town)
        asked = len(bot.asked)
        town.fault(slow("answerCallbackQuery.*", 0.3))
        pressed = town.presses(first, "Reroll")
        await town.until(lambda: len(bot.asked) > asked)

        assert pressed.answer is not None


async def test_a_press_that_is_too_old_to_be_acknowledged_is_done_all_the_same(town, tmp_path):
    town.fault(refused("answerCallbackQuery.*", "Bad Request: query is too old"))
    async with running(town, tmp_path):
        first = await painted(town)
        town.presses(first, "Reroll")
        await town.until(lambda: len(town.answers()) == 2 and town.last.file)


async def test_a_press_that_is_handed_out_twice_is_one_order(town, tmp_path):
    async with running(town, tmp_path) as bot:
        first = await painted(town)
        town.presses(first, "Reroll", again=True)
        await town.until(lambda: len(bot.asked) == 3)
        await town.until(lambda: sum(bool(message.file) for message in town.answers()) == 2)
        await bot.until_confirmed()

        assert len(await bot.jobs()) == 2


@pytest.mark.parametrize(
    "said", ["", "reroll", "reroll:x", "drop:abc:0", "reroll:../..:0", "older:x", "x" * 64]
)
async def test_a_forged_press_does_nothing(town, tmp_path, said):
    async with running(town, tmp_path) as bot:
        first = await painted(town)
        first.markup["inline_keyboard"][0][0]["callback_data"] = said
        asked = len(bot.asked)
        pressed = town.presses(first, "Reroll")
        await town.until(lambda: pressed.answer is not None)
        await asyncio.sleep(0.05)

        assert len(bot.asked) == asked


@pytest.mark.parametrize("deed", Deed)
def test_the_data_of_a_button_is_short_enough_and_reads_back(deed):
    pressed = Pressed(deed, "x" * 16, 15)

    assert len(pressed.text().encode()) <= 64
    assert Pressed.read(pressed.text()) == pressed
