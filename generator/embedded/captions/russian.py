"""Scenes in Russian, whose adjectives agree with their nouns."""

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

HARD: Final = {
    "m": "ый",
    "f": "ая",
    "n": "ое",
    "acc": "ую",
    "on": "ом",
    "many": "ые",
    "of many": "ых",
}
SOFT: Final = {
    "m": "ий",
    "f": "яя",
    "n": "ее",
    "acc": "юю",
    "on": "ем",
    "many": "ие",
    "of many": "их",
}
STRESSED: Final = HARD | {"m": "ой"}
COLOURS: Final = {
    "red": (("красн", HARD), ("красн", HARD), ("ал", HARD)),
    "orange": (("оранжев", HARD),),
    "yellow": (("жёлт", HARD), ("желт", HARD), ("золот", STRESSED)),
    "green": (("зелён", HARD), ("зелен", HARD)),
    "cyan": (("голуб", STRESSED), ("голуб", STRESSED), ("бирюзов", HARD)),
    "blue": (("син", SOFT),),
    "purple": (("фиолетов", HARD), ("фиолетов", HARD), ("сиренев", HARD)),
    "pink": (("розов", HARD),),
    "brown": (("коричнев", HARD),),
    "black": (("чёрн", HARD), ("черн", HARD)),
    "white": (("бел", HARD),),
    "gray": (("сер", HARD),),
}
SHAPES: Final = {
    "circle": (("круг", "m", "круг", "круга"), ("круг", "m", "круг", "круга"), ("шар", "m", "шар", "шара")),
    "square": (("квадрат", "m", "квадрат", "квадрата"),),
    "triangle": (("треугольник", "m", "треугольник", "треугольника"),),
    "star": (("звезда", "f", "звезду", "звезды"), ("звёздочка", "f", "звёздочку", "звёздочки")),
    "heart": (("сердце", "n", "сердце", "сердца"), ("сердечко", "n", "сердечко", "сердечка")),
    "diamond": (("ромб", "m", "ромб", "ромба"),),
    "ring": (("кольцо", "n", "кольцо", "кольца"),),
    "cross": (("крест", "m", "крест", "креста"), ("крестик", "m", "крестик", "крестика")),
}
"""Nominative, gender, accusative, genitive."""
SIZES: Final = {
    "small": (
        {"m": "маленький", "f": "маленькая", "n": "маленькое", "acc": "маленькую"},
        {"m": "небольшой", "f": "небольшая", "n": "небольшое", "acc": "небольшую"},
    ),
    "normal": ({"m": "", "f": "", "n": "", "acc": ""},),
    "big": (
        {"m": "большой", "f": "большая", "n": "большое", "acc": "большую"},
        {"m": "огромный", "f": "огромная", "n": "огромное", "acc": "огромную"},
    ),
}
PRAISE: Final = (
    {"m": "красивый", "f": "красивая", "n": "красивое", "acc": "красивую"},
    {"m": "яркий", "f": "яркая", "n": "яркое", "acc": "яркую"},
    {"m": "милый", "f": "милая", "n": "милое", "acc": "милую"},
    {"m": "простой", "f": "простая", "n": "простое", "acc": "простую"},
)
PLACES: Final = {
    "centre": ("в центре", "по центру", "посередине"),
    "left": ("слева", "слева", "с левой стороны"),
    "right": ("справа", "справа", "с правой стороны"),
    "top": ("сверху", "вверху", "наверху"),
    "bottom": ("снизу", "внизу"),
}
ORDERS: Final = ("нарисуй", "нарисуй мне", "изобрази", "сделай", "хочу", "создай", "покажи")
ENDINGS: Final = (
    ", пожалуйста",
    ", спасибо",
    ".",
    "!",
    ", простой рисунок",
    ", минимализм",
    ", высокое качество",
    ", в стиле мультфильма",
)
NUMBERS: Final = {2: ("два", "две", "2"), 3: ("три", "три", "3"), 4: ("четыре", "четыре", "4")}
TIMES: Final = {
    "day": ("днём", "днем", "в солнечный день", "под солнцем", "в полдень"),
    "night": ("ночью", "ночью", "под луной", "в темноте"),
    "sunset": ("на закате", "на закате", "вечером"),
}
TIME_NAMES: Final = {
    "day": ("день", "солнечный день", "солнце"),
    "night": ("ночь", "луна", "ночное небо"),
    "sunset": ("закат", "вечер"),
}
THINGS: Final = {
    "mountains": ("горы", "горы", "гора"),
    "house": ("дом", "дом", "домик"),
    "tree": ("дерево", "дерево", "зелёное дерево"),
    "boat": ("лодка", "лодка", "кораблик", "парусник", "корабль"),
}
FIELDS: Final = ("поле", "луг", "зелёное поле", "пейзаж", "трава")
SEAS: Final = (("море", "на море", "в море", "у моря"), ("океан", "на воде", "в океане", "у океана"))


def say(scene: Scene, rng: Random) -> str:
    """One caption."""
    match scene:
        case Poster():
            text = _poster(scene, rng)
        case Landscape():
            text = _landscape(scene, rng)
        case _:
            assert_never(scene)
    if rng.random() < 0.2:
        text += rng.choice(ENDINGS)
    return text


def _order(rng: Random) -> str:
    return rng.choice(ORDERS) + " " if rng.random() < 0.22 else ""


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


