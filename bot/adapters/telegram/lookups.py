"""How a picture was made: asked by answering it with /info, or by sending it.

A message of ours names its job in its buttons. Any other picture is fetched and looked for.
"""

from telegram import Message

from bot.adapters.telegram.buttons import Keyboard, under_found
from bot.adapters.telegram.pictures import fetched, file_of, job_of
from bot.adapters.telegram.reading import Asked
from bot.adapters.telegram.replies import Replies, with_message
from bot.adapters.telegram.wording import PAGES, escaped
from bot.commands import FindPicture, ShowInfo
from bot.refusals import PictureUnknown
from bot.texts import say
from bot.updates import Answer, FoundRecipe, Info, Refused


class Lookups:
    """One method for each way to ask."""

    def __init__(self, replies: Replies) -> None:
        self.replies = replies
        self._core = replies.core

    @with_message
    async def info(self, message: Message, asked: Asked) -> None:
        """Show how the picture was made that was answered, or that came with the command."""
        picture = message.reply_to_message or message
        if job_of(picture) is None and file_of(picture) is None:
            await self.replies.notice(asked, escaped(say(asked.language, "telegram_which_picture")))
            return
        await self._show(asked, await self._found(picture, asked))

    @with_message
    async def sent(self, message: Message, asked: Asked) -> None:
        """Show how a picture was made that somebody sent without a word, or ask what to make of it."""
        answer = await self._found(message, asked)
        if isinstance(answer, Refused) and isinstance(answer.refusal, PictureUnknown):
            await self.replies.say(asked, escaped(say(asked.language, "telegram_say_what")))
        else:
            await self._show(asked, answer)

    async def _found(self, message: Message, asked: Asked) -> Answer:
        if (job := job_of(message)) is not None:
            return await self._core.answer(ShowInfo(asked.by, job, vouched=True))
        content, name = await fetched(self.replies.wire, message)
        if not content:
            return Refused(PictureUnknown())
        return await self._core.answer(FindPicture(by=asked.by, file=content, name=name))

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
