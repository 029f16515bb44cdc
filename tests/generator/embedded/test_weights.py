"""The weights that are shipped: small, unpickled, readable, and able to draw what they promise."""

import hashlib
import json
import stat

import pytest
from generator.embedded import EXAMPLES, SAMPLER, WEIGHTS
from generator.embedded.scenes import Figure, Poster
from generator.embedded.scorer import judge
from PIL import Image

pytestmark = pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not there")


@pytest.fixture(scope="module")
def pipeline():
    pytest.importorskip("torch")
    from generator.embedded.evaluate import open_pipeline  # noqa: PLC0415 - slow imports

    return open_pipeline(WEIGHTS)


def files():
    return [path for path in WEIGHTS.rglob("*") if path.is_file()]


def test_the_folder_is_small_and_holds_nothing_pickled():
    assert sum(path.stat().st_size for path in files()) <= 25_000_000
    assert all(path.stat().st_size < 16_000_000 for path in files())
    assert not [path for path in files() if path.suffix in (".bin", ".pt", ".pkl", ".ckpt")]


def test_every_user_may_read_every_file():
    assert all(path.stat().st_mode & stat.S_IROTH for path in files())


def test_every_file_is_the_one_that_was_scored():
    lines = (WEIGHTS / "SHA256SUMS").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)

    assert sums.keys() == {str(p.relative_to(WEIGHTS)) for p in files()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() == digest


def test_the_preview_map_turns_sixteen_channels_into_colours():
    preview = json.loads((WEIGHTS / "preview.json").read_text())

    assert [len(row) for row in preview["matrix"]] == [3] * 16
    assert len(preview["bias"]) == 3


def test_there_are_examples_in_three_languages():
    assert EXAMPLES.keys() == {"en", "ru", "zh"}
    assert len({len(texts) for texts in EXAMPLES.values()}) == 1
    assert any("а" <= letter <= "я" for text in EXAMPLES["ru"] for letter in text)
    assert any("一" <= letter <= "鿿" for text in EXAMPLES["zh"] for letter in text)


def test_the_examples_are_shown_tile_by_tile():
    strip = Image.open(SAMPLER)

    assert strip.size == (256 * len(EXAMPLES["en"]), 256)


@pytest.mark.parametrize(
    "text", ["a red circle on a blue background", "красный круг на синем фоне", "蓝色背景上的红色圆形"]
)
def test_a_red_circle_on_blue_is_drawn_in_every_language(pipeline, text):
    from generator.embedded.evaluate import paint  # noqa: PLC0415 - slow imports

    verdict = judge(
        paint(pipeline, text, "1:1", seed=7),
        Poster(background="blue", figures=(Figure(shape="circle", colour="red"),)),
    )

    assert verdict.background
    assert verdict.colour
    assert verdict.shape
