"""What the embedded model can be asked for: figures on a ground, or a landscape. No pixels, no words."""

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
BASIC_SHAPES: Final = ("circle", "square", "triangle", "star", "heart", "diamond")
SHAPES: Final = (*BASIC_SHAPES, "ring", "cross", "hexagon", "crescent")
DRAWINGS: Final = ("flower", "fish", "cat", "smiley")
"""Figures with something inside: a middle, eyes, a mouth."""
FORMS: Final = SHAPES + DRAWINGS
SIZES: Final = {"small": 0.3, "normal": 0.55, "big": 0.8}
PLACES: Final = {
    "centre": (0.5, 0.5),
    "left": (0.27, 0.5),
    "right": (0.73, 0.5),
    "top": (0.5, 0.27),
    "bottom": (0.5, 0.73),
}
PAIRS: Final = (("left", "right"), ("top", "bottom"))
"""How two figures stand to each other."""
MOST: Final = 5
"""Figures in one picture."""

BLENDS: Final = ("plain", "gradient", "halves")
"""One colour; from the first at the top to the second at the bottom; the first left, the second right."""

TIMES: Final = ("day", "night", "sunset", "snow")
GROUNDS: Final = {
    "field": ("mountains", "house", "tree", "flowers", "cloud", "rainbow", "stars"),
    "sea": ("mountains", "boat", "cloud", "rainbow", "stars"),
}
"""Every ground with what may be seen on it or above it."""
ONLY_AT: Final = {
    "stars": ("night",),
    "rainbow": ("day", "sunset"),
    "cloud": ("day", "sunset", "snow"),
    "flowers": ("day", "night", "sunset"),
}
"""What is not seen at every time."""

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
    "hexagon": "orange",
    "crescent": "yellow",
    "flower": "pink",
    "fish": "orange",
    "cat": "gray",
    "smiley": "yellow",
}
"""What a figure looks like when nobody says its colour."""

HARD: Final = {
    "star": 2.0,
    "cross": 1.5,
    "heart": 1.5,
    "hexagon": 3.0,
    "cat": 2.5,
    "smiley": 2.5,
    "fish": 2.0,
}
"""Figures that take longer to learn than the others: how much more often training shows them."""

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
        ("green", "hexagon"),
        ("blue", "crescent"),
        ("red", "flower"),
        ("purple", "fish"),
        ("orange", "cat"),
        ("pink", "smiley"),
    }
)
"""Pairs of colour and shape kept out of training, to see whether the model joins what it learnt apart."""
NEVER_SEEN: Final = frozenset({("boat", "snow"), ("rainbow", "sunset"), ("flowers", "night")})
"""Pairs of thing and time kept out for the same reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One coloured shape."""

    shape: str
    colour: str
    size: str = "normal"
    place: str = "centre"

    def __post_init__(self) -> None:
        _must_be(self.shape, FORMS)
        _must_be(self.colour, COLOURS)
        _must_be(self.size, SIZES)
        _must_be(self.place, PLACES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """Up to five figures on a ground: none, one anywhere, two beside or above each other, or alike.

    `second` is the other colour of a gradient or of the right half; a plain ground has none.
    """

    background: str
    figures: tuple[Figure, ...] = ()
    blend: str = "plain"
    second: str | None = None

    def __post_init__(self) -> None:
        _must_be(self.background, COLOURS)
        _must_be(self.blend, BLENDS)
        if (self.blend == "plain") != (self.second is None) or self.second == self.background:
            raise ValueError("a ground has two different colours, or is plain and has one")
        if self.second is not None:
            _must_be(self.second, COLOURS)
        if len(self.figures) > MOST:
            raise ValueError(f"at most {MOST} figures")
        if any(figure.colour in self.ground_colours for figure in self.figures):
            raise ValueError("a figure has the colour of its background")

    @property
    def ground_colours(self) -> tuple[str, ...]:
        """The ground's one or two colours."""
        return (self.background,) if self.second is None else (self.background, self.second)


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
            _must_be(self.time, ONLY_AT.get(thing, TIMES))


Scene = Poster | Landscape


def _must_be(word: str, known: object) -> None:
    if word not in known:  # type: ignore[operator]
        raise ValueError(f"unknown word {word!r}")


def usual_background(colour: str | None) -> str:
    """What lies behind a figure when nobody says it."""
    return "gray" if colour == "white" else "white"


def any_scene(rng: Random) -> Scene:
    """A scene as training draws them; never one with a pair from `NEVER_TAUGHT` or `NEVER_SEEN`."""
    kind = rng.random()
    if kind < 0.5:
        return _one_figure(rng)
    if kind < 0.53:
        return _ground(rng)
    if kind < 0.64:
        return _two_figures(rng)
    if kind < 0.76:
        return _some_alike(rng)
    return _landscape(rng)


def taught_pair(rng: Random) -> tuple[str, str]:
    """A colour and a shape that may be trained on; the shapes that are hard to learn come more often."""
    while True:
        shape = rng.choices(FORMS, [HARD.get(shape, 1.0) for shape in FORMS])[0]
        pair = (rng.choice(list(COLOURS)), shape)
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


def _ground(rng: Random) -> Poster:
    if rng.random() < 0.4:
        return Poster(background=rng.choice(list(COLOURS)))
    return _two_toned(rng, ())


def _two_toned(rng: Random, figures: tuple[Figure, ...]) -> Poster:
    first = other_colour(rng, [figure.colour for figure in figures])
    second = other_colour(rng, [first, *(figure.colour for figure in figures)])
    return Poster(background=first, figures=figures, blend=rng.choice(BLENDS[1:]), second=second)


def _one_figure(rng: Random) -> Poster:
    colour, shape = taught_pair(rng)
    if rng.random() < 0.05:
        shape = rng.choice(FORMS)
        colour = USUAL_COLOUR[shape]
    size, place = "normal", "centre"
    if rng.random() < 0.3:
        size = rng.choice(("small", "big"))
    if size != "big" and rng.random() < 0.25:
        place = rng.choice(("left", "right", "top", "bottom"))
    figure = Figure(shape=shape, colour=colour, size=size, place=place)
    if rng.random() < 0.12:
        return _two_toned(rng, (figure,))
    return Poster(background=_background(rng, colour), figures=(figure,))


def _two_figures(rng: Random) -> Poster:
    pairs = taught_pair(rng), taught_pair(rng)
    figures = tuple(
        Figure(shape=shape, colour=colour, place=place)
        for (colour, shape), place in zip(pairs, rng.choice(PAIRS), strict=True)
    )
    return Poster(background=_background(rng, pairs[0][0], pairs[1][0]), figures=figures)


def _some_alike(rng: Random) -> Poster:
    colour, shape = taught_pair(rng)
    count = rng.choice((2, 3, 4, 5))
    figures = (Figure(shape=shape, colour=colour, size="small"),) * count
    return Poster(background=_background(rng, colour), figures=figures)


def _landscape(rng: Random) -> Landscape:
    ground, time = rng.choice(("field", "field", "sea")), rng.choice(TIMES)
    things = frozenset(thing for thing in may_be_seen(ground, time) if rng.random() < _share(thing))
    return Landscape(time=time, ground=ground, things=things)


def may_be_seen(ground: str, time: str) -> list[str]:
    """The things that training shows there and then."""
    return [
        thing
        for thing in GROUNDS[ground]
        if time in ONLY_AT.get(thing, TIMES) and (thing, time) not in NEVER_SEEN
    ]


def _share(thing: str) -> float:
    return {"mountains": 0.4, "flowers": 0.3, "rainbow": 0.35}.get(thing, 0.45)
