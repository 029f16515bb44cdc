"""A person's own settings: a page of selects, each of which changes one at once."""

from collections.abc import Callable, Mapping
from typing import Any

from discord import ui

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.controls import At, PageOf, select
from bot.adapters.discord.core import Core
from bot.adapters.discord.desk import Desk, kindly
from bot.adapters.discord.replies import show, whisper
from bot.adapters.discord.spoken import AS_USUAL
from bot.adapters.discord.wording import told
from bot.commands import ChangeSettings, ShowSettings
from bot.texts import say
from bot.texts.catalogue import OWN_NAMES
from bot.updates import Answer, PreferencesView
from generator.messages import PictureFormat
from storage.records import Preferences

READERS: Mapping[str, Callable[[str], Any]] = {
    "aspect": str,
    "count": int,
    "format": PictureFormat,
    "private": lambda value: value == "yes",
    "language": str,
}


class Preferring:
    """The page and its selects."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @kindly
    async def page(self, press: Press) -> None:
        """Show what this person prefers."""
        by = self.desk.person(press)
        await self._show(press, await self.desk.ask(press, ShowSettings(by)))

    @kindly
    async def chosen(self, press: Press, field: str, values: list[str]) -> None:
        """Prefer what was chosen."""
        if field not in READERS or not values:
            return
        await self.desk.reception.nod(press)
        value = None if values[0] == AS_USUAL else READERS[field](values[0])
        change: dict[str, Any] = {field: value}
        answer = await self.desk.core.answer(ChangeSettings(by=self.desk.person(press), **change))
        await self._show(press, answer)

    async def _show(self, press: Press, answer: Answer) -> None:
        language = self.desk.person(press).language  # it may be another one by now
        if isinstance(answer, PreferencesView):
            view = under_preferences(answer.preferences, self.desk.core, language)
            await show(press, told(answer, language), view)
        else:
            await whisper(press, told(answer, language))


def under_preferences(preferences: Preferences, core: Core, language: str) -> ui.View:
    """Return one select for each thing that can be preferred here."""
    usual = (say(language, "as_usual"), AS_USUAL)
    now = {
        "aspect": preferences.aspect,
        "count": preferences.count,
        "format": preferences.format,
        "private": "yes" if preferences.private else "no",
        "language": preferences.language,
    }
    choices = {
        "aspect": [usual, *((ratio, ratio) for ratio in core.model.aspects)],
        "count": [usual, *((str(count), str(count)) for count in range(1, core.most_pictures + 1))],
        "format": [usual, *((each.value.upper(), each.value) for each in PictureFormat)],
        "private": [(say(language, "no"), "no"), (say(language, "yes"), "yes")],
        "language": [usual, *((name, tag) for tag, name in OWN_NAMES.items())],
    }
    view = ui.View(timeout=None)
    for row, (field, offered) in enumerate(choices.items()):
        chosen = str(now[field]) if now[field] is not None else AS_USUAL
        at = At(PageOf.MINE, field, say(language, f"setting_{field}"), row, language)
        view.add_item(select(at, offered, chosen))
    return view
