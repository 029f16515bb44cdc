"""Remembers the presses that were acknowledged and not answered yet, so that a killed bot answers them later.

One line is appended before each acknowledgement, and one when it is answered. Nothing waits for the disk:
what was written outlives the process, and between the two lines little time passes. Nothing that was answered
stays in the file for long: it holds prompts.
"""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.adapters.discord.address import Address
from bot.commands import Enlarge, Extend, Imagine, Reroll, Vary

log = logging.getLogger(__name__)

MOST_ENDED = 1000  # lines about presses that were answered, while others are not

Order = Imagine | Reroll | Vary | Extend | Enlarge


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A press whose message still says that the bot is thinking; `order` is None where it only asked."""

    press: int
    address: Address
    language: str
    order: Order | None


READER: TypeAdapter[Unanswered] = TypeAdapter(Unanswered)


class Journal:
    """The file and what is in it. A disk that takes nothing is logged and otherwise no obstacle."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun: dict[int, Unanswered] = {}
        self._file: int | None = None
        self._ended = 0

    def begin(self, unanswered: Unanswered) -> None:
        """Remember a press that is about to be acknowledged."""
        self._begun[unanswered.press] = unanswered
        self._write(_noted(unanswered))

    def end(self, press: int) -> None:
        """The press was answered, or never can be."""
        if self._begun.pop(press, None) is not None:
            self._write({"ended": press})
            self._ended += 1
            if not self._begun or self._ended > MOST_ENDED:
                self._begin_anew()

    def left(self) -> list[Unanswered]:
        """Return what an earlier run left, oldest first. To be called before anything is begun."""
        for line in filter(None, self._lines()):
            self._take(line)
        self._begin_anew()
        return list(self._begun.values())

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            log.warning("presses that were left cannot be read", extra={"reason": type(error).__name__})
            return []

    def _take(self, line: str) -> None:
        """Read one line. It may have been cut short, or be of another version."""
        try:
            noted = json.loads(line)
            if "ended" in noted:
                self._begun.pop(noted["ended"], None)
            else:
                begun = READER.validate_python(noted["begun"])
                self._begun[begun.press] = begun
        except (ValueError, ValidationError, TypeError, KeyError):
            log.warning("a line about presses cannot be read")

    def _write(self, noted: dict[str, Any]) -> None:
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = _opened(self._path)
            os.write(self._file, _line(noted))
        except OSError as error:
            log.warning("a press cannot be remembered", extra={"reason": type(error).__name__})

    def _begin_anew(self) -> None:
        """Leave in the file only what is not answered. A kill in the middle leaves the old one."""
        self._ended = 0
        try:
            if not self._path.exists():
                return
            if not self._begun:
                os.truncate(self._path, 0)
                return
            new = self._path.with_suffix(".new")
            new.unlink(missing_ok=True)
            file = _opened(new)
            os.write(file, b"".join(_line(_noted(each)) for each in self._begun.values()))
            new.replace(self._path)
        except OSError as error:
            log.warning("answered presses cannot be forgotten", extra={"reason": type(error).__name__})
        else:
            if self._file is not None:
                os.close(self._file)
            self._file = file


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _noted(unanswered: Unanswered) -> dict[str, Any]:
    return {"begun": READER.dump_python(unanswered, mode="json")}


def _line(noted: dict[str, Any]) -> bytes:
    """Return a line, begun anew: the one before may have been cut short."""
    return b"\n" + json.dumps(noted, separators=(",", ":")).encode()
