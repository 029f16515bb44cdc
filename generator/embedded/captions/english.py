"""Scenes in English."""

from random import Random
from typing import Final, assert_never

from generator.embedded.scenes import (
    USUAL_COLOUR,
    Figure,
    Landscape,
    Poster,
    Scene,
    usual_background,
)

COLOURS: Final = {
    "red": ("red", "red", "red", "scarlet", "crimson"),
    "orange": ("orange",),
    "yellow": ("yellow", "yellow", "yellow", "golden"),
    "green": ("green", "green", "green", "emerald"),
    "cyan": ("cyan", "cyan", "light blue", "sky blue", "turquoise"),
    "blue": ("blue", "blue", "blue", "dark blue"),
    "purple": ("purple", "purple", "violet"),
    "pink": ("pink",),
    "brown": ("brown", "brown", "brown", "chocolate"),
    "black": ("black",),
    "white": ("white", "white", "white", "snow white"),
    "gray": ("gray", "grey"),
}
SHAPES: Final = {
    "circle": ("circle", "circle", "circle", "disc", "ball", "dot"),
    "square": ("square", "square", "square", "box"),
    "triangle": ("triangle",),
    "star": ("star",),
    "heart": ("heart",),
    "diamond": ("diamond", "diamond", "rhombus"),
    "ring": ("ring", "ring", "donut"),
    "cross": ("cross", "cross", "plus sign"),
}
SIZES: Final = {
    "small": ("small", "small", "little", "tiny"),
    "normal": ("",),
    "big": ("big", "big", "large", "huge", "giant"),
}
PLACES: Final = {
    "centre": ("in the centre", "in the center", "in the middle"),
    "left": ("on the left", "on the left side", "at the left"),
    "right": ("on the right", "on the right side", "at the right"),
    "top": ("at the top", "on top", "above"),
    "bottom": ("at the bottom", "below"),
}
PRAISE: Final = ("beautiful", "cute", "bright", "nice", "simple", "pretty", "solid", "perfect", "single")
BEGINNINGS: Final = (
    "a picture of",
    "a drawing of",
    "an image of",
    "please draw",
    "draw",
    "draw me",
    "paint",
    "show me",
    "i want",
    "generate",
    "create an image of",
    "can you draw",
    "an illustration of",
    "photo of",
    "imagine",
)
ENDINGS: Final = (
    ", please",
    ", thanks",
    ".",
    "!",
    ", flat design",
    ", simple",
    ", minimalist",
    ", high quality",
    ", 4k",
    ", vector art",
    ", very detailed",
    ", cartoon style",
    ", thank you",
)
NUMBERS: Final = {
    2: ("two", "2", "a pair of"),
    3: ("three", "3"),
    4: ("four", "4"),
}
TIMES: Final = {
    "day": ("by day", "during the day", "in the daytime", "on a sunny day", "at noon", "in the sun"),
    "night": ("at night", "at night", "in the night", "under the moon", "at midnight", "in the dark"),
    "sunset": ("at sunset", "at sunset", "in the evening", "at dusk", "in the setting sun"),
}
TIME_NAMES: Final = {
    "day": ("day", "sunny day", "daytime", "blue sky", "sun"),
    "night": ("night", "night sky", "moon", "night, moon"),
    "sunset": ("sunset", "evening", "dusk"),
}
THINGS: Final = {
    "mountains": ("mountains", "mountains", "a mountain", "hills"),
    "house": ("a house", "a house", "a small house", "a home", "a cottage"),
    "tree": ("a tree", "a tree", "a green tree"),
    "boat": ("a boat", "a boat", "a sailing boat", "a ship", "a sailboat"),
}
FIELDS: Final = ("a field", "a meadow", "a green field", "a landscape", "grass")
SEAS: Final = ("the sea", "the sea", "the ocean", "a sea", "water")


def say(scene: Scene, rng: Random) -> str:
    """One caption."""
    match scene:
        case Poster():
            text = _poster(scene, rng)
        case Landscape():
            text = _landscape(scene, rng)
        case _:
            assert_never(scene)
    if rng.random() < 0.25:
        text = f"{rng.choice(BEGINNINGS)} {text}"
    if rng.random() < 0.2:
        text += rng.choice(ENDINGS)
    return text


def _poster(scene: Poster, rng: Random) -> str:
    match scene.figures:
        case ():
            return _plain(scene.background, rng)
        case (figure,):
            return _one(figure, scene.background, rng)
        case (left, right) if left.place == "left":
            return _on(_two(left, right, rng), scene.background, left.colour, rng)
        case figures:
            return _on(_alike(figures[0], len(figures), rng), scene.background, figures[0].colour, rng)


def _plain(background: str, rng: Random) -> str:
    colour = rng.choice(COLOURS[background])
    return rng.choice(
        (
            f"{_a(colour)} background",
            f"{colour} background",
            f"a plain {colour} background",
            f"just {colour}",
            f"an empty {colour} picture",
            f"nothing but {colour}",
            f"all {colour}",
            f"solid {colour} background",
        )
    )


