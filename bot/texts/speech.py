"""Fills sentences: numbers, durations and places are written as the reader's language writes them."""

import math
from collections.abc import Iterable
from functools import lru_cache

from babel.numbers import format_decimal

from bot.texts.catalogue import catalogue, form_index, language_for, ordinal_form

LONGEST_QUOTE = 300  # characters of somebody's own words that a sentence repeats
UNGROUPED = 10_000  # sizes and years read best without a separator: 1024, but 40,000

MINUTE, HOUR, DAY = 60, 3600, 86_400
LONGEST_SECONDS, LONGEST_MINUTES, LONGEST_HOURS = 90, 90, 36  # beyond them the next unit is used
FOREVER = 99 * DAY


def say(language: str, key: str, **values: object) -> str:
    """Return the sentence of a key with its blanks filled; English where a language is unknown.

    A number called ``…_seconds`` is a duration, other numbers are grouped, text is quoted on one line
    and cut when long. Text is only ever filled in, never read as a sentence: braces in it are braces.
    Raises KeyError for an unknown key and for a blank without a value.
    """
    language = language_for(language)
    sentence = catalogue(language)[key]
    form = form_index(language, _whole(values[sentence.counted])) if sentence.counted else 0
    return sentence.forms[form].format(**{name: _spoken(language, name, values[name]) for name in values})


@lru_cache(maxsize=4096, typed=True)
def number(language: str, value: float) -> str:
    """Return a number as a language writes it: 40,000 in English, 0,25 in Russian."""
    return format_decimal(value, locale=language_for(language), group_separator=abs(value) >= UNGROUPED)


def duration(language: str, seconds: float) -> str:
    """Return a rounded-up length of time: "12 s", "3 min", "2 h", "4 days"."""
    seconds = math.ceil(min(max(1, seconds), FOREVER))
    if seconds <= LONGEST_SECONDS:
        return say(language, "seconds", count=seconds)
    if seconds <= LONGEST_MINUTES * MINUTE:
        return say(language, "minutes", count=math.ceil(seconds / MINUTE))
    if seconds <= LONGEST_HOURS * HOUR:
        return say(language, "hours", count=math.ceil(seconds / HOUR))
    return say(language, "days", count=math.ceil(seconds / DAY))


def about(language: str, seconds: float) -> str:
    """Return an estimated length of time: "about 12 s"."""
    return say(language, "about", duration=duration(language, seconds))


def labelled(language: str, label: str, value: str) -> str:
    """Return a value behind what it is."""
    return f"{label}{say(language, 'colon')}{value}"


def listed(language: str, names: Iterable[str]) -> str:
    """Return names as a language lists them."""
    return say(language, "comma").join(names)


def place(language: str, position: int) -> str:
    """Return a place in the queue: "next" for 1, then "2nd in line" and so on."""
    if position <= 1:
        return say(language, "place_next")
    return say(language, f"place_{ordinal_form(language_for(language), position)}", place=position)


def _spoken(language: str, name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _quoted(str(value))
    if name.endswith("_seconds"):
        return duration(language, value)
    return number(language, value)


def _quoted(text: str) -> str:
    line = " ".join(text[: 2 * LONGEST_QUOTE].split())
    return line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 1] + "…"


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"only whole numbers are counted, not {value!r}")
    return value
