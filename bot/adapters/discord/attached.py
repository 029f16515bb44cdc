"""The pictures of messages on Discord, and their bytes."""

import asyncio
from collections.abc import Sequence

import discord

from bot.adapters.discord.replies import LOST, log_lost

FETCH_SECONDS = 20.0
MOST_LOOKED_AT = 4  # files of one message
LARGEST = 25 * 2**20  # bytes


def pictures_of(message: discord.Message) -> Sequence[discord.Attachment]:
    """Return the pictures of a message, those that it forwards too."""
    forwarded = [file for snapshot in message.message_snapshots for file in snapshot.attachments]
    pictures = [
        file
        for file in (*message.attachments, *forwarded)
        if (file.content_type or "").startswith("image/") and file.size <= LARGEST
    ]
    return pictures[:MOST_LOOKED_AT]


async def fetched(file: discord.Attachment) -> bytes | None:
    """Return a file's bytes, None where Discord does not hand them out."""
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return await file.read()
    except LOST as error:
        log_lost(error)
        return None
