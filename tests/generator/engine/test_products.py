"""Eight bits: how far from sixteen, and that nothing breaks on odd values."""

import pytest
import torch
from torch import nn

from generator.choices import Precision
from generator.engine.products import Narrow, kept_in, narrow_linears, product

NARROW = [Precision.INT8, Precision.FP8]
BOUND = {Precision.INT8: 0.015, Precision.FP8: 0.05}


def relative(found, wanted):
    return float((found - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("precision", NARROW)
def test_eight_bits_are_near_sixteen(precision):
    rng = torch.Generator().manual_seed(0)
    x, weight = (torch.randn(*shape, generator=rng) for shape in ((2, 64, 192), (512, 192)))

    found = product(x, kept_in(weight, precision))

    assert found.shape == (2, 64, 512)
    assert relative(found, x @ weight.T) < BOUND[precision]


@pytest.mark.parametrize("precision", NARROW)
def test_one_huge_token_spoils_no_other(precision):
    rng = torch.Generator().manual_seed(1)
    x, weight = (torch.randn(*shape, generator=rng) for shape in ((64, 192), (128, 192)))
    x[3] *= 6.6e4

    found = product(x, kept_in(weight, precision))

    others = torch.arange(64) != 3
    assert relative(found[others], (x @ weight.T)[others]) < BOUND[precision]


@pytest.mark.parametrize("precision", NARROW)
def test_zeros_stay_zeros(precision):
    weight = torch.zeros(32, 32)

    assert torch.equal(product(torch.zeros(32, 32), kept_in(weight, precision)), torch.zeros(32, 32))
    assert torch.isfinite(product(torch.randn(32, 32), kept_in(weight, precision))).all()


@pytest.mark.parametrize("precision", NARROW)
def test_a_narrow_network_takes_a_quarter_of_the_memory_and_says_nearly_the_same(precision):
    torch.manual_seed(2)
    network = nn.Sequential(nn.Linear(64, 128), nn.SiLU(), nn.Linear(128, 64, bias=False))
    x = torch.randn(32, 64)
    wanted = network(x).detach()

    narrow_linears(network, precision)

    assert relative(network(x), wanted) < 2 * BOUND[precision]
    assert [type(layer) for layer in network] == [Narrow, nn.SiLU, Narrow]
    assert network[0].rows.nbytes == 64 * 128


def test_exact_weights_are_left_alone():
    weight = torch.randn(4, 4)

    assert kept_in(weight, Precision.EXACT) is weight
