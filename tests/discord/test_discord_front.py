"""Logging in, telling the commands, coming back, and leaving."""

import asyncio
import json
import time
from dataclasses import replace

import pytest
from painting import Bot, ScriptedPainter, running

from generator.models import EMBEDDED_MODEL, Z_IMAGE
from tests.platforms.discord import LoopbackDiscord
from tests.platforms.discord_faults import down, slow

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15


def told(town, name):
    return next(command for command in town.world.commands[""] if command["name"] == name)


async def test_commands_are_told_once_and_again_only_when_they_changed(town, tmp_path):
    for _ in range(2):
        async with running(town, tmp_path):
            pass
    first = len(town.called("PUT /applications"))
    kept = json.loads((tmp_path / "discord.json").read_text())
    (tmp_path / "discord.json").write_text(json.dumps(dict.fromkeys(kept, "older")))

    async with running(town, tmp_path):
        pass

    assert first == 1
    assert len(town.called("PUT /applications")) == 2


async def test_commands_speak_three_languages_and_work_everywhere(town, tmp_path):
    async with running(town, tmp_path):
        imagine = told(town, "imagine")

    assert set(imagine["description_localizations"]) == {"ru", "zh-CN"}
    prompt = imagine["options"][0]
    assert prompt["name_localizations"] == {"ru": "описание", "zh-CN": "描述"}
    assert imagine["contexts"] == [0, 1, 2]
    assert imagine["integration_types"] == [0, 1]


def options_of(town, name):
    return {option["name"] for option in told(town, name)["options"]}


async def test_what_only_guidance_heeds_is_offered_where_the_model_has_it(town, tmp_path):
    async with running(town, tmp_path, model=Z_IMAGE) as bot:
        guided = options_of(town, "imagine")
        town.imagine("a tree --size 512x512", guidance=5.5, negative="people")
        await town.until(lambda: any(message.attachments for message in town.messages))
        [job] = await bot.jobs()
    async with running(town, tmp_path):
        unguided = options_of(town, "imagine")

    assert (job.recipe.guidance, job.recipe.negative_prompt) == (5.5, "people")
    assert guided - unguided == {"guidance", "negative"}


async def test_a_model_that_takes_no_pictures_is_given_none(town, tmp_path):
    async with running(town, tmp_path, model=replace(EMBEDDED_MODEL, takes_pictures=False)):
        names = {command["name"] for command in town.world.commands[""]}
        offered = options_of(town, "imagine")

    assert "blend" not in names
    assert not offered & {"image", "strength"}


async def test_test_servers_are_told_at_once_and_nobody_else(town, tmp_path):
    async with running(town, tmp_path, guilds=(int(town.guild.id),)):
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)

    assert list(town.world.commands) == [town.guild.id]


async def test_a_server_that_is_no_test_server_any_more_does_not_show_everything_twice(town, tmp_path):
    async with running(town, tmp_path, guilds=(int(town.guild.id),)):
        pass
    for _ in range(2):
        async with running(town, tmp_path):
            pass

    assert town.world.commands[town.guild.id] == []
    assert len({command["name"] for command in town.world.commands[""]}) == len(town.world.commands[""]) > 0
    assert len(town.called("PUT /applications")) == 3


async def test_the_content_of_messages_is_not_asked_for(town, tmp_path):
    async with running(town, tmp_path):
        pass

    assert town.gateway.intents == GUILDS | GUILD_MESSAGES | DIRECT_MESSAGES
    assert not town.gateway.intents & MESSAGE_CONTENT


@pytest.mark.parametrize("token", ["wrong", "неверный"])
async def test_a_wrong_token_is_told_in_one_sentence_and_nothing_else_stops(town, tmp_path, caplog, token):
    async with running(town, tmp_path, ready=False, token=token) as bot:
        await town.until(lambda: any("DISCORD_TOKEN" in record.message for record in caplog.records))
        assert bot.front.surface.client is None

    [said] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert said.message.startswith("Discord refuses DISCORD_TOKEN")
    assert token not in caplog.text


async def test_a_discord_that_is_down_at_the_start_is_tried_again(town, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.adapters.discord.front.FIRST_PAUSE_SECONDS", 0.05)
    fault = town.fault(down(r"GET /users/@me"))

    async with running(town, tmp_path, ready=False):
        await town.until(lambda: fault.hits == 2)
        town.lift()
        await town.ready()


async def test_a_command_that_could_not_be_acknowledged_is_not_accepted(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat")
        asked.expired = True
        await town.until(lambda: any(call.status == 404 for call in town.called("/callback")))

        assert bot.asked == []


async def test_it_stops_within_ten_seconds_while_discord_is_slow(town, tmp_path):
    async with running(town, tmp_path):
        town.fault(slow(r"(PATCH|POST) .*", 30.0))
        town.imagine("a hat")
        await town.until(lambda: town.called("/callback"))
        began = time.monotonic()

    assert time.monotonic() - began < 10
    town.lift()


async def test_it_stops_within_ten_seconds_while_discord_is_away(town, tmp_path):
    async with running(town, tmp_path):
        await town.go_down()
        await asyncio.sleep(0.3)  # it is coming back in vain meanwhile
        began = time.monotonic()

    assert time.monotonic() - began < 10
    await town.come_back()


async def test_two_shards_serve_their_own_servers(town, tmp_path, monkeypatch):
    async def at_once(*_: object, **__: object) -> None:
        """Discord wants five seconds between two; the loopback does not."""

    monkeypatch.setattr("discord.client.Client.before_identify_hook", at_once)
    town.rest.shards = 2
    other = type(town.guild)("Sculptors", id=str(int(town.guild.id) + (1 << 22)))
    town.guilds.append(other)
    channel = other.channel("yard")
    town.world.channels[channel.id] = channel

    async with running(town, tmp_path, ready=False):
        await town.ready(2)
        asked = [
            town.imagine("a hat"),
            town.command("imagine", channel=channel, options={"prompt": "a shoe"}),
        ]
        await town.until(lambda: all(each.original and each.original.attachments for each in asked))

    assert {session.shard for session in town.gateway.sessions} == {0, 1}


async def test_no_token_and_no_prompt_is_ever_logged(town, tmp_path, caplog):
    caplog.set_level("DEBUG", "bot")
    town.fault(down(r"PATCH .*"))
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a very private wish")
        await town.until(lambda: len(town.called("PATCH")) > 1)
        bot.front.surface.client = None

    assert "very private" not in caplog.text
    assert asked.token not in caplog.text


async def test_the_bot_can_be_made_without_being_on_discord(tmp_path):
    async with LoopbackDiscord() as nowhere:
        bot = Bot(nowhere, tmp_path, ScriptedPainter())

        assert bot.front.surface.platform == "discord"
        assert nowhere.calls == []
    await asyncio.sleep(0)