def _one(figure: Figure, background: str, rng: Random) -> str:
    article = rng.random() < 0.7
    colour = rng.choice(COLOURS[figure.colour])
    shape = rng.choice(SHAPES[figure.shape])
    before = rng.choice(SIZES[figure.size])
    if rng.random() < 0.12:
        before = f"{before} {rng.choice(PRAISE)}"
    usual = figure.colour == USUAL_COLOUR[figure.shape]
    if usual and rng.random() < 0.35:
        name = f"{before} {shape}"
    elif rng.random() < 0.04:
        name = f"{before} {shape} that is {colour}"
    elif rng.random() < 0.04:
        name = f"{before} {shape} in {colour}"
    else:
        name = f"{before} {colour} {shape}"
    name = " ".join(name.split())
    if article:
        name = _a(name)
    said = figure.place != "centre" or rng.random() < 0.06
    where = rng.choice(PLACES[figure.place]) if said else ""
    if where and rng.random() < 0.5:
        return f"{_on(name, background, figure.colour, rng)} {where}"
    return _on(f"{name} {where}".strip(), background, figure.colour, rng)


def _two(left: Figure, right: Figure, rng: Random) -> str:
    first, second = (
        f"{rng.choice(COLOURS[figure.colour])} {rng.choice(SHAPES[figure.shape])}" for figure in (left, right)
    )
    if rng.random() < 0.75:
        first, second = _a(first), _a(second)
    return rng.choice(
        (
            f"{first} and {second}",
            f"{first} and {second}",
            f"{first} next to {second}",
            f"{first} on the left and {second} on the right",
            f"{first} left of {second}",
            f"{second} to the right of {first}",
        )
    )


def _alike(figure: Figure, count: int, rng: Random) -> str:
    shape = rng.choice(SHAPES[figure.shape])
    plural = {"box": "boxes", "cross": "crosses", "rhombus": "rhombuses"}.get(shape, shape + "s")
    return f"{rng.choice(NUMBERS[count])} {rng.choice(COLOURS[figure.colour])} {plural}"


def _on(text: str, background: str, figure: str, rng: Random) -> str:
    if background == usual_background(figure) and rng.random() < 0.6:
        return text
    colour = rng.choice(COLOURS[background])
    return rng.choice(
        (
            f"{text} on {_a(colour)} background",
            f"{text} on {_a(colour)} background",
            f"{text} on {_a(colour)} background",
            f"{text}, {colour} background",
            f"{text}, {colour} background",
            f"{text} on {colour}",
            f"{text} on {colour} background",
            f"{text} against {_a(colour)} background",
            f"{text} with {_a(colour)} background",
            f"on {_a(colour)} background, {text}",
            f"{_a(colour)} background with {text}",
            f"{text}, background: {colour}",
            f"{text}. the background is {colour}",
            f"{text} {colour} background",
        )
    )


def _landscape(scene: Landscape, rng: Random) -> str:
    things = [rng.choice(THINGS[thing]) for thing in sorted(scene.things)]
    rng.shuffle(things)
    if scene.ground == "sea":
        text = _by_the_sea(things, rng)
    elif things and rng.random() < 0.8:
        text = _listed(things, rng)
    else:
        text = _listed([*things, rng.choice(FIELDS)], rng)
    if scene.time == "day" and rng.random() < 0.35:
        return text
    if rng.random() < 0.25:
        return f"{rng.choice(TIME_NAMES[scene.time])}, {text}"
    if rng.random() < 0.2:
        return f"{text}, {rng.choice(TIME_NAMES[scene.time])}"
    return f"{text} {rng.choice(TIMES[scene.time])}"


def _by_the_sea(things: list[str], rng: Random) -> str:
    sea = rng.choice(SEAS)
    if not things:
        return sea
    where = rng.choice((f" on {sea}", f" in {sea}", f" and {sea}", f", {sea}", f" by {sea}"))
    boats = ("a boat", "a sailing boat", "a ship", "a sailboat")
    if rng.random() < 0.15 and any(thing in boats for thing in things):
        where = ""
    return _listed(things, rng) + where


def _listed(things: list[str], rng: Random) -> str:
    if len(things) < 2:
        return things[0]
    glue = rng.choice((" and ", " and ", ", ", " with "))
    return ", ".join(things[:-1]) + glue + things[-1]


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def words() -> list[str]:
    """All words, both as a first word and after a space."""
    found: set[str] = set()
    tables = (COLOURS, SHAPES, SIZES, PLACES, NUMBERS, TIMES, TIME_NAMES, THINGS)
    for table in tables:
        for variants in table.values():
            for variant in variants:
                found.update(variant.replace(",", "").split())
    for text in (*PRAISE, *BEGINNINGS, *ENDINGS, *FIELDS, *SEAS):
        found.update(text.strip(",.! ").replace(",", "").split())
    found.update(shape + "s" for variants in SHAPES.values() for shape in variants)
    found.update("an and with on in of to next that is against background plain just empty all".split())
    found.update("nothing but left right picture solid user assistant crosses boxes".split())
    return [form for word in sorted(found) for form in (word, " " + word)]
