"""What the bot sends fits Discord's own description of its API, and what does not fit is noticed."""

import asyncio

import pytest
from painting import running, waits_for

from tests.platforms.discord_schema import complaints, description

needs_description = pytest.mark.skipif(
    description() is None, reason="no copy of Discord's API description here; DISCORD_OPENAPI can name one"
)


@needs_description
@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("POST /channels/1/messages", {"content": 5}),
        ("POST /channels/1/messages", {"content": "x" * 5000}),
        ("PATCH /webhooks/1/token/messages/@original", {"components": [{"type": 2}]}),
        ("PUT /applications/1/commands", [{"name": "x" * 40, "description": "x"}]),
        ("POST /no/such/place", {}),
    ],
)
def test_a_request_that_does_not_fit_is_noticed(call, body):
    method, path = call.split(" ")

    assert complaints(method, path, body)


@needs_description
async def test_every_kind_of_request_of_a_story_was_checked_and_fits(town, tmp_path):
    go = asyncio.Event()
    async with running(town, tmp_path, waits_for(go), seconds=10.0) as bot:
        asked = town.imagine("a hat", count=2)
        await town.until(lambda: asked.original and asked.original.attachments)
        go.set()
        await town.until(lambda: asked.original.selects)
        picked = town.pick(asked.original, "1")
        form = town.press(asked.original, "Edit")
        await town.until(lambda: picked.original and picked.original.attachments and form.modal)
        await bot.until_confirmed()

    kinds = {call.method for call in town.calls if call.body is not None}
    assert kinds == {"POST", "PATCH", "PUT"}
    assert [call.status for call in town.calls if call.status >= 400] == []
