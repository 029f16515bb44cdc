"""Makes one message show an update: sends it where there is none, else edits it. Inline messages too.

What a message shows is remembered while the bot runs, so that Telegram is never sent what stands there.
"""

import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from telegram import Bot, InputMediaPhoto, ReplyParameters
from telegram.constants import ChatAction, ParseMode

from bot.adapters.telegram.address import Address
from bot.adapters.telegram.budget import Weight
from bot.adapters.telegram.buttons import Keyboard, under
from bot.adapters.telegram.core import Core
from bot.adapters.telegram.uploads import Upload, albums, preview, uploads_of
from bot.adapters.telegram.wire import Closed, Request, Wire, persist
from bot.adapters.telegram.wording import PAGES, escaped
from bot.recent import Recent
from bot.texts import say
from bot.updates import Delivered, Progress, Queued, Update

log = logging.getLogger(__name__)

REMEMBERED = 10_000
ACTION_SECONDS = 4.0  # Telegram shows an action for five
HAS_NO_CAPTION, HAS_NO_TEXT = "no caption in the message", "no text in the message"
NO_PHOTO = ("photo_", "image_process_failed")

NOTHING = Path(__file__).with_name("nothing.png").read_bytes()  # Telegram takes no smaller than a few pixels

Keep = Callable[[Address], Awaitable[None]]


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


@dataclass(frozen=True, slots=True)
class _Shown:
    look: str
    file: bool


class Canvas:
    """`show` leads any message to any state. Raises what Wire raises."""

    def __init__(self, core: Core, wire: Wire) -> None:
        self._core = core
        self._wire = wire
        self._shown: Recent[tuple[int, int], _Shown] = Recent(REMEMBERED)
        self._acted: Recent[tuple[int, int | None], float] = Recent(REMEMBERED)

    async def show(self, address: Address, update: Update, language: str, keep: Keep) -> None:
        """Make the message show this; `keep` is told where it is as soon as that is known."""
        if address.message is None:
            address = await self._sent(address, self._card(update, language), keep)
        try:
            await self._drawn(address, update, language, keep)
        except Closed as reason:
            if address.document or not any(part in str(reason).lower() for part in NO_PHOTO):
                raise
            address = replace(address, document=True)
            await keep(address)
            await self._drawn(address, update, language, keep)

    async def _drawn(self, address: Address, update: Update, language: str, keep: Keep) -> None:
        weight = Weight.PROGRESS if isinstance(update, Queued | Progress) else Weight.RESULT
        card = self._card(update, language)
        files = await self._files(address, update)
        if len(files) > 1:
            await self._album(address, files, keep)
        elif files:
            card = replace(card, upload=files[0])
        await self._edit(address, card, weight)
        if isinstance(update, Progress):
            await self._act(address)

    def _card(self, update: Update, language: str) -> Card:
        return Card(PAGES.update(update, language), under(update, language))

    async def insist(self, address: Address, update: Update, language: str) -> None:
        """Show an update in a new message that no job waits for; what is lost is logged."""
        where = [replace(address, message=None, album=())]

        async def keep(address: Address) -> None:
            where[0] = address

        await persist(lambda: self.show(where[0], update, language, keep))

    async def remove(self, address: Address, language: str) -> None:
        """Delete the message and the album beside it; what is too old for that is emptied."""
        numbers = [number for number in (address.message, *address.album) if number is not None]
        for number in numbers:
            self._shown.pop((address.chat, number), None)
        deleted = await self._wire.insist(
            address.chat, lambda bot: bot.delete_messages(address.chat, numbers)
        )
        if not deleted:
            for number in numbers:
                await self._wire.insist(address.chat, _emptied(address.chat, number, language))

    async def _files(self, address: Address, update: Update) -> list[Upload]:
        match update:
            case Delivered(job=job, pictures=pictures):
                return await uploads_of(job, pictures, self._core.path, document=address.document)
            case Progress(job=job, previews=[(_, jpeg), *_]) if job.count == 1 and not address.document:
                return [preview(job, jpeg)]  # a message with a photo could not become the one beside an album
            case _:
                return []

    # ── the message itself ────────────────────────────────────────────────────────────────────────

    async def _sent(self, address: Address, card: Card, keep: Keep) -> Address:
        sent = await self._wire.send(address.chat, lambda bot: send_text(bot, address, card))
        if sent is None:
            raise Closed("nothing was sent")
        address = replace(address, message=sent)
        self._shown[address.chat, sent] = _Shown(card.look, file=False)
        await keep(address)
        return address

    async def _edit(self, address: Address, card: Card, weight: Weight) -> None:
        """Change the message, unless it shows this already."""
        assert address.message is not None
        key = (address.chat, address.message)
        known = self._shown.get(key)
        if known is not None and known.look == card.look:
            return
        if card.upload is not None:
            await self._wire.send(address.chat, _media(address, card, card.upload), weight)
        else:
            await self._edit_words(address, card, weight, captioned=known is not None and known.file)
        has_file = card.upload is not None or (known is not None and known.file)
        self._shown[key] = _Shown(card.look, has_file)

    async def _edit_words(self, address: Address, card: Card, weight: Weight, *, captioned: bool) -> None:
        """Edit the text or, under a picture, the caption; which of them it is may be forgotten by now."""
        ways = [_caption, _text] if captioned else [_text, _caption]
        try:
            await self._wire.send(address.chat, ways[0](address, card), weight)
        except Closed as reason:
            if HAS_NO_CAPTION not in str(reason) and HAS_NO_TEXT not in str(reason):
                raise
            await self._wire.send(address.chat, ways[1](address, card), weight)

    # ── what stands beside it ─────────────────────────────────────────────────────────────────────

    async def _album(self, address: Address, files: list[Upload], keep: Keep) -> None:
        """Send several pictures beside the message, unless they were sent before."""
        done = len(address.album)
        for album in albums(files):
            if done >= len(album):
                done -= len(album)
                continue
            sent = await self._wire.send(address.chat, _group(address, album), messages=len(album))
            address = replace(address, album=(*address.album, *(sent or ())))
            await keep(address)

    async def _act(self, address: Address) -> None:
        """Let the chat say that a picture is on its way."""
        key, now = (address.chat, address.thread), self._core.now()
        if now - self._acted.get(key, 0.0) < ACTION_SECONDS:
            return
        self._acted[key] = now
        await self._wire.attempt(
            lambda bot: bot.send_chat_action(
                address.chat, ChatAction.UPLOAD_PHOTO, message_thread_id=address.thread
            )
        )


