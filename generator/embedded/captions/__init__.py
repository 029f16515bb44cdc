"""Scenes in people's words: the same scene said in many ways, in English, Russian and Chinese."""

from random import Random
from typing import Final, Protocol, assert_never

from generator.embedded.captions import chinese, english, russian
from generator.embedded.scenes import PAIRS, Figure, Landscape, Poster, Scene, usual_background


class Grammar(Protocol):
    """How one language says the parts of a scene; a module is one."""

    def plain(self, background: str, rng: Random) -> str:
        """A ground without figures."""

    def one(self, figure: Figure, rng: Random) -> tuple[str, str]:
        """What comes before the ground is said, and what after it."""

    def two(self, left: Figure, right: Figure, rng: Random) -> str:
        """Two figures beside or above each other."""

    def alike(self, figure: Figure, count: int, rng: Random) -> str:
        """So many of the same."""

    def on(self, text: str, background: str, rng: Random) -> str:
        """The text on a ground of one colour."""

    def two_toned(self, text: str, scene: Poster, rng: Random) -> str:
        """The text on a ground of two colours; the ground alone where the text is empty."""

    def landscape(self, scene: Landscape, rng: Random) -> str:
        """What is there, and when."""

    def finish(self, text: str, rng: Random) -> str:
        """Now and then with an order before it or a flourish behind."""

    def words(self) -> list[str]:
        """Every word, as the tokenizer should know it."""


LANGUAGES: Final[dict[str, Grammar]] = {"en": english, "ru": russian, "zh": chinese}


def caption(scene: Scene, language: str, rng: Random) -> str:
    """One way to ask for the scene; what a listener would assume anyway may go unsaid."""
    grammar = LANGUAGES[language]
    match scene:
        case Poster():
            text = _poster(grammar, scene, rng)
        case Landscape():
            text = grammar.landscape(scene, rng)
        case _:
            assert_never(scene)
    return grammar.finish(text, rng)


def _poster(grammar: Grammar, scene: Poster, rng: Random) -> str:
    match scene.figures:
        case ():
            plain = scene.second is None
            return grammar.plain(scene.background, rng) if plain else grammar.two_toned("", scene, rng)
        case (figure,):
            before, after = grammar.one(figure, rng)
            return _on(grammar, before, scene, rng) + after
        case (first, second) if (first.place, second.place) in PAIRS:
            return _on(grammar, grammar.two(first, second, rng), scene, rng)
        case figures:
            return _on(grammar, grammar.alike(figures[0], len(figures), rng), scene, rng)


def _on(grammar: Grammar, text: str, scene: Poster, rng: Random) -> str:
    if scene.second is not None:
        return grammar.two_toned(text, scene, rng)
    if scene.background == usual_background(scene.figures[0].colour) and rng.random() < 0.6:
        return text
    return grammar.on(text, scene.background, rng)


def any_language(rng: Random) -> str:
    """English somewhat more often."""
    return rng.choice(("en", "en", "ru", "zh"))


def words() -> list[str]:
    """Every word that captions are made of, as the tokenizer should know it."""
    return [word for grammar in LANGUAGES.values() for word in grammar.words()]
