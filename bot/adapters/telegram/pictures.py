"""The pictures of messages: whose job they are, and their files. Telegram hands out no large ones."""

from telegram import Bot, Document, Message, PhotoSize

from bot.adapters.telegram.buttons import Pressed
from bot.adapters.telegram.wire import Wire, persist

LARGEST_MIB = 20
LARGEST = LARGEST_MIB * 2**20  # bytes


def job_of(message: Message) -> str | None:
    """Return the job that our own message's buttons name; others may write anything into theirs."""
    if message.from_user is None or message.from_user.id != message.get_bot().id or not message.reply_markup:
        return None
    said = [key.callback_data for row in message.reply_markup.inline_keyboard for key in row]
    read = [Pressed.read(each) for each in said if isinstance(each, str)]
    return next((pressed.job for pressed in read if pressed is not None), None)


def file_of(message: Message) -> PhotoSize | Document | None:
    """Return the picture of a message."""
    if message.photo:
        return message.photo[-1]
    document = message.document
    return document if document is not None and (document.mime_type or "").startswith("image/") else None


def is_too_large(message: Message) -> bool:
    """Say whether Telegram will not hand out the picture."""
    file = file_of(message)
    return file is not None and (file.file_size or 0) > LARGEST


async def fetched(wire: Wire, message: Message) -> tuple[bytes, str]:
    """Return the file of a picture and its name; nothing where Telegram does not hand it out."""
    file = file_of(message)
    if file is None or is_too_large(message):
        return b"", ""

    async def fetch(bot: Bot) -> bytes:
        told = await bot.get_file(file.file_id)
        return bytes(await told.download_as_bytearray())

    content = await persist(lambda: wire.call(fetch)) or b""
    return content, "" if isinstance(file, PhotoSize) else (file.file_name or "")
