"""Makes one message show an update: sends it where there is none, else edits it. Inline messages too.

What a message shows is remembered while the bot runs, so that Telegram is never sent what stands there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from telegram.constants import ChatAction

from bot.adapters.telegram.address import Address
from bot.adapters.telegram.budget import Weight
from bot.adapters.telegram.buttons import under
from bot.adapters.telegram.core import Core
from bot.adapters.telegram.edits import (
    NOTHING,
    Card,
    album,
    caption,
    emptying,
    media,
    sending,
    staging,
    text,
)
from bot.adapters.telegram.uploads import Upload, albums, preview, uploads_of
from bot.adapters.telegram.wire import Closed, Wire, persist
from bot.adapters.telegram.wording import PAGES, escaped
from bot.recent import Recent
from bot.texts import say
from bot.updates import Delivered, Progress, Queued, Update
from storage.records import Job, Rung

log = logging.getLogger(__name__)

REMEMBERED = 10_000
SOON_SECONDS = 5.0
ACTION_SECONDS = 4.0  # Telegram shows an action for five
HAS_NO_CAPTION, HAS_NO_TEXT = "no caption in the message", "no text in the message"
NO_PHOTO = ("photo_", "image_process_failed", "not enough rights to send photos")

Keep = Callable[[Address], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Shown:
    look: str
    file: bool


class Canvas:
    """`show` leads any message to any state. Raises what Wire raises."""

    def __init__(self, core: Core, wire: Wire, stage: int | None = None) -> None:
        self._core = core
        self._wire = wire
        self._stage = stage
        self._shown: Recent[str, _Shown] = Recent(REMEMBERED)
        self._albums: Recent[str, tuple[int, ...]] = Recent(REMEMBERED)  # also those that no post knows
        self._acted: Recent[tuple[int, int | None], float] = Recent(REMEMBERED)

    async def show(self, address: Address, update: Update, language: str, keep: Keep) -> None:
        """Make the message show this; `keep` is told where it is as soon as that is known."""
        if address.message is None and address.inline is None:
            address = await self._sent(address, _card(address, update, language), keep)
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
        card = _card(address, update, language)
        files = await self._files(address, update)
        if files and address.inline is not None:
            card = replace(card, upload=await self._staged(address, files[0], keep))
        elif len(files) > 1:
            await self._album(address, files, keep)
        elif files:
            card = replace(card, upload=files[0])
        await self._edit(address, card, weight)
        if isinstance(update, Progress):
            await self._act(address)

    async def point_elsewhere(self, address: Address, update: Update, language: str) -> None:
        """Let a message say that its picture went to its person, as far as it can be changed soon."""
        words = f"{PAGES.prompt_line(update.job)}\n{escaped(say(language, 'telegram_elsewhere'))}"
        captioned = self._shown.get(_name(address), _Shown("", file=False)).file
        card = Card(words, None)
        with suppress(TimeoutError):
            async with asyncio.timeout(SOON_SECONDS):
                await persist(lambda: self._edit_words(address, card, Weight.RESULT, captioned=captioned))

    async def insist(self, address: Address, update: Update, language: str) -> None:
        """Show an update in a new message that no job waits for; what is lost is logged."""
        where = [replace(address, message=None, album=())]

        async def keep(address: Address) -> None:
            where[0] = address

        await persist(lambda: self.show(where[0], update, language, keep))

    async def remove(self, address: Address, language: str) -> None:
        """Delete the message and the album beside it; what is too old for that is emptied."""
        album_beside = address.album or self._albums.get(_name(address), ())
        places = [replace(address, message=number) for number in (address.message, *album_beside)]
        for place in places:
            self._shown.pop(_name(place), None)
        if address.inline is None and await self._deleted(places):
            return
        nothing = Upload("nothing.png", NOTHING, document=False)
        if address.inline is not None:
            nothing = await persist(lambda: self._staged(address, nothing, _forget)) or nothing
        for place in places:
            await self._wire.insist(place.chat, emptying(place, language, nothing))

    async def _deleted(self, places: Sequence[Address]) -> bool:
        chat, numbers = places[0].chat, [place.message for place in places if place.message is not None]
        return bool(await self._wire.insist(chat, lambda bot: bot.delete_messages(chat, numbers)))

    async def _files(self, address: Address, update: Update) -> list[Upload]:
        match update:
            case Delivered(job=job, pictures=pictures):
                return await uploads_of(job, pictures, self._core.read, document=address.document)
            case Progress(job=job, previews=[(_, jpeg), *_]) if _previewed(address, job):
                return [preview(job, jpeg)]
            case _:
                return []

    async def _staged(self, address: Address, upload: Upload, keep: Keep) -> Upload:
        """Return a file as Telegram knows it already: an inline message takes no other."""
        if address.staged is None:
            if self._stage is None:
                raise Closed("there is no staging chat")
            address = replace(
                address, staged=await self._wire.send(self._stage, staging(self._stage, upload))
            )
            await keep(address)
        return replace(upload, file_id=address.staged)

    # ── the message itself ────────────────────────────────────────────────────────────────────────

    async def _sent(self, address: Address, card: Card, keep: Keep) -> Address:
        sent = await self._wire.send(address.chat, sending(address, card))
        if sent is None:
            raise Closed("nothing was sent")
        address = replace(address, message=sent)
        self._shown[_name(address)] = _Shown(card.look, file=False)
        await keep(address)
        return address

    async def _edit(self, address: Address, card: Card, weight: Weight) -> None:
        """Change the message, unless it shows this already."""
        name = _name(address)
        known = self._shown.get(name, _Shown("", file=False))
        if known.look == card.look:
            return
        if card.upload is not None:
            await self._wire.send(address.chat, media(address, card, card.upload), weight)
        else:
            await self._edit_words(address, card, weight, captioned=known.file)
        self._shown[name] = _Shown(card.look, card.upload is not None or self._has_file(name))

    def _has_file(self, name: str) -> bool:
        return name in self._shown and self._shown[name].file

    async def _edit_words(self, address: Address, card: Card, weight: Weight, *, captioned: bool) -> None:
        """Edit the text or, under a picture, the caption; which of them it is may be forgotten by now."""
        ways = [text, caption]
        try:
            await self._wire.send(address.chat, ways[captioned](address, card), weight)
        except Closed as reason:
            if HAS_NO_CAPTION not in str(reason).lower() and HAS_NO_TEXT not in str(reason).lower():
                raise
            self._shown[_name(address)] = _Shown("", file=not captioned)  # the second try may have to wait
            await self._wire.send(address.chat, ways[not captioned](address, card), weight)

    # ── what stands beside it ─────────────────────────────────────────────────────────────────────

    async def _album(self, address: Address, files: list[Upload], keep: Keep) -> None:
        """Send several pictures beside the message, unless they were sent before."""
        done = len(address.album)
        for cut in albums(files):
            if done >= len(cut):
                done -= len(cut)
                continue
            sent = await self._wire.send(address.chat, album(address, cut), messages=len(cut))
            address = replace(address, album=(*address.album, *(sent or ())))
            self._albums[_name(address)] = address.album
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


def _card(address: Address, update: Update, language: str) -> Card:
    words = PAGES.update(update, language)
    if address.rung is Rung.DIRECT:
        words = f"{escaped(say(language, 'discord_direct'))}\n{words}"
    return Card(words, under(update, language))


def _name(address: Address) -> str:
    return address.inline or f"{address.chat}:{address.message}"


def _previewed(address: Address, job: Job) -> bool:
    """Say whether a preview can stand in the message, and give way to what comes after it.

    A message with a photo cannot become the one beside an album; an inline message takes no upload.
    """
    return job.count == 1 and not address.document and address.inline is None


async def _forget(_: Address) -> None:
    pass
