"""Reads HTML as Telegram does: what is shown, with which entities; or says that it cannot."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "s": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-time": "date_time",
}
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:\s[^<>]*)?)>")
PLAIN = re.compile(r"&(?!lt;|gt;|amp;|quot;|#\d+;|#x[0-9a-fA-F]+;)")
MENTION = re.compile(r"(?<![\w/])@[A-Za-z]\w{4,31}|https?://\S+|(?<![\w@/])/[a-z_]{1,32}(?=\s|$)")


class CannotParse(Exception):
    """Telegram answers 400 to it."""


@dataclass(frozen=True)
class Shown:
    """A text as people see it; each entity is (kind, what it covers)."""

    text: str
    entities: tuple[tuple[str, str], ...] = ()
    source: str = field(default="", compare=False)  # as it was sent

    @property
    def length(self) -> int:
        """The length in UTF-16 code units, which is how Telegram counts."""
        return len(self.text.encode("utf-16-le")) // 2


def read(text: str, parse_mode: str | None) -> Shown:
    """Return what a text shows. Raises CannotParse."""
    if parse_mode is None:
        return Shown(text.strip(), source=html.escape(text))
    if parse_mode != "HTML":
        raise CannotParse(f"unsupported parse_mode {parse_mode}")
    return _html(text)


def _html(text: str) -> Shown:
    shown, entities, open_tags, position = "", [], [], 0
    while position < len(text):
        if text[position] != "<":
            end = text.find("<", position)
            end = len(text) if end < 0 else end
            shown += html.unescape(text[position:end])
            position = end
            continue
        tag = TAG.match(text, position)
        if tag is None or tag[2].lower() not in TAGS:
            raise CannotParse(f"unsupported start tag at byte offset {position}")
        if not tag[1]:
            open_tags.append((tag[2].lower(), len(shown)))
        elif not open_tags or open_tags[-1][0] != tag[2].lower():
            raise CannotParse(f"unmatched end tag at byte offset {position}")
        else:
            name, start = open_tags.pop()
            entities.append((TAGS[name], shown[start:]))
        position = tag.end()
    if open_tags:
        raise CannotParse(f'can\'t find end tag corresponding to start tag "{open_tags[-1][0]}"')
    return Shown(shown.strip(), tuple(entities), text)
