"""Credits and blocks: for the owner of the application, and for managers of servers that the owner trusts."""

import asyncio

import pytest
from painting import running, shows, waits_for

from storage.records import Identity, JobState
from tests.platforms.discord import USUAL
from tests.platforms.discord_world import MANAGE_GUILD

MANAGER = USUAL | MANAGE_GUILD
LOOKED = "Ann looked at the list of all orders."


async def answer(town, name, **how):
    asked = town.command(name, **how)
    await town.until(lambda: asked.original and asked.original.content)
    return asked.original


def trusted(town):
    return (int(town.guild.id),)


@pytest.mark.parametrize("name", ["grant", "block", "unblock", "jobs", "doctor"])
async def test_whoever_manages_some_server_can_neither_mint_nor_block(town, tmp_path, name):
    options = {"grant": {"member": town.bob, "credits": 5}, "jobs": {}, "doctor": {}}.get(
        name, {"member": town.bob}
    )
    async with running(town, tmp_path) as bot:
        no = await answer(town, name, options=options, permissions=MANAGER)
        known = await bot.store.accounts()

    assert no.ephemeral
    assert no.content.startswith(
        "Credits, blocks, weights above 1 and the list of all orders reach beyond this server"
    )
    assert known == []


async def test_in_a_trusted_server_managers_may_and_others_may_not(town, tmp_path):
    async with running(town, tmp_path, trusted=trusted(town)) as bot:
        given = await answer(
            town, "grant", options={"member": town.bob, "credits": 50, "note": "prize"}, permissions=MANAGER
        )
        no = await answer(town, "grant", options={"member": town.bob, "credits": 50})
        account = await bot.store.account(Identity("discord", town.bob.id), "")
        entries = await bot.store.entries(account.id)

    assert given.content == "Ann gave Bob 50 credits. The balance is 50."
    assert no.content.startswith("Credits, blocks")
    assert [(entry.available, entry.note) for entry in entries if entry.note] == [(50, "prize")]


async def test_the_owner_of_the_application_may_in_every_server(town, tmp_path):
    town.world.owner = town.ann
    async with running(town, tmp_path):
        given = await answer(town, "grant", options={"member": town.bob, "credits": 7})
        taken = await answer(town, "grant", options={"member": town.bob, "credits": -3})

    assert given.content.startswith("Ann gave Bob 7 credits.")
    assert taken.content == "Ann took 3 credits from Bob. The balance is 4."


async def test_somebody_blocked_orders_nothing_and_what_waited_is_cancelled(town, tmp_path):
    async with running(
        town, tmp_path, waits_for(asyncio.Event()), seconds=10.0, trusted=trusted(town)
    ) as bot:
        waiting = town.imagine("a hat", by=town.bob)
        await town.until(lambda: shows(waiting.original, "step 3"))
        told = await answer(town, "block", options={"member": town.bob}, permissions=MANAGER)
        await town.until(lambda: shows(waiting.original, "Cancelled"))
        refused = town.imagine("a shoe", by=town.bob)
        await town.until(lambda: refused.follow_ups)
        await answer(town, "unblock", options={"member": town.bob}, permissions=MANAGER)
        again = town.imagine("a shoe", by=town.bob)
        await town.until(lambda: again.original and again.original.attachments)
        states = [job.state for job in await bot.jobs()]

    assert told.content.startswith("Ann blocked Bob. 1 order was cancelled")
    assert refused.follow_ups[0].content.startswith("This account is blocked.")
    assert states == [JobState.SUCCEEDED, JobState.CANCELLED]


async def test_what_moderators_do_stands_in_the_log_channel(town, tmp_path):
    log = town.place("log")
    async with running(town, tmp_path, trusted=trusted(town)):
        asked = town.command("server", permissions=MANAGER)
        await town.until(lambda: asked.original and asked.original.selects)
        town.pick(asked.original, log.id, of="log_channel", permissions=MANAGER)
        await answer(town, "grant", options={"member": town.bob, "credits": 5}, permissions=MANAGER)
        await answer(town, "block", options={"member": town.bob}, permissions=MANAGER)
        await answer(town, "jobs", permissions=MANAGER)
        await town.until(lambda: sum(message.channel is log for message in town.messages) == 4)

    told = [message.content for message in town.messages if message.channel is log]
    assert told[1:] == ["Ann gave Bob 5 credits. The balance is 5.", "Ann blocked Bob.", LOOKED]


async def test_who_is_trusted_can_ask_how_all_is(town, tmp_path):
    async with running(town, tmp_path, trusted=trusted(town)):
        told = await answer(town, "doctor", permissions=MANAGER)

    assert told.ephemeral
    assert told.content.startswith("Everything is well.")
    assert "✓ Every credit is accounted for." in told.content


async def test_everybody_s_orders_are_listed_without_private_prompts(town, tmp_path):
    async with running(town, tmp_path, trusted=trusted(town)) as bot:
        for prompt, private in (("a hat", False), ("my secret", True)):
            asked = town.imagine(prompt, by=town.bob, private=private)
            await town.until(lambda asked=asked: asked.original and asked.original.attachments)
        await bot.until_confirmed()
        listed = await answer(town, "jobs", permissions=MANAGER)

    assert listed.ephemeral
    assert "a hat" in listed.content
    assert "my secret" not in listed.content
    assert f"<@{town.bob.id}>: painted" in listed.content
