"""Rates of drawing: what was measured is met, what lies between and beyond is reckoned from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.scaling import Rates, Shape, rates_near

MEGAPIXEL = 2**20
EVEN = 23_040

shapes = st.builds(Shape, pixels=st.integers(2**16, 2**22), steps=st.floats(1, 50))
truths = st.builds(Rates, step=st.floats(1e-8, 1e-6), once=st.floats(1e-8, 1e-6), even_tokens=st.just(EVEN))


@given(truths, st.lists(shapes, min_size=4, max_size=12), shapes)
def test_a_painter_with_steady_rates_is_told_nearly_right_from_any_shapes(truth, tried, asked):
    steps = {round(each.steps) for each in tried}
    measured = [(each, truth.seconds(each)) for each in tried]

    found = rates_near(asked, measured, EVEN).seconds(asked)

    if len(steps) > 2 and max(steps) > 3 * min(steps) and min(steps) <= asked.steps <= max(steps):
        assert found == pytest.approx(truth.seconds(asked), rel=0.25)
    assert found > 0


@given(shapes, st.floats(0.01, 100))
def test_one_measured_shape_is_met(shape, seconds):
    assert rates_near(shape, [(shape, seconds)], EVEN).seconds(shape) == pytest.approx(seconds, rel=1e-6)


def test_attention_makes_large_pictures_take_more_than_their_pixels():
    one, four = Shape(MEGAPIXEL, 8), Shape(4 * MEGAPIXEL, 8)

    assert 4.5 < rates_near(four, [(one, 1.0)], EVEN).seconds(four) < 6.5  # 319 to 55.6 of the arithmetic


def test_two_step_counts_tell_what_is_spent_once():
    eight, two, none = Shape(MEGAPIXEL, 8), Shape(MEGAPIXEL, 2), Shape(MEGAPIXEL, 1)

    found = rates_near(none, [(eight, 10.0), (two, 4.0)], EVEN)

    assert found.seconds(none) == pytest.approx(3.0, rel=0.1)


def test_rates_are_never_negative():
    odd = [(Shape(MEGAPIXEL, 8), 1.0), (Shape(MEGAPIXEL, 2), 1.2)]

    found = rates_near(Shape(MEGAPIXEL, 20), odd, EVEN)

    assert found.step >= 0
    assert found.once >= 0
