"""The rules of a server: who changes them, and what they do to orders."""

import pytest
from painting import running, shows

from tests.platforms.discord import USUAL
from tests.platforms.discord_world import FORUM, MANAGE_GUILD, VOICE

MANAGER = USUAL | MANAGE_GUILD


async def rules_page(town, **options):
    asked = town.command("server", options=options, permissions=MANAGER)
    await town.until(lambda: asked.original and asked.original.selects)
    return asked.original


async def refused(town, **how):
    asked = town.command("imagine", options={"prompt": how.pop("prompt", "a hat")}, **how)
    await town.until(lambda: asked.follow_ups)
    return asked.follow_ups[0]


async def painted(town, **how):
    asked = town.command("imagine", options={"prompt": how.pop("prompt", "a hat")}, **how)
    await town.until(lambda: asked.original and asked.original.attachments)
    return asked.original


async def test_rules_are_offered_to_those_who_manage_the_server_and_only_in_servers(town, tmp_path):
    async with running(town, tmp_path):
        server = next(command for command in town.world.commands[""] if command["name"] == "server")

    assert server["default_member_permissions"] == MANAGE_GUILD
    assert (server["contexts"], server["integration_types"]) == ([0], [0])


async def test_somebody_who_got_at_the_command_otherwise_changes_nothing(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.command("server", options={"count": "2"})
        await town.until(lambda: shows(asked.original, "for the people who manage"))
        page = await rules_page(town)
        pressed = town.press(page, "Answers seen only by whoever asks: no", by=town.bob)
        await town.until(lambda: pressed.follow_ups)

        assert await bot.store.rules() == []


async def test_a_chosen_channel_is_the_only_one_over_restarts_for_all_but_managers(town, tmp_path):
    garden = town.place("garden")
    async with running(town, tmp_path):
        page = await rules_page(town)
        town.pick(page, town.channel.id, of="channels", permissions=MANAGER)
        await town.until(lambda: shows(page, f"<#{town.channel.id}>"))

    async with running(town, tmp_path):
        no = await refused(town, channel=garden)
        await painted(town)
        await painted(town, channel=town.under(town.channel))
        await painted(town, channel=garden, permissions=MANAGER)

    assert no.ephemeral
    assert no.content.startswith("No pictures are painted in this channel.")
    assert no.content.endswith(f"\n<#{town.channel.id}>")


async def test_roles_may_order_and_weigh(town, tmp_path):
    painter, critic = town.guild.role("painter"), town.guild.role("critic")
    role = next(each for each in town.guild.roles if each["id"] == painter)
    async with running(town, tmp_path, trusted=(int(town.guild.id),)) as bot:
        page = await rules_page(town, role=painter, weight=2.5)
        no = await refused(town, roles=(critic,))
        await painted(town, roles=(painter,))
        [(_, rules)] = await bot.store.rules()
        await rules_page(town, role=painter, weight=0)
        await painted(town, roles=(critic,))

    assert role["name"] == "painter"
    assert f"<@&{painter}> × 2.5" in page.content
    assert no.content.startswith("Here only certain roles may order pictures.")
    assert no.content.endswith(f"\n<@&{painter}>")
    assert rules.roles == ((painter, 2.5),)


async def test_nobody_goes_before_other_servers_by_a_role_of_their_own(town, tmp_path):
    painter = town.guild.role("painter")
    async with running(town, tmp_path) as bot:
        asked = town.command("server", options={"role": painter, "weight": 100}, permissions=MANAGER)
        await town.until(lambda: shows(asked.original, "weights above 1"))

        assert await bot.store.rules() == []


async def test_a_role_keeps_its_weight_when_another_is_chosen(town, tmp_path):
    first, second = town.guild.role("first"), town.guild.role("second")
    async with running(town, tmp_path) as bot:
        page = await rules_page(town, role=first, weight=0.5)
        town.pick(page, first, second, of="roles", permissions=MANAGER)
        await town.until(lambda: second in page.content)
        [(_, rules)] = await bot.store.rules()

    assert rules.roles == ((first, 0.5), (second, 1.0))


async def test_defaults_and_the_largest_size_hold_for_orders(town, tmp_path):
    async with running(town, tmp_path) as bot:
        await rules_page(town, aspect="16:9", count="2", largest=str(256 * 256))
        await painted(town)
        no = await refused(town, prompt="a hat --size 512x512")
        [job] = await bot.jobs()

    assert (job.recipe.width, job.recipe.height, job.count) == (336, 192, 2)
    assert no.content.startswith("512x512 is larger than this place allows.")


async def test_private_by_default_is_private_from_the_first_word(town, tmp_path):
    async with running(town, tmp_path):
        page = await rules_page(town)
        town.press(page, "Answers seen only by whoever asks: no", permissions=MANAGER)
        await town.until(lambda: shows(page, "**Answers seen only by whoever asks**: yes"))
        message = await painted(town)

    assert message.ephemeral


async def test_words_on_the_list_are_refused_where_the_server_wants_that(town, tmp_path):
    async with running(town, tmp_path):
        await painted(town, prompt="some gore")
        page = await rules_page(town)
        town.press(page, "List of unwelcome words: no", permissions=MANAGER)
        await town.until(lambda: shows(page, "**List of unwelcome words**: yes"))
        no = await refused(town, prompt="some gore")

    assert no.content.startswith("“gore” is on the list")


@pytest.mark.parametrize(
    ("rule", "age_restricted", "covered"),
    [
        ("off", False, False),
        ("always", False, True),
        ("always", True, True),
        ("unless_age_restricted", False, True),
        ("unless_age_restricted", True, False),
    ],
)
async def test_pictures_are_covered_as_the_server_rules(town, tmp_path, rule, age_restricted, covered):
    room = town.place("room")
    room.age_restricted = age_restricted
    async with running(town, tmp_path) as bot:
        page = await rules_page(town)
        town.pick(page, rule, of="spoiler", permissions=MANAGER)
        await town.until(lambda: page.edited)
        messages = [await painted(town, channel=room), await painted(town, channel=town.under(room))]
        await bot.until_confirmed()

    names = [message.attachments[0]["filename"] for message in messages]
    assert [name.startswith("SPOILER_") for name in names] == [covered, covered]


async def test_changes_are_told_in_the_log_channel_and_nobody_is_called(town, tmp_path):
    log = town.place("log")
    town.ann.name = "**ann** @everyone"
    async with running(town, tmp_path):
        page = await rules_page(town)
        town.pick(page, log.id, of="log_channel", permissions=MANAGER)
        await town.until(lambda: any(message.channel is log for message in town.messages))
    [told] = [message for message in town.messages if message.channel is log]

    assert told.content.startswith("\\*\\*Ann\\*\\* \\@Everyone changed what holds in this place.")
    assert f"**Log channel**: <#{log.id}>" in told.content
    [call] = town.called(f"POST /channels/{log.id}/messages")
    assert call.body["allowed_mentions"] == {"parse": []}


async def test_taking_the_log_away_stands_in_the_log(town, tmp_path):
    log = town.place("log")
    async with running(town, tmp_path):
        page = await rules_page(town)
        town.pick(page, log.id, of="log_channel", permissions=MANAGER)
        await town.until(lambda: any(message.channel is log for message in town.messages))
        town.pick(page, of="log_channel", permissions=MANAGER)
        await town.until(lambda: sum(message.channel is log for message in town.messages) == 2)

    told = [message.content for message in town.messages if message.channel is log]
    assert "**Log channel**: nowhere" in told[1]


async def test_a_log_channel_that_cannot_be_written_in_is_no_obstacle(town, tmp_path):
    async with running(town, tmp_path) as bot:
        page = await rules_page(town)
        town.pick(page, "1234567890", of="log_channel", permissions=MANAGER)
        await town.until(lambda: page.edited)
        await rules_page(town, count="3")
        [(_, rules)] = await bot.store.rules()

    assert rules.count == 3


async def test_it_paints_in_forum_posts_and_in_the_chat_of_voice_channels(town, tmp_path):
    forum, voice = town.place("forum", FORUM), town.place("voice", VOICE)
    async with running(town, tmp_path) as bot:
        messages = [await painted(town, channel=town.under(forum)), await painted(town, channel=voice)]
        await bot.until_confirmed()

    assert all(message.attachments for message in messages)
