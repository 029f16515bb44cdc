"""Scenes as pictures: flat shapes with soft edges, each a little different by its random numbers."""

from __future__ import annotations

import math
from random import Random
from typing import Final, assert_never

from PIL import Image, ImageDraw

from generator.embedded.scenes import (
    COLOURS,
    DRAWINGS,
    PLACES,
    SIZES,
    Figure,
    Landscape,
    Poster,
    Scene,
)

FINE: Final = 3
"""Drawn so many times larger, then averaged down."""

PEN: Final = 0.1
"""How thick an outline is, as a share of the figure's diameter."""

Colour = tuple[int, int, int]
Point = tuple[float, float]
Spot = tuple[float, float, float]
"""Centre x, centre y and diameter, in pixels."""

SKIES: Final[dict[str, tuple[Colour, Colour]]] = {
    "day": ((95, 175, 245), (175, 220, 250)),
    "night": (
        (12, 16, 50),
        (30, 40, 90),
    ),
    "sunset": ((235, 95, 75), (255, 190, 90)),
    "snow": ((165, 180, 200), (215, 222, 232)),
}
"""Top and horizon of the sky."""
GROUND_COLOURS: Final[dict[tuple[str, str], Colour]] = {
    ("field", "day"): (85, 175, 70),
    ("field", "night"): (20, 60, 45),
    ("field", "sunset"): (95, 100, 45),
    ("sea", "day"): (25, 100, 190),
    ("sea", "night"): (14, 40, 110),
    ("sea", "sunset"): (125, 60, 110),
    ("field", "snow"): (244, 247, 252),
    ("sea", "snow"): (70, 100, 130),
}
MOUNTAIN_COLOURS: Final[dict[str, Colour]] = {
    "day": (120, 115, 130),
    "night": (55, 55, 80),
    "sunset": (110, 60, 85),
    "snow": (135, 145, 165),
}
SHADES: Final = {"day": 1.0, "night": 0.5, "sunset": 0.8, "snow": 0.9}
"""How bright things are."""
BOWS: Final[tuple[Colour, ...]] = (
    (225, 50, 50),
    (250, 150, 40),
    (250, 225, 60),
    (70, 180, 80),
    (60, 110, 225),
    (135, 70, 180),
)
"""A rainbow's stripes, from the outside."""
HORIZON: Final = 0.62


def draw(scene: Scene, width: int, height: int, rng: Random) -> Image.Image:
    """The scene at this size."""
    return _averaged(_drawn(scene, width, height, rng))


def draw_outlined(scene: Scene, width: int, height: int, rng: Random) -> Image.Image:
    """The scene with figures of which only the edge is painted."""
    return _averaged(_drawn(scene, width, height, rng, hollow=True))


def draw_snowed(scene: Scene, width: int, height: int, rng: Random) -> Image.Image:
    """The scene behind falling snow, whatever it is."""
    canvas = _drawn(scene, width, height, rng)
    _draw_flakes(ImageDraw.Draw(canvas), (*canvas.size, 1.5 * min(canvas.size)), rng)
    return _averaged(canvas)


def _drawn(scene: Scene, width: int, height: int, rng: Random, *, hollow: bool = False) -> Image.Image:
    canvas = Image.new("RGB", (width * FINE, height * FINE))
    match scene:
        case Poster():
            _draw_poster(canvas, scene, rng, hollow=hollow)
        case Landscape():
            _draw_landscape(canvas, scene, rng)
        case _:
            assert_never(scene)
    return canvas


