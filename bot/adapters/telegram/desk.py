"""Takes what people do on Telegram, has it answered, shows the answer.

A press is acknowledged before anything is looked up. An order is over for the desk as soon as it is stored:
from then on the delivery shows it.
"""

import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, assert_never

from telegram import CallbackQuery, ForceReply, InputFile, Message, Update
from telegram.constants import ChatMemberStatus, ParseMode
from telegram.ext import ContextTypes

from bot.adapters.telegram.address import PLATFORM, Address
from bot.adapters.telegram.buttons import Deed, Keyboard, Pressed, turned, under_history, under_queue
from bot.adapters.telegram.canvas import Canvas, answering
from bot.adapters.telegram.core import Account, Core
from bot.adapters.telegram.reading import (
    Asked,
    answers_a_form,
    by_message,
    by_press,
    shows_a_picture,
    typed_after,
)
from bot.adapters.telegram.wire import Wire
from bot.adapters.telegram.wording import MOST_OF_CODE, PAGES, escaped, length, quoted
from bot.commands import (
    Cancel,
    Command,
    Delete,
    Imagine,
    Reroll,
    ShowBalance,
    ShowHistory,
    ShowInfo,
    ShowQueue,
    Vary,
)
from bot.options import render
from bot.pages import editable
from bot.refusals import NoSuchJob
from bot.texts import describe, say
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
    Stopping,
    Wallet,
)

log = logging.getLogger(__name__)

PAGE = 8  # jobs of history in one message
MOST_OF_FORM = 3500
MANAGERS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)

Context = ContextTypes.DEFAULT_TYPE
Handler = Callable[["Desk", Update, Context], Coroutine[Any, Any, None]]
"""One thing that can be done with an update."""


def with_message(
    deed: Callable[["Desk", Message, Asked], Awaitable[None]],
) -> Handler:
    """Do it with the update's message; a bug ends here: logged once, and answered kindly."""

    @functools.wraps(deed)
    async def handler(desk: "Desk", update: Update, _: Context) -> None:
        message = update.effective_message
        if message is None or (message.from_user is None and message.sender_chat is None):
            return
        asked = desk.asked(message)
        try:
            await deed(desk, message, asked)
        except Exception:
            log.exception("a message failed", extra={"deed": deed.__name__})
            await desk.say(asked, escaped(say(asked.language, "web_trouble")))

    return handler


