"""PNG files hold every pixel and what is told about the picture, and nobody waits long for them."""

import io
import shutil
import struct
import subprocess
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from generator.bench.files import written
from generator.bench.pictures import photograph, pictures
from generator.engine import png as writer
from generator.engine.png import png
from generator.messages import PictureFormat

SIDES = st.one_of(st.integers(1, 3), st.integers(1, 40))


@pytest.fixture(params=[100, 1_000, writer.STRIPE_BYTES], ids=lambda size: f"stripes of {size} bytes")
def stripes(request, monkeypatch):
    monkeypatch.setattr(writer, "STRIPE_BYTES", request.param)


@pytest.mark.usefixtures("stripes")
@given(SIDES, SIDES, st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 16, 256]))
def test_every_pixel_is_kept(width, height, seed, colours):
    levels = np.random.default_rng(seed).integers(0, colours, (height, width, 3)) * (
        255 // max(colours - 1, 1)
    )
    picture = Image.fromarray(levels.astype(np.uint8))

    file = png(picture, PngInfo())

    found = Image.open(io.BytesIO(file))
    found.load()
    assert (found.format, found.mode) == ("PNG", "RGB")
    assert found.tobytes() == picture.tobytes() == _read_strictly(file)


@pytest.mark.parametrize("picture", [pytest.param(each, id=name) for name, each in pictures(333)])
def test_every_pixel_of_an_ordinary_picture_is_kept(picture):
    assert _read_strictly(png(picture, PngInfo())) == picture.tobytes()


def test_every_sum_is_right_and_what_is_told_is_there():
    info = PngInfo()
    info.add_text("one", "plain")
    info.add_itxt("other", "кот 猫 🙂")

    file = png(photograph(64), info)

    Image.open(io.BytesIO(file)).verify()
    assert Image.open(io.BytesIO(file)).info == {"one": "plain", "other": "кот 猫 🙂"}


@pytest.mark.usefixtures("stripes")
@pytest.mark.skipif(shutil.which("pngcheck") is None, reason="no pngcheck on this machine")
def test_a_strict_reader_has_nothing_to_say_of_the_file(tmp_path):
    file = tmp_path / "picture.png"
    file.write_bytes(png(photograph(65), PngInfo()))

    checked = subprocess.run(["pngcheck", "-q", str(file)], capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stdout) == (0, "")


def test_a_picture_is_written_the_same_way_every_time():
    assert png(photograph(512), PngInfo()) == png(photograph(512), PngInfo())


@pytest.mark.parametrize(
    ("format", "time", "size"),
    [(PictureFormat.PNG, 0.35, 1.3), (PictureFormat.WEBP, 0.9, 1.2)],
)
def test_a_file_takes_a_small_part_of_the_work_that_pillow_does_by_itself(format, time, size):
    found = written(photograph(512), format, 7)

    assert found.ours.work < time * found.pillows.work
    assert found.ours.bytes < size * found.pillows.bytes


def _read_strictly(file: bytes) -> bytes:
    """Return the pixels by the specification's letter; anything odd fails."""
    assert file.startswith(b"\x89PNG\r\n\x1a\n")
    kinds, packed, place = [], b"", 8
    while place < len(file):
        length, kind = struct.unpack_from(">I4s", file, place)
        content = file[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", file, place + 8 + length) == (zlib.crc32(kind + content),)
        kinds.append(kind)
        packed += content if kind == b"IDAT" else b""
        place += 12 + length
    assert (kinds[0], set(kinds[1:-1]), kinds[-1]) == (b"IHDR", {b"IDAT"}, b"IEND")
    width, height, *rest = struct.unpack_from(">IIBBBBB", file, 16)
    assert rest == [8, 2, 0, 0, 0]
    unpacker = zlib.decompressobj()
    rows = unpacker.decompress(packed)
    assert unpacker.eof  # with the sum that stands there
    assert not unpacker.unused_data
    return _unfolded(np.frombuffer(rows, np.uint8).reshape(height, 1 + 3 * width))


def _unfolded(rows: np.ndarray) -> bytes:
    above, found = np.zeros(rows.shape[1] - 1, np.uint8), []
    for way, *values in rows.tolist():
        assert way in {2, 3}
        row = np.array(values, np.uint8) + above if way == 2 else _by_means(values, above.tolist())
        found.append(row)
        above = row
    return np.stack(found).tobytes()


def _by_means(values: list[int], above: list[int]) -> np.ndarray:
    row: list[int] = []
    for place, value in enumerate(values):
        left = row[place - 3] if place >= 3 else 0
        row.append((value + (left + above[place]) // 2) % 256)
    return np.array(row, np.uint8)
