"""Takes orders on Telegram: what was typed, with the picture that came with it or that was answered.

An order is over here as soon as it is stored: from then on the delivery shows it.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from telegram import Message

from bot.adapters.telegram.asked_back import ask_back
from bot.adapters.telegram.core import Account
from bot.adapters.telegram.pictures import LARGEST_MIB, fetched, file_of, is_too_large, job_of
from bot.adapters.telegram.reading import (
    ADMINISTRATOR,
    Asked,
    after_our_name,
    begins_with,
    form_of,
    typed_after,
)
from bot.adapters.telegram.replies import FORM, Replies, privately, with_message
from bot.adapters.telegram.rights import Rights
from bot.adapters.telegram.wording import escaped
from bot.again import again, asks_again
from bot.commands import (
    Enlarge,
    Extend,
    From,
    Imagine,
    PictureOf,
    Reroll,
    ShowHistory,
    ShowInfo,
    Source,
    Vary,
)
from bot.refusals import PictureDamaged, PictureTooHeavy
from bot.texts import say
from bot.updates import (
    Answer,
    Broken,
    Cancelled,
    Delivered,
    History,
    Info,
    Progress,
    Queued,
    Refused,
    SeveralAsked,
)

log = logging.getLogger(__name__)

Given = Imagine | Reroll | Vary | Extend | Enlarge


class Ordering:
    """One method per way to order. None of them raises for what Telegram refuses."""

    def __init__(self, account: Account, replies: Replies, rights: Rights) -> None:
        self.replies = replies
        self._account = account
        self._core = replies.core
        self._rights = rights

    @with_message
    async def imagine(self, message: Message, asked: Asked) -> None:
        """Order what was typed after the command, from the picture that was answered."""
        await self._wish(asked, typed_after(message), message.reply_to_message)

    async def _wish(self, asked: Asked, text: str, picture: Message | None) -> None:
        """Order it; where there is nothing to go by, ask."""
        if text.strip() or (picture is not None and file_of(picture) is not None):
            await self._imagine(asked, text, picture)
        else:
            await self.replies.say(asked, escaped(say(asked.language, "telegram_prompt")), FORM)

    @with_message
    async def words(self, message: Message, asked: Asked) -> None:
        """Order what was written in a private chat, as the answer to a form, or after our name."""
        form = form_of(message)
        if form is not None:
            await self._answer_form(asked, form, message.text or "")
        elif asked.address.private and self._account.plain:
            await self._imagine(asked, message.text or "", message.reply_to_message)
        elif asked.address.private:
            await self.replies.say(asked, escaped(say(asked.language, "telegram_plain_off")))
        elif (wish := after_our_name(message)) is not None:
            await self._wish(asked, wish, message.reply_to_message)

    @with_message
    async def photo(self, message: Message, asked: Asked) -> None:
        """Order what stands under a picture, from that picture, where it was meant for us."""
        if asked.address.private or (message.caption or "").startswith("/imagine"):
            await self._imagine(asked, typed_after(message), message)

    @with_message
    async def blend(self, message: Message, asked: Asked) -> None:
        """Order what lies between the picture that was answered and the one that is the answer."""
        first = message.reply_to_message
        if first is None or file_of(first) is None or file_of(message) is None:
            await self.replies.say(asked, escaped(say(asked.language, "telegram_blend_how")))
            return
        start = await self._between(first, message)
        if isinstance(start, Refused):
            await self.replies.tell(asked, start)
            return
        await self.order(asked, partial(Imagine, text=typed_after(message), start=start))

    async def _between(self, first: Message, second: Message) -> From | Refused:
        picture = await self._source(first)
        if isinstance(picture, Refused):
            return picture
        other = await self._source(second)
        return other if isinstance(other, Refused) else From(picture=picture, other=other)

    async def _imagine(self, asked: Asked, text: str, picture: Message | None) -> None:
        start: From | None = None
        began = ""
        if picture is not None and file_of(picture) is not None:
            source = await self._source(picture)
            if isinstance(source, Refused):
                await self.replies.tell(asked, source)
                return
            start = From(picture=source)
        elif asks_again(text):
            last = await self._core.answer(ShowHistory(asked.by, None, 1))
            if not isinstance(last, History) or not last.items:
                await self.replies.tell(asked, last)
                return
            job = last.items[0].job
            text, start, began = again(job, text), From.of(job.recipe), job.id
        await self.order(asked, partial(Imagine, text=text, start=start), began)

    async def _answer_form(self, asked: Asked, form: str, text: str) -> None:
        """Order what was answered, from what the form says: a job's picture, or what that job began with."""
        job, index = begins_with(form) or ("", None)
        if index is not None:
            start = From(picture=PictureOf(job, index, vouched=True))
            await self.order(asked, partial(Imagine, text=text, start=start))
            return
        await self.order(asked, partial(Imagine, text=text, start=await self.beginning(asked, job)), job)

    async def beginning(self, asked: Asked, job: str) -> From | None:
        """Return what a job began with."""
        answer = await self._core.answer(ShowInfo(asked.by, job, vouched=True)) if job else None
        return From.of(answer.job.recipe) if isinstance(answer, Info) else None

    async def _source(self, picture: Message) -> Source | Refused:
        """Return the picture of a message: a job's where our buttons say so, else its file."""
        if (job := job_of(picture)) is not None:
            return PictureOf(job, vouched=True)
        if is_too_large(picture):
            return Refused(PictureTooHeavy(limit=LARGEST_MIB))
        content, _ = await fetched(self.replies.wire, picture)
        return content or Refused(PictureDamaged())

    async def order(self, asked: Asked, order: Callable[..., Given], began: str = "") -> None:
        """Order pictures, to be shown where the place and the person want them.

        `began` is the job that the order has its start from.
        """
        placed = await self.at_its_place(asked)
        if placed is None:
            return
        command = order(by=placed.by, key=placed.key, post=placed.post, here=placed.here)
        answer = await self._core.answer(command)
        if isinstance(answer, SeveralAsked) and isinstance(command, Imagine):
            await ask_back(self.replies, placed, answer, command.text, began)
        else:
            await self.answer(placed, answer)

    async def at_its_place(self, asked: Asked) -> Asked | None:
        """Return the wish, answered where place and person want it; None where that cannot be."""
        asked = await self._admitted(asked)
        if not self._is_for_one(asked):
            return asked if await self._may_show(asked) else None
        return privately(asked) if await self.replies.reaches(asked) else None

    async def _may_show(self, asked: Asked) -> bool:
        """Say whether a picture can be shown where it is asked for; if not, say there or privately why."""
        if asked.here is None or (allowed := await self._rights.of(asked.address.chat)).all:
            return True
        where = asked if allowed.words else privately(asked)
        await self.replies.say(where, escaped(say(asked.language, "telegram_missing")))
        return False

    async def _admitted(self, asked: Asked) -> Asked:
        """Return the wish with all that the rules of the place want to know of the person."""
        if asked.here is None:
            return asked
        rules = self._core.rules(asked.here.place)
        address = replace(asked.address, spoiler=rules.covers(age_restricted=False))
        if not (rules.roles or rules.channels) or not await self.replies.manages(asked):
            return replace(asked, address=address)
        return replace(asked, address=address, here=replace(asked.here, manages=True, roles=(ADMINISTRATOR,)))

    def _is_for_one(self, asked: Asked) -> bool:
        """Say whether the answer is for the person's eyes alone."""
        ruled = asked.here is not None and self._core.rules(asked.here.place).private
        return not asked.address.private and (ruled or self._core.preferences(asked.by.identity).private)

    async def answer(self, asked: Asked, answer: Answer) -> None:
        """Show how an order stands, or why it was refused."""
        match answer:
            case Queued() | Progress():
                post = await self._core.post(answer.job.id)
                if post is not None:
                    self._core.push(post, answer)
            case Refused():
                await self.replies.tell(asked, answer)
            case Delivered() | Broken() | Cancelled():
                pass  # this very update was answered before: its post shows the end
            case _:
                log.error("an order had another answer", extra={"answer": type(answer).__name__})
