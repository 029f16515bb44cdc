"""Takes orders and presses on Telegram, has them answered, shows the answer.

An order is over for the desk as soon as it is stored: from then on the delivery shows it.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import assert_never

from telegram import CallbackQuery, ForceReply, Message, MessageEntity

from bot.adapters.telegram.address import PLATFORM, Address
from bot.adapters.telegram.buttons import (
    Pressed,
    agreed,
    opened,
    turned,
    under_history,
    under_queue,
    under_several,
)
from bot.adapters.telegram.canvas import Canvas
from bot.adapters.telegram.core import Account
from bot.adapters.telegram.reading import ADMINISTRATOR, Asked, answers_a_form, shows_a_picture, typed_after
from bot.adapters.telegram.replies import Replies, privately, with_message, with_press
from bot.adapters.telegram.wording import MOST_OF_CODE, PAGES, escaped, length, quoted
from bot.again import again, asks_again
from bot.commands import (
    Cancel,
    Delete,
    Imagine,
    Reroll,
    ShowBalance,
    ShowHistory,
    ShowInfo,
    ShowQueue,
    Vary,
)
from bot.deeds import Deed
from bot.options import render
from bot.pages import editable
from bot.refusals import BadRecipe, NoSuchJob
from bot.several import each
from bot.texts import say
from bot.updates import (
    Answer,
    Broken,
    Cancelled,
    Deleted,
    Delivered,
    History,
    Info,
    Progress,
    Queued,
    QueueView,
    Refused,
    SeveralAsked,
    Stopping,
    Wallet,
)

log = logging.getLogger(__name__)

PAGE = 8  # jobs of history in one message
MOST_OF_FORM = 3500


class Desk:
    """One method per thing that can be done. None of them raises for what Telegram refuses."""

    def __init__(self, account: Account, replies: Replies, canvas: Canvas) -> None:
        self.replies = replies
        self._account = account
        self._core = replies.core
        self._canvas = canvas

    # ── ordering pictures ─────────────────────────────────────────────────────────────────────────

    @with_message
    async def imagine(self, message: Message, asked: Asked) -> None:
        """Order what was typed after the command."""
        if shows_a_picture(message):
            await self.replies.say(asked, escaped(say(asked.language, "no_start_picture")))
            return
        await self._imagine(asked, typed_after(message))

    @with_message
    async def words(self, message: Message, asked: Asked) -> None:
        """Order what was written in a private chat, or as the answer to a form."""
        bot = message.get_bot().id
        if answers_a_form(message, bot) or (asked.address.private and self._account.plain):
            await self._imagine(asked, message.text or "")
        elif asked.address.private:
            await self.replies.say(asked, escaped(say(asked.language, "telegram_plain_off")))

    @with_message
    async def photo(self, message: Message, asked: Asked) -> None:
        """Refuse kindly to paint from a picture, where it was meant for us."""
        if asked.address.private or (message.caption or "").startswith("/imagine"):
            await self.replies.say(asked, escaped(say(asked.language, "no_start_picture")))

    async def _imagine(self, asked: Asked, text: str) -> None:
        if asks_again(text):
            last = await self._core.answer(ShowHistory(asked.by, None, 1))
            if not isinstance(last, History) or not last.items:
                await self.replies.tell(asked, last)
                return
            text = again(last.items[0].job, text)
        await self._order(asked, partial(Imagine, text=text))

    async def _order(self, asked: Asked, order: Callable[..., Imagine | Reroll | Vary]) -> None:
        """Order pictures, to be shown where the place and the person want them."""
        placed = await self._at_its_place(asked)
        if placed is None:
            return
        command = order(by=placed.by, key=placed.key, post=placed.post, here=placed.here)
        answer = await self._core.answer(command)
        if isinstance(answer, SeveralAsked) and isinstance(command, Imagine):
            await self._ask_back(placed, answer, command.text)
        else:
            await self._answer_order(placed, answer)

    async def _ask_back(self, asked: Asked, several: SeveralAsked, text: str) -> None:
        """Say what wildcards stand for and cost; the order stands in the message, for a yes at any time."""
        if (long := length(text)) > MOST_OF_FORM:
            details: dict[str, object] = {"length": long, "most": MOST_OF_FORM}
            await self.replies.tell(asked, Refused(BadRecipe("prompt_too_long", details)))
            return
        page = PAGES.several(several, text, asked.language)
        await self.replies.say(asked, page, under_several(asked.address.user, asked.language))

    async def _order_all(self, query: CallbackQuery, message: Message, asked: Asked) -> None:
        """Order what wildcards stand for, one job for each text, and take the question back."""
        text = next(iter(message.parse_entities([MessageEntity.CODE]).values()), "")
        key = f"{PLATFORM}:{message.chat.id}:{message.message_id}"
        await self.replies.change(query, message.text_html, None)
        placed = await self._at_its_place(replace(asked, key=key))
        if placed is None:
            return
        for order in each(Imagine(by=asked.by, key=key, text=text, post=placed.post, here=placed.here)):
            answer = await self._core.answer(order)
            await self._answer_order(placed, answer)
            if isinstance(answer, Refused):
                return

    async def _at_its_place(self, asked: Asked) -> Asked | None:
        """Return the wish, answered where place and person want it; None where that cannot be."""
        asked = await self._admitted(asked)
        if not self._is_for_one(asked):
            return asked
        return privately(asked) if await self.replies.reaches(asked) else None

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

    async def _answer_order(self, asked: Asked, answer: Answer) -> None:
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

    # ── buttons ───────────────────────────────────────────────────────────────────────────────────

    @with_press
    async def pressed(self, query: CallbackQuery, asked: Asked) -> None:
        """Do what the button says; what no button of ours says is nothing."""
        said = query.data or ""
        if (pressed := Pressed.read(said)) is not None:
            await self._deed(query, asked, pressed)
        elif (before := turned(said)) is not None:
            await self._history(asked, before)
        elif (job := opened(said)) is not None:
            await self._open(asked, job)
        elif agreed(said) == asked.address.user and isinstance(query.message, Message):
            await self._order_all(query, query.message, asked)

    async def _deed(self, query: CallbackQuery, asked: Asked, pressed: Pressed) -> None:
        job = pressed.job
        match pressed.deed:
            case Deed.REROLL:
                await self._order(asked, partial(Reroll, job=job, vouched=True))
            case Deed.SUBTLE | Deed.STRONG:
                strong = pressed.deed is Deed.STRONG
                vary = partial(Vary, job=job, index=pressed.index, strong=strong, vouched=True)
                await self._order(asked, vary)
            case Deed.EDIT | Deed.REMIX:
                await self._edit(asked, job, seeded=pressed.deed is Deed.EDIT)
            case Deed.INFO:
                await self._info(asked, job)
            case Deed.DELETE:
                await self._delete(query, asked, job)
            case Deed.CANCEL:
                await self._cancel(asked, job)
            case _:
                assert_never(pressed.deed)

    async def _edit(self, asked: Asked, job: str, *, seeded: bool) -> None:
        """Ask for the changed order, with the present one to copy; without its seed it will be another."""
        answer = await self._core.answer(ShowInfo(asked.by, job, vouched=True))
        if not isinstance(answer, Info):
            await self.replies.tell(asked, answer)
            return
        typed = escaped(editable(answer.job, MOST_OF_FORM, seeded=seeded))
        lines = [escaped(say(asked.language, "telegram_edit")), f"<code>{typed}</code>"]
        if not asked.address.private:  # a selective form opens for those whom its text mentions
            lines.append(f'<a href="tg://user?id={asked.address.user}">{quoted(asked.by.name)}</a>')
        await self.replies.say(asked, "\n".join(lines), ForceReply(selective=True))

    async def _info(self, asked: Asked, job: str) -> None:
        answer = await self._core.answer(ShowInfo(asked.by, job, vouched=True))
        if not isinstance(answer, Info):
            await self.replies.tell(asked, answer)
            return
        typed = render(answer.job.recipe, answer.job.count, answer.job.format)
        await self.replies.say(asked, PAGES.info(answer, asked.language))
        if length(typed) > MOST_OF_CODE:  # no message holds it
            await self.replies.file(asked, f"pinxit-{job}.txt", typed.encode())

    async def _cancel(self, asked: Asked, job: str) -> None:
        """Stop it. The job's own message tells the end."""
        answer = await self._core.answer(Cancel(asked.by, job))
        if _unknown(answer) and await self._is_managed(asked, job):
            answer = await self._core.answer(Cancel(asked.by, job, vouched=True))
        if not isinstance(answer, Stopping | Cancelled):
            await self._tell_why_not(asked, answer, job)

    async def _delete(self, query: CallbackQuery, asked: Asked, job: str) -> None:
        """Remove the pictures, the message that was pressed, and the job's own messages."""
        answer = await self._core.answer(Delete(asked.by, job))
        if _unknown(answer) and await self._is_managed(asked, job):
            answer = await self._core.answer(Delete(asked.by, job, vouched=True))
        if not isinstance(answer, Deleted):
            await self._tell_why_not(asked, answer, job)
            return
        post = await self._core.post(job)
        own = Address.read(post.address) if post is not None and post.platform == PLATFORM else None
        if own is not None:
            await self._canvas.remove(replace(own, staged=None), asked.language)
        pressed = query.message.message_id if query.message is not None else None
        if pressed is not None and (own is None or own.message != pressed):
            await self._canvas.remove(replace(asked.address, message=pressed), asked.language)

    async def _is_managed(self, asked: Asked, job: str) -> bool:
        """Say whether the job is shown in this group and the person administers it."""
        post = await self._core.post(job)
        if asked.here is None or post is None or post.platform != PLATFORM:
            return False
        where = Address.read(post.address).chat
        return where == asked.address.chat and await self.replies.manages(asked)

    async def _tell_why_not(self, asked: Asked, answer: Answer, job: str) -> None:
        """Say why it was not done; a job that is there, but not for this person, is told as such."""
        there = await self._core.answer(ShowInfo(asked.by, job, vouched=True))
        if _unknown(answer) and isinstance(there, Info):
            await self.replies.say(asked, escaped(say(asked.language, "telegram_not_yours")))
        else:
            await self.replies.tell(asked, answer)

    async def _open(self, asked: Asked, job: str) -> None:
        """Show a job of one's own again."""
        answer = await self._core.answer(ShowInfo(asked.by, job))
        if not isinstance(answer, Info):
            await self.replies.tell(asked, answer)
            return
        delivered = Delivered(job=answer.job, pictures=answer.pictures)
        await self._canvas.insist(asked.address, delivered, asked.language)

    # ── looking around ────────────────────────────────────────────────────────────────────────────

    @with_message
    async def queue(self, _: Message, asked: Asked) -> None:
        """Show what waits."""
        answer = await self._core.answer(ShowQueue(asked.by))
        if isinstance(answer, QueueView):
            await self.replies.say(
                asked, PAGES.queue(answer, asked.language), under_queue(answer, asked.language)
            )
        else:
            await self.replies.tell(asked, answer)

    @with_message
    async def credits(self, _: Message, asked: Asked) -> None:
        """Show the balance and the latest receipts."""
        answer = await self._core.answer(ShowBalance(asked.by))
        if isinstance(answer, Wallet):
            await self.replies.notice(asked, PAGES.wallet(answer, asked.language))
        else:
            await self.replies.tell(asked, answer)

    @with_message
    async def history(self, _: Message, asked: Asked) -> None:
        """Show the newest page of the person's jobs."""
        await self._history(asked, None)

    async def _history(self, asked: Asked, before: float | None) -> None:
        answer = await self._core.answer(ShowHistory(asked.by, before, PAGE))
        if isinstance(answer, History):
            text = PAGES.listed_history(answer, asked.language)
            await self.replies.notice(asked, text, under_history(answer, asked.language))
        else:
            await self.replies.tell(asked, answer)

    @with_message
    async def unknown(self, message: Message, asked: Asked) -> None:
        """Say that there is no such command."""
        command = (message.text or "").split()[0]
        await self.replies.say(asked, quoted(say(asked.language, "web_unknown_command", command=command)))

    @with_message
    async def help(self, _: Message, asked: Asked) -> None:
        """Show what can be typed."""
        await self.replies.say(asked, PAGES.help(asked.language, say(asked.language, "telegram_help")))


def _unknown(answer: Answer) -> bool:
    return isinstance(answer, Refused) and isinstance(answer.refusal, NoSuchJob)
