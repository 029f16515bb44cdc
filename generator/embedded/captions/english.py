"""Scenes in English."""

from random import Random
from typing import Final

from generator.embedded.captions.telling import dated, listed, placed, seen
from generator.embedded.scenes import (
    USUAL_COLOUR,
    Figure,
    Landscape,
    Poster,
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
    "hexagon": ("hexagon",),
    "crescent": ("crescent", "crescent", "crescent moon"),
    "flower": ("flower", "flower", "daisy"),
    "fish": ("fish",),
    "cat": ("cat", "cat", "cat face", "kitten", "kitty"),
    "smiley": ("smiley", "smiley", "smiley face", "smile", "happy face", "emoji"),
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
PLURALS: Final = {
    "box": "boxes",
    "cross": "crosses",
    "rhombus": "rhombuses",
    "fish": "fish",
    "daisy": "daisies",
    "kitty": "kitties",
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
    5: ("five", "5"),
}
TIMES: Final = {
    "day": ("by day", "during the day", "in the daytime", "on a sunny day", "at noon", "in the sun"),
    "night": ("at night", "at night", "in the night", "under the moon", "at midnight", "in the dark"),
    "sunset": ("at sunset", "at sunset", "in the evening", "at dusk", "in the setting sun"),
    "snow": ("in the snow", "in snow", "in winter", "on a snowy day", "when it snows"),
}
TIME_NAMES: Final = {
    "day": ("day", "sunny day", "daytime", "blue sky", "sun"),
    "night": ("night", "night sky", "moon", "night, moon"),
    "sunset": ("sunset", "evening", "dusk"),
    "snow": ("snow", "winter", "snowfall", "snowy day"),
}
THINGS: Final = {
    "mountains": ("mountains", "mountains", "a mountain", "hills"),
    "house": ("a house", "a house", "a small house", "a home", "a cottage"),
    "tree": ("a tree", "a tree", "a green tree"),
    "boat": ("a boat", "a boat", "a sailing boat", "a ship", "a sailboat"),
    "flowers": ("flowers", "flowers", "some flowers", "wildflowers"),
    "cloud": ("a cloud", "a cloud", "clouds", "a white cloud"),
    "rainbow": ("a rainbow",),
    "stars": ("stars", "stars", "a starry sky", "many stars"),
}
FIELDS: Final = ("a field", "a meadow", "a green field", "a landscape", "grass")
SEAS: Final = ("the sea", "the sea", "the ocean", "a sea", "water")


def finish(text: str, rng: Random) -> str:
    """Now and then with an order before it or a flourish behind."""
    if rng.random() < 0.25:
        text = f"{rng.choice(BEGINNINGS)} {text}"
    if rng.random() < 0.2:
        text += rng.choice(ENDINGS)
    return text


def plain(background: str, rng: Random) -> str:
    """A ground without figures."""
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


def one(figure: Figure, rng: Random) -> tuple[str, str]:
    """What comes before the ground is said, and what after it."""
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
    return placed(name, figure, PLACES, rng)


def two(left: Figure, right: Figure, rng: Random) -> str:
    """Two figures beside or above each other."""
    first, second = (
        f"{rng.choice(COLOURS[figure.colour])} {rng.choice(SHAPES[figure.shape])}" for figure in (left, right)
    )
    if rng.random() < 0.75:
        first, second = _a(first), _a(second)
    if left.place == "top":
        return _above(first, second, rng)
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


def _above(upper: str, lower: str, rng: Random) -> str:
    return rng.choice(
        (
            f"{upper} above {lower}",
            f"{upper} above {lower}",
            f"{upper} over {lower}",
            f"{lower} below {upper}",
            f"{lower} under {upper}",
            f"{upper} at the top and {lower} at the bottom",
        )
    )


def alike(figure: Figure, count: int, rng: Random) -> str:
    """So many of the same."""
    shape = rng.choice(SHAPES[figure.shape])
    plural = PLURALS.get(shape, shape + "s")
    return f"{rng.choice(NUMBERS[count])} {rng.choice(COLOURS[figure.colour])} {plural}"


def two_toned(text: str, scene: Poster, rng: Random) -> str:
    """The text on a ground of two colours; the ground alone where the text is empty."""
    first, second = (rng.choice(COLOURS[colour]) for colour in scene.ground_colours)
    if scene.blend == "gradient":
        grounds = (
            f"a gradient from {first} to {second}",
            f"{_a(first)} to {second} gradient",
            f"{_a(first)} and {second} gradient background",
            f"a gradient background, {first} to {second}",
            f"a background that fades from {first} to {second}",
        )
    else:
        grounds = (
            f"{_a(first)} and {second} background",
            f"a half {first} half {second} background",
            f"a two-colored background, {first} and {second}",
            f"a background with {first} left and {second} right",
            f"a split background, {first} and {second}",
        )
    ground = rng.choice(grounds)
    if not text:
        return ground
    return rng.choice(
        (f"{text} on {ground}", f"{text} on {ground}", f"{text}, {ground}", f"{ground} with {text}")
    )


def on(text: str, background: str, rng: Random) -> str:
    """The text on a ground of one colour."""
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


def landscape(scene: Landscape, rng: Random) -> str:
    """What is there, and when."""
    text = seen(scene, THINGS, FIELDS, _listed, _by_the_sea, rng)
    return dated(text, scene.time, TIME_NAMES, TIMES, rng)


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
    return listed(things, (" and ", " and ", ", ", " with "), rng)


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
    found.update(
        PLURALS.get(word, word + "s")
        for variants in SHAPES.values()
        for name in variants
        for word in name.split()
    )
    found.update("an and with on in of to next that is against background plain just empty all".split())
    found.update("nothing but left right picture solid user assistant half split two-colored".split())
    found.update("gradient from fades under over below above top bottom".split())
    return [form for word in sorted(found) for form in (word, " " + word)]
