"""PNG files hold every pixel and what is told about the picture, and nobody waits long for them."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from generator.bench.files import photograph, written
from generator.engine.png import png
from generator.messages import PictureFormat


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 256]))
def test_every_pixel_is_kept(width, height, seed, colours):
    levels = np.random.default_rng(seed).integers(0, colours, (height, width, 3)) * (
        255 // max(colours - 1, 1)
    )
    picture = Image.fromarray(levels.astype(np.uint8))

    file = png(picture, PngInfo())

    found = Image.open(io.BytesIO(file))
    found.load()
    assert (found.format, found.mode) == ("PNG", "RGB")
    assert found.tobytes() == picture.tobytes()


def test_every_sum_is_right_and_what_is_told_is_there():
    info = PngInfo()
    info.add_text("one", "plain")
    info.add_itxt("other", "кот 猫 🙂")

    file = png(photograph(64), info)

    Image.open(io.BytesIO(file)).verify()
    assert Image.open(io.BytesIO(file)).info == {"one": "plain", "other": "кот 猫 🙂"}


@pytest.mark.parametrize(
    ("format", "time", "size"),
    [(PictureFormat.PNG, 0.35, 1.3), (PictureFormat.WEBP, 0.9, 1.2)],
)
def test_a_file_takes_a_small_part_of_the_time_that_pillow_takes_by_itself(format, time, size):
    found = written(photograph(512), format, 7)

    assert found.seconds < time * found.pillow_seconds
    assert found.bytes < size * found.pillow_bytes
