"""What a message's menu asks about its picture: how it was made, the same settings again, a remix.

A message of the bot's own names its job in its buttons. Any other picture is looked for by its file's name,
then by the file: the very bytes, the looks, the recipe inside. What is private stays its owner's.
"""

import asyncio
import re
from collections.abc import Sequence

import discord

from bot.adapters.discord.buttons import (
    JOB,
    MOST_OF_FIELD,
    Press,
    edit_form,
    under_found,
)
from bot.adapters.discord.desk import Desk, kindly
from bot.adapters.discord.reading import address_of
from bot.adapters.discord.replies import LOST, log_lost, open_form, say_at_once, show
from bot.adapters.discord.wording import info_text, recipe_text, told
from bot.commands import FindPicture, Person, ShowInfo
from bot.file_names import named_job
from bot.pages import editable
from bot.refusals import PictureUnknown
from bot.texts import say
from bot.updates import Answer, FoundRecipe, Info, Refused

LOOK_UP_SECONDS = 2.0  # of the three that Discord gives to open a form
FETCH_SECONDS = 20.0
MOST_LOOKED_AT = 4  # files of one message
LARGEST = 25 * 2**20  # bytes
OURS = re.compile(rf"pinxit:[a-z]+:(?P<job>{JOB}):\d")


class Lookups:
    """One method per entry of the menu."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @kindly
    async def info(self, press: Press, message: discord.Message) -> None:
        """Show how the picture was made."""
        await self._show(press, message)

    @kindly
    async def settings(self, press: Press, message: discord.Message) -> None:
        """Open a form with the whole order, its seed too."""
        await self._form(press, message, seeded=True)

    @kindly
    async def remix(self, press: Press, message: discord.Message) -> None:
        """Open a form with the order, to be changed and drawn with another seed."""
        await self._form(press, message, seeded=False)

    async def _form(self, press: Press, message: discord.Message, *, seeded: bool) -> None:
        """Open it where the message says which job it is: looking at files takes longer than a form waits."""
        by = self.desk.person(press)
        async with asyncio.timeout(LOOK_UP_SECONDS):
            answer = await self._named(press, message, by)
        if isinstance(answer, Info):
            filled = editable(answer.job, MOST_OF_FIELD, seeded=seeded)
            await open_form(press, edit_form(filled, by.language))
        else:
            await self._show(press, message)

    async def _show(self, press: Press, message: discord.Message) -> None:
        by = self.desk.person(press)
        if _own_job(press, message) is None and not _files(message):
            await say_at_once(press, say(by.language, "discord_no_picture"))
            return
        address = address_of(press, private=True, now=self.desk.core.now())
        await self.desk.reception.acknowledge(press, address, by.language)
        answer = await self._found(press, message, by)
        match answer:
            case Info(job=job):
                await show(press, info_text(answer, by.language), under_found(job.id, by.language))
            case FoundRecipe():
                await show(press, recipe_text(answer, by.language))
            case _:
                await show(press, told(answer, by.language))

    async def _found(self, press: Press, message: discord.Message, by: Person) -> Answer:
        """Return what is known of the message's picture, by what it says or by its files."""
        answer = await self._named(press, message, by)
        for file in _files(message):
            if isinstance(answer, Info | FoundRecipe):
                break
            if (content := await _fetched(file)) is not None:
                answer = await self.desk.core.answer(FindPicture(by=by, file=content, name=file.filename))
        return answer

    async def _named(self, press: Press, message: discord.Message, by: Person) -> Answer:
        """Return what is known by the message's buttons, or by the names of its files."""
        if (job := _own_job(press, message)) is not None:
            return await self.desk.core.answer(ShowInfo(by, job, vouched=True))
        answer: Answer = Refused(PictureUnknown())
        for file in _files(message):
            if named_job(file.filename) is not None and not isinstance(answer, Info):
                answer = await self.desk.core.answer(FindPicture(by=by, name=file.filename))
        return answer


def _own_job(press: Press, message: discord.Message) -> str | None:
    """Return the job that our own message's buttons name; others may write anything into theirs."""
    me = press.client.user
    if me is None or message.author.id != me.id:
        return None
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    ids = [str(getattr(child, "custom_id", "")) for row in rows for child in row.children]
    return next((found["job"] for each in ids if (found := OURS.match(each))), None)


def _files(message: discord.Message) -> Sequence[discord.Attachment]:
    """Return the pictures of a message, those that it forwards too."""
    forwarded = [file for snapshot in message.message_snapshots for file in snapshot.attachments]
    pictures = [
        file
        for file in (*message.attachments, *forwarded)
        if (file.content_type or "").startswith("image/") and file.size <= LARGEST
    ]
    return pictures[:MOST_LOOKED_AT]


async def _fetched(file: discord.Attachment) -> bytes | None:
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return await file.read()
    except LOST as error:
        log_lost(error)
        return None
