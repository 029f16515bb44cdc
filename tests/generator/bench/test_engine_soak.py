"""A short form of the soak: nothing that was drawn leaves a tensor behind."""

import random
from itertools import islice

import pytest
import torch

from generator.bench.soak import draw, requests, small_painter, tensors


@pytest.fixture(scope="module")
def painter():
    torch.set_num_threads(1)
    return small_painter()


def test_after_every_shape_and_prompt_was_met_once_no_tensor_more_is_kept(painter):
    """Times, rotations and captions are remembered: with the same again, nothing is added."""
    met = list(islice(requests(random.Random(0), prompts=4), 12))
    for request in met:
        draw(painter, request)
    before = tensors()

    for request in [*met, *reversed(met)]:
        draw(painter, request)

    assert tensors() <= before


def test_new_prompts_take_no_more_than_they_may(painter, monkeypatch):
    monkeypatch.setattr("generator.engine.text.BYTES_KEPT", 2**17)

    for request in islice(requests(random.Random(1), prompts=10**6), 12):
        draw(painter, request)

    kept = painter._prompts._cache.values()
    assert sum(text.bytes for text in kept) <= 2**17 + max(text.bytes for text in kept)
