"""The first half minute: of somebody who meets the bot, and of an owner who has just invited it."""

import pytest
from painting import running

from bot.adapters.discord.invited import invitation
from generator.models import EMBEDDED_MODEL, Z_IMAGE
from tests.platforms.discord import USUAL, User
from tests.platforms.discord_faults import rate_limited, refused
from tests.platforms.discord_world import ATTACH_FILES, Guild

SHORTLY = 0.3


def hints(town):
    return [message for message in town.messages if message.author is town.bot]


async def test_plain_words_in_a_direct_message_are_told_how_to_paint(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.writes("a red fox", channel=town.direct(town.ann))
        await town.until(lambda: hints(town))

        assert await bot.jobs() == []
    assert hints(town)[0].content.startswith("Hello! I paint pictures from words: type /imagine")


async def test_whoever_names_the_bot_is_told_how_to_paint_and_nobody_is_called(town, tmp_path):
    async with running(town, tmp_path):
        town.writes(f"<@{town.bot.id}> paint a fox @everyone")
        await town.until(lambda: hints(town))

    assert hints(town)[0].content.startswith(f"<@{town.ann.id}> Hello!")
    [sent] = town.called("POST /channels")
    assert sent.body["allowed_mentions"] == {"parse": []}


async def test_chatter_other_bots_and_repetitions_are_left_alone(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.writes("nice weather")
        town.writes(f"<@{town.bot.id}> beep", by=User("other", bot=True))
        for _ in range(3):
            town.writes(f"<@{town.bot.id}> hello")
        await town.until(lambda: hints(town))
        asked = town.command("help")
        await town.until(lambda: asked.original)
        before = len([hint for hint in hints(town) if not hint.ephemeral])
        bot.clock.passed += 61
        town.writes(f"<@{town.bot.id}> hello")
        await town.until(lambda: len([hint for hint in hints(town) if not hint.ephemeral]) == 2)

    assert before == 1


async def test_where_the_bot_may_not_write_a_hint_is_lost_quietly(town, tmp_path, caplog):
    async with running(town, tmp_path):
        town.fault(refused("POST /channels/.*", 403, 50013, "Missing Permissions"))
        town.writes(f"<@{town.bot.id}> hello")
        await town.until(lambda: town.called("POST /channels"))
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)

    assert "Traceback" not in caplog.text


async def test_an_owner_whose_bot_is_in_no_server_is_given_the_link(town, tmp_path, caplog):
    town.guilds.clear()
    async with running(town, tmp_path):
        await town.until(lambda: "in no server yet" in caplog.text)

    [told] = [record for record in caplog.records if "in no server yet" in record.message]
    assert told.invitation == invitation(int(town.bot.id))
    assert "scope=bot+applications.commands" in told.invitation


async def test_a_server_that_keeps_a_permission_is_named_when_it_invites(town, tmp_path, caplog):
    async with running(town, tmp_path):
        later = Guild("Later", allows=USUAL & ~ATTACH_FILES)
        town.gateway.dispatch("GUILD_CREATE", later.payload(town.bot), later)
        await town.until(lambda: "keeps permissions" in caplog.text)

    [told] = [record for record in caplog.records if "keeps permissions" in record.message]
    assert (told.server, told.missing) == (int(later.id), "Attach Files")


@pytest.mark.parametrize(
    "no",
    [
        refused("PUT /applications/.*", 400, 30034, "Max number of daily application command creates"),
        rate_limited("PUT /applications/.*", 3600, times=99),
    ],
    ids=["too many a day", "a flood"],
)
async def test_commands_that_discord_does_not_take_keep_nobody_from_painting(town, tmp_path, no, caplog):
    async with running(town, tmp_path):
        pass
    (tmp_path / "discord.json").unlink()
    town.fault(no)
    async with running(town, tmp_path):
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)

    assert "Discord does not take the commands" in caplog.text


async def test_the_bot_s_status_names_the_model_and_the_command(town, tmp_path):
    async with running(town, tmp_path, model=Z_IMAGE):
        pass

    assert town.gateway.presence["game"]["state"] == "Z-Image · /imagine"


async def test_help_names_the_options_that_the_model_heeds(town, tmp_path):
    told = {}
    for model in (EMBEDDED_MODEL, Z_IMAGE):
        async with running(town, tmp_path, model=model):
            asked = town.command("help")
            await town.until(lambda asked=asked: asked.original and asked.original.content)
            told[model.name] = asked.original.content

    assert "--guidance" in told[Z_IMAGE.name]
    assert "--guidance" not in told[EMBEDDED_MODEL.name]
    assert all("--strength" in text for text in told.values())
