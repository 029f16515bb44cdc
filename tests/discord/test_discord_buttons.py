"""Every button, mostly after a restart: nothing about a message is kept in memory."""

import asyncio

import pytest
from painting import running, shows, waits_for

from storage.records import JobState
from tests.platforms.discord import MANAGE_MESSAGES, USUAL


async def painted(town, tmp_path, **options):
    """Paint one order and stop the bot again; return its message."""
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a lighthouse", **options)
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()
    return asked.original


async def test_reroll_after_a_restart_paints_the_same_wish_with_fresh_seeds(town, tmp_path):
    message = await painted(town, tmp_path)

    async with running(town, tmp_path) as bot:
        again = town.press(message, "Reroll")
        await town.until(lambda: again.original and again.original.attachments)
        new, old = await bot.jobs()

    assert again.original is not message
    assert new.recipe.prompt == old.recipe.prompt
    assert new.recipe.seed != old.recipe.seed


async def test_anybody_may_reroll_and_pays_for_it(town, tmp_path):
    message = await painted(town, tmp_path)

    async with running(town, tmp_path) as bot:
        again = town.press(message, "Reroll", by=town.bob)
        await town.until(lambda: again.original and again.original.attachments)
        new, old = await bot.jobs()

    assert new.account != old.account


@pytest.mark.parametrize(("label", "strength"), [("Vary subtle", 0.15), ("Vary strong", 0.4)])
async def test_a_variation_after_a_restart(town, tmp_path, label, strength):
    message = await painted(town, tmp_path)

    async with running(town, tmp_path) as bot:
        pressed = town.press(message, label)
        await town.until(lambda: pressed.original and pressed.original.attachments)
        new, old = await bot.jobs()

    assert new.recipe.variation_strength == strength
    assert new.recipe.seed == old.recipe.seed


async def test_editing_opens_a_form_with_the_whole_order_that_survives_a_restart(town, tmp_path):
    message = await painted(town, tmp_path, seed="7")
    async with running(town, tmp_path):
        form = town.press(message, "Edit")
        await town.until(lambda: form.modal)
    filled = form.modal["components"][0]["component"]["value"]

    async with running(town, tmp_path) as bot:
        sent = town.submit(form, filled.replace("lighthouse", "windmill"))
        await town.until(lambda: sent.original and sent.original.attachments)
        new, _ = await bot.jobs()

    assert filled == "a lighthouse --size 256x256 --seed 7 --steps 8 --n 1 --shift 3.0 --format png"
    assert (new.recipe.prompt, new.recipe.seed) == ("a windmill", 7)


async def test_the_options_of_the_longest_prompt_are_in_the_form_too(town, tmp_path):
    async with running(town, tmp_path, seconds=1.0):
        asked = town.imagine("word " * 799, seed="7")
        await town.until(lambda: asked.original and asked.original.attachments)
        form = town.press(asked.original, "Edit")
        await town.until(lambda: form.modal)

    filled = form.modal["components"][0]["component"]["value"]
    assert len(filled) <= 4000
    assert "--seed 7 --steps 8 --n 1" in filled


async def test_info_shows_what_to_type_to_the_person_alone(town, tmp_path):
    message = await painted(town, tmp_path, seed="7")

    async with running(town, tmp_path):
        pressed = town.press(message, "Info", by=town.bob)
        await town.until(lambda: pressed.original and pressed.original.content)

    assert pressed.original.ephemeral
    assert "/imagine a lighthouse --size 256x256 --seed 7" in pressed.original.content


async def test_deleting_removes_message_and_file(town, tmp_path):
    message = await painted(town, tmp_path)

    async with running(town, tmp_path) as bot:
        town.press(message, "Delete")
        await town.until(lambda: message.deleted)
        [job] = await bot.jobs()

    assert job.deleted
    assert [path for path in (tmp_path / "pictures").rglob("*") if path.is_file()] == []


async def test_a_stranger_cannot_delete(town, tmp_path):
    message = await painted(town, tmp_path)

    async with running(town, tmp_path):
        pressed = town.press(message, "Delete", by=town.bob)
        await town.until(lambda: pressed.follow_ups)

    assert not message.deleted
    assert pressed.follow_ups[0].ephemeral
    assert pressed.follow_ups[0].content.startswith("Only whoever asked for it")


async def test_a_moderator_deletes_for_others(town, tmp_path):
    message = await painted(town, tmp_path)

    async with running(town, tmp_path):
        town.press(message, "Delete", by=town.bob, permissions=USUAL | MANAGE_MESSAGES)
        await town.until(lambda: message.deleted)


async def test_the_owner_cancels_a_running_job(town, tmp_path):
    async with running(town, tmp_path, waits_for(asyncio.Event()), seconds=10.0) as bot:
        asked = town.imagine("a storm")
        await town.until(lambda: shows(asked.original, "step 3"))
        town.press(asked.original, "Cancel")
        await town.until(lambda: shows(asked.original, "Cancelled. Nothing was charged."))
        [job] = await bot.jobs()

    assert job.state is JobState.CANCELLED
    assert asked.original.attachments == []


async def test_a_cancel_button_from_before_a_restart_works(town, tmp_path):
    async with running(town, tmp_path, waits_for(asyncio.Event()), seconds=10.0):
        asked = town.imagine("a storm")
        await town.until(lambda: shows(asked.original, "step 3"))

    async with running(town, tmp_path, waits_for(asyncio.Event()), seconds=10.0) as bot:
        town.press(asked.original, "Cancel")
        await town.until(lambda: shows(asked.original, "Cancelled. Nothing was charged."))
        [job] = await bot.jobs()

    assert job.state is JobState.CANCELLED


async def test_a_stranger_cannot_cancel_and_is_told_alone(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0):
        asked = town.imagine("a storm")
        await town.until(lambda: shows(asked.original, "step 3"))
        pressed = town.press(asked.original, "Cancel", by=town.bob)
        await town.until(lambda: pressed.follow_ups)
        go.set()
        await town.until(lambda: "Reroll" in asked.original.buttons)

    assert pressed.follow_ups[0].ephemeral


async def test_a_moderator_cancels_for_others(town, tmp_path):
    async with running(town, tmp_path, waits_for(asyncio.Event()), seconds=10.0):
        asked = town.imagine("a storm")
        await town.until(lambda: shows(asked.original, "step 3"))
        town.press(asked.original, "Cancel", by=town.bob, permissions=USUAL | MANAGE_MESSAGES)
        await town.until(lambda: shows(asked.original, "Cancelled"))


async def test_one_of_several_pictures_is_picked_and_varied(town, tmp_path):
    message = await painted(town, tmp_path, count=4, seed="50")

    async with running(town, tmp_path) as bot:
        picked = town.pick(message, "2")
        await town.until(lambda: picked.original and picked.original.attachments)
        varied = town.press(picked.original, "Vary subtle")
        await town.until(lambda: varied.original and varied.original.attachments)
        new, _ = await bot.jobs()

    assert len(picked.original.attachments) == 1
    assert picked.original.pictures == [message.pictures[2]]
    assert new.recipe.seed == 52
    assert picked.original.ephemeral
    assert not varied.original.ephemeral
