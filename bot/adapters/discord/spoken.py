"""Names and descriptions of commands and options, from the catalogues. No I/O."""

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from discord import app_commands
from discord.app_commands import Choice, locale_str

from bot.texts import say
from generator.models import Model

C = TypeVar("C", bound=Callable[..., Any])
AS_USUAL = "usual"


def text(key: str, **values: object) -> locale_str:
    """Return a catalogue's sentence, to be translated when the commands are told to Discord."""
    return locale_str(say("en", key, **values), key=key)


def options(callback: C, meanings: Mapping[str, str], names: Iterable[str]) -> C:
    """Give a command's options their words: the keys of what they mean, and those with names of their own."""
    meant = app_commands.describe(**{name: text(key) for name, key in meanings.items()})(callback)
    spoken = {name: locale_str(name, key=f"discord_name_{name}") for name in names}
    return app_commands.rename(**spoken)(meant)


def heeded(callback: C, names: Collection[str]) -> C:
    """Leave a command its options of these names alone: discord.py reads them from its signature."""
    signature = inspect.signature(callback)
    press, *given = signature.parameters.values()
    kept = [press, *(option for option in given if option.name in names)]
    setattr(callback, "__signature__", signature.replace(parameters=kept))  # noqa: B010 - mypy knows of none
    return callback


def aspects(model: Model) -> list[Choice[str]]:
    """Return the ratios that a model has a size for."""
    return [
        Choice(name=f"{ratio} ({width} × {height})", value=ratio)
        for ratio, (width, height) in model.aspects.items()
    ]


def as_usual() -> Choice[str]:
    """Return the choice that sets something back."""
    return Choice(name=text("as_usual"), value=AS_USUAL)
