"""What changes a setting when it is used. Each custom_id names page and field, so any restart survives."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import discord
from discord import ui

from bot.adapters.discord.buttons import Press
from bot.texts import labelled

MOST_OF_OPTION = 100
WRITABLE = [discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.voice]
OTHERS = [discord.ChannelType.forum, discord.ChannelType.category, discord.ChannelType.stage_voice]


class PageOf(StrEnum):
    """Whose settings are shown."""

    MINE = "mine"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class At:
    """Where a control stands: on whose page, for which field, under which label, in which row."""

    page: PageOf
    field: str
    label: str
    row: int
    language: str

    def labelled(self, value: str) -> str:
        """Return a value behind the label."""
        return labelled(self.language, self.label, value)

    @property
    def custom_id(self) -> str:
        """What the control is known by."""
        return f"pinxit:set:{self.page}:{self.field}"


class Control(
    ui.DynamicItem[ui.Item[Any]],
    template=rf"pinxit:set:(?P<page>{'|'.join(PageOf)}):(?P<field>[a-z_]{{1,30}})(:(?P<value>[a-z]{{1,10}}))?",
):
    """A select, or a button with its value."""

    def __init__(self, item: ui.Item[Any], page: PageOf, field: str, value: str | None = None) -> None:
        super().__init__(item)
        self.page, self.field, self.value = page, field, value

    @classmethod
    async def from_custom_id(cls, _press: Press, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Return the control that was used."""
        return cls(item, PageOf(match["page"]), match["field"], match["value"])

    async def callback(self, press: Press) -> None:
        """Change what it says."""
        used: Any = press.data or {}
        values = [self.value] if self.value is not None else [str(value) for value in used.get("values", ())]
        office = press.client.office
        part = office.preferring if self.page is PageOf.MINE else office.servers
        await part.chosen(press, self.field, values)


def select(at: At, choices: Iterable[tuple[str, str]], now: str) -> Control:
    """Return a select whose options bear the field's name, since a select has no label."""
    options = [
        discord.SelectOption(label=at.labelled(name)[:MOST_OF_OPTION], value=value, default=value == now)
        for name, value in choices
    ]
    return Control(ui.Select(custom_id=at.custom_id, options=options, row=at.row), at.page, at.field)


def channels(at: At, chosen: Iterable[str], most: int, *, writable: bool) -> Control:
    """Return a choice of channels; `writable` ones can be written in, which a forum cannot."""
    item: ui.ChannelSelect[Any] = ui.ChannelSelect(
        custom_id=at.custom_id,
        channel_types=WRITABLE if writable else WRITABLE + OTHERS,
        placeholder=at.label,
        min_values=0,
        max_values=most,
        default_values=_defaults(chosen, discord.SelectDefaultValueType.channel, most),
        row=at.row,
    )
    return Control(item, at.page, at.field)


def roles(at: At, chosen: Iterable[str], most: int) -> Control:
    """Return a choice of roles."""
    item: ui.RoleSelect[Any] = ui.RoleSelect(
        custom_id=at.custom_id,
        placeholder=at.label,
        min_values=0,
        max_values=most,
        default_values=_defaults(chosen, discord.SelectDefaultValueType.role, most),
        row=at.row,
    )
    return Control(item, at.page, at.field)


def switch(at: At, state: str, *, on: bool) -> Control:
    """Return a button that turns something on, or off where it is on; `state` says which in words."""
    value = "no" if on else "yes"
    style = discord.ButtonStyle.success if on else discord.ButtonStyle.secondary
    item: ui.Button[Any] = ui.Button(
        custom_id=f"{at.custom_id}:{value}", label=at.labelled(state), style=style, row=at.row
    )
    return Control(item, at.page, at.field, value)


def _defaults(
    chosen: Iterable[str], kind: discord.SelectDefaultValueType, most: int
) -> Sequence[discord.SelectDefaultValue]:
    numbers = [int(number) for number in chosen if number.isdigit()]
    return [discord.SelectDefaultValue(id=number, type=kind) for number in numbers[:most]]
