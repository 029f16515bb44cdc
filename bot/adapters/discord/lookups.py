"""What a message's menu asks about its picture: how it was made, the same settings again, a remix.

A message of the bot's own names its job in its buttons. Any other picture is looked for by its file's name,
then by the file: the very bytes, the looks, the recipe inside. What is private stays its owner's.
"""

import asyncio
import re

import discord

from bot.adapters.discord.attached import fetched, pictures_of
from bot.adapters.discord.buttons import (
    JOB,
    MOST_OF_FIELD,
    Begun,
    Press,
    edit_form,
    remix_form,
    under_found,
    under_kept,
)
from bot.adapters.discord.desk import Desk, kindly
from bot.adapters.discord.reading import address_of
from bot.adapters.discord.replies import open_form, say_at_once, show
from bot.adapters.discord.wording import info_text, recipe_text, told
from bot.commands import FindPicture, KeepPicture, Person, ShowInfo
from bot.file_names import named_job
from bot.pages import editable
from bot.refusals import PictureDamaged, PictureUnknown
from bot.texts import say
from bot.updates import Answer, FoundRecipe, Info, PictureKept, Refused
from generator.recipe import USUAL_STRENGTH

LOOK_UP_SECONDS = 2.0  # of the three that Discord gives to open a form
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
        by = self.desk.person(press)
        answer = await self._soon(press, message, by)
        if isinstance(answer, Info):
            began = answer.job.recipe.start is not None
            form = Begun(job=answer.job.id) if began else Begun()
            filled = editable(answer.job, MOST_OF_FIELD)
            await open_form(press, edit_form(filled, by.language, form))
        else:
            await self._show(press, message)

    @kindly
    async def remix(self, press: Press, message: discord.Message) -> None:
        """Open a form that asks what to make of the picture; one that is not ours is kept first."""
        by = self.desk.person(press)
        answer = await self._soon(press, message, by)
        if isinstance(answer, Info):
            await open_form(press, remix_form(answer.job, answer.picture or 0, by.language))
        else:
            await self._keep(press, message, by)

    async def _soon(self, press: Press, message: discord.Message, by: Person) -> Answer:
        """Return the job that the message says it is: looking at files takes longer than a form waits."""
        async with asyncio.timeout(LOOK_UP_SECONDS):
            return await self._named(press, message, by)

    async def _keep(self, press: Press, message: discord.Message, by: Person) -> None:
        """Offer to say what to make of the first picture of a message: of the job it is, or of the file."""
        files = pictures_of(message)
        if not files:
            await say_at_once(press, say(by.language, "discord_no_picture"))
            return
        address = address_of(press, private=True, now=self.desk.core.now())
        await self.desk.reception.acknowledge(press, address, by.language)
        if (content := await fetched(files[0])) is None:
            await show(press, told(Refused(PictureDamaged()), by.language))
            return
        found = await self.desk.core.answer(FindPicture(by=by, file=content, name=files[0].filename))
        if isinstance(found, Info):
            await show(press, info_text(found, by.language), under_found(found.job.id, by.language))
            return
        answer = await self.desk.core.answer(KeepPicture(by=by, file=content))
        view = under_kept(answer.sha256, by.language) if isinstance(answer, PictureKept) else None
        await show(press, told(answer, by.language), view)

    @kindly
    async def kept(self, press: Press, sha256: str) -> None:
        """Open the form for a picture that was kept."""
        language = self.desk.person(press).language
        filled = f"--strength {USUAL_STRENGTH:g}"
        await open_form(press, edit_form(filled, language, Begun(sha256=sha256)))

    async def _show(self, press: Press, message: discord.Message) -> None:
        by = self.desk.person(press)
        if _own_job(press, message) is None and not pictures_of(message):
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
        for file in pictures_of(message):
            if isinstance(answer, Info | FoundRecipe):
                break
            if (content := await fetched(file)) is not None:
                answer = await self.desk.core.answer(FindPicture(by=by, file=content, name=file.filename))
        return answer

    async def _named(self, press: Press, message: discord.Message, by: Person) -> Answer:
        """Return what is known by the message's buttons, or by the names of its files."""
        if (job := _own_job(press, message)) is not None:
            return await self.desk.core.answer(ShowInfo(by, job, vouched=True))
        answer: Answer = Refused(PictureUnknown())
        for file in pictures_of(message):
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
