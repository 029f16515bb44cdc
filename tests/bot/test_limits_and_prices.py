"""Prices, rates, pauses and expectations: pure arithmetic, told the time."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage import a_job

from bot.backoff import BackOff
from bot.estimate import Estimate, place_in_line, shape_key
from bot.line import places
from bot.pricing import price
from bot.progress import Throttle
from bot.rate_limit import Bucket, Rate, RateLimit
from generator.models import EMBEDDED_MODEL, Z_IMAGE_TURBO
from generator.recipe import Lora, Recipe, Start
from storage.records import Place

RECIPE = Recipe(prompt="a star", model="embedded", width=1024, height=1024, steps=8, seed=7)


@pytest.mark.parametrize(
    ("width", "height", "steps", "count", "credits"),
    [
        (1024, 1024, 8, 1, 15),
        (1024, 1024, 8, 4, 60),
        (1024, 1024, 9, 1, 17),
        (512, 512, 8, 1, 4),
        (256, 256, 8, 1, 1),
        (64, 64, 1, 4, 4),
        (2048, 2048, 50, 1, 375),
    ],
)
def test_prices_follow_pixels_and_steps_rounded_up(width, height, steps, count, credits):
    assert price(replace(RECIPE, width=width, height=height, steps=steps), count) == credits


def test_each_lora_of_an_order_costs_one_credit_however_many_pictures():
    dressed = replace(RECIPE, loras=(Lora("snow", 0.8), Lora("outline", -1.0), Lora("off", 0.0)))

    assert [price(dressed, count) for count in (1, 4)] == [17, 62]


def test_pieces_of_a_large_picture_are_paid_for_where_they_overlap_too():
    start = Start(picture="0" * 64, strength=0.3)
    large = replace(RECIPE, model="Tongyi-MAI/Z-Image-Turbo", width=2048, height=2048, start=start)
    tiled = replace(large, start=replace(start, tiled=True))

    assert [price(each, 1) for each in (large, tiled)] == [27, 30]
    assert shape_key(Z_IMAGE_TURBO, large) != shape_key(Z_IMAGE_TURBO, tiled)


async def test_a_burst_passes_and_then_one_per_interval():
    limit = RateLimit(Rate(per_minute=60, burst=3), Rate(per_minute=6000, burst=100))

    answers = [await limit.retry_seconds(1, 0.0) for _ in range(4)]

    assert answers == [0, 0, 0, 1]
    assert await limit.retry_seconds(1, 1.0) == 0
    assert await limit.retry_seconds(1, 1.0) == 1
    assert await limit.retry_seconds(2, 1.0) == 0


async def test_all_accounts_together_are_limited_and_a_no_costs_nothing():
    limit = RateLimit(Rate(per_minute=60, burst=10), Rate(per_minute=30, burst=2))

    answers = [await limit.retry_seconds(account, 0.0) for account in range(5)]

    assert answers == [0, 0, 2, 2, 2]
    assert [await limit.retry_seconds(9, 20.0) for _ in range(3)] == [0, 0, 2]


@given(st.lists(st.floats(0, 5), max_size=200), st.integers(1, 10), st.floats(1, 600))
def test_who_waits_as_told_is_let_in(gaps, burst, per_minute):
    bucket, now = Bucket(Rate(per_minute=per_minute, burst=burst)), 0.0
    for gap in gaps:
        now += gap
        now += bucket.wait_seconds("key", now)
        assert bucket.wait_seconds("key", now) < 1e-6
        bucket.take("key", now)


def test_idle_keys_are_forgotten():
    bucket = Bucket(Rate(per_minute=60, burst=1))

    for key in range(100_000):
        bucket.take(key, now=float(key))

    assert len(bucket) <= 1024


def test_pauses_grow_to_five_seconds_and_are_forgotten():
    back_off, waits = BackOff(random.Random(1)), []
    for _ in range(8):
        back_off.failed(0.0)
        waits.append(back_off.wait_seconds(0.0))

    assert 0.1 <= waits[0] <= 0.2
    assert 2.5 <= waits[-1] <= 5.0
    back_off.succeeded()
    assert (back_off.wait_seconds(0.0), back_off.troubled) == (0.0, False)


@given(st.integers(1, 50), st.floats(0, 0.2))
def test_progress_is_thinned_but_its_end_always_comes(steps, pace):
    throttle = Throttle(0.1)

    admitted = [step for step in range(1, steps + 1) if throttle.admits(step, steps, step * pace)]

    assert admitted[-1] == steps
    assert len(admitted) <= steps * pace / 0.1 + 2


class Memory:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    async def measured(self, shape):
        return self.seconds.get(shape)

    async def often_measured(self, start, most):
        found = [(shape, seconds) for shape, seconds in self.seconds.items() if shape.startswith(start)]
        return dict(found[:most])

    async def learn(self, shapes, seconds):
        self.seconds |= dict.fromkeys(shapes, seconds)


async def test_expected_seconds_are_scaled_until_they_are_measured():
    estimate = Estimate(Memory(), Z_IMAGE_TURBO)
    small = replace(RECIPE, width=512, height=512)

    assert await estimate.seconds(RECIPE, 2) == pytest.approx(4.0)
    await estimate.learn(RECIPE, 8.0)
    assert 1.6 < await estimate.seconds(small, 1) < 2.0  # a quarter of the pixels, and less to attend to
    await estimate.learn(small, 3.0)
    assert await estimate.seconds(small, 2) == 6.0


async def test_sizes_drawn_alike_are_learned_alike():
    estimate = Estimate(Memory(), EMBEDDED_MODEL)

    await estimate.learn(RECIPE, 0.5)

    assert await estimate.seconds(replace(RECIPE, width=256, height=256), 1) == 0.5


async def test_patience_is_ten_steps_but_long_where_nothing_is_known():
    estimate = Estimate(Memory(), Z_IMAGE_TURBO)

    assert await estimate.patience_seconds(RECIPE, 1) == 600.0
    await estimate.learn(RECIPE, 8.0)
    assert await estimate.patience_seconds(RECIPE, 1) == 30.0
    await estimate.learn(RECIPE, 80.0)
    assert await estimate.patience_seconds(RECIPE, 1) == 100.0


def test_whoever_is_drawn_is_not_in_line():
    assert place_in_line(Place(ahead=0, seconds_ahead=0), drawing=0) == 1
    assert place_in_line(Place(ahead=1, seconds_ahead=1), drawing=1) == 1
    assert place_in_line(Place(ahead=2, seconds_ahead=2), drawing=1) == 2
    assert place_in_line(Place(ahead=4, seconds_ahead=4), drawing=3) == 2


def test_places_count_those_who_wait_and_times_what_is_left():
    jobs = [a_job("drawn", 10.0), a_job("next", 4.0), a_job("last", 2.0)]

    line = places(jobs, {"drawn": 7.0}.get, lambda _job: 0.0, None)

    assert [(queued.job.id, queued.place, queued.eta_seconds) for queued in line] == [
        ("next", 1, 7.0),
        ("last", 2, 9.0),
    ]


def test_who_is_next_and_is_let_by_does_not_wait_for_what_is_drawn_and_who_comes_after_may():
    jobs = [a_job("drawn", 40.0), a_job("let by before", 2.0), a_job("next", 4.0), a_job("last", 2.0)]

    line = places(jobs, {"drawn": 10.0, "let by before": 1.5}.get, lambda _job: 30.0, None)

    assert [queued.eta_seconds for queued in line] == [4.5, 36.5]


async def test_putting_loras_on_is_expected_to_take_its_time():
    estimate = Estimate(Memory(), EMBEDDED_MODEL)
    dressed = replace(RECIPE, loras=(Lora("snow"), Lora("outline")))
    bare = await estimate.seconds(RECIPE, 4)

    assert bare < await estimate.seconds(dressed, 4) < 1.1 * bare
