"""Draws a message as a chat shows it, from the very JSON and files that the loopback Discord received.

The layout follows what Discord documents: text, then attachments in a grid, then rows of components, of which
five buttons fit next to each other where there is room. Colours and icons are our own.
"""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass
from typing import Any

from tests.platforms.discord import Message

STYLE = """
:root { color-scheme: dark; --text: #e4e6ea; --muted: #9ba1aa; --line: #33363d; --page: #1d1f23; }
* { box-sizing: border-box; margin: 0; }
body { background: var(--page); color: var(--text); width: max-content; padding: 18px 16px 20px;
       display: grid; grid-template-columns: repeat(var(--side), auto); gap: 26px 36px; align-items: start;
       font: 16px/1.4 "DejaVu Sans", "Noto Sans", sans-serif; font-size: 15px; }
article { display: grid; grid-template-columns: 40px 1fr; gap: 0 14px; width: var(--width); }
.asked { grid-column: 2; color: var(--muted); font-size: 13px; margin-bottom: 4px; }
.asked b { color: #b9c6ff; font-weight: 500; }
.face { grid-column: 1; grid-row: 2; width: 40px; height: 40px; border-radius: 50%; background: #7a4a2b;
        color: #ffe9d2; font: 700 20px/40px "DejaVu Sans", sans-serif; text-align: center; }
.body { grid-column: 2; grid-row: 2; min-width: 0; }
.name { font-weight: 600; } .app { background: #4b5bd1; color: #fff; border-radius: 3px; font-size: 10px;
        padding: 1px 4px; margin-left: 6px; vertical-align: 2px; }
.text { overflow-wrap: anywhere; margin-top: 2px; } .text small { color: var(--muted); font-size: 12.5px; }
code { background: #121316; border-radius: 3px; padding: 1px 4px; font-size: 13px; }
.pictures { display: grid; gap: 4px; margin-top: 8px; width: min(100%, 440px); border-radius: 8px;
            overflow: hidden; grid-template-columns: repeat(var(--columns), 1fr); }
.pictures img { width: 100%; display: block; aspect-ratio: var(--shape); object-fit: cover; }
.row { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px; }
.button { background: #3b3e46; border-radius: 8px; padding: 7px 15px; font-size: 14px; font-weight: 500; }
.button.s1 { background: #4b5bd1; } .button.s3 { background: #2b7d4a; } .button.s4 { background: #b8373b; }
.select { background: #17181b; border: 1px solid var(--line); border-radius: 8px; color: var(--muted);
          padding: 9px 12px; width: min(100%, 400px); font-size: 14px; display: flex; }
.select::after { content: "⌄"; margin-left: auto; }
"""

MARKS = (
    (re.compile(r"```\n?(.*?)\n?```", re.DOTALL), r"<code>\1</code>"),
    (re.compile(r"^-# (.*)$", re.MULTILINE), r"<small>\1</small>"),
    (re.compile(r"\*\*(.+?)\*\*", re.DOTALL), r"<b>\1</b>"),
    (re.compile(r"`(.+?)`"), r"<code>\1</code>"),
)


@dataclass(frozen=True)
class Shot:
    """A message at one moment, and who asked with which command."""

    asked_by: str
    command: str
    payload: dict[str, Any]
    files: dict[str, bytes]

    @classmethod
    def of(cls, message: Message, asked_by: str, command: str) -> Shot:
        return cls(asked_by, command, message.payload(), dict(message.files))


def page(shots: list[Shot], width: int, side_by_side: int = 1) -> str:
    """Return an HTML page that shows the messages, each so wide in pixels, so many next to each other."""
    inside = "".join(_article(shot) for shot in shots)
    body = f'<body style="--width:{width}px;--side:{side_by_side}">'
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style>{body}{inside}'


def marked_up(text: str) -> str:
    """Return markdown as HTML, as far as our messages use it."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(html.escape(found[1]))
        return f"\0{len(kept) - 1}\0"

    shown = html.escape(re.sub(r"\\([^A-Za-z0-9\s])", keep, text), quote=False)
    for pattern, replacement in MARKS:
        shown = pattern.sub(replacement, shown)
    return re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], shown).replace("\n", "<br>")


def _article(shot: Shot) -> str:
    parts = [f'<div class="text">{marked_up(shot.payload["content"])}</div>', _pictures(shot)]
    parts += [_row(row) for row in shot.payload["components"]]
    name = '<span class="name">Pinxit</span><span class="app">APP</span>'
    who, what = html.escape(shot.asked_by), html.escape(shot.command)
    asked = f'<div class="asked"><b>{who}</b> used <b>/{what}</b></div>'
    return (
        f'<article>{asked}<div class="face">P</div><div class="body">{name}{"".join(parts)}</div></article>'
    )


def _pictures(shot: Shot) -> str:
    files = [(each, shot.files[each["id"]]) for each in shot.payload["attachments"]]
    if not files:
        return ""
    columns = 1 if len(files) == 1 else 2
    shape = "auto" if len(files) == 1 else "1"
    images = "".join(_image(about, content) for about, content in files)
    return f'<div class="pictures" style="--columns:{columns};--shape:{shape}">{images}</div>'


def _image(about: dict[str, Any], content: bytes) -> str:
    source = base64.b64encode(content).decode()
    return f'<img alt="{html.escape(about["description"] or "")}" src="data:image;base64,{source}">'


def _row(row: dict[str, Any]) -> str:
    return f'<div class="row">{"".join(_part(part) for part in row["components"])}</div>'


def _part(part: dict[str, Any]) -> str:
    if part["type"] == 2:
        return f'<span class="button s{part["style"]}">{html.escape(part["label"])}</span>'
    chosen = [option["label"] for option in part.get("options", []) if option.get("default")]
    return f'<span class="select">{html.escape((chosen or [part.get("placeholder") or ""])[0])}</span>'
