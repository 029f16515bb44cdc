"""Inline mode: somebody types after the bot's name in any chat, and what they send becomes the picture."""

import logging

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    Update,
)
from telegram.constants import ParseMode

from bot.adapters.telegram.address import PLATFORM, Address
from bot.adapters.telegram.core import Account
from bot.adapters.telegram.reading import Asked, person
from bot.adapters.telegram.replies import Context, Replies
from bot.adapters.telegram.wording import HTML, MOST_OF_PROMPT, escaped, quoted, shortened
from bot.commands import Imagine
from bot.options import split
from bot.refusals import Refusal, TooManyAlternatives
from bot.texts import describe, say
from bot.updates import Progress, Queued, Refused, SeveralAsked

log = logging.getLogger(__name__)

RESULT = "paint"
WAITING = "wait"  # a button that does nothing yet: without one Telegram does not tell the message's number
MOST_OF_DESCRIPTION = 200
START = "inline"  # where the button leads that says why nothing is offered


class Inline:
    """`asked` offers to paint, `chosen` paints."""

    def __init__(self, account: Account, replies: Replies) -> None:
        self._account = account
        self._replies = replies
        self._core = replies.core

    async def asked(self, update: Update, _: Context) -> None:
        """Offer to paint what was typed, or say why not."""
        query = update.inline_query
        assert query is not None
        language = person(query.from_user, self._core.preferences).language
        words = query.query.strip()
        results = [_offer(words, language)] if words and self._account.stage is not None else []
        hint = "telegram_inline_hint" if self._account.stage is not None else "telegram_inline_off"
        button = None if results else InlineQueryResultsButton(say(language, hint), start_parameter=START)
        await self._replies.wire.attempt(
            lambda bot: bot.answer_inline_query(
                query.id, results, cache_time=0, is_personal=True, button=button
            )
        )

    async def chosen(self, update: Update, _: Context) -> None:
        """Order it; from then on the delivery shows it at the message that was sent."""
        chosen = update.chosen_inline_result
        assert chosen is not None
        if chosen.inline_message_id is None:
            log.error("an inline message has no number: is inline feedback on at @BotFather?")
            return
        by = person(chosen.from_user, self._core.preferences)
        user = chosen.from_user.id
        address = Address(chat=user, user=user, inline=chosen.inline_message_id)
        key = f"{PLATFORM}:inline:{chosen.inline_message_id}"
        asked = Asked(by=by, key=key, address=address, here=None)
        await self._order(asked, chosen.query, chosen.inline_message_id)

    async def _order(self, asked: Asked, words: str, message: str) -> None:
        order = Imagine(by=asked.by, key=asked.key, text=_one_picture(words), post=asked.post)
        answer = await self._core.answer(order)
        if isinstance(answer, SeveralAsked):
            answer = Refused(TooManyAlternatives(limit=1))  # an inline message holds one picture
        if isinstance(answer, Queued | Progress):
            post = await self._core.post(answer.job.id)
            if post is not None:
                self._core.push(post, answer)
        elif isinstance(answer, Refused):
            text = quoted(describe(answer, asked.language))
            await self._replies.wire.insist(
                asked.address.chat,
                lambda bot: bot.edit_message_text(text, inline_message_id=message, parse_mode=ParseMode.HTML),
            )


def _offer(words: str, language: str) -> InlineQueryResultArticle:
    prompt = HTML.shown(words, MOST_OF_PROMPT)
    text = f"{HTML.bold(prompt)}\n{escaped(say(language, 'telegram_inline_begun'))}"
    return InlineQueryResultArticle(
        RESULT,
        say(language, "telegram_inline_paint"),
        InputTextMessageContent(text, parse_mode=ParseMode.HTML),
        InlineKeyboardMarkup([[InlineKeyboardButton("…", callback_data=WAITING)]]),
        description=shortened(words, MOST_OF_DESCRIPTION),
    )


def _one_picture(words: str) -> str:
    """Return the order for one picture where nothing else is said: an inline message holds no more."""
    try:
        _, given = split(words)
    except Refusal:
        return words  # which the order will say better
    return words if "n" in given else f"{words} --n 1"
