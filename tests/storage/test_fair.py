import math

from hypothesis import given
from hypothesis import strategies as st

from storage import fair


def test_an_idle_account_starts_at_the_clock():
    assert fair.start_tag(clock=50.0, finish=3.0) == 50.0


def test_a_busy_accounts_next_job_starts_after_its_last():
    assert fair.start_tag(clock=50.0, finish=80.0) == 80.0


def test_a_heavier_account_is_charged_less():
    assert fair.charge(6.0, weight=3.0) == 2.0


def test_a_measurement_that_is_no_number_corrects_nothing():
    assert fair.correction(2.0, math.nan, weight=1.0) == 0.0


def test_a_dearer_job_moves_the_next_ones_back_in_line():
    assert fair.allowed_shift(3.0, clock=10.0, next_tag=11.0) == 3.0


def test_nothing_moves_to_before_the_clock():
    assert fair.allowed_shift(-3.0, clock=10.0, next_tag=11.0) == -1.0


def test_with_nothing_in_line_the_whole_difference_counts():
    assert fair.allowed_shift(-3.0, clock=10.0, next_tag=None) == -3.0


LINES = st.lists(st.tuples(st.floats(0, 1e6), st.floats(0.01, 1e3)), max_size=30).map(sorted)


@given(LINES)
def test_two_lines_that_become_one_let_nobody_move_forward(jobs):
    tags, finish = fair.in_one_line(jobs)

    assert all(new >= old for new, (old, _) in zip(tags, jobs, strict=True))
    for index, (_, cost) in enumerate(jobs):
        assert [*tags, finish][index + 1] >= tags[index] + cost


def test_one_line_that_was_one_already_stays_as_it_is():
    jobs = [(0.0, 2.0), (2.0, 3.0), (9.0, 1.0)]

    assert fair.in_one_line(jobs) == ([0.0, 2.0, 9.0], 10.0)
