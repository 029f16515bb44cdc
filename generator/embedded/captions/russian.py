"""Scenes in Russian, whose adjectives agree with their nouns."""

from random import Random
from typing import Final

from generator.embedded.captions.telling import dated, listed, placed, seen
from generator.embedded.scenes import (
    USUAL_COLOUR,
    Figure,
    Landscape,
    Poster,
)

HARD: Final = {
    "m": "ый",
    "f": "ая",
    "n": "ое",
    "acc": "ую",
    "on": "ом",
    "many": "ые",
    "of many": "ых",
    "of": "ого",
    "to": "ому",
    "by": "ым",
    "by f": "ой",
}
SOFT: Final = {
    "m": "ий",
    "f": "яя",
    "n": "ее",
    "acc": "юю",
    "on": "ем",
    "many": "ие",
    "of many": "их",
    "of": "его",
    "to": "ему",
    "by": "им",
    "by f": "ей",
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
    "circle": (
        ("круг", "m", "круг", "круга", "кругом", "кругов"),
        ("круг", "m", "круг", "круга", "кругом", "кругов"),
        ("шар", "m", "шар", "шара", "шаром", "шаров"),
    ),
    "square": (("квадрат", "m", "квадрат", "квадрата", "квадратом", "квадратов"),),
    "triangle": (("треугольник", "m", "треугольник", "треугольника", "треугольником", "треугольников"),),
    "star": (
        ("звезда", "f", "звезду", "звезды", "звездой", "звёзд"),
        ("звёздочка", "f", "звёздочку", "звёздочки", "звёздочкой", "звёздочек"),
    ),
    "heart": (
        ("сердце", "n", "сердце", "сердца", "сердцем", "сердец"),
        ("сердечко", "n", "сердечко", "сердечка", "сердечком", "сердечек"),
    ),
    "diamond": (("ромб", "m", "ромб", "ромба", "ромбом", "ромбов"),),
    "ring": (("кольцо", "n", "кольцо", "кольца", "кольцом", "колец"),),
    "cross": (
        ("крест", "m", "крест", "креста", "крестом", "крестов"),
        ("крестик", "m", "крестик", "крестика", "крестиком", "крестиков"),
    ),
    "hexagon": (
        ("шестиугольник", "m", "шестиугольник", "шестиугольника", "шестиугольником", "шестиугольников"),
    ),
    "crescent": (("полумесяц", "m", "полумесяц", "полумесяца", "полумесяцем", "полумесяцев"),),
    "flower": (
        ("цветок", "m", "цветок", "цветка", "цветком", "цветков"),
        ("цветочек", "m", "цветочек", "цветочка", "цветочком", "цветочков"),
    ),
    "fish": (
        ("рыба", "f", "рыбу", "рыбы", "рыбой", "рыб"),
        ("рыбка", "f", "рыбку", "рыбки", "рыбкой", "рыбок"),
    ),
    "cat": (
        ("кошка", "f", "кошку", "кошки", "кошкой", "кошек"),
        ("кот", "alive", "кота", "кота", "котом", "котов"),
        ("котик", "alive", "котика", "котика", "котиком", "котиков"),
    ),
    "smiley": (
        ("смайлик", "m", "смайлик", "смайлика", "смайликом", "смайликов"),
        ("смайл", "m", "смайл", "смайла", "смайлом", "смайлов"),
    ),
}
"""Nominative, gender, accusative, genitive, instrumental, genitive plural."""
SIZES: Final = {
    "small": (
        {"m": "маленький", "f": "маленькая", "n": "маленькое", "acc": "маленькую", "of": "маленького"},
        {"m": "небольшой", "f": "небольшая", "n": "небольшое", "acc": "небольшую", "of": "небольшого"},
    ),
    "normal": ({"m": "", "f": "", "n": "", "acc": "", "of": ""},),
    "big": (
        {"m": "большой", "f": "большая", "n": "большое", "acc": "большую", "of": "большого"},
        {"m": "огромный", "f": "огромная", "n": "огромное", "acc": "огромную", "of": "огромного"},
    ),
}
PRAISE: Final = (
    {"m": "красивый", "f": "красивая", "n": "красивое", "acc": "красивую", "of": "красивого"},
    {"m": "яркий", "f": "яркая", "n": "яркое", "acc": "яркую", "of": "яркого"},
    {"m": "милый", "f": "милая", "n": "милое", "acc": "милую", "of": "милого"},
    {"m": "простой", "f": "простая", "n": "простое", "acc": "простую", "of": "простого"},
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
NUMBERS: Final = {
    2: ("два", "две", "2"),
    3: ("три", "три", "3"),
    4: ("четыре", "четыре", "4"),
    5: ("пять", "пять", "5"),
}
TIMES: Final = {
    "day": ("днём", "днем", "в солнечный день", "под солнцем", "в полдень"),
    "night": ("ночью", "ночью", "под луной", "в темноте"),
    "sunset": ("на закате", "на закате", "вечером"),
    "snow": ("в снегу", "под снегом", "зимой", "в снегопад"),
}
TIME_NAMES: Final = {
    "day": ("день", "солнечный день", "солнце"),
    "night": ("ночь", "луна", "ночное небо"),
    "sunset": ("закат", "вечер"),
    "snow": ("снег", "зима", "снегопад", "идёт снег"),
}
THINGS: Final = {
    "mountains": ("горы", "горы", "гора"),
    "house": ("дом", "дом", "домик"),
    "tree": ("дерево", "дерево", "зелёное дерево"),
    "boat": ("лодка", "лодка", "кораблик", "парусник", "корабль"),
    "flowers": ("цветы", "цветы", "цветочки"),
    "cloud": ("облако", "облако", "облака", "белое облако"),
    "rainbow": ("радуга",),
    "stars": ("звёзды", "звёзды", "звезды", "звёздное небо"),
}
FIELDS: Final = ("поле", "луг", "зелёное поле", "пейзаж", "трава")
SEAS: Final = (("море", "на море", "в море", "у моря"), ("океан", "на воде", "в океане", "у океана"))


def finish(text: str, rng: Random) -> str:
    """Now and then with a flourish behind."""
    if rng.random() < 0.2:
        text += rng.choice(ENDINGS)
    return text


def _order(rng: Random) -> str:
    return rng.choice(ORDERS) + " " if rng.random() < 0.22 else ""


def _colour(colour: str, form: str, rng: Random) -> str:
    stem, endings = rng.choice(COLOURS[colour])
    return stem + endings[form]


def plain(background: str, rng: Random) -> str:
    """A ground without figures."""
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
    noun, gender, object_noun, *_ = rng.choice(SHAPES[figure.shape])
    form = {"f": "acc", "alive": "of"}.get(gender, gender) if accusative else gender.replace("alive", "m")
    parts = [rng.choice(SIZES[figure.size])[form]] if alone else []
    if alone and rng.random() < 0.1:
        parts.append(rng.choice(PRAISE)[form])
    unsaid = alone and figure.colour == USUAL_COLOUR[figure.shape] and rng.random() < 0.35
    if not unsaid:
        parts.append(_colour(figure.colour, form, rng))
    parts.append(object_noun if accusative else noun)
    return " ".join(part for part in parts if part)


def _by(figure: Figure, rng: Random) -> str:
    """What something stands above or under: the instrumental."""
    _, gender, _, _, noun, _ = rng.choice(SHAPES[figure.shape])
    return f"{_colour(figure.colour, 'by f' if gender == 'f' else 'by', rng)} {noun}"


def one(figure: Figure, rng: Random) -> tuple[str, str]:
    """What comes before the ground is said, and what after it."""
    order = _order(rng)
    name = order + _name(figure, rng, accusative=bool(order))
    return placed(name, figure, PLACES, rng)


def two(left: Figure, right: Figure, rng: Random) -> str:
    """Two figures beside or above each other."""
    order = _order(rng)
    first, second = (_name(figure, rng, accusative=bool(order), alone=False) for figure in (left, right))
    if left.place == "top":
        return order + rng.choice(
            (
                f"{first} над {_by(right, rng)}",
                f"{first} над {_by(right, rng)}",
                f"{second} под {_by(left, rng)}",
                f"{first} сверху и {second} снизу",
                f"сверху {first}, снизу {second}",
                f"вверху {first}, внизу {second}",
            )
        )
    return order + rng.choice(
        (
            f"{first} и {second}",
            f"{first} и {second}",
            f"{first} рядом {second}",
            f"{first} слева и {second} справа",
            f"слева {first}, справа {second}",
        )
    )


def alike(figure: Figure, count: int, rng: Random) -> str:
    """So many of the same."""
    _, gender, _, genitive, _, many = rng.choice(SHAPES[figure.shape])
    number = NUMBERS[count]
    said = rng.choice((number[1] if gender == "f" else number[0], number[2]))
    form = rng.choice(("many", "of many")) if gender == "f" and count < 5 else "of many"
    noun = genitive if count < 5 else many
    return f"{_order(rng)}{said} {_colour(figure.colour, form, rng)} {noun}"


def two_toned(text: str, scene: Poster, rng: Random) -> str:
    """The text on a ground of two colours; the ground alone where the text is empty."""
    first, second = scene.ground_colours
    names = _colour(first, "m", rng), _colour(second, "m", rng)
    grounds: tuple[str, ...]
    if scene.blend == "gradient":
        fading = f"от {_colour(first, 'of', rng)} к {_colour(second, 'to', rng)}"
        grounds = (f"градиент {fading}", f"фон с переходом {fading}", f"градиентный фон {fading}")
    else:
        grounds = (
            f"{names[0]} и {names[1]} фон",
            f"фон слева {names[0]}, справа {names[1]}",
            f"фон наполовину {names[0]}, наполовину {names[1]}",
            f"двухцветный фон, {names[0]} и {names[1]}",
        )
    ground = rng.choice(grounds)
    if not text:
        return ground
    both = [f"{text}, {ground}", f"{ground}, {text}"]
    if scene.blend == "gradient":
        both.append(f"{text} на градиентном фоне {fading}")
    else:
        both.append(f"{text} на {_colour(first, 'on', rng)} и {_colour(second, 'on', rng)} фоне")
    return rng.choice(both)


def on(text: str, background: str, rng: Random) -> str:
    """The text on a ground of one colour."""
    there, said = _colour(background, "on", rng), _colour(background, "m", rng)
    return rng.choice(
        (
            f"{text} на {there} фоне",
            f"{text} на {there} фоне",
            f"{text} на {there} фоне",
            f"{text} на {there} фоне",
            f"{text}, {said} фон",
            f"{text}, {said} фон",
            f"{text} на {there}",
            f"на {there} фоне {text}",
            f"{said} фон, {text}",
            f"{text}, фон {said}",
            f"{text}. фон: {said}",
            f"{text} {said} фон",
        )
    )


def landscape(scene: Landscape, rng: Random) -> str:
    """What is there, and when."""
    text = seen(scene, THINGS, FIELDS, _listed, _by_the_sea, rng)
    if rng.random() < 0.12:
        text = f"нарисуй: {text}"
    return dated(text, scene.time, TIME_NAMES, TIMES, rng)


def _by_the_sea(things: list[str], rng: Random) -> str:
    name, over, inside, beside = rng.choice(SEAS)
    if not things:
        return name
    where = rng.choice((f" {over}", f" {inside}", f" и {name}", f", {name}", f" {beside}"))
    if rng.random() < 0.15 and any(thing in THINGS["boat"] for thing in things):
        where = ""
    return _listed(things, rng) + where


def _listed(things: list[str], rng: Random) -> str:
    return listed(things, (" и ", " и ", ", "), rng)


def words() -> list[str]:
    """All words, both as a first word and after a space."""
    found: set[str] = set()
    for variants in COLOURS.values():
        found.update(stem + ending for stem, endings in variants for ending in endings.values())
    for nouns in SHAPES.values():
        found.update(form for noun in nouns for form in (noun[0], *noun[2:]))
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
    found.update("градиент градиентный градиентном переходом от к с наполовину двухцветный над под".split())
    return [form for word in sorted(found) for form in (word, " " + word)]
