"""Wildcards: `a {red|blue} fox` stands for two texts, several groups for every combination.

No I/O. Only a closed pair of braces with an upright line in it is a group; all other braces are prose, so
that JSON and the like pass. A backslash before a brace or a line takes its meaning away. Groups may stand in
groups. The order is that of the alternatives, the last group changing fastest.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.refusals import TooManyAlternatives

MOST = 16  # texts of one
MARK = re.compile(r"\\[{|}]|[{|}]")
SIGNIFICANT = re.compile(r"[{|}]")
ESCAPED = re.compile(r"\\([{|}])")


@dataclass(slots=True)
class _Open:
    """A brace that waits for its end, and the lines within it."""

    start: int
    lines: list[int] = field(default_factory=list)


Group = tuple[int, int, Sequence[int]]  # where it begins and ends, and its lines


def alternatives(text: str, most: int = MOST) -> tuple[str, ...]:
    """Return every text that is meant, at least one; escapes stay in them. Raises TooManyAlternatives."""
    groups = _groups(text)
    if len(groups) >= most:  # each adds at least one text
        raise TooManyAlternatives(limit=most)
    return tuple(_spread(text, 0, len(text), groups, most))


def literal(text: str) -> str:
    """Return a text without its escapes, as it is painted."""
    return ESCAPED.sub(r"\1", text)


def escaped(text: str) -> str:
    """Return a text that stands for itself alone, the inverse of `literal`."""
    return SIGNIFICANT.sub(r"\\\g<0>", text)


def plain(text: str) -> str:
    """Return a text that stands for itself alone, escaped only where it has to be."""
    return escaped(text) if _groups(text) or literal(text) != text else text


def _groups(text: str) -> list[Group]:
    """Return the groups by where they begin."""
    waiting: list[_Open] = []
    found: list[Group] = []
    for mark in MARK.finditer(text):
        match mark[0]:
            case "{":
                waiting.append(_Open(mark.start()))
            case "|" if waiting:
                waiting[-1].lines.append(mark.start())
            case "}" if waiting:
                closed = waiting.pop()
                if closed.lines:
                    found.append((closed.start, mark.start(), closed.lines))
    return sorted(found)


def _spread(text: str, start: int, end: int, groups: Sequence[Group], most: int) -> list[str]:
    """Return every text that the part from `start` to `end` stands for."""
    texts = [""]
    for begins, ends, lines in groups:
        if begins < start or begins >= end:
            continue  # within the group before, or elsewhere
        edges = [begins, *lines, ends]
        chosen = [
            choice
            for left, right in itertools.pairwise(edges)
            for choice in _spread(text, left + 1, right, groups, most)
        ]
        if len(texts) * len(chosen) > most:
            raise TooManyAlternatives(limit=most)
        texts = [one + text[start:begins] + choice for one in texts for choice in chosen]
        start = ends + 1
    return [one + text[start:end] for one in texts]
