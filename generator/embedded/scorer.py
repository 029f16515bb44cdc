"""Judging a picture against its scene by looking at pixels only. Numpy and Pillow, no torch.

Tested on drawn pictures, where it is right practically always, so that a low score is the model's fault.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from generator.embedded.drawing import (
    GROUND_COLOURS,
    SKIES,
    outline,
    place_points,
    spots,
)
from generator.embedded.scenes import (
    COLOURS,
    FORMS,
    GROUNDS,
    PLACES,
    TIMES,
    Landscape,
    Poster,
    Scene,
)

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

APART: Final = 14.0
"""CIELAB distance from the background at which a pixel belongs to a figure."""
LEAST: Final = 0.004
"""The smallest figure, as a share of the picture."""
FLAKE: Final = (0.00008, 0.002)
"""How large a speck of snow is, as shares of the picture."""
MOST_AREAS: Final = 40
MOST_FLAKES: Final = 400
"""How many connected areas are looked at: noise has thousands."""
GRID: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is right; `None` where the scene has no such thing."""

    background: bool
    colour: bool | None = None
    shape: bool | None = None
    place: bool | None = None
    count: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One figure as it is seen: colour, shape, centre and diameter in shares of the picture."""

    colour: str
    shape: str
    x: float
    y: float
    area: float


def judge(picture: Image.Image, scene: Scene) -> Verdict:
    """Compare the picture with what was asked for."""
    match scene:
        case Poster():
            return _judge_poster(picture, scene)
        case Landscape():
            return _judge_landscape(picture, scene)
        case _:
            assert_never(scene)


def _judge_poster(picture: Image.Image, scene: Poster) -> Verdict:
    right = _ground_is(picture, scene)
    seen = figures(picture)
    asked = scene.figures
    if not asked:
        return Verdict(background=right, count=not seen)
    if len(asked) == 1:
        # The largest is the one that was meant; stray crumbs count against `count` alone.
        main = max(seen, key=lambda sight: sight.area, default=None)
        return Verdict(
            background=right,
            colour=main is not None and main.colour == asked[0].colour,
            shape=main is not None and main.shape == asked[0].shape,
            place=main is not None and _place(main) == asked[0].place,
            count=len(seen) == 1,
        )
    return _judge_several(seen, scene, picture.size, right=right)


def _ground_is(picture: Image.Image, scene: Poster) -> bool:
    """Whether the rim has the scene's colours: all round, above and below, or left and right."""
    pixels = lab(np.asarray(picture.convert("RGB")))
    match scene.blend:
        case "gradient":
            seen = [_name(_median(end)) for end in _ends(pixels)]
        case "halves":
            seen = [_name(_median(side)) for side in _sides(pixels)]
        case _:
            seen = [_edge_colour(pixels)] if _is_plain(pixels) else []
    return seen == list(scene.ground_colours)


def _is_plain(pixels: Floats) -> bool:
    """No rim differs from the one opposite."""
    left, right = (_median(side) for side in _sides(pixels))
    top, bottom = (_median(end) for end in _ends(pixels))
    return bool(max(np.linalg.norm(left - right), np.linalg.norm(top - bottom)) < APART)


def _median(pixels: Floats) -> Floats:
    median: Floats = np.median(pixels.reshape(-1, 3), axis=0)
    return median


