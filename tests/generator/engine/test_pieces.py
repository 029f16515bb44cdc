"""A large picture drawn piece by piece."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from test_start_exactness import noisy, png

from generator.embedded import WEIGHTS
from generator.engine.decode import decode
from generator.engine.load import load_parts
from generator.engine.painter import ZImagePainter
from generator.engine.pieces import Pieces
from generator.engine.start import opened
from generator.loras import Shelf
from generator.messages import name_of
from generator.models import Z_IMAGE_TURBO
from generator.recipe import Recipe, Start
from generator.tiles import OVERLAP, spread

sides = st.integers(4, 150).map(lambda half: 2 * half)


@given(sides, st.integers(2, 128))
def test_pieces_cover_a_side_and_overlap(side, most):
    places, size = spread(side, most)

    ends = [place + size for place in places]
    assert places[0] == 0
    assert ends[-1] == side
    assert all(place % 2 == 0 for place in places)
    assert all(end - place >= OVERLAP - 2 for end, place in zip(ends, places[1:], strict=False))
    assert size <= most + OVERLAP + 1
    assert size <= side


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    torch.set_num_threads(1)  # on a busy machine two wait for each other


@settings(max_examples=25)
@given(st.integers(4, 60).map(lambda half: 2 * half), st.integers(4, 60).map(lambda half: 2 * half))
def test_what_the_pieces_agree_on_is_said_of_the_whole(height, width):
    latents = torch.randn(2, 1, height, width)

    whole = Pieces(lambda _size: lambda piece, time: time * piece, (height, width), (48, 48))(latents, 3.0)

    assert torch.allclose(whole, 3.0 * latents, atol=1e-4)


def test_pieces_that_disagree_meet_without_a_seam():
    calls = iter(range(99))
    pieces = Pieces(
        lambda _size: lambda piece, _time: torch.full_like(piece, next(calls)), (32, 96), (48, 48)
    )

    row = pieces(torch.zeros(1, 16, 32, 96), 0.5)[0, 0, 0]

    assert (row[0], row[-1]) == (0, 1)
    assert row.diff().max() < 0.2


@pytest.fixture
def latents_of(painter, monkeypatch):
    def draw(wanted, picture, size):
        square = {"1:1": (size, size)}
        monkeypatch.setattr(painter, "_row", replace(Z_IMAGE_TURBO, smallest_side=16, aspects=square))
        with torch.inference_mode():
            return [step.latents for step in painter._steps([wanted], opened([png(picture)]))][-1]

    return draw


def test_a_picture_of_one_piece_is_drawn_as_if_whole(latents_of):
    picture = noisy(256, 192)
    start = Start(picture=name_of(png(picture)), strength=0.5)
    wanted = Recipe(prompt="a star", model="m", width=256, height=192, steps=2, seed=5, start=start)

    whole = latents_of(wanted, picture, 256)
    tiled = latents_of(replace(wanted, start=replace(start, tiled=True)), picture, 256)
    pieces = latents_of(replace(wanted, start=replace(start, tiled=True)), picture, 128)

    assert torch.allclose(tiled, whole, atol=1e-4)
    assert not torch.allclose(pieces, whole, atol=1e-4)
    assert torch.isfinite(pieces).all()


# ── seams ─────────────────────────────────────────────────────────────────────────────────────────

SEAMS = (192, 320)  # pixels where pieces of 256, made a little larger, begin and end in 512
VISIBLE = 0.6  # levels of 255, all along a line


@pytest.fixture(scope="module")
def enlarged():
    """Paint a picture of the embedded model at twice its size, piece by piece, and return its pixels."""
    parts = load_parts(WEIGHTS, lambda _fraction: None, torch.device("cpu"))
    row = replace(Z_IMAGE_TURBO, smallest_side=16, aspects={"1:1": (256, 256)})
    painter = ZImagePainter(parts, row, Shelf())
    small = Image.new("RGB", (256, 256), (90, 140, 220))
    ImageDraw.Draw(small).ellipse((60, 60, 200, 200), fill=(220, 40, 40))
    start = Start(picture=name_of(png(small)), strength=0.3, tiled=True)
    wanted = Recipe(prompt="a red circle, blue background", model="m", width=512, height=512, steps=8, seed=5)

    def paint():
        with torch.inference_mode():
            steps = painter._steps([replace(wanted, start=start)], opened([png(small)]))
            return np.asarray(decode(parts.vae, [step.latents for step in steps][-1]), dtype=float)

    return paint


def steepest(pixels):
    """How much the ground beside the circle changes at a seam, averaged all along it."""
    profiles = (side[:100].mean(axis=0) for side in (pixels, pixels.transpose(1, 0, 2)))
    changes = [np.abs(np.diff(profile, axis=0)).mean(axis=1) for profile in profiles]
    return max(change[seam - 4 : seam + 4].max() for change in changes for seam in SEAMS)


def test_a_picture_painted_in_pieces_shows_no_seam(enlarged):
    assert steepest(enlarged()) < VISIBLE


def test_a_seam_would_be_seen(enlarged, monkeypatch):
    monkeypatch.setattr(
        "generator.engine.pieces._ramp", lambda size: (torch.arange(size) < size - OVERLAP) + 1e-6
    )

    assert steepest(enlarged()) > VISIBLE


def test_where_memory_is_short_for_a_large_picture_it_is_read_in_tiles(painter, monkeypatch):
    picture, whole = noisy(512, 512), painter._parts.vae.encode
    start = Start(picture=name_of(png(picture)), strength=0.5, tiled=True)
    wanted = Recipe(prompt="a star", model="m", width=512, height=512, steps=2, seed=5, start=start)
    tried = []

    def short(pixels, *args, **kwargs):
        tried.append(painter._parts.vae.use_tiling)
        if not painter._parts.vae.use_tiling:
            raise torch.OutOfMemoryError
        return whole(pixels, *args, **kwargs)

    monkeypatch.setattr(painter._parts.vae, "encode", short)
    with torch.inference_mode():
        last = list(painter._steps([wanted], opened([png(picture)])))[-1]

    assert tried == [False, True]
    assert not painter._parts.vae.use_tiling
    assert torch.isfinite(last.latents).all()
