"""Answers to people: messages of their own, in the chat or privately; and where bugs end."""

import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from telegram import CallbackQuery, ForceReply, InputFile, Message, Update
from telegram.constants import ChatAction, ChatMemberStatus, ParseMode
from telegram.ext import ContextTypes

from bot.adapters.telegram.address import Address
from bot.adapters.telegram.buttons import Keyboard
from bot.adapters.telegram.core import Core
from bot.adapters.telegram.edits import answering
from bot.adapters.telegram.reading import Asked, by_message, by_press
from bot.adapters.telegram.wire import Wire
from bot.adapters.telegram.wording import escaped, quoted
from bot.recent import Recent
from bot.texts import describe, say
from bot.updates import Answer

log = logging.getLogger(__name__)

MANAGERS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)
REMEMBERED = 10_000  # who manages which chat
TRUSTED_SECONDS = 60.0  # for how long

FORM = ForceReply(selective=True)  # what opens an answer, for those alone whom its message is for

Context = ContextTypes.DEFAULT_TYPE


class Replies:
    """`say` and its kin never raise for what Telegram refuses."""

    def __init__(self, core: Core, wire: Wire) -> None:
        self.core = core
        self.wire = wire
        self._managers: Recent[tuple[int, int], tuple[float, bool]] = Recent(REMEMBERED)

    async def say(self, asked: Asked, text: str, keyboard: Keyboard | ForceReply = None) -> bool:
        """Answer with a message of its own; say whether it arrived."""
        where = asked.address
        sent = await self.wire.insist(
            where.chat,
            lambda bot: bot.send_message(
                where.chat,
                text,
                parse_mode=ParseMode.HTML,
                message_thread_id=where.thread,
                reply_parameters=None if where.private else answering(where.answers),
                reply_markup=keyboard,
            ),
        )
        return sent is not None

    async def whisper(self, asked: Asked, text: str, keyboard: Keyboard = None) -> bool:
        """Answer to the person alone; where that cannot be, say in the chat how it can."""
        arrived = asked.address.has_person and await self.say(privately(asked), text, keyboard)
        if not arrived and not asked.address.private:
            await self.say(asked, escaped(say(asked.language, "telegram_private_first")))
        return arrived

    async def reaches(self, asked: Asked) -> bool:
        """Say whether the person can be written to alone; if not, say in the chat how that can be."""
        user = asked.address.user
        reached = asked.address.has_person and await self.wire.attempt(
            lambda bot: bot.send_chat_action(user, ChatAction.TYPING)
        )
        if not reached and not asked.address.private:
            await self.say(asked, escaped(say(asked.language, "telegram_private_first")))
        return reached

    async def notice(self, asked: Asked, text: str, keyboard: Keyboard = None) -> None:
        """Answer where the place wants notices to be: in the chat, or to the person alone if that can be."""
        ruled = asked.here is not None and self.core.rules(asked.here.place).private_notices
        ruled = ruled and asked.address.has_person
        if not ruled or not await self.say(privately(asked), text, keyboard):
            await self.say(asked, text, keyboard)

    async def tell(self, asked: Asked, answer: Answer) -> None:
        """Say in one sentence what an answer says."""
        await self.notice(asked, quoted(describe(answer, asked.language)))

    async def change(self, query: CallbackQuery, text: str, keyboard: Keyboard) -> None:
        """Let the message that was pressed say something else."""
        if isinstance(query.message, Message) and query.message.reply_markup != keyboard:
            chat, number = query.message.chat.id, query.message.message_id
            await self.wire.insist(
                chat,
                lambda bot: bot.edit_message_text(
                    text, chat, number, parse_mode=ParseMode.HTML, reply_markup=keyboard
                ),
            )

    async def change_keyboard(self, query: CallbackQuery, asked: Asked, keyboard: Keyboard) -> None:
        """Let other buttons stand under the message that was pressed, wherever it is."""
        where: dict[str, Any] = {"inline_message_id": query.inline_message_id}
        if query.message is not None:
            where = {"chat_id": query.message.chat.id, "message_id": query.message.message_id}
        await self.wire.insist(
            asked.address.chat, lambda bot: bot.edit_message_reply_markup(**where, reply_markup=keyboard)
        )

    async def file(self, asked: Asked, name: str, content: bytes) -> None:
        """Send a file."""
        where = asked.address
        await self.wire.insist(
            where.chat,
            lambda bot: bot.send_document(
                where.chat, InputFile(content, filename=name), message_thread_id=where.thread
            ),
        )

    async def manages(self, asked: Asked) -> bool:
        """Say whether the person administers the chat; anonymous administrators speak as the chat itself."""
        if asked.address.user == asked.address.chat:
            return asked.here is not None
        key, now = (asked.address.chat, asked.address.user), self.core.now()
        at, known = self._managers.get(key, (0.0, False))
        if now - at > TRUSTED_SECONDS or not known:
            known = await self._is_manager(asked.address)
            self._managers[key] = (now, known)
        return known

    async def _is_manager(self, address: Address) -> bool:
        found: list[Any] = []

        async def look(bot: Any) -> None:
            found.append(await bot.get_chat_member(address.chat, address.user))

        await self.wire.attempt(look)
        return any(member.status in MANAGERS for member in found)


def privately(asked: Asked) -> Asked:
    """Return the same wish, to be answered in the person's own chat."""
    address = asked.address
    if address.private:
        return asked
    own = Address(chat=address.user, user=address.user, document=address.document)
    return replace(asked, address=own)


class Desk(Protocol):
    """Whatever takes updates and answers with `replies`."""

    replies: Replies


D = TypeVar("D", bound=Desk)
Handler = Callable[[D, Update, Context], Coroutine[Any, Any, None]]


def with_message(deed: Callable[[D, Message, Asked], Awaitable[None]]) -> Handler[D]:
    """Do it with the update's message; a bug ends here: logged once, and answered kindly."""

    @functools.wraps(deed)
    async def handler(desk: D, update: Update, _: Context) -> None:
        message = update.effective_message
        if message is not None and (message.from_user or message.sender_chat) is not None:
            asked = by_message(message, desk.replies.core.preferences)
            await _kindly(desk, asked, deed(desk, message, asked))

    return handler


def with_press(deed: Callable[[D, CallbackQuery, Asked], Awaitable[None]]) -> Handler[D]:
    """Acknowledge the press first, then do it; a bug ends here too."""

    @functools.wraps(deed)
    async def handler(desk: D, update: Update, _: Context) -> None:
        query = update.callback_query
        assert query is not None
        await desk.replies.wire.attempt(lambda bot: bot.answer_callback_query(query.id))
        asked = by_press(query, desk.replies.core.preferences)
        await _kindly(desk, asked, deed(desk, query, asked))

    return handler


async def _kindly(desk: Desk, asked: Asked, deed: Awaitable[None]) -> None:
    try:
        await deed
    except Exception:
        log.exception("an update failed")
        await desk.replies.say(asked, escaped(say(asked.language, "web_trouble")))