class Desk:
    """One method per thing that can be done. None of them raises for what Telegram refuses."""

    def __init__(self, core: Core, account: Account, wire: Wire, canvas: Canvas) -> None:
        self._core = core
        self._account = account
        self._wire = wire
        self._canvas = canvas

    def asked(self, message: Message) -> Asked:
        """Return who wrote a message, and where the answer stands."""
        return by_message(message, self._core.preferences)

    async def say(self, asked: Asked, text: str, keyboard: Keyboard | ForceReply = None) -> None:
        """Answer with a message of its own."""
        where = asked.address
        await self._wire.insist(
            where.chat,
            lambda bot: bot.send_message(
                where.chat,
                text,
                parse_mode=ParseMode.HTML,
                message_thread_id=where.thread,
                reply_parameters=answering(where.answers) if not where.private else None,
                reply_markup=keyboard,
            ),
        )

    async def _tell(self, asked: Asked, answer: Answer) -> None:
        await self.say(asked, quoted(describe(answer, asked.language)))

    # ── ordering pictures ─────────────────────────────────────────────────────────────────────────

    @with_message
    async def imagine(self, message: Message, asked: Asked) -> None:
        """Order what was typed after the command."""
        if shows_a_picture(message):
            await self.say(asked, escaped(say(asked.language, "telegram_no_pictures")))
            return
        await self._imagine(asked, typed_after(message))

    @with_message
    async def words(self, message: Message, asked: Asked) -> None:
        """Order what was written in a private chat, or as the answer to a form."""
        bot = message.get_bot().id
        if answers_a_form(message, bot) or (asked.address.private and self._account.plain):
            await self._imagine(asked, message.text or "")
        elif asked.address.private:
            await self.say(asked, escaped(say(asked.language, "telegram_plain_off")))

    @with_message
    async def photo(self, message: Message, asked: Asked) -> None:
        """Refuse kindly to paint from a picture, where it was meant for us."""
        if asked.address.private or (message.caption or "").startswith("/imagine"):
            await self.say(asked, escaped(say(asked.language, "telegram_no_pictures")))

    async def _imagine(self, asked: Asked, text: str) -> None:
        order = Imagine(by=asked.by, key=asked.key, text=text, post=asked.post, here=asked.here)
        await self._order(asked, order)

    async def _order(self, asked: Asked, order: Command) -> None:
        answer = await self._core.answer(order)
        match answer:
            case Queued() | Progress():
                post = await self._core.post(answer.job.id)
                if post is not None:
                    self._core.push(post, answer)
            case Refused():
                await self._tell(asked, answer)
            case Delivered() | Broken() | Cancelled():
                pass  # this very update was answered before: its post shows the end
            case _:
                log.error("an order had another answer", extra={"answer": type(answer).__name__})

    # ── buttons ───────────────────────────────────────────────────────────────────────────────────

    async def pressed(self, update: Update, _: Context) -> None:
        """Acknowledge, then do what the button says."""
        query = update.callback_query
        assert query is not None
        await self._wire.attempt(lambda bot: bot.answer_callback_query(query.id))
        asked = by_press(query, self._core.preferences)
        try:
            await self._do(query, asked, query.data or "")
        except Exception:
            log.exception("a press failed")
            await self.say(asked, escaped(say(asked.language, "web_trouble")))

    async def _do(self, query: CallbackQuery, asked: Asked, said: str) -> None:
        if (pressed := Pressed.read(said)) is not None:
            await self._deed(query, asked, pressed)
        elif (before := turned(said)) is not None:
            await self._history(asked, before)

    async def _deed(self, query: CallbackQuery, asked: Asked, pressed: Pressed) -> None:
        job = pressed.job
        match pressed.deed:
            case Deed.REROLL:
                await self._order(
                    asked,
                    Reroll(
                        by=asked.by, key=asked.key, job=job, post=asked.post, here=asked.here, vouched=True
                    ),
                )
            case Deed.SUBTLE | Deed.STRONG:
                await self._vary(asked, pressed)
            case Deed.EDIT:
                await self._edit(asked, job)
            case Deed.INFO:
                await self._info(asked, job)
            case Deed.DELETE:
                await self._delete(query, asked, job)
            case Deed.CANCEL:
                await self._cancel(asked, job)
            case Deed.OPEN:
                await self._open(asked, job)
            case _:
                assert_never(pressed.deed)

    async def _vary(self, asked: Asked, pressed: Pressed) -> None:
        order = Vary(
            by=asked.by,
            key=asked.key,
            job=pressed.job,
            index=pressed.index,
            strong=pressed.deed is Deed.STRONG,
            post=asked.post,
            here=asked.here,
            vouched=True,
        )
        await self._order(asked, order)

    async def _edit(self, asked: Asked, job: str) -> None:
        """Ask for the changed order, with the present one to copy."""
        answer = await self._core.answer(ShowInfo(asked.by, job, vouched=True))
        if not isinstance(answer, Info):
            await self._tell(asked, answer)
            return
        typed = escaped(editable(answer.job, MOST_OF_FORM))
        lines = [escaped(say(asked.language, "telegram_edit")), f"<code>{typed}</code>"]
        if not asked.address.private:  # a selective form opens for those whom its text mentions
            lines.append(f'<a href="tg://user?id={asked.address.user}">{quoted(asked.by.name)}</a>')
        await self.say(asked, "\n".join(lines), ForceReply(selective=True))

    async def _info(self, asked: Asked, job: str) -> None:
        answer = await self._core.answer(ShowInfo(asked.by, job, vouched=True))
        if not isinstance(answer, Info):
            await self._tell(asked, answer)
            return
        typed = render(answer.job.recipe, answer.job.count, answer.job.format)
        await self.say(asked, PAGES.info(answer, asked.language))
        if length(typed) > MOST_OF_CODE:  # no message holds it
            await self._file(asked, f"pinxit-{job}.txt", typed.encode())

    async def _file(self, asked: Asked, name: str, content: bytes) -> None:
        where = asked.address
        await self._wire.insist(
            where.chat,
            lambda bot: bot.send_document(
                where.chat, InputFile(content, filename=name), message_thread_id=where.thread
            ),
        )

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
            await self._canvas.remove(own, asked.language)
        pressed = query.message.message_id if query.message is not None else None
        if pressed is not None and (own is None or own.message != pressed):
            await self._canvas.remove(replace(asked.address, message=pressed), asked.language)

    async def _is_managed(self, asked: Asked, job: str) -> bool:
        """Say whether the job is shown in this group and the person administers it."""
        post = await self._core.post(job)
        if asked.here is None or post is None or post.platform != PLATFORM:
            return False
        where = Address.read(post.address).chat
        return where == asked.address.chat and await self.manages(asked)

    async def manages(self, asked: Asked) -> bool:
        """Say whether the person administers the chat."""
        found: list[Any] = []

        async def look(bot: Any) -> None:
            found.append(await bot.get_chat_member(asked.address.chat, asked.address.user))

        await self._wire.attempt(look)
        return any(member.status in MANAGERS for member in found)

    async def _tell_why_not(self, asked: Asked, answer: Answer, job: str) -> None:
        """Say why it was not done; a job that is there, but not for this person, is told as such."""
        there = await self._core.answer(ShowInfo(asked.by, job, vouched=True))
        if _unknown(answer) and isinstance(there, Info):
            await self.say(asked, escaped(say(asked.language, "telegram_not_yours")))
        else:
            await self._tell(asked, answer)

    async def _open(self, asked: Asked, job: str) -> None:
        """Show a job of one's own again."""
        answer = await self._core.answer(ShowInfo(asked.by, job))
        if not isinstance(answer, Info):
            await self._tell(asked, answer)
            return
        delivered = Delivered(job=answer.job, pictures=answer.pictures)
        await self._canvas.insist(asked.address, delivered, asked.language)

    # ── looking around ────────────────────────────────────────────────────────────────────────────

    @with_message
    async def queue(self, _: Message, asked: Asked) -> None:
        """Show what waits."""
        answer = await self._core.answer(ShowQueue(asked.by))
        if isinstance(answer, QueueView):
            await self.say(asked, PAGES.queue(answer, asked.language), under_queue(answer, asked.language))
        else:
            await self._tell(asked, answer)

    @with_message
    async def credits(self, _: Message, asked: Asked) -> None:
        """Show the balance and the latest receipts."""
        answer = await self._core.answer(ShowBalance(asked.by))
        if isinstance(answer, Wallet):
            await self.say(asked, PAGES.wallet(answer, asked.language))
        else:
            await self._tell(asked, answer)

    @with_message
    async def history(self, _: Message, asked: Asked) -> None:
        """Show the newest page of the person's jobs."""
        await self._history(asked, None)

    async def _history(self, asked: Asked, before: float | None) -> None:
        answer = await self._core.answer(ShowHistory(asked.by, before, PAGE))
        if isinstance(answer, History):
            text = PAGES.listed_history(answer, asked.language)
            await self.say(asked, text, under_history(answer, asked.language))
        else:
            await self._tell(asked, answer)

    @with_message
    async def help(self, _: Message, asked: Asked) -> None:
        """Show what can be typed."""
        await self.say(asked, PAGES.help(asked.language, say(asked.language, "telegram_help")))

    @with_message
    async def start(self, _: Message, asked: Asked) -> None:
        """Say hello."""
        await self.say(asked, quoted(say(asked.language, "telegram_start")))


def _unknown(answer: Answer) -> bool:
    return isinstance(answer, Refused) and isinstance(answer.refusal, NoSuchJob)