def _colour(colour: str, form: str, rng: Random) -> str:
    stem, endings = rng.choice(COLOURS[colour])
    return stem + endings[form]


def _plain(background: str, rng: Random) -> str:
    masculine, feminine = _colour(background, "m", rng), _colour(background, "f", rng)
    return rng.choice(
        (
            f"{masculine} фон",
            f"просто {masculine} фон",
            f"пустой {masculine} фон",
            f"однотонный {masculine} фон",
            f"только {masculine} цвет",
            f"{feminine} картинка",
        )
    )


def _name(figure: Figure, rng: Random, *, accusative: bool, alone: bool = True) -> str:
    noun, gender, object_noun, _ = rng.choice(SHAPES[figure.shape])
    form = "acc" if accusative and gender == "f" else gender
    parts = [rng.choice(SIZES[figure.size])[form]] if alone else []
    if alone and rng.random() < 0.1:
        parts.append(rng.choice(PRAISE)[form])
    unsaid = alone and figure.colour == USUAL_COLOUR[figure.shape] and rng.random() < 0.35
    if not unsaid:
        parts.append(_colour(figure.colour, form, rng))
    parts.append(object_noun if accusative else noun)
    return " ".join(part for part in parts if part)


def _one(figure: Figure, background: str, rng: Random) -> str:
    order = _order(rng)
    name = order + _name(figure, rng, accusative=bool(order))
    said = figure.place != "centre" or rng.random() < 0.06
    where = rng.choice(PLACES[figure.place]) if said else ""
    if where and rng.random() < 0.5:
        return f"{_on(name, background, figure.colour, rng)} {where}"
    return _on(f"{name} {where}".strip(), background, figure.colour, rng)


def _two(left: Figure, right: Figure, rng: Random) -> str:
    order = _order(rng)
    first, second = (_name(figure, rng, accusative=bool(order), alone=False) for figure in (left, right))
    return order + rng.choice(
        (
            f"{first} и {second}",
            f"{first} и {second}",
            f"{first} рядом {second}",
            f"{first} слева и {second} справа",
            f"слева {first}, справа {second}",
        )
    )


def _alike(figure: Figure, count: int, rng: Random) -> str:
    _, gender, _, genitive = rng.choice(SHAPES[figure.shape])
    number = NUMBERS[count]
    said = rng.choice((number[1] if gender == "f" else number[0], number[2]))
    form = rng.choice(("many", "of many")) if gender == "f" else "of many"
    return f"{_order(rng)}{said} {_colour(figure.colour, form, rng)} {genitive}"


def _on(text: str, background: str, figure: str, rng: Random) -> str:
    if background == usual_background(figure) and rng.random() < 0.6:
        return text
    on, plain = _colour(background, "on", rng), _colour(background, "m", rng)
    return rng.choice(
        (
            f"{text} на {on} фоне",
            f"{text} на {on} фоне",
            f"{text} на {on} фоне",
            f"{text} на {on} фоне",
            f"{text}, {plain} фон",
            f"{text}, {plain} фон",
            f"{text} на {on}",
            f"на {on} фоне {text}",
            f"{plain} фон, {text}",
            f"{text}, фон {plain}",
            f"{text}. фон: {plain}",
            f"{text} {plain} фон",
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
    if rng.random() < 0.12:
        text = f"нарисуй: {text}"
    if scene.time == "day" and rng.random() < 0.35:
        return text
    if rng.random() < 0.25:
        return f"{rng.choice(TIME_NAMES[scene.time])}, {text}"
    if rng.random() < 0.2:
        return f"{text}, {rng.choice(TIME_NAMES[scene.time])}"
    return f"{text} {rng.choice(TIMES[scene.time])}"


def _by_the_sea(things: list[str], rng: Random) -> str:
    name, over, inside, beside = rng.choice(SEAS)
    if not things:
        return name
    where = rng.choice((f" {over}", f" {inside}", f" и {name}", f", {name}", f" {beside}"))
    if rng.random() < 0.15 and any(thing in THINGS["boat"] for thing in things):
        where = ""
    return _listed(things, rng) + where


def _listed(things: list[str], rng: Random) -> str:
    if len(things) < 2:
        return things[0]
    return ", ".join(things[:-1]) + rng.choice((" и ", " и ", ", ")) + things[-1]


def words() -> list[str]:
    """All words, both as a first word and after a space."""
    found: set[str] = set()
    for variants in COLOURS.values():
        found.update(stem + ending for stem, endings in variants for ending in endings.values())
    for nouns in SHAPES.values():
        found.update(form for noun in nouns for form in (noun[0], noun[2], noun[3]))
    for forms in (*SIZES["small"], *SIZES["big"], *PRAISE):
        found.update(forms.values())
    tables: tuple[dict[object, tuple[str, ...]], ...] = (PLACES, NUMBERS, TIMES, TIME_NAMES, THINGS)  # type: ignore[assignment]
    for table in tables:
        for texts in table.values():
            for text in texts:
                found.update(text.split())
    for text in (*ORDERS, *ENDINGS, *FIELDS, *(form for sea in SEAS for form in sea)):
        found.update(text.strip(",.! ").split())
    found.update("и на рядом фон фоне просто пустой однотонный только цвет картинка".split())
    return [form for word in sorted(found) for form in (word, " " + word)]