def _emptied(chat: int, message: int, language: str) -> Request[object]:
    async def empty(bot: Bot) -> object:
        nothing = InputMediaPhoto(NOTHING, caption=escaped(say(language, "deleted")))
        return await bot.edit_message_media(nothing, chat, message)

    return empty


def answering(message: int | None) -> ReplyParameters | None:
    """Return what makes a message an answer to another, as long as that exists."""
    return None if message is None else ReplyParameters(message, allow_sending_without_reply=True)


async def send_text(bot: Bot, address: Address, card: Card) -> int:
    """Send a message; return its number."""
    sent = await bot.send_message(
        address.chat,
        card.text,
        parse_mode=ParseMode.HTML,
        message_thread_id=address.thread,
        reply_parameters=answering(address.answers),
        reply_markup=card.keyboard,
    )
    return sent.message_id


def _text(address: Address, card: Card) -> Request[object]:
    return lambda bot: bot.edit_message_text(
        card.text, address.chat, address.message, parse_mode=ParseMode.HTML, reply_markup=card.keyboard
    )


def _caption(address: Address, card: Card) -> Request[object]:
    return lambda bot: bot.edit_message_caption(
        address.chat,
        address.message,
        caption=card.text,
        parse_mode=ParseMode.HTML,
        reply_markup=card.keyboard,
    )


def _media(address: Address, card: Card, upload: Upload) -> Request[object]:
    return lambda bot: bot.edit_message_media(
        upload.media(card.text, spoiler=address.spoiler),
        address.chat,
        address.message,
        reply_markup=card.keyboard,
    )


def _group(address: Address, album: list[Upload]) -> Request[tuple[int, ...]]:
    async def send(bot: Bot) -> tuple[int, ...]:
        sent = await bot.send_media_group(
            address.chat,
            [upload.media(spoiler=address.spoiler) for upload in album],
            message_thread_id=address.thread,
            reply_parameters=answering(address.message),
        )
        return tuple(message.message_id for message in sent)

    return send
