"""How many kernels a step tells a card, and what they move: the reference, the engine, and the floor."""

import pytest

from generator.bench.flops import step_flops
from generator.bench.sizes import EMBEDDED, FULL, skeleton
from generator.bench.told import told_by_ours, told_by_stock

CAPTION = 64


@pytest.fixture(scope="module")
def stock():
    return told_by_stock(FULL, 1024, 1024, CAPTION)


@pytest.fixture(scope="module")
def ours():
    return told_by_ours(FULL, 1024, 1024, CAPTION)


def test_the_reference_is_counted_as_its_profile_shows_it(stock):
    assert stock.kernels == pytest.approx(2600, rel=0.01)
    assert (stock.products, stock.attention) == (276, 34)
    assert stock.moved / 1e9 == pytest.approx(153.6, rel=0.01)


def test_a_step_of_ours_tells_a_third_of_it_before_anything_is_compiled(stock, ours):
    assert ours.kernels < 0.33 * stock.kernels
    assert ours.moved < 0.4 * stock.moved
    assert (ours.products, ours.attention) == (130, 32)  # 4 for a block, and the first and last layer's


@pytest.mark.parametrize("side", [512, 1024, 1536])
def test_a_step_multiplies_what_the_floor_says_and_no_more(side):
    config, tokens = skeleton("transformer", FULL).config, (side // 16) ** 2

    found = told_by_ours(FULL, side, side, CAPTION)

    assert found.flops == pytest.approx(step_flops(config, tokens, CAPTION), rel=0.01)


def test_other_models_are_counted_too():
    assert 0 < told_by_ours(EMBEDDED, 128, 128, 32).kernels < told_by_stock(EMBEDDED, 128, 128, 32).kernels
