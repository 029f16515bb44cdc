"""The orders that a text with wildcards stands for, once the person has said yes to all of them."""

from dataclasses import replace

from bot.commands import From, Imagine
from bot.wildcards import alternatives


def each(order: Imagine) -> list[Imagine]:
    """Return one order for each text, to be given one after the other: saying yes twice is the same as once.

    Raises TooManyAlternatives.
    """
    return [
        replace(order, text=text, key=f"{order.key}:{place}", part=place > 0)
        for place, text in enumerate(alternatives(order.text))
    ]


def only_picture(start: From) -> str | None:
    """Return the kept picture that an order starts from; None where it starts from more than that."""
    alone = start.mask is None and start.other is None
    return start.picture if alone and isinstance(start.picture, str) else None