def _sides(pixels: Floats) -> tuple[Floats, Floats]:
    """The left and the right rim."""
    rim = max(2, pixels.shape[1] // 24)
    return pixels[:, :rim], pixels[:, -rim:]


def _ends(pixels: Floats) -> tuple[Floats, Floats]:
    """The upper and the lower rim."""
    rim = max(2, len(pixels) // 24)
    return pixels[:rim], pixels[-rim:]


def _judge_several(seen: Sequence[Sight], scene: Poster, size: tuple[int, int], *, right: bool) -> Verdict:
    pairs = [
        (figure, _nearest(seen, x / size[0], y / size[1]))
        for figure, (x, y, _) in zip(scene.figures, spots(scene, *size), strict=True)
    ]
    return Verdict(
        background=right,
        colour=all(sight is not None and sight.colour == figure.colour for figure, sight in pairs),
        shape=all(sight is not None and sight.shape == figure.shape for figure, sight in pairs),
        count=len(seen) == len(scene.figures),
    )


def _nearest(seen: Sequence[Sight], x: float, y: float) -> Sight | None:
    near = [sight for sight in seen if math.hypot(sight.x - x, sight.y - y) < 0.2]
    return min(near, key=lambda sight: math.hypot(sight.x - x, sight.y - y), default=None)


def _place(sight: Sight) -> str:
    return min(
        PLACES,
        key=lambda place: math.hypot(sight.x - PLACES[place][0], sight.y - PLACES[place][1]),
    )


def _judge_landscape(picture: Image.Image, scene: Landscape) -> Verdict:
    pixels = lab(np.asarray(picture.convert("RGB")))
    height = pixels.shape[0]
    sky = np.median(pixels[: height // 12].reshape(-1, 3), axis=0)
    soil = np.median(pixels[-height // 10 :].reshape(-1, 3), axis=0)
    time = min(TIMES, key=lambda time: _distance(sky, SKIES[time][0]))
    lands = [(ground, moment) for ground in GROUNDS for moment in TIMES]
    land = min(lands, key=lambda land: _distance(soil, GROUND_COLOURS[land]))
    return Verdict(background=time == scene.time, place=land[0] == scene.ground)


def _distance(seen: Floats, colour: tuple[int, int, int]) -> float:
    return float(np.linalg.norm(seen - lab(np.array([[colour]], dtype=np.uint8))[0, 0]))


def lab(pixels: NDArray[np.uint8]) -> Floats:
    """CIELAB of sRGB pixels (..., 3), where distance is roughly what the eye makes of it."""
    share = pixels.astype(np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


@functools.cache
def _palette() -> tuple[tuple[str, ...], Floats]:
    return tuple(COLOURS), lab(np.array(list(COLOURS.values()), dtype=np.uint8))


def _name(seen: Floats) -> str:
    names, places = _palette()
    return names[int(np.linalg.norm(places - seen, axis=1).argmin())]


def _ground(pixels: Floats) -> Floats:
    """The ground behind every pixel, (h, w, 3): each row's rim on its own side, smoothed over the rows."""
    left, right = (_smooth(np.median(side, axis=1)) for side in _sides(pixels))
    ground = np.empty_like(pixels)
    middle = pixels.shape[1] // 2
    ground[:, :middle], ground[:, middle:] = left[:, None], right[:, None]
    return ground


def _smooth(column: Floats) -> Floats:
    """A running median over an eighth of the height, so that nothing on the rim passes for ground."""
    half = max(1, len(column) // 16)
    padded = np.pad(column, ((half, half), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0)
    smoothed: Floats = np.median(windows, axis=-1)
    return smoothed


def _edge_colour(pixels: Floats) -> str:
    """The name of the rim's colour, all round."""
    edge = [part.reshape(-1, 3) for part in (*_ends(pixels), *_sides(pixels))]
    return _name(_median(np.concatenate(edge)))


def figures(picture: Image.Image) -> list[Sight]:
    """What stands out from the background, crumbs left out."""
    rgb = picture.convert("RGB").filter(ImageFilter.MedianFilter(3))
    pixels = lab(np.asarray(rgb))
    apart = np.linalg.norm(pixels - _ground(pixels), axis=-1) > APART
    _close_seam(apart)
    return [_look(pixels, part) for part in _pieces(apart)]


def _close_seam(apart: Mask) -> None:
    """Where two halves meet, their mixture is no figure: there the pixels beside decide."""
    middle = apart.shape[1] // 2
    beside = apart[:, middle - 5] & apart[:, middle + 4]
    apart[:, middle - 4 : middle + 4] &= beside[:, None]


def _pieces(mask: Mask) -> list[Mask]:
    """Connected areas, crumbs left out."""
    areas = islice(_flooded(mask, LEAST), MOST_AREAS)
    return [piece for piece in areas if piece.sum() >= LEAST * mask.size]


def _flooded(mask: Mask, least: float) -> Iterator[Mask]:
    """Connected areas, each flooded from its first pixel, until less than a share of the picture is left."""
    left = mask.copy()
    while left.any() and left.sum() >= least * mask.size:
        canvas = Image.fromarray(left.astype(np.uint8) * 255).copy()  # the copy can be painted on
        y, x = np.argwhere(left)[0]
        ImageDraw.floodfill(canvas, (int(x), int(y)), 100)
        flooded = np.asarray(canvas) == 100
        yield flooded
        left &= ~flooded


def _look(pixels: Floats, mask: Mask) -> Sight:
    core = np.asarray(Image.fromarray((mask * 255).astype(np.uint8)).filter(ImageFilter.MinFilter(5)))
    inside = pixels[core == 255] if (core == 255).sum() > 20 else pixels[mask]
    colour = _median(inside)
    rows, columns = np.nonzero(mask)
    return Sight(
        colour=_name(colour),
        shape=shape_of(_body(pixels, mask, colour)),
        x=float(columns.min() + columns.max() + 1) / 2 / mask.shape[1],
        y=float(rows.min() + rows.max() + 1) / 2 / mask.shape[0],
        area=float(mask.mean()),
    )


def _body(pixels: Floats, mask: Mask, colour: Floats) -> Mask:
    """The figure without its eyes, mouth or middle, which have another colour."""
    own = mask & (np.linalg.norm(pixels - colour, axis=-1) < 2 * APART)
    return own if own.sum() > mask.sum() / 2 else mask


def shape_of(mask: Mask) -> str:
    """The shape whose outline covers the mask best, allowing for small turns."""
    seen = _normal(mask)
    overlap = {
        shape: max(_overlap(seen, template) for template in templates)
        for shape, templates in _templates().items()
    }
    return max(overlap, key=lambda shape: overlap[shape])


def _normal(mask: Mask) -> Mask:
    """Centred by its mass and scaled by its spread, on a small grid, so that only the form is left."""
    rows, columns = np.nonzero(mask)
    y, x = rows.mean(), columns.mean()
    spread = math.sqrt(((rows - y) ** 2 + (columns - x) ** 2).mean()) + 1e-6
    steps = (np.arange(GRID) - GRID / 2 + 0.5) / GRID * 4.4 * spread
    take_y = np.clip(np.round(y + steps).astype(int), -1, mask.shape[0])
    take_x = np.clip(np.round(x + steps).astype(int), -1, mask.shape[1])
    framed = np.pad(mask, 1)
    normal: Mask = framed[np.ix_(take_y + 1, take_x + 1)]
    return normal


def _overlap(a: Mask, b: Mask) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))


@functools.cache
def _templates() -> dict[str, list[Mask]]:
    turns = [math.radians(angle) for angle in (-10, -5, 0, 5, 10)]
    return {shape: [_normal(_silhouette(shape, turn)) for turn in turns] for shape in FORMS}


def _silhouette(shape: str, turn: float) -> Mask:
    canvas = Image.new("L", (240, 240))
    brush = ImageDraw.Draw(canvas)
    for index, edge in enumerate(outline(shape)):
        brush.polygon(place_points(edge, (120, 120, 160), turn), fill=0 if index else 255)
    return np.asarray(canvas) > 127


def size_of(picture: Image.Image) -> float:
    """The area of the largest figure as a share of the picture; 0 where nothing stands out."""
    return max((sight.area for sight in figures(picture)), default=0.0)


def hollowness(picture: Image.Image) -> float:
    """How empty the largest figure is inside its edge, 0 to 1: near 0 when filled, high for an outline."""
    pixels = lab(np.asarray(picture.convert("RGB").filter(ImageFilter.MedianFilter(3))))
    apart = np.linalg.norm(pixels - _ground(pixels), axis=-1) > APART
    figure = max(_pieces(apart), key=np.sum, default=apart)
    canvas = Image.fromarray(np.pad(figure, 1).astype(np.uint8) * 255).copy()
    ImageDraw.floodfill(canvas, (0, 0), 100)  # the outside; what is left at 0 is enclosed
    inside = int((np.asarray(canvas) == 0).sum())
    return inside / max(1, inside + int(figure.sum()))


def flakes(picture: Image.Image) -> int:
    """How many white specks there are: snow, where the ground is not white."""
    pixels = lab(np.asarray(picture.convert("RGB")))
    near_white = np.linalg.norm(pixels - lab(np.full((1, 1, 3), 255, dtype=np.uint8)), axis=-1) < 2 * APART
    shares = (piece.mean() for piece in islice(_flooded(near_white, FLAKE[0]), MOST_FLAKES))
    return sum(1 for share in shares if FLAKE[0] <= share <= FLAKE[1])
