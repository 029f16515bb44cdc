"""What the embedded model can be asked for: figures on plain ground, or a landscape. No pixels, no words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

COLOURS: Final = {
    "red": (220, 30, 40),
    "orange": (255, 140, 0),
    "yellow": (255, 225, 30),
    "green": (30, 160, 60),
    "cyan": (60, 205, 225),
    "blue": (35, 75, 220),
    "purple": (130, 40, 170),
    "pink": (255, 135, 195),
    "brown": (125, 75, 35),
    "black": (20, 20, 20),
    "white": (250, 250, 250),
    "gray": (140, 140, 140),
}
SHAPES: Final = ("circle", "square", "triangle", "star", "heart", "diamond", "ring", "cross")
SIZES: Final = {"small": 0.3, "normal": 0.55, "big": 0.8}
PLACES: Final = {
    "centre": (0.5, 0.5),
    "left": (0.27, 0.5),
    "right": (0.73, 0.5),
    "top": (0.5, 0.27),
    "bottom": (0.5, 0.73),
}
TIMES: Final = ("day", "night", "sunset")
GROUNDS: Final = {
    "field": ("mountains", "house", "tree"),
    "sea": ("mountains", "boat"),
}
"""Every ground with what may stand on it."""

RATIOS: Final = {
    "1:1": (256, 256),
    "4:3": (288, 224),
    "3:4": (224, 288),
    "16:9": (336, 192),
    "9:16": (192, 336),
}
"""The native sizes, width first: multiples of 16, about 65 536 pixels each."""

USUAL_COLOUR: Final = {
    "circle": "blue",
    "square": "green",
    "triangle": "orange",
    "star": "yellow",
    "heart": "red",
    "diamond": "cyan",
    "ring": "purple",
    "cross": "red",
}
"""What a figure looks like when nobody says its colour."""

NEVER_TAUGHT: Final = frozenset(
    {
        ("red", "square"),
        ("orange", "diamond"),
        ("yellow", "triangle"),
        ("green", "star"),
        ("cyan", "heart"),
        ("blue", "cross"),
        ("purple", "circle"),
        ("pink", "diamond"),
        ("brown", "heart"),
        ("black", "triangle"),
        ("white", "star"),
        ("gray", "ring"),
    }
)
"""Pairs of colour and shape kept out of training, to see whether the model joins what it learnt apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One coloured shape."""

    shape: str
    colour: str
    size: str = "normal"
    place: str = "centre"

    def __post_init__(self) -> None:
        _must_be(self.shape, SHAPES)
        _must_be(self.colour, COLOURS)
        _must_be(self.size, SIZES)
        _must_be(self.place, PLACES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """Up to four figures on a plain background: none, one anywhere, two side by side, or alike in a row."""

    background: str
    figures: tuple[Figure, ...] = ()

    def __post_init__(self) -> None:
        _must_be(self.background, COLOURS)
        if len(self.figures) > 4:
            raise ValueError("at most four figures")
        if any(figure.colour == self.background for figure in self.figures):
            raise ValueError("a figure has the colour of its background")


@dataclass(frozen=True, slots=True, kw_only=True)
class Landscape:
    """Sky with its light, ground, and the things on it; sun or moon comes with the time of day."""

    time: str
    ground: str
    things: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _must_be(self.time, TIMES)
        _must_be(self.ground, GROUNDS)
        for thing in self.things:
            _must_be(thing, GROUNDS[self.ground])


Scene = Poster | Landscape


def _must_be(word: str, known: object) -> None:
    if word not in known:  # type: ignore[operator]
        raise ValueError(f"unknown word {word!r}")


def usual_background(colour: str | None) -> str:
    """What lies behind a figure when nobody says it."""
    return "gray" if colour == "white" else "white"


def any_scene(rng: Random) -> Scene:
    """A scene as training draws them; never one with a pair from `NEVER_TAUGHT`."""
    kind = rng.random()
    if kind < 0.62:
        return _one_figure(rng)
    if kind < 0.67:
        return Poster(background=rng.choice(list(COLOURS)))
    if kind < 0.76:
        return _two_figures(rng)
    if kind < 0.82:
        return _some_alike(rng)
    return _landscape(rng)


def taught_pair(rng: Random) -> tuple[str, str]:
    """A colour and a shape that may be trained on."""
    while True:
        pair = (rng.choice(list(COLOURS)), rng.choice(SHAPES))
        if pair not in NEVER_TAUGHT:
            return pair


def other_colour(rng: Random, taken: Sequence[str]) -> str:
    """A colour that is not taken."""
    return rng.choice([colour for colour in COLOURS if colour not in taken])


def _background(rng: Random, *figures: str) -> str:
    usual = usual_background(figures[0])
    if usual not in figures and rng.random() < 0.2:
        return usual
    return other_colour(rng, figures)


def _one_figure(rng: Random) -> Poster:
    colour, shape = taught_pair(rng)
    if rng.random() < 0.05:
        shape = rng.choice(SHAPES)
        colour = USUAL_COLOUR[shape]
    size, place = "normal", "centre"
    if rng.random() < 0.3:
        size = rng.choice(("small", "big"))
    if size != "big" and rng.random() < 0.25:
        place = rng.choice(("left", "right", "top", "bottom"))
    figure = Figure(shape=shape, colour=colour, size=size, place=place)
    return Poster(background=_background(rng, colour), figures=(figure,))


def _two_figures(rng: Random) -> Poster:
    pairs = taught_pair(rng), taught_pair(rng)
    figures = tuple(
        Figure(shape=shape, colour=colour, place=place)
        for (colour, shape), place in zip(pairs, ("left", "right"), strict=True)
    )
    return Poster(background=_background(rng, pairs[0][0], pairs[1][0]), figures=figures)


def _some_alike(rng: Random) -> Poster:
    colour, shape = taught_pair(rng)
    count = rng.choice((2, 3, 4))
    figures = (Figure(shape=shape, colour=colour, size="small"),) * count
    return Poster(background=_background(rng, colour), figures=figures)


def _landscape(rng: Random) -> Landscape:
    ground = rng.choice(("field", "field", "sea"))
    things = frozenset(thing for thing in GROUNDS[ground] if rng.random() < 0.5)
    return Landscape(time=rng.choice(TIMES), ground=ground, things=things)
