"""The question about wildcards: what an order stands for and costs together, with a yes and a no under it."""

from bot.adapters.telegram.buttons import Agreed, Declined, under_several
from bot.adapters.telegram.reading import Asked
from bot.adapters.telegram.replies import Replies
from bot.adapters.telegram.wording import MOST_OF_FORM, PAGES, length
from bot.commands import Source
from bot.refusals import BadRecipe
from bot.updates import Refused, SeveralAsked


async def ask_back(replies: Replies, asked: Asked, several: SeveralAsked, text: str, began: str) -> None:
    """Say what wildcards stand for and cost; the order stands in the message, for a yes at any time.

    `began` is the job that the order has its start from, where it is an edited one.
    """
    if (long := length(text)) > MOST_OF_FORM:
        details: dict[str, object] = {"length": long, "most": MOST_OF_FORM}
        await replies.tell(asked, Refused(BadRecipe("prompt_too_long", details)))
        return
    page = PAGES.several(several, text, asked.language)
    start = None if began else several.start
    agreed = Agreed(asked.address.user, _kept(start.picture) if start else None, began)
    declined = Declined(asked.address.user, _kept(start.other) if start else None)
    await replies.say(asked, page, under_several(agreed, declined, asked.language))


def _kept(picture: Source | None) -> str | None:
    """Return the name of a picture, which is kept by now."""
    return picture if isinstance(picture, str) else None
