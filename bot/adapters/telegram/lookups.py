"""How a picture was made: asked by answering it with /info, or by sending it.

A message of ours names its job in its buttons. Any other picture is fetched and looked for.
"""

import logging

from telegram import Bot, Document, Message, PhotoSize

from bot.adapters.telegram.buttons import Keyboard, Pressed, under_found
from bot.adapters.telegram.reading import Asked
from bot.adapters.telegram.replies import Replies, with_message
from bot.adapters.telegram.wire import persist
from bot.adapters.telegram.wording import PAGES, escaped
from bot.commands import FindPicture, ShowInfo
from bot.refusals import PictureUnknown
from bot.texts import say
from bot.updates import Answer, FoundRecipe, Info, Refused

log = logging.getLogger(__name__)

LARGEST = 20 * 2**20  # bytes; Telegram hands out no larger files


class Lookups:
    """One method for each way to ask."""

    def __init__(self, replies: Replies) -> None:
        self.replies = replies
        self._core = replies.core

    @with_message
    async def info(self, message: Message, asked: Asked) -> None:
        """Show how the picture was made that was answered, or that came with the command."""
        picture = message.reply_to_message or message
        if _job_of(picture) is None and _file_of(picture) is None:
            await self.replies.notice(asked, escaped(say(asked.language, "telegram_which_picture")))
            return
        await self._show(asked, await self._found(picture, asked))

    @with_message
    async def sent(self, message: Message, asked: Asked) -> None:
        """Show how a picture was made that somebody sent without a word."""
        answer = await self._found(message, asked)
        if isinstance(answer, Refused) and isinstance(answer.refusal, PictureUnknown):
            await self.replies.say(asked, escaped(say(asked.language, "no_start_picture")))
        else:
            await self._show(asked, answer)

    async def _found(self, message: Message, asked: Asked) -> Answer:
        if (job := _job_of(message)) is not None:
            return await self._core.answer(ShowInfo(asked.by, job, vouched=True))
        content, name = await self._fetched(message)
        if not content:
            return Refused(PictureUnknown())
        return await self._core.answer(FindPicture(by=asked.by, file=content, name=name))

    async def _fetched(self, message: Message) -> tuple[bytes, str]:
        """Return the file of a picture and its name; nothing where Telegram does not hand it out."""
        file = _file_of(message)
        if file is None or (file.file_size or 0) > LARGEST:
            return b"", ""

        async def fetch(bot: Bot) -> bytes:
            told = await bot.get_file(file.file_id)
            return bytes(await told.download_as_bytearray())

        content = await persist(lambda: self.replies.wire.call(fetch)) or b""
        return content, "" if isinstance(file, PhotoSize) else (file.file_name or "")

    async def _show(self, asked: Asked, answer: Answer) -> None:
        keyboard: Keyboard = None
        match answer:
            case Info():
                text, keyboard = (
                    PAGES.info(answer, asked.language),
                    under_found(answer.job.id, asked.language),
                )
            case FoundRecipe():
                text = PAGES.found(answer, asked.language)
            case _:
                text = PAGES.told(answer, asked.language)
        await self.replies.notice(asked, text, keyboard)


def _job_of(message: Message) -> str | None:
    """Return the job that our own message's buttons name; others may write anything into theirs."""
    if message.from_user is None or message.from_user.id != message.get_bot().id or not message.reply_markup:
        return None
    said = [key.callback_data for row in message.reply_markup.inline_keyboard for key in row]
    read = [Pressed.read(each) for each in said if isinstance(each, str)]
    return next((pressed.job for pressed in read if pressed is not None), None)


def _file_of(message: Message) -> PhotoSize | Document | None:
    if message.photo:
        return message.photo[-1]
    document = message.document
    return document if document is not None and (document.mime_type or "").startswith("image/") else None
