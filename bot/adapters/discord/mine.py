"""What belongs to a person: their accounts joined, everything that is kept exported or deleted."""

import gzip
import re
from enum import StrEnum
from typing import Any, Self, assert_never

import discord
from discord import ui

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.desk import Desk, kindly
from bot.adapters.discord.files import Upload
from bot.adapters.discord.replies import say_at_once, show
from bot.adapters.discord.wording import MARKDOWN, copyable, told
from bot.commands import DeleteMine, ExportMine, MakeLink, UseLink
from bot.texts import say
from bot.updates import Answer, DeletionAsked, Exported, LinkAsked, LinkCode


class Belongings(StrEnum):
    """What a button does with everything that is kept."""

    EXPORT = "export"
    DELETE = "delete"
    ERASE = "erase"


LABELS = {
    Belongings.EXPORT: "web_privacy_export",
    Belongings.DELETE: "web_privacy_erase",
    Belongings.ERASE: "web_privacy_sure",
}


class MineButton(ui.DynamicItem[ui.Button[Any]], template=rf"pinxit:mine:(?P<what>{'|'.join(Belongings)})"):
    """One thing to do with what is the person's own."""

    def __init__(self, what: Belongings, language: str = "en") -> None:
        dangerous = what is not Belongings.EXPORT
        style = discord.ButtonStyle.danger if dangerous else discord.ButtonStyle.secondary
        label = say(language, LABELS[what])
        super().__init__(ui.Button(custom_id=f"pinxit:mine:{what}", label=label, style=style))
        self.what = what

    @classmethod
    async def from_custom_id(cls, _press: Press, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Return the button that was pressed."""
        return cls(Belongings(match["what"]))

    async def callback(self, press: Press) -> None:
        """Do it."""
        await press.client.office.mine.pressed(press, self.what)


class JoinButton(ui.DynamicItem[ui.Button[Any]], template=r"pinxit:join:(?P<code>[0-9A-Z]{1,40})"):
    """Joins this account with the one that made the code, once the person has read whose that is."""

    def __init__(self, code: str, language: str = "en") -> None:
        label = say(language, "web_link_join")
        super().__init__(ui.Button(custom_id=f"pinxit:join:{code}", label=label))
        self.code = code

    @classmethod
    async def from_custom_id(cls, _press: Press, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Return the button that was pressed."""
        return cls(match["code"])

    async def callback(self, press: Press) -> None:
        """Join."""
        await press.client.office.mine.join(press, self.code)


class Mine:
    """One method per command. Only the person sees the answers."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @kindly
    async def link(self, press: Press, code: str | None) -> None:
        """Give a code, or use the one that was given elsewhere."""
        by = self.desk.person(press)
        answer = await self.desk.ask(press, MakeLink(by) if code is None else UseLink(by, code))
        view = None
        if isinstance(answer, LinkAsked):
            view = ui.View(timeout=None).add_item(JoinButton(answer.code, by.language))
        text = told(answer, by.language)
        if isinstance(answer, LinkCode):
            text = copyable(text, f"/link {answer.code}")
        await show(press, text, view)

    @kindly
    async def join(self, press: Press, code: str) -> None:
        """Join the accounts."""
        by = self.desk.person(press)
        await show(press, told(await self.desk.ask(press, UseLink(by, code, confirmed=True)), by.language))

    @kindly
    async def privacy(self, press: Press) -> None:
        """Say what is kept, and offer to export or delete it."""
        language = self.desk.person(press).language
        view = _offering(language, Belongings.EXPORT, Belongings.DELETE)
        await say_at_once(press, MARKDOWN.own(say(language, "discord_privacy")), view)

    @kindly
    async def pressed(self, press: Press, what: Belongings) -> None:
        """Do it with everything that is kept; deleting asks back first."""
        by = self.desk.person(press)
        match what:
            case Belongings.EXPORT:
                await self._told(press, await self.desk.ask(press, ExportMine(by)))
            case Belongings.DELETE:
                await self._told(press, await self.desk.ask(press, DeleteMine(by)))
            case Belongings.ERASE:
                await self._told(press, await self.desk.ask(press, DeleteMine(by, confirmed=True)))
            case _:
                assert_never(what)

    async def _told(self, press: Press, answer: Answer) -> None:
        language = self.desk.person(press).language
        asked = isinstance(answer, DeletionAsked)
        view = _offering(language, Belongings.ERASE) if asked else None
        files = [_file(answer, press.filesize_limit)] if isinstance(answer, Exported) else []
        await show(press, told(answer, language), view, files)


def _offering(language: str, *what: Belongings) -> ui.View:
    view = ui.View(timeout=None)
    for each in what:
        view.add_item(MineButton(each, language))
    return view


def _file(exported: Exported, limit: int) -> Upload:
    """Return the file, packed where it is too large to be sent as it is."""
    if len(exported.file) <= limit:
        return Upload(exported.name, exported.file, "")
    return Upload(f"{exported.name}.gz", gzip.compress(exported.file), "")
