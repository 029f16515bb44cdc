"""The answers to the question about wildcards: yes, each text in a message of its own, or no."""

from dataclasses import replace

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, MessageEntity

from bot.adapters.telegram.address import PLATFORM
from bot.adapters.telegram.buttons import Agreed, Declined
from bot.adapters.telegram.ordering import Ordering
from bot.adapters.telegram.reading import Asked
from bot.commands import DrawAll, From, Imagine
from bot.several import each
from bot.updates import AllAccepted


class Several:
    """One method per button; only whoever asked may press them."""

    def __init__(self, ordering: Ordering) -> None:
        self._ordering = ordering
        self._replies = ordering.replies

    async def agreed(self, query: CallbackQuery, asked: Asked, agreed: Agreed) -> None:
        """Order everything, and take the yes away for as long as that is not refused."""
        message = query.message
        if not isinstance(message, Message) or agreed.asker != asked.address.user:
            return
        key = f"{PLATFORM}:{message.chat.id}:{message.message_id}"
        start = await self._start(asked, agreed, message)
        placed = await self._ordering.at_its_place(replace(asked, key=key))
        if placed is None:
            return
        keyboard, text = message.reply_markup, message.text_html
        await self._replies.change(query, text, None)
        order = Imagine(
            by=asked.by, key=key, text=_order_in(message), post=placed.post, here=placed.here, start=start
        )
        answer = await self._replies.core.answer(DrawAll(by=asked.by, draws=tuple(each(order))))
        if isinstance(answer, AllAccepted):
            for update in answer.updates:
                await self._ordering.answer(placed, update)
        else:
            await self._replies.tell(placed, answer)
            await self._replies.change_keyboard(query, asked, keyboard)

    async def declined(self, query: CallbackQuery, asked: Asked, declined: Declined) -> None:
        """Take the question back; what is too old to be deleted loses its buttons."""
        message = query.message
        if not isinstance(message, Message) or declined.asker != asked.address.user:
            return
        chat, number = message.chat.id, message.message_id
        deleted = await self._replies.wire.insist(chat, lambda bot: bot.delete_message(chat, number))
        if not deleted:
            await self._replies.change_keyboard(query, asked, None)

    async def _start(self, asked: Asked, agreed: Agreed, message: Message) -> From | None:
        """Return what the orders start from."""
        if agreed.picture is not None:
            return From(picture=agreed.picture, other=_other(message.reply_markup))
        return await self._ordering.beginning(asked, agreed.job)


def _order_in(message: Message) -> str:
    return next(iter(message.parse_entities([MessageEntity.CODE]).values()), "")


def _other(keyboard: InlineKeyboardMarkup | None) -> str | None:
    """Return the second picture, which the no knows."""
    keys = [key.callback_data for row in keyboard.inline_keyboard for key in row] if keyboard else []
    read = [Declined.read(key) for key in keys if isinstance(key, str)]
    return next((declined.other for declined in read if declined is not None), None)
