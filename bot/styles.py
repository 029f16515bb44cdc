"""Styles: presets over the prompt, from the owner's file and a handful of our own."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.refusals import UnknownStyle
from storage.records import is_ratio

OURS = Path(__file__).with_name("styles.toml")
PROMPT = "{prompt}"
NAME = re.compile(r"[^\W_][^\W_-]*(?:-[^\W_-]+)*")
KEYS = {"template", "negative", "aspect", "steps", "title", "hidden"}
LONGEST = 2000  # characters of a template
LONGEST_NAME = 32
MOST_STEPS = 50
ALIKE = 0.6


class BadStyles(Exception):
    """The owner's file cannot be used; `str(error)` is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One preset. An option that is given explicitly wins over it; `options` are raw values by name."""

    name: str
    template: str
    negative: str = ""
    aspect: str | None = None
    steps: int | None = None
    titles: Mapping[str, str] = field(default_factory=dict, hash=False)
    options: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        _require(is_name(self.name), "a name has small letters, digits and hyphens")
        _require(len(self.template) <= LONGEST, f"a template has at most {LONGEST} characters")
        _require(PROMPT in self.template, "the template needs {prompt}")
        _require(self.aspect is None or is_ratio(self.aspect), "aspect is a ratio such as 3:4")
        _require(self.steps is None or 1 <= self.steps <= MOST_STEPS, f"steps go from 1 to {MOST_STEPS}")

    def given(self, explicit: Mapping[str, str]) -> dict[str, str]:
        """Return the options that hold: the explicit ones, and those of the style that they leave open."""
        own = dict(self.options)
        if self.aspect is not None:
            own.setdefault("ar", self.aspect)
        if self.steps is not None:
            own.setdefault("steps", str(self.steps))
        if {"ar", "size"} & set(explicit):
            own = {name: value for name, value in own.items() if name not in {"ar", "size"}}
        return own | dict(explicit)

    @property
    def typed(self) -> str:
        """The style as it is typed to be saved."""
        options = self.given({}) | ({"no": self.negative} if self.negative else {})
        flags = (f"--{name} {_quoted(value)}" for name, value in options.items())
        return " ".join([self.template, *flags])

    def title(self, language: str) -> str:
        """Return what to call it in a language."""
        return self.titles.get(language) or self.titles.get("en") or self.name

    def over(self, prompt: str) -> str:
        """Return the prompt within the template."""
        return self.template.replace(PROMPT, prompt)

    def unwanted(self, negative: str) -> str:
        """Return what the person does not want, with what the style does not."""
        return ", ".join(part for part in (negative, self.negative) if part)


def spelled(typed: str) -> str:
    """Return a name as styles are known by it: small letters, hyphens for spaces."""
    return "-".join(typed.strip().lower().replace("_", " ").split())


def is_name(text: str) -> bool:
    """Say whether a style can be called so."""
    return len(text) <= LONGEST_NAME and text == text.lower() and bool(NAME.fullmatch(text))


class Styles:
    """All styles by name; of two with one name the later holds."""

    def __init__(self, styles: Iterable[Style] = ()) -> None:
        self._styles = {style.name: style for style in sorted(styles, key=lambda style: style.name)}
        self._spoken = {
            spelled(title): style for style in self.all() for title in style.titles.values()
        } | self._styles

    def all(self) -> tuple[Style, ...]:
        """Return every style in the order of names."""
        return tuple(self._styles.values())

    def named(self, typed: str) -> Style:
        """Return a style by its name or a title. Raises UnknownStyle with the nearest name."""
        name = spelled(typed)
        if name not in self._spoken:
            near = difflib.get_close_matches(name[:40], self._spoken, n=1, cutoff=ALIKE)
            raise UnknownStyle(style=typed[:40], guess=near[0] if near else "")
        return self._spoken[name]

    def completions(self, typed: str, language: str, limit: int = 25) -> tuple[Style, ...]:
        """Return the styles whose name or title begins with what was typed, then those that contain it."""
        start = typed.strip().casefold()
        spoken = [(f"{style.name}\n{style.title(language)}".casefold(), style) for style in self.all()]
        begin = [style for text, style in spoken if any(line.startswith(start) for line in text.split("\n"))]
        hold = [style for text, style in spoken if start in text and style not in begin]
        return tuple([*begin, *hold][:limit])


def read_styles(owners: Path | None = None) -> Styles:
    """Return our styles with the owner's over them. Raises BadStyles for a file that cannot be used."""
    tables = _tables(OURS) | (_tables(owners) if owners is not None and owners.exists() else {})
    shown = {name: table for name, table in tables.items() if table.get("hidden") is not True}
    return Styles(_style(name, table, owners or OURS) for name, table in shown.items())


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value or not value else value


def _tables(file: Path) -> dict[str, dict[str, Any]]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadStyles(f"{file} cannot be read: {error}") from None
    if stray := [name for name, table in tables.items() if not isinstance(table, dict)]:
        raise BadStyles(f"{file}: {stray[0]} stands outside a style; begin one with [name].")
    return tables


def _style(name: str, table: Mapping[str, Any], file: Path) -> Style:
    if unknown := sorted(set(table) - KEYS):
        raise BadStyles(f"{file}: the style {name} has {unknown[0]}, which means nothing here.")
    title = table.get("title", {})
    try:
        return Style(
            name=name,
            template=table.get("template", ""),
            negative=table.get("negative", ""),
            aspect=table.get("aspect"),
            steps=table.get("steps"),
            titles={"en": title} if isinstance(title, str) else dict(title),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise BadStyles(f"{file}: the style {name} cannot be used: {error}.") from None


def _require(good: bool, wish: str) -> None:
    if not good:
        raise ValueError(wish)