def _averaged(canvas: Image.Image) -> Image.Image:
    return canvas.resize((canvas.width // FINE, canvas.height // FINE), Image.Resampling.BOX)


def spots(scene: Poster, width: float, height: float) -> list[Spot]:
    """Where the figures stand when nothing is left to chance."""
    short = min(width, height)
    match scene.figures:
        case ():
            return []
        case (figure,):
            return [_spot_of(figure, width, height)]
        case (first, _) if first.place == "top":
            return [(width / 2, height * y, 0.36 * short) for y in (0.26, 0.74)]
        case (_, _):
            return [(width * x, height / 2, 0.36 * short) for x in (0.26, 0.74)]
        case (_, _, _):
            return [(width * x, height / 2, 0.24 * short) for x in (0.18, 0.5, 0.82)]
        case (_, _, _, _):
            return [(width * x, height * y, 0.32 * short) for y in (0.28, 0.72) for x in (0.28, 0.72)]
        case _:
            corners = [(width * x, height * y, 0.26 * short) for y in (0.22, 0.78) for x in (0.22, 0.78)]
            return [*corners, (width / 2, height / 2, 0.26 * short)]


def _spot_of(figure: Figure, width: float, height: float) -> Spot:
    x, y = PLACES[figure.place]
    size = SIZES[figure.size]
    if figure.place != "centre":
        size = min(size, 0.44)
    return width * x, height * y, size * min(width, height)


def outline(shape: str) -> list[list[Point]]:
    """The shape's edge within -1..1; further edges are holes, which a drawing fills with another colour."""
    return OUTLINES[shape]


def _circle(radius: float, x: float = 0.0, y: float = 0.0) -> list[Point]:
    angles = [math.tau * step / 72 for step in range(72)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


def _regular(corners: int, radius: float) -> list[Point]:
    angles = [math.tau * step / corners for step in range(corners)]
    return [(radius * math.sin(angle), -radius * math.cos(angle)) for angle in angles]


def _star(outer: float, inner: float) -> list[Point]:
    corners = [(math.pi * step / 5, (outer, inner)[step % 2]) for step in range(10)]
    return [(r * math.sin(angle), -r * math.cos(angle) + 0.06) for angle, r in corners]


def _heart() -> list[Point]:
    points = []
    for step in range(72):
        t = math.tau * step / 72
        x = 16 * math.sin(t) ** 3
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((x / 15.5, -y / 15.5 - 0.12))
    return points


def _cross(arm: float, half: float) -> list[Point]:
    quarter = [(-half, -arm), (half, -arm), (half, -half)]
    turned = list(quarter)
    for _ in range(3):
        quarter = [(-y, x) for x, y in quarter]
        turned += quarter
    return turned


def _crescent(shift: float, bite: float) -> list[Point]:
    """A disc of radius 1 without a disc of radius `bite` whose centre lies `shift` to the right."""
    x = (1 + shift * shift - bite * bite) / (2 * shift)
    tip, inner = math.acos(x), math.acos((x - shift) / bite)
    outside = [tip + (math.tau - 2 * tip) * step / 48 for step in range(49)]
    inside = [math.tau - inner - (math.tau - 2 * inner) * step / 48 for step in range(49)]
    points = [(math.cos(a), math.sin(a)) for a in outside]
    points += [(shift + bite * math.cos(a), math.sin(a) * bite) for a in inside]
    return [(px + 0.28, py) for px, py in points]


def _petals(count: int) -> list[Point]:
    points = []
    for step in range(120):
        angle = math.tau * step / 120
        radius = 0.62 + 0.42 * abs(math.cos(count * angle / 2))
        points.append((radius * math.sin(angle), -radius * math.cos(angle)))
    return points


def _fish() -> list[Point]:
    """A body that looks to the left, with a tail."""
    body = [math.radians(angle) for angle in range(25, 336, 5)]
    points = [(-0.2 + 0.85 * math.cos(a), 0.56 * math.sin(a)) for a in body]
    return [*points, (1.08, -0.62), (0.9, 0.0), (1.08, 0.62)]


def _cat() -> list[Point]:
    """A round head with two ears."""
    head = [
        (0.92 * math.cos(math.radians(a)), 0.12 + 0.8 * math.sin(math.radians(a))) for a in range(-30, 211, 6)
    ]
    return [*head, (-0.84, -1.02), (-0.3, -0.62), (0.3, -0.62), (0.84, -1.02)]


def _nose() -> list[Point]:
    return [(-0.13, 0.36), (0.13, 0.36), (0.0, 0.52)]


def _smile() -> list[Point]:
    down = [math.radians(angle) for angle in range(15, 166, 10)]
    lower = [(0.62 * math.cos(a), 0.06 + 0.6 * math.sin(a)) for a in down]
    upper = [(0.44 * math.cos(a), 0.08 + 0.38 * math.sin(a)) for a in reversed(down)]
    return lower + upper


OUTLINES: Final[dict[str, list[list[Point]]]] = {
    "circle": [_circle(1)],
    "square": [[(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)]],
    "triangle": [[(0, -1), (1.05, 0.85), (-1.05, 0.85)]],
    "star": [_star(1.12, 0.46)],
    "heart": [_heart()],
    "diamond": [[(0, -1.1), (0.78, 0), (0, 1.1), (-0.78, 0)]],
    "ring": [_circle(1), _circle(0.55)],
    "cross": [_cross(1, 0.33)],
    "hexagon": [_regular(6, 1.04)],
    "crescent": [_crescent(0.5, 0.86)],
    "flower": [_petals(5), _circle(0.33)],
    "fish": [_fish(), _circle(0.1, -0.62, -0.12)],
    "cat": [_cat(), _circle(0.14, -0.38, 0.1), _circle(0.14, 0.38, 0.1), _nose()],
    "smiley": [_circle(1), _circle(0.16, -0.36, -0.28), _circle(0.16, 0.36, -0.28), _smile()],
}


def inside_colour(figure: Figure) -> Colour | None:
    """What fills the holes of a drawing; None where the ground shows through."""
    if figure.shape not in DRAWINGS:
        return None
    if figure.shape == "flower":
        return COLOURS["brown" if figure.colour in ("yellow", "orange") else "yellow"]
    return COLOURS["white" if figure.colour in ("black", "brown", "purple", "blue") else "black"]


def place_points(points: list[Point], spot: Spot, turn: float) -> list[Point]:
    """The outline at its place, turned by so many radians."""
    x0, y0, diameter = spot
    cos, sin = math.cos(turn) * diameter / 2, math.sin(turn) * diameter / 2
    return [(x0 + cos * x - sin * y, y0 + sin * x + cos * y) for x, y in points]


def _near(colour: Colour, rng: Random) -> Colour:
    red, green, blue = (max(0, min(255, part + rng.randint(-5, 5))) for part in colour)
    return red, green, blue


def _draw_poster(canvas: Image.Image, scene: Poster, rng: Random, *, hollow: bool) -> None:
    brush = ImageDraw.Draw(canvas)
    ground = _near(COLOURS[scene.background], rng)
    _draw_ground(canvas, scene, ground, rng)
    short = min(canvas.size)
    for figure, (x, y, diameter) in zip(scene.figures, spots(scene, *canvas.size), strict=True):
        spot = (
            x + rng.uniform(-0.02, 0.02) * short,
            y + rng.uniform(-0.02, 0.02) * short,
            diameter * rng.uniform(0.94, 1.06),
        )
        turn = math.radians(rng.uniform(-4, 4))
        edges = [place_points(edge, spot, turn) for edge in outline(figure.shape)]
        if hollow:
            _draw_lines(brush, edges, _near(COLOURS[figure.colour], rng), PEN * spot[2])
        else:
            _draw_figure(canvas, brush, edges, figure, rng)


def _draw_ground(canvas: Image.Image, scene: Poster, first: Colour, rng: Random) -> None:
    width, height = canvas.size
    if scene.second is None:
        canvas.paste(first, (0, 0, width, height))
        return
    second = _near(COLOURS[scene.second], rng)
    if scene.blend == "gradient":
        canvas.paste(_shading(first, second, height).resize((width, height)), (0, 0))
    else:
        canvas.paste(first, (0, 0, width // 2, height))
        canvas.paste(second, (width // 2, 0, width, height))


def _draw_lines(brush: ImageDraw.ImageDraw, edges: list[list[Point]], colour: Colour, width: float) -> None:
    for edge in edges:
        brush.line([*edge, *edge[:2]], fill=colour, width=round(width), joint="curve")


def _draw_figure(
    canvas: Image.Image,
    brush: ImageDraw.ImageDraw,
    edges: list[list[Point]],
    figure: Figure,
    rng: Random,
) -> None:
    """The body, then its holes: what was there before shows through, or another colour fills them."""
    body, *holes = edges
    inside = inside_colour(figure)
    before = canvas.copy() if holes and inside is None else None
    brush.polygon(body, fill=_near(COLOURS[figure.colour], rng))
    for hole in holes:
        if before is None:
            brush.polygon(hole, fill=inside)
        else:
            mask = Image.new("1", canvas.size)
            ImageDraw.Draw(mask).polygon(hole, fill=1)
            canvas.paste(before, (0, 0), mask)


def _draw_landscape(canvas: Image.Image, scene: Landscape, rng: Random) -> None:
    width, height = canvas.size
    short = min(width, height)
    brush = ImageDraw.Draw(canvas)
    horizon = int(height * (HORIZON + rng.uniform(-0.02, 0.02)))
    _draw_sky(canvas, scene.time, horizon)
    _draw_light(brush, scene.time, (width, horizon, short), rng)
    if "stars" in scene.things:
        _draw_stars(brush, (width, horizon, short), rng)
    if "mountains" in scene.things:
        _draw_mountains(brush, scene.time, (width, horizon, short), rng)
    if "rainbow" in scene.things:
        _draw_rainbow(canvas, (width, horizon, short), rng)
    if "cloud" in scene.things:
        _draw_cloud(brush, (width * 0.3 + _sway(rng, short), horizon * 0.25, short), scene.time)
    ground = _near(GROUND_COLOURS[scene.ground, scene.time], rng)
    brush.rectangle((0, horizon, width, height), fill=ground)
    if scene.ground == "sea" and scene.time in ("night", "sunset"):
        _draw_glitter(brush, scene.time, (width, horizon, short))
    base = horizon + 0.12 * height
    _draw_things(brush, scene, (width, base, short), rng)
    if scene.time == "snow":
        _draw_flakes(brush, (width, height, short), rng)


def _draw_things(brush: ImageDraw.ImageDraw, scene: Landscape, frame: Spot, rng: Random) -> None:
    width, base, short = frame
    shade = SHADES[scene.time]
    if "house" in scene.things:
        _draw_house(brush, (width * 0.32 + _sway(rng, short), base, short), scene.time)
    if "tree" in scene.things:
        _draw_tree(brush, (width * 0.74 + _sway(rng, short), base, short), scene.time)
    if "flowers" in scene.things:
        _draw_flowers(brush, (width, base + 0.1 * short, short), shade, rng)
    if "boat" in scene.things:
        _draw_boat(brush, (width * 0.4 + _sway(rng, short), base, short), shade)


def _sway(rng: Random, short: float) -> float:
    return rng.uniform(-0.03, 0.03) * short


def _draw_sky(canvas: Image.Image, time: str, horizon: int) -> None:
    canvas.paste(_shading(*SKIES[time], horizon).resize((canvas.width, horizon)), (0, 0))


def _shading(top: Colour, bottom: Colour, height: int) -> Image.Image:
    """One column that goes from one colour to the other."""
    strip = Image.new("RGB", (1, 2))
    strip.putpixel((0, 0), top)
    strip.putpixel((0, 1), bottom)
    long = strip.resize((1, 2 * height), Image.Resampling.BILINEAR)
    return long.crop((0, height // 2, 1, height // 2 + height))


def _disc(brush: ImageDraw.ImageDraw, spot: Spot, colour: Colour) -> None:
    x, y, diameter = spot
    half = diameter / 2
    brush.ellipse((x - half, y - half, x + half, y + half), fill=colour)


def _draw_light(brush: ImageDraw.ImageDraw, time: str, frame: tuple[int, int, int], rng: Random) -> None:
    width, horizon, short = frame
    x, y = width * 0.78 + _sway(rng, short), horizon * 0.33 + _sway(rng, short)
    match time:
        case "day":
            _disc(brush, (x, y, short * 0.2), (255, 225, 50))
        case "night":
            _disc(brush, (x, y, short * 0.18), (240, 240, 215))
        case "snow":
            pass
        case _:
            _disc(brush, (width * 0.62, horizon - short * 0.05, short * 0.3), (255, 235, 120))


def _draw_rainbow(canvas: Image.Image, frame: tuple[int, int, int], rng: Random) -> None:
    width, horizon, short = frame
    brush = ImageDraw.Draw(canvas)
    x, outer, stripe = width * 0.5 + _sway(rng, short), 0.46 * short, 0.03 * short
    for turn, colour in enumerate(BOWS):
        radius = outer - turn * stripe
        box = (x - radius, horizon - radius, x + radius, horizon + radius)
        brush.arc(box, 180, 360, fill=colour, width=math.ceil(stripe) + 1)


def _draw_cloud(brush: ImageDraw.ImageDraw, foot: Spot, time: str) -> None:
    x, y, short = foot
    colour = {"day": (250, 252, 255), "sunset": (255, 215, 190)}.get(time, (130, 140, 158))
    for across, up, diameter in ((-0.11, 0.02, 0.13), (0.0, -0.02, 0.18), (0.11, 0.02, 0.14)):
        _disc(brush, (x + across * short, y + up * short, diameter * short), colour)
    brush.rectangle((x - 0.12 * short, y + 0.02 * short, x + 0.12 * short, y + 0.085 * short), fill=colour)


def _draw_stars(brush: ImageDraw.ImageDraw, frame: tuple[int, int, int], rng: Random) -> None:
    width, horizon, short = frame
    for x, y in ((0.1, 0.2), (0.27, 0.5), (0.36, 0.15), (0.52, 0.36), (0.6, 0.1), (0.92, 0.62)):
        spot = (width * x + _sway(rng, short), horizon * y + _sway(rng, short), 0.055 * short)
        brush.polygon(place_points(_star(1.12, 0.46), spot, 0.0), fill=(255, 240, 170))


def _draw_flakes(brush: ImageDraw.ImageDraw, frame: Spot, rng: Random) -> None:
    width, height, short = frame
    for _ in range(26):
        spot = (rng.uniform(0, width), rng.uniform(0, height), short * rng.uniform(0.016, 0.03))
        _disc(brush, spot, (255, 255, 255))


def _draw_flowers(brush: ImageDraw.ImageDraw, foot: Spot, shade: float, rng: Random) -> None:
    width, y, short = foot
    colours = ((235, 60, 90), (250, 200, 60), (240, 120, 200), (235, 60, 90))
    for x, colour in zip((0.12, 0.4, 0.62, 0.88), colours, strict=True):
        at = width * x + _sway(rng, short)
        brush.rectangle(
            (at - short * 0.006, y, at + short * 0.006, y + short * 0.1), fill=_shaded((40, 120, 40), shade)
        )
        brush.polygon(place_points(_petals(5), (at, y, short * 0.11), 0.0), fill=_shaded(colour, shade))
        _disc(brush, (at, y, short * 0.035), _shaded((255, 235, 120), shade))


def _draw_mountains(brush: ImageDraw.ImageDraw, time: str, frame: tuple[int, int, int], rng: Random) -> None:
    width, horizon, short = frame
    rock = MOUNTAIN_COLOURS[time]
    snow: Colour = tuple((part + 2 * 235) // 3 for part in rock)  # type: ignore[assignment]
    for x, tall in ((width * 0.2, 0.36), (width * 0.5, 0.28)):
        peak = (x + _sway(rng, short), horizon - short * tall)
        _peak(brush, peak, horizon, short * tall * 0.9, rock)
        cap = horizon - short * tall * 0.68
        _peak(brush, peak, cap, short * tall * 0.9 * 0.32, snow)


def _peak(brush: ImageDraw.ImageDraw, top: Point, base: float, half: float, colour: Colour) -> None:
    brush.polygon([top, (top[0] + half, base), (top[0] - half, base)], fill=colour)


def _draw_glitter(brush: ImageDraw.ImageDraw, time: str, frame: tuple[int, int, int]) -> None:
    width, horizon, short = frame
    x = width * (0.62 if time == "sunset" else 0.78)
    colour = (235, 160, 110) if time == "sunset" else (150, 155, 165)
    for row in range(3):
        y, half = horizon + short * (0.05 + 0.07 * row), short * (0.11 - 0.03 * row)
        brush.rectangle((x - half, y, x + half, y + short * 0.025), fill=colour)


def _shaded(colour: Colour, shade: float) -> Colour:
    red, green, blue = (int(part * shade) for part in colour)
    return red, green, blue


def _draw_house(brush: ImageDraw.ImageDraw, foot: Spot, time: str) -> None:
    x, base, short = foot
    shade = SHADES[time]
    half, wall = short * 0.15, short * 0.2
    top = base - wall
    brush.rectangle((x - half, top, x + half, base), fill=_shaded((235, 205, 160), shade))
    roof = [(x - half * 1.25, top), (x, top - short * 0.16), (x + half * 1.25, top)]
    brush.polygon(roof, fill=(250, 252, 255) if time == "snow" else _shaded((190, 50, 45), shade))
    door = (x - half * 0.7, base - wall * 0.62, x - half * 0.15, base)
    brush.rectangle(door, fill=_shaded((110, 65, 35), shade))
    pane = (110, 170, 215) if time == "day" else (255, 220, 90)
    brush.rectangle((x + half * 0.2, top + wall * 0.3, x + half * 0.75, top + wall * 0.7), fill=pane)


def _draw_tree(brush: ImageDraw.ImageDraw, foot: Spot, time: str) -> None:
    x, base, short = foot
    shade = SHADES[time]
    trunk = (x - short * 0.03, base - short * 0.2, x + short * 0.03, base)
    brush.rectangle(trunk, fill=_shaded((110, 70, 35), shade))
    _disc(brush, (x, base - short * 0.3, short * 0.28), _shaded((40, 125, 45), shade))
    if time == "snow":
        _disc(brush, (x, base - short * 0.36, short * 0.16), (250, 252, 255))


def _draw_boat(brush: ImageDraw.ImageDraw, foot: Spot, shade: float) -> None:
    x, base, short = foot
    deck, half = base - short * 0.07, short * 0.19
    hull = [(x - half, deck), (x + half, deck), (x + half * 0.65, base), (x - half * 0.65, base)]
    brush.polygon(hull, fill=_shaded((150, 70, 40), shade))
    mast = x - short * 0.02
    sail = [
        (mast, deck - short * 0.3),
        (mast, deck - short * 0.02),
        (mast + half * 0.95, deck - short * 0.02),
    ]
    brush.polygon(sail, fill=_shaded((250, 250, 245), 0.5 + shade / 2))
