"""What people call themselves, fit to stand in sentences of ours."""

import unicodedata

BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LONGEST_NAME = 64
MOST_MARKS = 4  # upon one letter


def shown_name(name: str) -> str:
    r"""Return a name that neither turns the text around it, nor leaves its line.

    >>> shown_name("Ann\u202e\n Lee")
    'Ann Lee'
    """
    kept: list[str] = []
    marks = 0
    for letter in " ".join(name.split()):
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if letter not in BIDI_CONTROLS and unicodedata.category(letter) != "Cc" and marks <= MOST_MARKS:
            kept.append(letter)
    return "".join(kept[:LONGEST_NAME]).strip()
