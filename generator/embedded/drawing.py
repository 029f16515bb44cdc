"""Scenes as pictures: flat shapes with soft edges, each a little different by its random numbers."""

from __future__ import annotations

import math
from random import Random
from typing import Final, assert_never

from PIL import Image, ImageDraw

from generator.embedded.scenes import COLOURS, PLACES, SIZES, Figure, Landscape, Poster, Scene

FINE: Final = 3
"""Drawn so many times larger, then averaged down."""

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
}
"""Top and horizon of the sky."""
GROUND_COLOURS: Final[dict[tuple[str, str], Colour]] = {
    ("field", "day"): (85, 175, 70),
    ("field", "night"): (20, 60, 45),
    ("field", "sunset"): (95, 100, 45),
    ("sea", "day"): (25, 100, 190),
    ("sea", "night"): (14, 40, 110),
    ("sea", "sunset"): (125, 60, 110),
}
MOUNTAIN_COLOURS: Final[dict[str, Colour]] = {
    "day": (120, 115, 130),
    "night": (55, 55, 80),
    "sunset": (110, 60, 85),
}
HORIZON: Final = 0.62


def draw(scene: Scene, width: int, height: int, rng: Random) -> Image.Image:
    """The scene at this size."""
    canvas = Image.new("RGB", (width * FINE, height * FINE))
    match scene:
        case Poster():
            _draw_poster(canvas, scene, rng)
        case Landscape():
            _draw_landscape(canvas, scene, rng)
        case _:
            assert_never(scene)
    return canvas.resize((width, height), Image.Resampling.BOX)


def spots(scene: Poster, width: float, height: float) -> list[Spot]:
    """Where the figures stand when nothing is left to chance."""
    short = min(width, height)
    match len(scene.figures):
        case 0:
            return []
        case 1:
            return [_spot_of(scene.figures[0], width, height)]
        case 2:
            return [(width * x, height / 2, 0.36 * short) for x in (0.26, 0.74)]
        case 3:
            return [(width * x, height / 2, 0.24 * short) for x in (0.18, 0.5, 0.82)]
        case _:
            return [(width * x, height * y, 0.32 * short) for y in (0.28, 0.72) for x in (0.28, 0.72)]


def _spot_of(figure: Figure, width: float, height: float) -> Spot:
    x, y = PLACES[figure.place]
    size = SIZES[figure.size]
    if figure.place != "centre":
        size = min(size, 0.44)
    return width * x, height * y, size * min(width, height)


def outline(shape: str) -> list[list[Point]]:
    """The shape's edge within -1..1; a second edge is a hole."""
    match shape:
        case "circle":
            return [_circle(1)]
        case "square":
            return [[(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)]]
        case "triangle":
            return [[(0, -1), (1.05, 0.85), (-1.05, 0.85)]]
        case "star":
            return [_star(1.12, 0.46)]
        case "heart":
            return [_heart()]
        case "diamond":
            return [[(0, -1.1), (0.78, 0), (0, 1.1), (-0.78, 0)]]
        case "ring":
            return [_circle(1), _circle(0.55)]
        case "cross":
            return [_cross(1, 0.33)]
        case _:
            raise ValueError(f"unknown shape {shape!r}")


def _circle(radius: float) -> list[Point]:
    angles = [math.tau * step / 72 for step in range(72)]
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


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


def place_points(points: list[Point], spot: Spot, turn: float) -> list[Point]:
    """The outline at its place, turned by so many radians."""
    x0, y0, diameter = spot
    cos, sin = math.cos(turn) * diameter / 2, math.sin(turn) * diameter / 2
    return [(x0 + cos * x - sin * y, y0 + sin * x + cos * y) for x, y in points]


def _near(colour: Colour, rng: Random) -> Colour:
    red, green, blue = (max(0, min(255, part + rng.randint(-5, 5))) for part in colour)
    return red, green, blue


