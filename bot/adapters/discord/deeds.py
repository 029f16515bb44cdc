"""Does to a job what the buttons under its message say."""

import asyncio
from typing import assert_never

from bot.adapters.discord.address import PLATFORM, Address
from bot.adapters.discord.buttons import MOST_OF_FIELD, Begun, Press, edit_form, remix_form, under, under_one
from bot.adapters.discord.desk import Desk, kindly
from bot.adapters.discord.files import uploads_of
from bot.adapters.discord.full_size import with_links
from bot.adapters.discord.orders import Orders
from bot.adapters.discord.reading import asked_for, is_moderator, is_private, pressed_on
from bot.adapters.discord.replies import delete, open_form, say_at_once, show, whisper
from bot.adapters.discord.wording import info_text, told, update_text
from bot.commands import Cancel, Delete, ShowInfo
from bot.deeds import Deed
from bot.pages import editable
from bot.refusals import NoSuchJob
from bot.texts import say
from bot.updates import Answer, Cancelled, Deleted, Delivered, Info, Refused, Stopping

LOOK_UP_SECONDS = 2.0  # of the three that Discord gives


class Deeds:
    """One method per kind of component."""

    def __init__(self, desk: Desk, orders: Orders) -> None:
        self.desk = desk
        self._core = desk.core
        self._orders = orders

    @kindly
    async def pressed(self, press: Press, deed: Deed, job: str, index: int, *, public: bool = False) -> None:
        """Do to a job what its button says; `public` where the answer is for all though the button is not."""
        private = is_private(press) and not public
        match deed:
            case Deed.REROLL:
                await self._orders.reroll(press, job, private=private)
            case Deed.SUBTLE | Deed.STRONG:
                await self._orders.vary(press, job, index, strong=deed is Deed.STRONG, private=private)
            case Deed.ZOOM | Deed.LEFT | Deed.RIGHT | Deed.UP | Deed.DOWN | Deed.ENLARGE:
                await self._orders.onward(press, deed, job, index, private=private)
            case Deed.EDIT:
                await self._form(press, job, None)
            case Deed.REMIX:
                await self._form(press, job, index)
            case Deed.INFO:
                await self._info(press, job)
            case Deed.DELETE:
                await self._delete(press, job)
            case Deed.CANCEL:
                await self._cancel(press, job)
            case _:
                assert_never(deed)

    async def _form(self, press: Press, job: str, index: int | None) -> None:
        """Open the form of an order or of what to make of its picture.

        It is itself the acknowledgement, so this one look-up comes first.
        """
        by = self.desk.person(press)
        async with asyncio.timeout(LOOK_UP_SECONDS):
            answer = await self._core.answer(ShowInfo(by, job, vouched=True))
        if not isinstance(answer, Info):
            await say_at_once(press, told(answer, by.language))
            return
        if index is not None:
            await open_form(press, remix_form(answer.job, index, by.language))
            return
        begun = Begun(job) if answer.job.recipe.start is not None else Begun()
        await open_form(press, edit_form(editable(answer.job, MOST_OF_FIELD), by.language, begun))

    async def _info(self, press: Press, job: str) -> None:
        by = self.desk.person(press)
        answer = await self.desk.ask(press, ShowInfo(by, job, vouched=True))
        text = info_text(answer, by.language) if isinstance(answer, Info) else told(answer, by.language)
        await show(press, text)

    async def _cancel(self, press: Press, job: str) -> None:
        """Stop it. The job's own message tells the end."""
        by = self.desk.person(press)
        await self.desk.reception.nod(press)
        answer = await self._core.answer(Cancel(by, job, vouched=is_moderator(press)))
        if not isinstance(answer, Stopping | Cancelled):
            await whisper(press, await self._why_not(press, answer, job))

    async def _delete(self, press: Press, job: str) -> None:
        """Remove the pictures, the message that was pressed, and the job's own message."""
        by = self.desk.person(press)
        await self.desk.reception.nod(press)
        answer = await self._core.answer(Delete(by, job, vouched=is_moderator(press)))
        if isinstance(answer, Deleted) or await self._is_left_over(press, answer, job):
            await self._remove_messages(press, job)
        else:
            await whisper(press, await self._why_not(press, answer, job))

    async def _is_left_over(self, press: Press, answer: Answer, job: str) -> bool:
        """Say whether only a message is left of a job, and this person may remove it."""
        may = is_moderator(press) or asked_for(press)
        return may and _is_unknown(answer) and not await self._exists(press, job)

    async def _exists(self, press: Press, job: str) -> bool:
        answer = await self._core.answer(ShowInfo(self.desk.person(press), job, vouched=True))
        return isinstance(answer, Info)

    async def _why_not(self, press: Press, answer: Answer, job: str) -> str:
        """Return why it was not done; a job that is there, but not for this person, is told as such."""
        language = self.desk.person(press).language
        if _is_unknown(answer) and await self._exists(press, job):
            return say(language, "discord_not_yours")
        return told(answer, language)

    async def _remove_messages(self, press: Press, job: str) -> None:
        if press.message is not None:
            await delete(press, press.message)
        post = await self._core.post(job)
        if post is None or post.platform != PLATFORM:
            return
        if (own := Address.read(post.address)).message != pressed_on(press):
            await self.desk.surface.remove(own)

    @kindly
    async def picked(self, press: Press, job: str, index: int | None) -> None:
        """Show a job's pictures, or one of them, to the person alone."""
        by = self.desk.person(press)
        answer = await self.desk.ask(press, ShowInfo(by, job, vouched=index is not None))
        if not isinstance(answer, Info):
            await show(press, told(answer, by.language))
            return
        delivered = Delivered(job=answer.job, pictures=answer.pictures)
        chosen = [picture for picture in answer.pictures if index in (None, picture.index)]
        view = (
            under(delivered, by.language)
            if index is None
            else under_one(job, index, by.language, public=not is_private(press))
        )
        files = await uploads_of(answer.job, chosen, self._core.read, press.filesize_limit)
        text = with_links(update_text(delivered, by.language), files, self._core.public_url, by.language)
        await show(press, text, view, files)


def _is_unknown(answer: Answer) -> bool:
    return isinstance(answer, Refused) and isinstance(answer.refusal, NoSuchJob)
