"""Scenes in people's words: the same scene said in many ways, in English, Russian and Chinese."""

from collections.abc import Callable
from random import Random
from typing import Final

from generator.embedded.captions import chinese, english, russian
from generator.embedded.scenes import Scene

LANGUAGES: Final[dict[str, Callable[[Scene, Random], str]]] = {
    "en": english.say,
    "ru": russian.say,
    "zh": chinese.say,
}


def caption(scene: Scene, language: str, rng: Random) -> str:
    """One way to ask for the scene; what a listener would assume anyway may go unsaid."""
    return LANGUAGES[language](scene, rng)


def any_language(rng: Random) -> str:
    """English somewhat more often."""
    return rng.choice(("en", "en", "ru", "zh"))


def words() -> list[str]:
    """Every word that captions are made of, as the tokenizer should know it."""
    return [*english.words(), *russian.words(), *chinese.words()]
