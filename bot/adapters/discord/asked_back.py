"""The question about wildcards: what an order stands for and costs together, with a yes and a no under it."""

from bot.adapters.discord.buttons import Begun, Press, under_several
from bot.adapters.discord.reading import may_write
from bot.adapters.discord.replies import refuse, show
from bot.adapters.discord.wording import over_code, refused_text, several_text
from bot.commands import From, Imagine
from bot.refusals import BadRecipe, Refusal, TooManyAlternatives
from bot.updates import Refused, SeveralAsked

MOST_AS_GUEST = 5  # messages after the first, where a person brought the bot along as their own app


async def ask_back(
    press: Press, several: SeveralAsked, order: Imagine, begun: Begun, *, private: bool
) -> None:
    """Say what wildcards stand for and cost; the order stands in the message, for a yes at any time."""
    language = order.by.language
    if (refusal := _unaskable(press, several, order.text)) is not None:
        await refuse(press, refused_text(Refused(refusal), language), private=private)
        return
    view = under_several(begun if begun.picture else _kept(several.start), language)
    await show(press, several_text(several, order.text, language), view)


def _unaskable(press: Press, several: SeveralAsked, text: str) -> Refusal | None:
    """Return why a yes could not be done."""
    if over := over_code(text):
        return BadRecipe("prompt_too_long", {"length": len(text), "most": len(text) - over})
    if len(several.texts) > MOST_AS_GUEST and not may_write(press):
        return TooManyAlternatives(limit=MOST_AS_GUEST)
    return None


def _kept(start: From | None) -> Begun:
    """Return the pictures of a fresh order, which are kept by now."""
    if start is None or not isinstance(start.picture, str):
        return Begun()
    return Begun(sha256=start.picture, other=start.other if isinstance(start.other, str) else None)
