"""The calls that send and edit messages, in chats and inline. No decisions: what to call stands elsewhere."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telegram import Bot, ReplyParameters
from telegram.constants import ParseMode

from bot.adapters.telegram.address import Address
from bot.adapters.telegram.buttons import Keyboard
from bot.adapters.telegram.uploads import Upload
from bot.adapters.telegram.wire import Request
from bot.adapters.telegram.wording import escaped
from bot.texts import say

NOTHING = Path(__file__).with_name("nothing.png").read_bytes()  # Telegram takes no smaller than a few pixels


@dataclass(frozen=True, slots=True)
class Card:
    """A message to be: words, buttons, and one file or none."""

    text: str
    keyboard: Keyboard
    upload: Upload | None = None

    @property
    def look(self) -> str:
        """What tells two cards apart."""
        keys = self.keyboard.to_json() if self.keyboard else ""
        file = hashlib.sha256(self.upload.content).hexdigest() if self.upload else ""
        return f"{self.text}\0{keys}\0{file}"


def target(address: Address) -> dict[str, Any]:
    """Return how Telegram is told which message to change."""
    if address.inline is not None:
        return {"inline_message_id": address.inline}
    return {"chat_id": address.chat, "message_id": address.message}


def answering(message: int | None) -> ReplyParameters | None:
    """Return what makes a message an answer to another, as long as that exists."""
    return None if message is None else ReplyParameters(message, allow_sending_without_reply=True)


def sending(address: Address, card: Card) -> Request[int]:
    """Send a text; its answer is the message's number."""

    async def send(bot: Bot) -> int:
        sent = await bot.send_message(
            address.chat,
            card.text,
            parse_mode=ParseMode.HTML,
            message_thread_id=address.thread,
            reply_parameters=answering(address.answers),
            reply_markup=card.keyboard,
        )
        return sent.message_id

    return send


def text(address: Address, card: Card) -> Request[object]:
    """Change a text."""
    return lambda bot: bot.edit_message_text(
        card.text, parse_mode=ParseMode.HTML, reply_markup=card.keyboard, **target(address)
    )


def caption(address: Address, card: Card) -> Request[object]:
    """Change the words under a picture."""
    return lambda bot: bot.edit_message_caption(
        caption=card.text, parse_mode=ParseMode.HTML, reply_markup=card.keyboard, **target(address)
    )


def media(address: Address, card: Card, upload: Upload) -> Request[object]:
    """Put another picture in, or the first one."""
    shown = upload.media(card.text, spoiler=address.spoiler)
    return lambda bot: bot.edit_message_media(shown, reply_markup=card.keyboard, **target(address))


def emptying(address: Address, language: str, nothing: Upload) -> Request[object]:
    """Put an empty picture in."""
    words = escaped(say(language, "deleted"))
    return lambda bot: bot.edit_message_media(nothing.media(words), **target(address))


def staging(chat: int, upload: Upload) -> Request[str]:
    """Send a file where nobody waits for it; its answer is the id by which Telegram knows it from then on."""

    async def send(bot: Bot) -> str:
        if upload.document:
            sent = await bot.send_document(chat, upload.file(), disable_notification=True)
            return sent.document.file_id if sent.document else ""
        sent = await bot.send_photo(chat, upload.file(), disable_notification=True)
        return sent.photo[-1].file_id if sent.photo else ""

    return send


def album(address: Address, uploads: list[Upload]) -> Request[tuple[int, ...]]:
    """Send several pictures; its answer is their messages' numbers."""

    async def send(bot: Bot) -> tuple[int, ...]:
        sent = await bot.send_media_group(
            address.chat,
            [upload.media(spoiler=address.spoiler) for upload in uploads],
            message_thread_id=address.thread,
            reply_parameters=answering(address.message),
        )
        return tuple(message.message_id for message in sent)

    return send
