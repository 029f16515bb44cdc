"""Enlarged pictures stay sharp and get no colours that were not there."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from generator.engine.enlarge import enlarge


@pytest.fixture
def disc():
    """A soft-edged dark disc on light ground."""
    picture = Image.new("RGB", (256, 256), (200, 200, 200))
    ImageDraw.Draw(picture).ellipse((60, 60, 196, 196), fill=(40, 40, 40))
    return picture.filter(ImageFilter.GaussianBlur(0.7))


def between(picture):
    """The share of pixels that are neither dark nor light: what makes an edge soft."""
    pixels = np.asarray(picture)[..., 0]
    return float(((pixels > 60) & (pixels < 180)).mean())


def test_four_times_as_large_its_edges_are_much_narrower_than_resampled_ones(disc):
    resampled = disc.resize((1024, 1024), Image.Resampling.BICUBIC)

    sharp = enlarge(disc, (1024, 1024))

    assert sharp.size == (1024, 1024)
    assert between(sharp) < 0.6 * between(resampled)


def test_no_pixel_is_darker_or_lighter_than_the_old_ones(disc):
    sharp = np.asarray(enlarge(disc, (1024, 1024)))

    assert sharp.min() >= np.asarray(disc).min()
    assert sharp.max() <= np.asarray(disc).max()


def test_a_plain_picture_stays_plain():
    plain = Image.new("RGB", (16, 16), (12, 200, 99))

    assert set(enlarge(plain, (128, 128)).get_flattened_data()) == {(12, 200, 99)}


def test_a_little_larger_is_only_resampled(disc):
    assert enlarge(disc, (300, 300)).tobytes() == disc.resize((300, 300), Image.Resampling.BICUBIC).tobytes()
