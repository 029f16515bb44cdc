"""A picture to start from, scaled and cut to what is drawn, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from generator.engine.encode_file import fit
from generator.engine.place import covering, kept_outside, placed, redrawn
from generator.models import EMBEDDED_MODEL, Z_IMAGE_TURBO

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
sides = st.integers(8, 40).map(lambda eighths: 8 * eighths)


def levels(picture):
    return np.asarray(picture, dtype=int)


def slope(width, height):
    """Brighter to the right and greener to the bottom, so that every shift is seen."""
    across = np.broadcast_to(np.linspace(0, 255, width), (height, width))
    down = np.broadcast_to(np.linspace(0, 255, height)[:, None], (height, width))
    return Image.fromarray(np.stack([across, down, np.full((height, width), 80.0)], axis=2).astype(np.uint8))


@given(sides, sides, st.sampled_from([EMBEDDED_MODEL, Z_IMAGE_TURBO]))
def test_what_is_placed_is_shown_at_its_place_again(width, height, model):
    picture = slope(width, height)
    drawn = model.drawn_size(width, height)

    there = placed(picture, (width, height), drawn)
    back = fit(there, width, height)

    assert there.size == drawn
    assert back.size == picture.size
    assert np.abs(levels(back) - levels(picture)).mean() <= 6


@given(sides, sides)
def test_a_picture_of_the_drawn_size_is_not_touched(width, height):
    size = width // 16 * 16 + 16, height // 16 * 16 + 16
    picture = slope(*size)

    assert np.array_equal(levels(placed(picture, size, size)), levels(picture))


@pytest.mark.parametrize(("size", "box"), [((100, 200), (0, 50, 100, 150)), ((300, 100), (100, 0, 200, 100))])
def test_a_picture_of_another_ratio_is_cut_from_its_middle(size, box):
    picture = slope(*size)

    assert np.array_equal(levels(covering(picture, (100, 100))), levels(picture.crop(box)))


def test_a_small_picture_is_enlarged_until_it_covers():
    assert covering(slope(40, 30), (256, 128)).size == (256, 128)


def test_every_white_pixel_of_a_mask_is_drawn():
    mask = Image.new("L", (512, 512), 0)
    mask.putpixel((300, 100), 255)

    small = redrawn(mask, (512, 512), (256, 256))

    assert small.getpixel((150, 50)) == 255
    assert levels(small).sum() == 255


def test_outside_the_mask_the_picture_is_what_it_was():
    start, painted = slope(128, 128), Image.new("RGB", (128, 128), BLUE)
    mask = Image.new("L", (128, 128), 0)
    mask.paste(255, (0, 0, 64, 128))

    whole = kept_outside(painted, start, mask)

    assert np.array_equal(levels(whole)[:, :64], levels(painted)[:, :64])
    assert np.array_equal(levels(whole)[:, 70:], levels(start)[:, 70:])


def test_a_seam_is_soft():
    mask = Image.new("L", (512, 512), 0)
    mask.paste(255, (0, 0, 256, 512))

    row = levels(kept_outside(Image.new("RGB", (512, 512), WHITE), Image.new("RGB", (512, 512)), mask))[
        9, :, 0
    ]

    assert np.abs(np.diff(row)).max() < 120
