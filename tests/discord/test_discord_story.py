"""From the command to the picture, as people on Discord see it."""

import asyncio

from painting import draws, running, waits_for

from bot.adapters.discord.imagine_command import typed
from bot.options import Defaults, parse
from generator.models import Z_IMAGE
from storage.records import JobState
from tests.platforms.discord import USUAL
from tests.platforms.discord_faults import slow
from tests.platforms.discord_world import ATTACH_FILES, SEND_IN_THREADS
from tests.platforms.studio import PREVIEW, begins_at


async def test_a_command_becomes_a_picture_in_one_message(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a red fox in snow")
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()
        [job] = await bot.jobs()

    assert [message.id for message in town.messages] == [asked.original.id]
    assert asked.original.content.startswith("**a red fox in snow**\n-# 256×256, steps: 8, seed: ")
    assert asked.original.attachments[0]["description"] == "a red fox in snow"
    assert asked.original.attachments[0]["filename"] == f"pinxit-{job.id}-1.png"
    assert job.state is JobState.SUCCEEDED


async def test_the_message_goes_from_place_to_progress_to_pictures(town, tmp_path):
    begin, go = asyncio.Event(), asyncio.Event()
    async with running(town, tmp_path, begins_at(begin, waits_for(go)), seconds=10.0) as bot:
        asked = town.imagine("a boat")
        await town.until(lambda: asked.original and "You're next." in asked.original.content)
        begin.set()
        await town.until(lambda: "step 3 of 8" in asked.original.content)
        await town.until(lambda: asked.original.attachments)
        preview = asked.original.pictures
        go.set()
        await town.until(lambda: "Reroll" in asked.original.buttons)
        await bot.until_confirmed()

    assert "You're next." in asked.original.seen[0]
    assert any("▰▰▰▱▱▱▱▱▱▱ Painting: step 3 of 8." in text for text in asked.original.seen)
    assert preview == [PREVIEW]
    assert len(asked.original.attachments) == 1


async def test_a_short_job_shows_no_progress(town, tmp_path):
    async with running(town, tmp_path, seconds=1.0) as bot:
        asked = town.imagine("a boat")
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()

    assert not any("Painting" in text for text in asked.original.seen)


async def test_a_hundred_commands_at_once_are_all_acknowledged_before_any_is_looked_at(
    town, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "bot.adapters.discord.reception.LONGEST_WAIT_SECONDS", 60.0
    )  # the machine may be busy
    async with running(town, tmp_path, seconds=1.0) as bot:
        asked = [town.imagine(f"picture {number}") for number in range(100)]
        await town.until(lambda: len(bot.asked) == 100)
        calls = town.calls[: bot.asked[0][1]]

    assert sum(call.name.endswith("/callback") for call in calls) == 100
    for each in asked:
        [call] = town.called(f"/interactions/{each.id}/")
        assert call.at - each.at < 3.0


async def test_one_slow_acknowledgement_holds_the_others_up_for_a_moment_only(town, tmp_path):
    town.fault(slow(r"POST /interactions/.*", 2.5, times=1))
    async with running(town, tmp_path):
        slow_one = town.imagine("slow")
        other = town.imagine("quick")
        await town.until(lambda: other.original and other.original.attachments)

        assert slow_one.original is None


async def test_options_and_flags_in_the_prompt_mean_the_same(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.imagine("a tree --seed 5", aspect="16:9", count=2, steps=4)
        await town.until(lambda: any(len(message.attachments) == 2 for message in town.messages))
        [job] = await bot.jobs()

    assert (job.recipe.prompt, job.recipe.seed, job.recipe.steps) == ("a tree", 5, 4)
    assert (job.recipe.width, job.recipe.height, job.count) == (336, 192, 2)


def test_what_shall_not_be_there_is_never_read_as_options():
    wish = parse(typed("a tree", {"negative": 'people --n 4 "signs"'}), Z_IMAGE, Defaults())

    assert (wish.negative, wish.count) == ("people --n 4 'signs'", 1)


async def test_an_option_given_both_ways_is_told_to_the_person_alone(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a tree --steps 5", steps=4)
        await town.until(lambda: asked.follow_ups and asked.original.deleted)

        assert await bot.jobs() == []
    assert asked.original.seen == ["…"]
    assert asked.follow_ups[0].ephemeral
    assert asked.follow_ups[0].content == "--steps is there twice. Keep one of them."


async def test_what_is_private_is_seen_by_one_person_from_the_first_moment(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a secret", private=True)
        await town.until(lambda: asked.original and asked.original.attachments)
        again = town.press(asked.original, "Reroll")
        await town.until(lambda: again.original and again.original.attachments)
        await bot.until_confirmed()

    assert asked.original.ephemeral
    assert again.original.ephemeral
    assert all(message.ephemeral for message in town.messages)


async def test_it_paints_in_direct_messages_and_where_a_person_brought_it(town, tmp_path):
    async with running(town, tmp_path) as bot:
        for channel in (town.direct(town.ann), town.foreign()):
            asked = town.command("imagine", channel=channel, options={"prompt": "a hat"})
            await town.until(lambda asked=asked: asked.original and asked.original.attachments)
        await bot.until_confirmed()

        assert {await bot.rung(job.id) for job in await bot.jobs()} == {"edited"}


async def test_a_missing_permission_is_named_before_anything_is_accepted(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.command("imagine", options={"prompt": "a hat"}, app_permissions=USUAL & ~ATTACH_FILES)
        await town.until(lambda: asked.original and asked.original.content)

        assert bot.asked == []
    assert asked.original.ephemeral
    assert "allow me: Attach Files." in asked.original.content


async def test_a_thread_needs_a_permission_of_its_own(town, tmp_path):
    thread = town.thread()
    async with running(town, tmp_path) as bot:
        painted = town.command("imagine", channel=thread, options={"prompt": "a hat"})
        await town.until(lambda: painted.original and painted.original.attachments)
        refused = town.command(
            "imagine", channel=thread, options={"prompt": "a hat"}, app_permissions=USUAL & ~SEND_IN_THREADS
        )
        await town.until(lambda: refused.original and refused.original.content)

        assert len(bot.asked) == 1
    assert "Send Messages in Threads" in refused.original.content


async def test_markdown_and_mentions_in_a_prompt_are_shown_and_not_obeyed(town, tmp_path):
    async with running(town, tmp_path):
        asked = town.imagine("**big** @everyone <@1> [a](https://b.invalid) `c` ||d||")
        await town.until(lambda: asked.original and asked.original.attachments)

    wanted = "\\*\\*big\\*\\* \\@everyone \\<\\@1\\> \\[a\\](https\\://b.invalid) \\`c\\` \\|\\|d\\|\\|"
    assert asked.original.content.startswith(f"**{wanted}**\n")
    told = [call.body for call in town.called("/messages/") if call.method == "PATCH"]
    assert told
    assert all(body["allowed_mentions"] == {"parse": []} for body in told)


async def test_two_people_wait_in_one_line_and_each_gets_their_own(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), waits_for(go), draws, seconds=10.0) as bot:
        first = town.imagine("a cat", by=town.ann)
        await town.until(lambda: first.original and "step 3" in first.original.content)
        second = town.imagine("a dog", by=town.bob)
        await town.until(lambda: second.original and second.original.content)
        go.set()
        await town.until(lambda: first.original.attachments and second.original.attachments)
        await bot.until_confirmed()

    assert "**a cat**" in first.original.content
    assert "**a dog**" in second.original.content


async def test_of_more_pictures_than_a_message_holds_each_can_be_seen(town, tmp_path):
    async with running(town, tmp_path, most_pictures=16):
        asked = town.imagine("boats --n 16")
        await town.until(lambda: asked.original and asked.original.attachments)
        last = town.pick(asked.original, "15", of=asked.original.selects[0]["custom_id"])
        await town.until(lambda: last.original and last.original.attachments)

    assert len(asked.original.attachments) == 10
    assert "This message holds 10 of the 16 pictures; the menu shows each of them." in asked.original.content
    assert last.original.attachments[0]["filename"].endswith("-16.png")


async def test_as_many_pictures_are_offered_as_the_owner_allows_and_a_message_holds(town, tmp_path):
    most = {}
    for allowed in (2, 8, 16):
        async with running(town, tmp_path, most_pictures=allowed):
            [imagine] = [command for command in town.world.commands[""] if command["name"] == "imagine"]
            [count] = [option for option in imagine["options"] if option["name"] == "count"]
            most[allowed] = count["max_value"]

    assert most == {2: 2, 8: 8, 16: 10}
