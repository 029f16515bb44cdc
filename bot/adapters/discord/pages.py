"""A page of history: one small entry per job, with a thumbnail where there is one."""

from collections.abc import Sequence

import discord

from bot.adapters.discord.files import Upload
from bot.adapters.discord.wording import list_line, state_line
from bot.file_names import file_name
from bot.updates import Delivered, History
from storage.records import Job, Picture


def first_pictures(history: History) -> list[tuple[Job, Picture]]:
    """Return the finished jobs of a page, each with its first picture."""
    finished = (item for item in history.items if isinstance(item, Delivered))
    return [(item.job, item.pictures[0]) for item in finished if item.pictures]


def entries(history: History, files: Sequence[Upload], language: str) -> list[discord.Embed]:
    """Return one small entry per job, with its thumbnail where there is one."""
    names = {upload.name for upload in files}
    made_of = []
    for item in history.items:
        entry = discord.Embed(description=f"{list_line(item.job)}\n{state_line(item, language)}")
        if (name := file_name(item.job.id, 0, "jpg")) in names:
            entry.set_thumbnail(url=f"attachment://{name}")
        made_of.append(entry)
    return made_of
