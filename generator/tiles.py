"""The pieces in which a large picture is drawn: where they lie, and how much more that is. Torch-free."""

import math

OVERLAP = 16  # latent pixels
EVEN = 2  # a token covers two by two latent pixels
CELL = 8  # pixels along a side of a latent one


def spread(side: int, most: int) -> tuple[list[int], int]:
    """Return where pieces of one size begin that cover a side, and that size: few more than `most`.

    >>> spread(256, 128)
    ([0, 120], 136)
    """
    count = math.ceil(side / most)
    size = math.ceil((side + (count - 1) * OVERLAP) / count / EVEN) * EVEN
    if size >= side:
        return [0], side
    return [round(place * (side - size) / (count - 1) / EVEN) * EVEN for place in range(count)], size


def times_drawn(drawn: tuple[int, int], piece: tuple[int, int]) -> float:
    """Return how often the mean pixel of a (width, height) is drawn in pieces, which overlap.

    >>> times_drawn((1024, 1024), (1024, 1024))
    1.0
    >>> times_drawn((2048, 1024), (1024, 1024))
    1.0625
    """
    times = 1.0
    for side, most in zip(drawn, piece, strict=True):
        places, size = spread(side // CELL, most // CELL)
        times *= len(places) * size / (side // CELL)
    return times
