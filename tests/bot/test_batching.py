"""When pictures of several people are drawn as one batch."""

from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stage import a_job

from bot.batching import LEAST_GAIN, MOST_TOGETHER, Batching, candidates, expected, fellows, fits
from generator.recipe import Lora, Start
from storage.fair import LONGEST_SKIP_SECONDS
from storage.records import Job

SECONDS = st.floats(0.01, 100.0)
COUNTS = st.lists(st.integers(1, 4), min_size=2, max_size=6)
MEASURED = st.dictionaries(st.integers(1, 8), SECONDS, max_size=5)


@st.composite
def falling(draw):
    """What a card measures: so much for the first picture, so much for each more."""
    first, more = draw(SECONDS), draw(SECONDS)
    assume(more <= first)
    return {count: (first + (count - 1) * more) / count for count in (1, 4)}


def job(id: str = "a", count: int = 1, waiting_since: float = 0.0, **recipe: object) -> Job:
    plain = a_job(id)
    return replace(plain, count=count, created_at=waiting_since, recipe=replace(plain.recipe, **recipe))


# ── whether it pays ───────────────────────────────────────────────────────────────────────────────


@given(COUNTS, st.integers(0, 40), falling())
def test_everybody_together_waits_less_than_one_after_the_other(counts, behind, measured):
    joined = fellows(counts, behind, measured)

    assume(joined)
    seconds = expected(measured, sum(counts))
    ends = list(accumulate(count * seconds[count] for count in counts))
    aboard = sum(counts[: joined + 1])
    batch = aboard * seconds[aboard]
    rest = ends[joined + 1 :] + [ends[-1]] * behind
    saved = ends[joined] - batch
    assert sum([batch] * (joined + 1)) + sum(end - saved for end in rest) < sum(ends[: joined + 1]) + sum(
        rest
    )


@given(COUNTS, st.integers(0, 40), st.floats(0.02, 100.0), st.floats(1.001 - LEAST_GAIN, 3.0))
def test_a_batch_that_measures_no_gain_is_never_drawn(counts, behind, alone, ratio):
    measured = {1: alone} | dict.fromkeys(range(2, 1 + sum(counts)), alone * ratio)
    single = [1] * len(counts)

    assert fellows(single, behind, measured) == 0


@given(COUNTS, st.integers(0, 40), MEASURED)
def test_nothing_is_decided_without_a_picture_alone_and_a_batch_measured(counts, behind, measured):
    assume(1 not in measured or len(measured) < 2)

    assert fellows(counts, behind, measured) == 0


@given(COUNTS, st.integers(0, 20), falling())
def test_the_more_wait_the_sooner_it_pays(counts, behind, measured):
    assume(fellows(counts, behind, measured))

    assert fellows(counts, behind + 5, measured)


def test_two_of_equal_length_share_a_batch_only_where_it_takes_less_than_one_and_a_half_of_one():
    assert fellows([1, 1], 0, {1: 1.0, 2: 0.74}) == 1
    assert fellows([1, 1], 0, {1: 1.0, 2: 0.76}) == 0
    assert fellows([1, 1], 5, {1: 1.0, 2: 0.76}) == 1  # those behind are worth it


@given(MEASURED, st.integers(1, 8))
def test_what_was_measured_is_expected_and_every_number_has_an_expectation_or_none_has(measured, most):
    found = expected(measured, most)

    assert set(found) in ({*range(1, most + 1)}, set())
    assert not found or all(found[count] == measured[count] for count in measured if count <= most)


# ── who may share one ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("pixels", "most"), [(256 * 256, 8), (512 * 512, 8), (768 * 768, 4), (1024 * 1024, 1)]
)
def test_only_small_pictures_are_drawn_in_company(pixels, most):
    assert Batching().most(pixels) == most


@given(st.integers(0, 2**22), st.integers(1, 2**22))
def test_a_batch_is_never_larger_than_it_may_be(largest, pixels):
    most = Batching(largest).most(pixels)

    assert 1 <= most <= MOST_TOGETHER
    assert most == 1 or (pixels <= largest and most * pixels <= 4 * largest)


OTHERS = {
    "size": job(width=320),
    "steps": job(steps=4),
    "guidance": job(guidance=2.0),
    "shift": job(shift=1.0),
    "LoRAs": job(loras=(Lora("snow"),)),
    "model": job(model="another"),
    "start": job(start=Start(picture="0" * 64)),
    "caption": job(prompt="a star " * 40),
    "loss": replace(job(), losses=1),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_jobs_share_a_batch_only_where_everything_that_is_computed_is_alike(other):
    assert fits(job(), job("b", prompt="a cat", seed=3))
    assert not fits(job(), other)
    assert not fits(other, job())


def test_those_who_fit_join_in_their_order_up_to_the_room_there_is():
    line = [job("b"), job("c", steps=4), job("d", count=2), job("e"), job("f")]

    assert [each.id for each in candidates(job(), line, 4, now=0.0)] == ["b", "d", "e"]
    assert [each.id for each in candidates(job(), line, 2, now=0.0)] == ["b"]


def test_nobody_who_has_waited_for_long_is_passed_over():
    line = [job("b"), job("c", steps=4), job("d")]

    assert [each.id for each in candidates(job(), line, 4, now=LONGEST_SKIP_SECONDS)] == ["b"]
