"""The owner's list of words that some places do not want to see in a prompt."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # scripts written without spaces


class BadWords(Exception):
    """The owner's file cannot be read; `str(error)` is one sentence."""


class Words:
    """A word is found as a whole word, whatever its case: "Scunthorpe" holds none.

    Where a script has no spaces between words, it is found anywhere.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        kept = {plain for word in words if (plain := _plain(word))}
        spaced = sorted((word for word in kept if not UNSPACED.search(word)), key=len, reverse=True)
        unspaced = sorted(kept - set(spaced), key=len, reverse=True)
        patterns = [rf"(?<!\w){re.escape(word)}(?!\w)" for word in spaced] + [*map(re.escape, unspaced)]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def found_in(self, prompt: str) -> str | None:
        """Return the first of the words in a prompt."""
        found = self._pattern.search(_plain(prompt)) if self._pattern else None
        return found[0] if found else None


def read_words(file: Path) -> Words:
    """Return the words in a file, one in a line; none where there is no file.

    What follows "#" is a remark. Raises BadWords.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise BadWords(f"{file} cannot be read as UTF-8 text: {type(error).__name__}.") from None
    return Words(line.partition("#")[0] for line in lines)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
