"""What people and Discord may do to the bot, and what it does not do then."""

import asyncio

import pytest
from painting import running, shows

from bot.commands import FindPicture, ShowInfo
from generator.messages import Begun, End, Failed, Fault
from tests.platforms.discord import MANAGE_MESSAGES, USUAL

NASTY = (
    "@everyone <@&1> <@2> <#3> </x:4> \u202eevil\u202c \u200b||spoiler|| [link](https://evil.example) # head"
)


def out_of_memory(request):
    yield Begun()
    yield Failed(request.orders[0].id, Fault.OUT_OF_MEMORY)
    yield End()


async def test_a_card_that_is_too_small_is_told_paid_back_and_the_next_picture_is_painted(town, tmp_path):
    async with running(town, tmp_path, out_of_memory) as bot:
        failed = town.imagine("too large")
        await town.until(lambda: shows(failed.original, "did not fit into the painter's memory"))
        painted = town.imagine("a hat")
        await town.until(lambda: painted.original and painted.original.attachments)
        wallet = town.command("credits")
        await town.until(lambda: shows(wallet.original, "You have 99,999 credits."))
        await bot.until_confirmed()

    assert failed.original.content.endswith("Nothing was charged.")
    assert list(failed.original.buttons) == ["Reroll", "Edit"]


async def test_nothing_that_is_sent_calls_anybody(town, tmp_path):
    town.ann.name = "@everyone <@&5> https://evil.example"
    async with running(town, tmp_path, out_of_memory) as bot:
        for prompt in (NASTY, f"{{a|b}} {NASTY}", f"{NASTY} --foo {NASTY}"):
            asked = town.imagine(prompt)
            await town.until(lambda asked=asked: asked.follow_ups or shows(asked.original, " "))
        await bot.until_ended()
        for name in ("history", "queue", "jobs", "link"):
            asked = town.command(name)
            await town.until(lambda asked=asked: asked.original and asked.original.content)

    sent = [call.body for call in town.calls if call.method in {"POST", "PATCH"} and call.body]
    told = [body.get("data", body) for body in sent if "content" in body.get("data", body)]
    assert told
    assert all(body.get("allowed_mentions") == {"parse": []} for body in told)
    assert all("\u202e" not in message.content for message in town.messages)


async def test_one_who_orders_much_does_not_keep_another_waiting(town, tmp_path):
    painted = []

    def watched(request):
        painted.extend(order.recipe.prompt for order in request.orders)
        yield Begun()
        yield Failed(request.orders[0].id, Fault.INTERNAL)
        yield End()

    go = asyncio.Event()

    def first(request):
        yield Begun()
        yield go
        yield from list(watched(request))[1:]

    async with running(town, tmp_path, first, *[watched] * 9) as bot:
        for number in range(8):
            asked = town.imagine(f"bob {number}", by=town.bob)
            await town.until(lambda asked=asked: asked.original and asked.original.buttons)
        anns = town.imagine("ann")
        await town.until(lambda: anns.original and anns.original.buttons)
        go.set()
        await bot.until_ended()

    assert painted.index("ann") <= 2


@pytest.mark.parametrize("label", ["Edit", "Remix"])
async def test_a_form_whose_job_is_not_found_in_time_is_apologised_for(town, tmp_path, label, monkeypatch):
    monkeypatch.setattr("bot.adapters.discord.deeds.LOOK_UP_SECONDS", 0.2)
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and "Reroll" in asked.original.buttons)
        _slow_at(bot, ShowInfo)
        press = town.press(asked.original, label)
        await town.until(lambda: press.original and press.original.content)

    assert press.modal is None
    assert press.original.ephemeral
    assert press.original.content == "Something went wrong. Please try again."


async def test_a_storage_that_is_slow_holds_no_acknowledgement_up(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and "Reroll" in asked.original.buttons)
        await bot.until_confirmed()
        _slow_at(bot, object)
        for label in ("Reroll", "Vary subtle", "Info", "Twice as large", "Zoom out", "Delete"):
            press = town.press(asked.original, label)
            await town.until(lambda press=press: press.answer is not None)
        for name in (
            "imagine",
            "queue",
            "history",
            "credits",
            "settings",
            "styles",
            "loras",
            "privacy",
            "link",
        ):
            options = {"prompt": "a cat"} if name == "imagine" else None
            command = town.command(name, options=options)
            await town.until(lambda command=command: command.answer is not None)
        moderated = town.command("jobs", permissions=USUAL | MANAGE_MESSAGES)
        await town.until(lambda: moderated.answer is not None)


async def test_a_press_on_a_message_that_is_gone_meanwhile_is_told_alone(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and "Reroll" in asked.original.buttons)
        await bot.until_confirmed()
        for _ in range(2):
            town.press(asked.original, "Delete")
        await town.until(lambda: asked.original.deleted)
        late = town.press(asked.original, "Vary subtle")
        await town.until(lambda: late.follow_ups)

    assert late.follow_ups[0].ephemeral
    assert late.follow_ups[0].content.startswith("That picture is not here any more.")


def _slow_at(bot, kind):
    """Let the core never come to an end with such commands."""
    answer = bot.service.answer

    async def slow(command):
        if isinstance(command, kind) and not isinstance(command, FindPicture):
            await asyncio.Event().wait()
        return await answer(command)

    bot.service.answer = slow
