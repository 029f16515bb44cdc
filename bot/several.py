"""The orders that a text with wildcards stands for, once the person has said yes to all of them."""

from dataclasses import replace

from bot.commands import Imagine
from bot.wildcards import alternatives


def each(order: Imagine) -> list[Imagine]:
    """Return one order for each text, to be given together: saying yes twice is the same as once.

    Raises TooManyAlternatives.
    """
    return [
        replace(order, text=text, key=f"{order.key}:{place}")
        for place, text in enumerate(alternatives(order.text))
    ]
