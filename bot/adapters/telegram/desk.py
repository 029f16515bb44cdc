"""Takes orders and presses on Telegram, has them answered, shows the answer.

An order is over for the desk as soon as it is stored: from then on the delivery shows it.
"""

import logging
from dataclasses import replace
from functools import partial
from typing import assert_never

from telegram import CallbackQuery, Message

from bot.adapters.telegram.address import PLATFORM, Address
from bot.adapters.telegram.buttons import (
    Agreed,
    Declined,
    Picked,
    Pressed,
    opened,
    turned,
    under,
    under_history,
    under_one,
    under_queue,
)
from bot.adapters.telegram.canvas import Canvas
from bot.adapters.telegram.ordering import Ordering
from bot.adapters.telegram.reading import Asked, begun_with
from bot.adapters.telegram.replies import FORM, Replies, with_message, with_press
from bot.adapters.telegram.several import Several
from bot.adapters.telegram.wording import MOST_OF_CODE, MOST_OF_FORM, PAGES, escaped, length, quoted
from bot.commands import (
    Cancel,
    Delete,
    Reroll,
    ShowBalance,
    ShowHistory,
    ShowInfo,
    ShowQueue,
    Vary,
)
from bot.deeds import Deed, onward
from bot.options import render
from bot.pages import editable, remixed
from bot.recent import Recent
from bot.refusals import NoSuchJob
from bot.texts import say
from bot.updates import (
    Answer,
    Cancelled,
    Deleted,
    Delivered,
    History,
    Info,
    QueueView,
    Refused,
    Stopping,
    Wallet,
)

log = logging.getLogger(__name__)

REMEMBERED = 10_000  # strangers who pressed
STRANGER_SECONDS = 60.0
PAGE = 8  # jobs of history in one message


class Desk:
    """One method per thing that can be done. None of them raises for what Telegram refuses."""

    def __init__(self, replies: Replies, canvas: Canvas, ordering: Ordering) -> None:
        self.replies = replies
        self._core = replies.core
        self._canvas = canvas
        self._ordering = ordering
        self._several = Several(ordering)
        self._strangers: Recent[tuple[int, int], float] = Recent(REMEMBERED)

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
        elif (picked := Picked.read(said)) is not None:
            await self._pick(query, asked, picked)
        elif (agreed := Agreed.read(said)) is not None:
            await self._several.agreed(query, asked, agreed)
        elif (declined := Declined.read(said)) is not None:
            await self._several.declined(query, asked, declined)

    async def _deed(self, query: CallbackQuery, asked: Asked, pressed: Pressed) -> None:
        job = pressed.job
        match pressed.deed:
            case Deed.REROLL:
                await self._ordering.order(asked, partial(Reroll, job=job, vouched=True))
            case Deed.SUBTLE | Deed.STRONG:
                strong = pressed.deed is Deed.STRONG
                vary = partial(Vary, job=job, index=pressed.index, strong=strong, vouched=True)
                await self._ordering.order(asked, vary)
            case Deed.ZOOM | Deed.LEFT | Deed.RIGHT | Deed.UP | Deed.DOWN | Deed.ENLARGE:
                order = partial(onward(pressed.deed), job=job, index=pressed.index, vouched=True)
                await self._ordering.order(asked, order)
            case Deed.EDIT:
                await self._edit(asked, job)
            case Deed.REMIX:
                await self._remix(asked, pressed)
            case Deed.INFO:
                await self._info(asked, job)
            case Deed.DELETE:
                await self._delete(query, asked, job)
            case Deed.CANCEL:
                await self._cancel(asked, job)
            case _:
                assert_never(pressed.deed)

    async def _pick(self, query: CallbackQuery, asked: Asked, picked: Picked) -> None:
        """Show under the message what can be done with one of its pictures, or with all of them."""
        answer = await self._core.answer(ShowInfo(asked.by, picked.job, vouched=True))
        if not isinstance(answer, Info):
            await self.replies.tell(asked, answer)
            return
        if picked.index is None:
            keyboard = under(Delivered(job=answer.job, pictures=answer.pictures), asked.language)
        else:
            keyboard = under_one(picked.job, picked.index, asked.language)
        await self.replies.change_keyboard(query, asked, keyboard)

    async def _edit(self, asked: Asked, job: str) -> None:
        """Ask for the changed order, with the present one to copy."""
        answer = await self._core.answer(ShowInfo(asked.by, job, vouched=True))
        if not isinstance(answer, Info):
            await self.replies.tell(asked, answer)
            return
        typed = editable(answer.job, MOST_OF_FORM)
        began = answer.job.recipe.start is not None
        await self._form(asked, "telegram_edit", typed, begun_with(job, None) if began else "")

    async def _remix(self, asked: Asked, pressed: Pressed) -> None:
        """Ask what to make of a picture, with the order that made it to copy; it will be another one."""
        answer = await self._core.answer(ShowInfo(asked.by, pressed.job, vouched=True))
        if not isinstance(answer, Info):
            await self.replies.tell(asked, answer)
            return
        typed = remixed(answer.job, MOST_OF_FORM)
        await self._form(asked, "telegram_remix", typed, begun_with(pressed.job, pressed.index))

    async def _form(self, asked: Asked, key: str, typed: str, begun: str) -> None:
        lines = [escaped(say(asked.language, key)), f"<code>{escaped(typed)}</code>"]
        if begun:
            lines.append(f"<i>{escaped(begun)}</i>")
        if not asked.address.private:  # a selective form opens for those whom its text mentions
            lines.append(f'<a href="tg://user?id={asked.address.user}">{quoted(asked.by.name)}</a>')
        await self.replies.say(asked, "\n".join(lines), FORM)

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
            await self._tell_apart(asked)
        else:
            await self.replies.tell(asked, answer)

    async def _tell_apart(self, asked: Asked) -> None:
        """Tell a stranger whose picture it is, but not again at every press: in a group all would read it."""
        key, now = (asked.address.chat, asked.address.user), self._core.now()
        if now - self._strangers.get(key, float("-inf")) < STRANGER_SECONDS:
            return
        self._strangers[key] = now
        await self.replies.notice(asked, escaped(say(asked.language, "telegram_not_yours")))

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
        closing = [say(asked.language, key) for key in ("telegram_help_pictures", "telegram_help")]
        await self.replies.say(asked, PAGES.help(asked.language, self._core.options, *closing))


def _unknown(answer: Answer) -> bool:
    return isinstance(answer, Refused) and isinstance(answer.refusal, NoSuchJob)
