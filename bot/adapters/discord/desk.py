"""Where every press is taken: acknowledged first, asked of the core, and ended in order."""

import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.core import Core
from bot.adapters.discord.reading import address_of, identity, person, place
from bot.adapters.discord.reception import Reception, Unheard
from bot.adapters.discord.replies import say_at_once, whisper
from bot.adapters.discord.surface import DiscordSurface
from bot.commands import Command, Person
from bot.texts import say
from bot.updates import Answer
from storage.records import PlaceRules

log = logging.getLogger(__name__)


class Desk:
    """What the parts that answer presses have in common."""

    def __init__(self, core: Core, surface: DiscordSurface, reception: Reception) -> None:
        self.core = core
        self.surface = surface
        self.reception = reception

    def person(self, press: Press) -> Person:
        """Return who asks, in the language they like to read."""
        return person(press, self.core.preferences(identity(press)).language)

    def rules(self, press: Press) -> PlaceRules:
        """Return what holds where this was pressed."""
        where = place(press)
        return self.core.rules(where) if where is not None else PlaceRules()

    async def ask(self, press: Press, command: Command) -> Answer:
        """Acknowledge a press whose answer one person sees, and return the core's answer."""
        address = address_of(press, private=True, now=self.core.now())
        await self.reception.acknowledge(press, address, command.by.language)
        return await self.core.answer(command)


class Part(Protocol):
    """Something at the desk whose methods answer presses."""

    desk: Desk


P = ParamSpec("P")
AnyPart = TypeVar("AnyPart", bound=Part)


def kindly(
    deed: Callable[Concatenate[AnyPart, Press, P], Awaitable[None]],
) -> Callable[Concatenate[AnyPart, Press, P], Awaitable[None]]:
    """Let a press end here. A bug is logged once, and the person gets one kind sentence."""

    @functools.wraps(deed)
    async def kind(part: AnyPart, press: Press, /, *args: P.args, **how: P.kwargs) -> None:
        try:
            await deed(part, press, *args, **how)
        except Unheard:
            pass  # nothing could be shown, so nothing was done
        except Exception:
            if press.client.is_closed():
                return  # it is stopping: the next run answers
            log.exception("a press failed", extra={"deed": deed.__name__})
            await apologise(press, part.desk.person(press).language)
        part.desk.reception.dismiss(press)

    return kind


async def apologise(press: Press, language: str) -> None:
    """Say kindly that something went wrong."""
    sentence = say(language, "web_trouble")
    if press.response.is_done():
        await whisper(press, sentence)
    else:
        await say_at_once(press, sentence)
