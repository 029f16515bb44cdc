"""/style: a person's own styles are saved, renamed, shown and deleted."""

import re
from typing import Annotated, Any, Self

import discord
from discord import app_commands, ui
from discord.app_commands import Choice

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.desk import Desk, kindly
from bot.adapters.discord.replies import show
from bot.adapters.discord.spoken import options, text
from bot.adapters.discord.wording import code, told
from bot.commands import DeleteStyle, RenameStyle, SaveStyle, ShowStyles
from bot.own_styles import own_styles
from bot.pages import command_key
from bot.styles import LONGEST_NAME, Styles, spelled
from bot.texts import describe, say
from bot.updates import Answer, StyleKept, StyleList
from storage.records import LONGEST_STYLE, Identity

MOST_OFFERED = 25  # by an autocompletion
MEANINGS = {
    "name": "discord_option_style_name",
    "template": "discord_option_style_text",
    "to": "discord_option_style_to",
}


class StyleButton(
    ui.DynamicItem[ui.Button[Any]], template=rf"pinxit:unstyle:(?P<name>.{{1,{LONGEST_NAME}}})"
):
    """Deletes a style of one's own."""

    def __init__(self, name: str, language: str = "en") -> None:
        label, style = say(language, "web_delete"), discord.ButtonStyle.danger
        super().__init__(ui.Button(custom_id=f"pinxit:unstyle:{name}", label=label, style=style))
        self.name = name

    @classmethod
    async def from_custom_id(cls, _press: Press, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Return the button that was pressed."""
        return cls(match["name"])

    async def callback(self, press: Press) -> None:
        """Delete it."""
        await press.client.office.own_styles.delete(press, self.name)


class OwnStyles:
    """Only the person sees the answers."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @kindly
    async def style(self, press: Press, name: str, template: str | None, to: str | None) -> None:
        """Save a style, call it otherwise, or show it."""
        by = self.desk.person(press)
        if template is not None:
            await self._tell(press, await self.desk.ask(press, SaveStyle(by, name, template)))
        elif to is not None:
            await self._tell(press, await self.desk.ask(press, RenameStyle(by, name, to)))
        else:
            await self._show(press, await self.desk.ask(press, ShowStyles(by)), name)

    @kindly
    async def delete(self, press: Press, name: str) -> None:
        """Forget a style."""
        await self._tell(press, await self.desk.ask(press, DeleteStyle(self.desk.person(press), name)))

    async def _tell(self, press: Press, answer: Answer) -> None:
        language = self.desk.person(press).language
        if isinstance(answer, StyleKept):
            await self._page(press, answer, describe(answer, language))
        else:
            await show(press, told(answer, language))

    async def _show(self, press: Press, answer: Answer, name: str) -> None:
        """Show one of the person's own, or how to save one."""
        language = self.desk.person(press).language
        own = {style.name: style for style in answer.own} if isinstance(answer, StyleList) else {}
        if (style := own.get(spelled(name))) is None:
            await show(press, say(language, "style_how"))
            return
        await self._page(press, StyleKept(style), "")

    async def _page(self, press: Press, kept: StyleKept, head: str) -> None:
        view = ui.View(timeout=None).add_item(StyleButton(kept.style.name, self.desk.person(press).language))
        await show(press, f"{head}\n{code(kept.style.typed)}".strip(), view)

    def completions(self, identity: Identity, begun: str, language: str) -> list[Choice[str]]:
        """Return the person's own styles that fit what was typed."""
        own = Styles(own_styles(self.desk.core.preferences(identity)))
        offered = own.completions(begun, language, MOST_OFFERED)
        return [Choice(name=style.name, value=style.name) for style in offered]


def style_command(own: OwnStyles) -> app_commands.Command[Any, ..., Any]:
    """Return /style."""

    async def style(
        press: Press,
        name: Annotated[str, app_commands.Range[str, 1, LONGEST_NAME]],
        template: Annotated[str | None, app_commands.Range[str, 1, LONGEST_STYLE]] = None,
        to: Annotated[str | None, app_commands.Range[str, 1, LONGEST_NAME]] = None,
    ) -> None:
        await own.style(press, name, template, to)

    async def names(press: Press, begun: str) -> list[Choice[str]]:
        by = own.desk.person(press)
        return own.completions(by.identity, begun, by.language)

    spoken = options(style, MEANINGS, MEANINGS)
    callback = app_commands.autocomplete(name=names)(spoken)
    return app_commands.Command(name="style", description=text(command_key("style")), callback=callback)
