"""Compiled blocks: once a shape is warm nothing is compiled for it again, least of all while one waits."""

import threading
import time
from functools import partial

import pytest
import torch

from generator.bench.sizes import TINY, networks
from generator.engine.compiled import Compiled
from generator.engine.denoise import Schedule, Wish, denoise
from generator.engine.levers import Levers
from generator.engine.net import Net
from generator.engine.text import Text

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def transformer():
    torch.set_num_threads(1)
    return networks(TINY, CPU, torch.float32).transformer


@pytest.fixture
def compiled(monkeypatch):
    """What compiles as on a card, up to where kernels are written: that takes a compiler."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    return Compiled()


def drawn(net, *seeds, times=(0.1, 0.6)):
    """The latents of some steps, a picture for each seed."""
    rng = torch.Generator().manual_seed(seeds[0])
    with torch.inference_mode():
        width = TINY.transformer["cap_feat_dim"]
        texts = [Text(torch.randn(20, width, generator=rng), truncated=False) for _ in seeds]
        noise = torch.randn(len(seeds), 16, 8, 8, generator=rng)
        plan = Schedule(torch.linspace(1, 0, len(times) + 1), torch.tensor(times))
        *_, last = denoise(net, noise, Wish(texts), plan)
    return last.latents


def warm(net, compiled, *seeds):
    drawn(net, *seeds)
    deadline = time.monotonic() + 60
    while compiled.busy:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_every_block_of_a_warm_shape_goes_through_the_same_code(transformer, compiled):
    net = Net(transformer, levers=Levers(compiled=compiled))
    plain = Net(transformer)
    warm(net, compiled, 1)
    found = []

    def elsewhere():
        with torch._dynamo.config.patch(error_on_recompile=True):
            found.extend(drawn(net, seed, times=(0.2, 0.9, 0.3)) for seed in (2, 3))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()

    assert compiled.shapes == (2, 2)  # the picture's refiners and the main blocks
    for seed, latents in zip((2, 3), found, strict=True):
        torch.testing.assert_close(latents, drawn(plain, seed, times=(0.2, 0.9, 0.3)))


def test_a_batch_is_a_shape_of_its_own(transformer, compiled):
    net = Net(transformer, levers=Levers(compiled=compiled))
    warm(net, compiled, 1)

    warm(net, compiled, 1, 2)

    assert compiled.shapes == (4, 4)
    torch.testing.assert_close(drawn(net, 1, 2), drawn(Net(transformer), 1, 2))