def _draw_poster(canvas: Image.Image, scene: Poster, rng: Random) -> None:
    brush = ImageDraw.Draw(canvas)
    ground = _near(COLOURS[scene.background], rng)
    canvas.paste(ground, (0, 0, *canvas.size))
    short = min(canvas.size)
    for figure, (x, y, diameter) in zip(scene.figures, spots(scene, *canvas.size), strict=True):
        spot = (
            x + rng.uniform(-0.02, 0.02) * short,
            y + rng.uniform(-0.02, 0.02) * short,
            diameter * rng.uniform(0.94, 1.06),
        )
        turn = math.radians(rng.uniform(-4, 4))
        colours = (_near(COLOURS[figure.colour], rng), ground)
        for edge, colour in zip(outline(figure.shape), colours, strict=False):
            brush.polygon(place_points(edge, spot, turn), fill=colour)


def _draw_landscape(canvas: Image.Image, scene: Landscape, rng: Random) -> None:
    width, height = canvas.size
    short = min(width, height)
    brush = ImageDraw.Draw(canvas)
    horizon = int(height * (HORIZON + rng.uniform(-0.02, 0.02)))
    _draw_sky(canvas, scene.time, horizon)
    _draw_light(brush, scene.time, (width, horizon, short), rng)
    if "mountains" in scene.things:
        _draw_mountains(brush, scene.time, (width, horizon, short), rng)
    ground = _near(GROUND_COLOURS[scene.ground, scene.time], rng)
    brush.rectangle((0, horizon, width, height), fill=ground)
    if scene.ground == "sea" and scene.time != "day":
        _draw_glitter(brush, scene.time, (width, horizon, short))
    shade = {"day": 1.0, "night": 0.5, "sunset": 0.8}[scene.time]
    base = horizon + 0.12 * height
    if "house" in scene.things:
        _draw_house(brush, (width * 0.32 + _sway(rng, short), base, short), shade)
    if "tree" in scene.things:
        _draw_tree(brush, (width * 0.74 + _sway(rng, short), base, short), shade)
    if "boat" in scene.things:
        _draw_boat(brush, (width * 0.4 + _sway(rng, short), base, short), shade)


def _sway(rng: Random, short: int) -> float:
    return rng.uniform(-0.03, 0.03) * short


def _draw_sky(canvas: Image.Image, time: str, horizon: int) -> None:
    top, bottom = SKIES[time]
    strip = Image.new("RGB", (1, 2))
    strip.putpixel((0, 0), top)
    strip.putpixel((0, 1), bottom)
    sky = strip.resize((1, 2 * horizon), Image.Resampling.BILINEAR)
    sky = sky.crop((0, horizon // 2, 1, horizon // 2 + horizon))
    canvas.paste(sky.resize((canvas.width, horizon)), (0, 0))


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
        case _:
            _disc(brush, (width * 0.62, horizon - short * 0.05, short * 0.3), (255, 235, 120))


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


def _draw_house(brush: ImageDraw.ImageDraw, foot: Spot, shade: float) -> None:
    x, base, short = foot
    half, wall = short * 0.15, short * 0.2
    top = base - wall
    brush.rectangle((x - half, top, x + half, base), fill=_shaded((235, 205, 160), shade))
    roof = [(x - half * 1.25, top), (x, top - short * 0.16), (x + half * 1.25, top)]
    brush.polygon(roof, fill=_shaded((190, 50, 45), shade))
    door = (x - half * 0.7, base - wall * 0.62, x - half * 0.15, base)
    brush.rectangle(door, fill=_shaded((110, 65, 35), shade))
    pane = (255, 220, 90) if shade < 0.9 else (110, 170, 215)
    brush.rectangle((x + half * 0.2, top + wall * 0.3, x + half * 0.75, top + wall * 0.7), fill=pane)


def _draw_tree(brush: ImageDraw.ImageDraw, foot: Spot, shade: float) -> None:
    x, base, short = foot
    trunk = (x - short * 0.03, base - short * 0.2, x + short * 0.03, base)
    brush.rectangle(trunk, fill=_shaded((110, 70, 35), shade))
    _disc(brush, (x, base - short * 0.3, short * 0.28), _shaded((40, 125, 45), shade))


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
