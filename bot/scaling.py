"""What untried shapes take, reckoned from those that were measured. Pure.

A picture takes seconds for each step, in proportion to its tokens and, for the attention, to their square;
and seconds once, in proportion to its pixels: it is decoded and written. Both rates are what fits the
measured shapes best, the near ones above all.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

PIXELS_A_TOKEN = 256
ONCE = 0.5  # steps' worth of decoding and writing, while nothing tells it apart from the steps
DOUBT = 0.01  # how much that counts beside a measurement
NEAR = 0.05  # the squared distance up to which shapes count as the same


@dataclass(frozen=True, slots=True)
class Shape:
    """What is drawn: so many pixels, in so many steps."""

    pixels: int
    steps: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds for a pixel in one step, without attention, and for a pixel once."""

    step: float
    once: float
    even_tokens: int  # at so many, attention takes as long as everything else

    def seconds(self, shape: Shape) -> float:
        """Return what a shape takes."""
        return self.stepping(shape) + self.once * shape.pixels

    def stepping(self, shape: Shape) -> float:
        """Return what its steps alone take."""
        return self.step * shape.steps * worked(shape, self.even_tokens)


def worked(shape: Shape, even_tokens: int) -> float:
    """Return the pixels of a shape as a step meets them: more of them attend to more."""
    return shape.pixels * (1 + shape.pixels / PIXELS_A_TOKEN / even_tokens)


def rates_near(shape: Shape, measured: Sequence[tuple[Shape, float]], even_tokens: int) -> Rates:
    """Return the rates around a shape, by weighted least squares of relative errors; neither is negative.

    `measured` are shapes and their seconds, at least one.
    """
    sums = [0.0] * 5
    for each, seconds in measured:
        near = 1 / (NEAR + _distance(shape, each))
        step, once = worked(each, even_tokens) / seconds, each.pixels / seconds
        sums = [
            a + near * b for a, b in zip(sums, _normal(each.steps * step, once, ONCE * step), strict=True)
        ]
    return Rates(*_solved(*sums), even_tokens)


def _normal(x: float, y: float, unknown: float) -> tuple[float, float, float, float, float]:
    """Return the terms of x · a + y · b = 1 and, with the weight of doubt, of unknown · a = y · b."""
    return (
        x * x + DOUBT * unknown * unknown,
        x * y - DOUBT * unknown * y,
        y * y + DOUBT * y * y,
        x,
        y,
    )


def _solved(xx: float, xy: float, yy: float, x: float, y: float) -> tuple[float, float]:
    whole = xx * yy - xy * xy
    a, b = (x * yy - y * xy) / whole, (y * xx - x * xy) / whole
    if a < 0:
        return 0.0, y / yy
    return (a, b) if b >= 0 else (x / xx, 0.0)


def _distance(one: Shape, other: Shape) -> float:
    """Return the square of how far two shapes are from each other: by ratios, not differences."""
    steps = math.log((one.steps + ONCE) / (other.steps + ONCE))
    return math.log(one.pixels / other.pixels) ** 2 + steps * steps
