"""Everything Pinxit says to people, in English, Russian and simplified Chinese.

A sentence is asked for by its key: ``say("ru", "deleted")``; what happened is told by `describe`.
A language is one catalogue, ``<language>.po``, beside this file, and one entry in LANGUAGES.
"""

from bot.texts.asides import preference_lines, rule_lines
from bot.texts.catalogue import LANGUAGES, language_for
from bot.texts.describe import describe
from bot.texts.speech import about, duration, labelled, listed, number, place, say

__all__ = [
    "LANGUAGES",
    "about",
    "describe",
    "duration",
    "labelled",
    "language_for",
    "listed",
    "number",
    "place",
    "preference_lines",
    "rule_lines",
    "say",
]
