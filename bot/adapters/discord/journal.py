"""Remembers the presses that were acknowledged and not answered yet, so that a killed bot answers them later.

One line is appended before each acknowledgement, and one when it is answered. Nothing waits for the disk:
what was written outlives the process, and between the two lines little time passes.
"""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.adapters.discord.address import Address
from bot.commands import Imagine, Reroll, Vary

log = logging.getLogger(__name__)

WORN_BYTES = 1_000_000  # an empty journal of this size is begun anew

Order = Imagine | Reroll | Vary


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

    def begin(self, unanswered: Unanswered) -> None:
        """Remember a press that is about to be acknowledged."""
        self._begun[unanswered.press] = unanswered
        self._write({"begun": READER.dump_python(unanswered, mode="json")})

    def end(self, press: int) -> None:
        """The press was answered, or never can be."""
        if self._begun.pop(press, None) is not None:
            self._write({"ended": press})
            self._wear_off()

    def left(self) -> list[Unanswered]:
        """Return what an earlier run left, oldest first. To be called before anything is begun."""
        for line in filter(None, self._lines()):
            self._take(line)
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
        line = "\n" + json.dumps(noted, separators=(",", ":"))  # in front: the line before may be cut short
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(self._file, line.encode())
        except OSError as error:
            log.warning("a press cannot be remembered", extra={"reason": type(error).__name__})

    def _wear_off(self) -> None:
        """Begin the file anew once nothing in it matters and it has grown."""
        if not self._begun and self._file is not None and os.fstat(self._file).st_size > WORN_BYTES:
            os.ftruncate(self._file, 0)
