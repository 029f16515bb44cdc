"""From the command to the picture, as people on Discord see it."""

import asyncio

from painting import running, waits_for

from storage.records import JobState


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
