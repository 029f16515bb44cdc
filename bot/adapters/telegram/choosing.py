"""Choices on a keyboard: a list of what can be chosen, then the values of one. No I/O."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.texts import labelled

USUAL = "usual"  # sets a value back
YES, NO = "yes", "no"
IN_A_ROW = 3
Readers = Mapping[str, Callable[[str], Any]]
CHOSEN = re.compile(r"(?P<list>prefer|rule):(?P<field>[a-z_]{0,20})(?::(?P<value>[A-Za-z0-9:_-]{1,30}))?")


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen: the value it has, and all it can have, each with its words."""

    field: str
    label: str
    now: str
    values: tuple[tuple[str, str], ...]

    @property
    def shown(self) -> str:
        """Return the words of the value it has."""
        return dict(self.values).get(self.now, self.now)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a press says: a field, and its new value, or None to be shown the values."""

    field: str
    value: str | None

    def change(self, readers: Readers) -> dict[str, Any] | None:
        """Return what changes; None where the press was forged."""
        if self.field not in readers or self.value is None:
            return None
        try:
            return {self.field: None if self.value == USUAL else readers[self.field](self.value)}
        except ValueError:
            return None

    @classmethod
    def read(cls, data: str) -> "Chosen | None":
        """Return what a button's data says; None where it is not of this kind."""
        found = CHOSEN.fullmatch(data)
        return cls(found["field"], found["value"]) if found else None


def keyboard(name: str, choices: Sequence[Choice], opened: str, language: str) -> InlineKeyboardMarkup:
    """Return the list of choices, or the values of the one that is opened."""
    for choice in choices:
        if choice.field == opened:
            return InlineKeyboardMarkup(_values(name, choice))
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(
                    labelled(language, each.label, each.shown), callback_data=f"{name}:{each.field}"
                )
            ]
            for each in choices
        ]
    )


def _values(name: str, choice: Choice) -> list[list[InlineKeyboardButton]]:
    buttons = [
        InlineKeyboardButton(
            f"✓ {label}" if value == choice.now else label, callback_data=f"{name}:{choice.field}:{value}"
        )
        for value, label in choice.values
    ]
    rows = [buttons[start : start + IN_A_ROW] for start in range(0, len(buttons), IN_A_ROW)]
    return [*rows, [InlineKeyboardButton("←", callback_data=f"{name}:")]]
