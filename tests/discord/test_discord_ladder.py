"""Nothing finished is lost: message, channel, direct message, kept."""

import asyncio

from painting import draws_large, running, shows, waits_for

from tests.platforms.discord_faults import (
    Fault,
    down,
    missing_access,
    missing_permissions,
    rate_limited,
    slow,
)


async def begun(town, **how):
    """Order a picture that waits, and return its interaction once the first step is shown."""
    options = {"prompt": "a long one"} | how.pop("options", {})
    asked = town.command("imagine", options=options, **how)
    await town.until(lambda: shows(asked.original, "step 3"))
    return asked


async def rung_of_the_direct_message(town, bot) -> str:
    direct = town.direct(town.ann)
    await town.until(lambda: any(each.channel is direct for each in town.messages))
    await bot.until_confirmed()
    [job] = await bot.jobs()
    return await bot.rung(job.id)


async def test_after_a_quarter_of_an_hour_the_bot_edits_its_own_message(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = await begun(town)
        bot.clock.passed += 20 * 60
        town.expire_tokens()
        go.set()
        await town.until(lambda: "Reroll" in asked.original.buttons)
        await bot.until_confirmed()
        [job] = await bot.jobs()
        rung = await bot.rung(job.id)

    assert rung == "edited"
    assert town.called(f"PATCH /channels/{town.channel.id}/messages/{asked.original.id}")
    assert len(town.messages) == 1


async def test_a_token_that_dies_early_is_no_obstacle(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = await begun(town)
        town.expire_tokens()
        go.set()
        await town.until(lambda: "Reroll" in asked.original.buttons)
        await bot.until_confirmed()


async def test_a_message_that_was_removed_is_followed_by_a_new_one(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = await begun(town)
        asked.original.deleted = True
        go.set()
        await town.until(lambda: any(message.attachments for message in town.messages))
        await bot.until_confirmed()
        [job] = await bot.jobs()

        assert await bot.rung(job.id) == "posted"
    [message] = town.messages
    assert message.channel is town.channel
    assert message.content.startswith(f"<@{town.ann.id}>\n**a long one**")


async def test_where_the_bot_may_no_longer_write_the_picture_comes_by_direct_message(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        await begun(town)
        town.expire_tokens()
        town.fault(missing_access(rf"PATCH /channels/{town.channel.id}/.*"))
        town.fault(missing_permissions(rf"POST /channels/{town.channel.id}/.*"))
        go.set()

        assert await rung_of_the_direct_message(town, bot) == "direct"


async def test_in_direct_messages_the_bot_edits_its_own_message_too(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = await begun(town, channel=town.direct(town.ann))
        town.expire_tokens()
        go.set()
        await town.until(lambda: "Reroll" in asked.original.buttons)
        await bot.until_confirmed()

    assert len(town.messages) == 1


async def test_a_private_picture_never_goes_to_the_channel(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        await begun(town, options={"private": True})
        town.expire_tokens()
        go.set()
        direct = town.direct(town.ann)
        await town.until(lambda: any(each.channel is direct for each in town.messages))
        await bot.until_confirmed()

    assert town.called(f"POST /channels/{town.channel.id}/messages") == []


async def test_what_reaches_nobody_is_kept_and_offered_by_history(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        town.ann.takes_direct_messages = False
        await begun(town, channel=town.foreign())
        town.expire_tokens()
        go.set()
        await town.until(lambda: town.called("POST /users/@me/channels"))
        await bot.until_confirmed()
        [job] = await bot.jobs()
        rung = await bot.rung(job.id)
        looked = town.command("history")
        await town.until(lambda: looked.original and looked.original.selects)
        opened = town.pick(looked.original, job.id)
        await town.until(lambda: opened.original and opened.original.attachments)

    assert rung == "kept"
    assert opened.original.ephemeral


async def test_a_picture_finished_while_nobody_could_show_it_comes_after_the_restart_once(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = await begun(town)
        fault = town.fault(down(r"PATCH .*"))
        go.set()
        await town.until(lambda: fault.hits)
    town.lift()
    town.expire_tokens()

    async with running(town, tmp_path) as bot:
        await town.until(lambda: "Reroll" in asked.original.buttons)
        await bot.until_confirmed()
        [job] = await bot.jobs()
        entries = await bot.store.receipt(job.id)

    assert len(town.messages) == 1
    assert [entry.kind.value for entry in entries] == ["hold", "capture"]


async def test_a_picture_that_is_too_large_is_encoded_again(town, tmp_path):
    town.world.uploads_most = 150_000
    async with running(town, tmp_path, draws_large) as bot:
        asked = town.imagine("noise")
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()

    [picture] = asked.original.attachments
    assert picture["filename"].endswith(".webp")
    assert picture["size"] <= 150_000


async def test_a_smaller_copy_comes_with_a_link_to_the_picture_where_one_can_be_followed(town, tmp_path):
    async with running(town, tmp_path, draws_large, public_url="https://pictures.example/") as bot:
        asked = town.command("imagine", options={"prompt": "noise"}, file_limit=150_000)
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()
        [job] = await bot.jobs()
        [picture] = await bot.store.pictures(job.id)

    [line] = [line for line in asked.original.content.splitlines() if "Full size" in line]
    assert line == f"-# [Full size](<https://pictures.example/f/{picture.secret}.png>)"


async def test_where_no_file_is_taken_at_all_links_are_left(town, tmp_path):
    town.world.uploads_most = 10
    async with running(town, tmp_path, draws_large, public_url="https://pictures.example") as bot:
        asked = town.imagine("noise", count=2)
        await town.until(lambda: shows(asked.original, "Full size 2"))
        await bot.until_confirmed()
        [job] = await bot.jobs()

        assert await bot.rung(job.id) == "edited"
    assert asked.original.attachments == []


async def test_where_no_file_is_taken_and_no_link_can_be_followed_it_is_kept(town, tmp_path):
    town.world.uploads_most = 10
    async with running(town, tmp_path, draws_large) as bot:
        asked = town.imagine("noise")
        await town.until(lambda: shows(asked.original, "next"))
        await bot.until_ended()
        [job] = await bot.jobs()

        assert await bot.rung(job.id) == "kept"


async def test_the_limit_that_discord_names_is_kept_without_trying(town, tmp_path):
    async with running(town, tmp_path, draws_large):
        asked = town.command("imagine", options={"prompt": "noise"}, file_limit=150_000)
        await town.until(lambda: asked.original and asked.original.attachments)

    assert [call.status for call in town.calls if call.files] == [200]


async def test_a_rate_limit_delays_and_loses_nothing(town, tmp_path):
    town.fault(rate_limited(r"PATCH /webhooks/.*", 0.2, times=2))
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()

    assert 429 in [call.status for call in town.calls]


async def test_a_storm_of_rate_limits_loses_nothing(town, tmp_path):
    storm = town.fault(rate_limited(r"PATCH /webhooks/.*", 0.05, times=12))
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()

    assert storm.hits == 12
    assert len(town.messages) == 1


async def test_a_global_rate_limit_delays_and_loses_nothing(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = await begun(town)
        town.expire_tokens()
        town.fault(rate_limited(r"PATCH /channels/.*", 0.3, everywhere=True, times=1))
        go.set()
        await town.until(lambda: "Reroll" in asked.original.buttons)
        await bot.until_confirmed()


async def test_a_slow_discord_is_no_reason_to_do_it_twice(town, tmp_path):
    town.fault(slow(r"PATCH .*", 5.0, times=1))
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()

    assert len(town.messages) == 1


async def test_a_gateway_that_drops_mid_job_is_resumed(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = await begun(town)
        await town.gateway.drop()
        second = town.imagine("while it was away")
        go.set()
        await town.until(lambda: town.gateway.resumed)
        await town.until(lambda: second.original and second.original.attachments)
        await town.until(lambda: "Reroll" in asked.original.buttons)
        await bot.until_confirmed()


async def test_an_invalid_session_is_replaced(town, tmp_path):
    async with running(town, tmp_path):
        await town.gateway.invalidate()
        await town.ready(2)
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)


async def test_an_outage_of_ten_minutes_loses_nothing_and_doubles_nothing(
    town, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(
        "bot.adapters.discord.surface.PATIENCE_SECONDS", 0.005
    )  # of 5: a thousand times faster
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = await begun(town)
        await town.go_down()
        go.set()
        await town.until(lambda: caplog.text.count("Discord is not reached") >= 120)
        bot.clock.passed += 600
        await town.come_back()
        await town.until(lambda: "Reroll" in asked.original.buttons)
        await bot.until_confirmed()
        [job] = await bot.jobs()
        entries = await bot.store.receipt(job.id)

    assert len(town.messages) == 1
    assert [entry.kind.value for entry in entries] == ["hold", "capture"]


async def test_a_rate_limit_of_an_hour_on_the_token_is_gone_around(town, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.adapters.discord.surface.LONGEST_BY_TOKEN_SECONDS", 0.3)
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = await begun(town)
        town.fault(rate_limited(r"PATCH /webhooks/.*", 3600, times=99))
        go.set()
        await town.until(lambda: "Reroll" in asked.original.buttons)
        await bot.until_confirmed()

    assert town.called(f"PATCH /channels/{town.channel.id}/messages/{asked.original.id}")
    assert len(town.messages) == 1


async def test_a_message_too_old_to_be_edited_often_is_followed_by_a_new_one(town, tmp_path, caplog):
    go = asyncio.Event()
    too_many = {"code": 30046, "message": "Maximum number of edits to messages older than 1 hour reached."}
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        await begun(town)
        bot.clock.passed += 2 * 3600
        town.expire_tokens()
        town.fault(Fault(r"PATCH /channels/.*", 429, too_many, {"Via": "1.1 google"}))
        go.set()
        await town.until(lambda: any("Reroll" in message.buttons for message in town.messages))
        await bot.until_confirmed()
        [job] = await bot.jobs()

        assert await bot.rung(job.id) == "posted"
    assert "Traceback" not in caplog.text


async def test_a_channel_that_was_deleted_is_no_obstacle(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = await begun(town)
        asked.original.deleted = True
        town.expire_tokens()
        del town.world.channels[town.channel.id]
        go.set()

        assert await rung_of_the_direct_message(town, bot) == "direct"


async def test_a_server_that_the_bot_is_removed_from_in_the_middle_is_no_obstacle(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        await begun(town)
        town.expire_tokens()
        town.guild.joined = False
        town.gateway.dispatch("GUILD_DELETE", {"id": town.guild.id})
        go.set()

        assert await rung_of_the_direct_message(town, bot) == "direct"
