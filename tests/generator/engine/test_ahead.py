"""A device that is told its steps in time: it never waits, and is never told much more than it is doing."""

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.engine.ahead import EARLY, Pace, told_early

TELLING = 0.001  # seconds that the processor takes to tell a step


@dataclass
class Device:
    """Does what it was told, one step after the other, in a time of its own."""

    seconds: list[float]
    now: float = 0.0
    told: list[float] = field(default_factory=list)  # when each step was
    done: list[float] = field(default_factory=list)  # when each will be

    def steps(self):
        for number, seconds in enumerate(self.seconds):
            self.now += TELLING
            self.told.append(self.now)
            self.done.append(max([self.now, *self.done[-1:]]) + seconds)
            yield number, Place(self, self.done[-1])

    def sleep(self, seconds):
        self.now += seconds

    def draw(self, pace, goes_on=lambda: True):
        return told_early(self.steps(), pace, goes_on, lambda: self.now, self.sleep)

    @property
    def idle(self):
        """For how long it had nothing to do before each step but the first."""
        return [max(0.0, told - done) for told, done in zip(self.told[1:], self.done, strict=False)]

    @property
    def early(self):
        """How long before it was needed each step but the first was told."""
        return [done - told for told, done in zip(self.told[1:], self.done, strict=False)]


@dataclass
class Place:
    device: Device
    at: float

    def wait(self):
        self.device.now = max(self.device.now, self.at)

    def passed(self):
        return self.device.now >= self.at

    def hold(self):
        raise AssertionError


STEPS = [0.08] * 8


def test_a_device_never_waits_to_be_told_once_its_pace_is_known():
    device, pace = Device(STEPS), Pace()

    assert list(device.draw(pace)) == list(range(8))
    assert pace.seconds == pytest.approx(0.08, abs=2 * TELLING)
    assert device.idle[0] == pytest.approx(TELLING)
    assert device.idle[1:] == [0.0] * 6


def test_steps_that_are_compiled_meanwhile_are_told_in_time_again_before_long():
    device = Device([0.4] * 4 + [0.1] * 8)

    list(device.draw(Pace()))

    assert device.idle[5:] == [pytest.approx(TELLING)] + [0.0] * 5


def test_the_next_picture_of_a_shape_is_told_in_time_from_its_first_step_on():
    pace = Pace()
    list(Device(STEPS).draw(pace))

    again = Device(STEPS)
    list(again.draw(pace))

    assert again.idle == [0.0] * 7


def test_who_cancels_waits_for_the_step_that_is_computed_and_hardly_longer():
    device = Device(STEPS)

    list(device.draw(Pace()))

    assert max(device.early) <= EARLY


def test_nothing_is_told_any_more_once_it_shall_not_go_on():
    device, seen = Device(STEPS), []

    def stops_in_the_fourth():
        if len(device.told) == 4:
            raise InterruptedError
        return True

    with pytest.raises(InterruptedError):
        seen.extend(device.draw(Pace(), stops_in_the_fourth))

    assert len(device.told) == 4


def test_a_step_before_which_others_are_let_by_is_told_after_them():
    device, pace = Device(STEPS), Pace(0.08)

    for step in device.draw(pace, lambda: len(device.told) != 4):
        if step == 3:
            assert len(device.told) == 4
            device.now += 60
        elif step < 7:
            assert len(device.told) == step + 2

    assert device.idle[3] >= 60
    assert max(device.early) <= EARLY + TELLING


def test_a_step_that_cannot_be_told_is_heard_of_at_once():
    def steps():
        yield 1, Place(Device([]), 0.0)
        raise MemoryError

    with pytest.raises(MemoryError):
        list(told_early(steps(), Pace(0.0), lambda: True))


def test_what_lies_between_two_steps_does_not_count_as_theirs():
    device, pace = Device(STEPS), Pace()

    for step in device.draw(pace):
        if step == 3:
            device.now += 60  # others are let by

    assert device.early[-1] <= EARLY
    assert pace.seconds < 0.1


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=12), st.floats(0.001, 1) | st.just(math.inf))
def test_however_long_steps_take_each_is_shown_in_its_turn_and_not_before_it_is_done(seconds, pace):
    device, shown = Device(seconds), []

    for number in device.draw(Pace(pace)):
        shown.append(number)
        assert device.now >= device.done[number]
        assert len(device.told) <= number + 2

    assert shown == list(range(len(seconds)))
