"""A long request lets short ones by between two of its steps: when, how many, and what everybody is told."""

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import until
from wishes import wish

from generator.easel import Commission, Easel
from generator.letting_by import LATER, SHORT, Drawing
from generator.messages import Begun, End, Failed, Fault, Finished, Paused, Resumed, StepDone
from generator.recipe import Lora

DEADLINE = 60
LONG, BRIEF = 10.0, 1.0
seconds = st.floats(0, 1e6)


@given(seconds, st.lists(st.tuples(seconds, st.floats(0, 1), seconds)))
def test_all_that_is_let_by_is_short_and_together_within_the_bound(own, others):
    long, spent = Drawing(own), 0.0

    for expected, left, taken in others:
        if long.lets_by(expected, left):
            assert 0 < expected <= SHORT * left * own
            assert spent + expected <= LATER * own * (1 + 1e-9)
            long.has_let_by(expected, taken)
            spent += max(expected, taken)


@given(seconds, st.floats(0, 1))
def test_of_whom_nothing_is_known_nobody_makes_way_for_and_who_makes_none(known, left):
    assert not Drawing(known).lets_by(0.0, left)
    assert not Drawing(0.0).lets_by(known, left)


class Steps:
    """Draws step by step, and before the named steps waits to be let go on."""

    model = "steps"
    card = None

    def __init__(self, **gates):
        self.gates = {name: {step: threading.Event() for step in steps} for name, steps in gates.items()}
        self.at = {}
        self.breaks = set()
        self.came = []  # where somebody was going to be let by

    def warm_up(self, _should_stop):
        """It needs none."""

    def draw(self, request, emit, should_stop, others):
        name, steps = request.orders[0].id, request.orders[0].recipe.steps
        for step in range(1, steps + 1):
            self.at[name] = step
            if (gate := self.gates.get(name, {}).get(step)) is not None:
                assert gate.wait(DEADLINE)
            if name in self.breaks:
                raise ValueError("a secret prompt")
            emit(StepDone(step, steps))
            left = 1 - step / steps
            self.came.append((name, left, others.come(left)))
            others.let_by(left)
            if should_stop():
                return
        emit(finished(request.orders[0]))

    def go(self, name):
        for gate in self.gates[name].values():
            gate.set()


def finished(order):
    return Finished(order=order.id, file=b"", format=order.format, width=256, height=256, seconds=1.0)


class Wall:
    """An easel, and all that is told to anybody, in its order."""

    def __init__(self, painter):
        self.painter, self.told = painter, []
        self.easel = Easel(lambda _progress: painter)
        self.easel.start()

    def brings(self, name, seconds, steps=4, **changes):
        request = replace(wish(name, steps=steps, **changes), seconds=seconds)
        commission = Commission(request, lambda event: self.told.append((name, event)))
        assert self.easel.takes(commission)
        return commission

    def until(self, name, kind):
        until(lambda: any(isinstance(event, kind) for event in self.of(name)), DEADLINE)

    def of(self, name):
        return [event for who, event in list(self.told) if who == name]

    def in_turn(self):
        return [who for who, event in self.told if isinstance(event, StepDone)]


def painted(name, short, *, seconds=LONG, gates=(2,), **changes):
    """A long one is at its second step when a short one comes; both are drawn to their ends."""
    wall = Wall(Steps(long=gates))
    wall.brings(name, seconds)
    until(lambda: wall.painter.at.get(name) == 2, DEADLINE)
    wall.brings("short", short, steps=2, **changes)
    wall.painter.go(name)
    wall.until(name, End)
    wall.until("short", End)
    return wall


def test_a_short_request_is_drawn_between_two_steps_of_a_long_one():
    wall = painted("long", BRIEF)

    assert wall.in_turn() == ["long", "long", "short", "short", "long", "long"]
    assert [type(event) for event in wall.of("long")] == [
        Begun, StepDone, StepDone, Paused, Resumed, StepDone, StepDone, Finished, End
    ]  # fmt: skip
    assert [type(event) for event in wall.of("short")] == [Begun, StepDone, StepDone, Finished, End]
    assert [name for name, _, came in wall.painter.came if came] == ["long"]


@pytest.mark.parametrize(
    ("own", "other"),
    [(LONG, LONG * SHORT), (LONG, 0.0), (0.0, BRIEF)],
    ids=["too long", "unknown", "beside an unknown one"],
)
def test_who_is_not_much_shorter_than_what_is_left_waits(own, other):
    wall = painted("long", other, seconds=own)

    assert wall.in_turn() == ["long"] * 4 + ["short"] * 2
    assert not any(isinstance(event, Paused | Resumed) for _, event in wall.told)


def test_who_wears_other_loras_waits():
    wall = painted("long", BRIEF, loras=(Lora(name="snow", sha256="1" * 64),))

    assert wall.in_turn() == ["long"] * 4 + ["short"] * 2


@pytest.mark.parametrize(("sha256", "passes"), [("1" * 64, True), ("", False)])
def test_loras_are_the_same_where_their_contents_are_said_to_be(sha256, passes):
    wall, worn = Wall(Steps(long=(2,))), (Lora(name="snow", sha256=sha256),)
    wall.brings("long", LONG, loras=worn)
    until(lambda: wall.painter.at.get("long") == 2, DEADLINE)
    wall.brings("short", BRIEF, loras=worn)
    wall.painter.go("long")
    wall.until("long", End)
    wall.until("short", End)

    assert (wall.in_turn()[2] == "short") is passes


def test_a_long_one_lets_no_more_by_than_its_share():
    wall = Wall(Steps(long=range(2, 41)))
    wall.brings("long", LONG, steps=40)
    until(lambda: wall.painter.at.get("long") == 2, DEADLINE)
    share = int(LATER * LONG / BRIEF)

    for number in range(share):
        wall.brings(f"short {number}", BRIEF, steps=1)
        wall.painter.gates["long"][number + 2].set()
        wall.until(f"short {number}", End)
    wall.brings("one more", BRIEF, steps=1)
    wall.painter.go("long")
    wall.until("one more", End)

    assert sum(isinstance(event, Paused) for event in wall.of("long")) == share
    assert wall.in_turn()[-1] == "one more"


def test_a_short_one_that_breaks_leaves_the_long_one_whole(caplog):
    wall = Wall(Steps(long=(2,)))
    wall.painter.breaks.add("short")
    wall.brings("long", LONG)
    until(lambda: wall.painter.at.get("long") == 2, DEADLINE)
    wall.brings("short", BRIEF)
    wall.painter.go("long")
    wall.until("long", End)

    assert wall.of("short") == [Begun(), Failed("short", Fault.INTERNAL), End()]
    assert [type(event) for event in wall.of("long")][-5:] == [Resumed, StepDone, StepDone, Finished, End]
    assert "secret" not in str([vars(record) for record in caplog.records])


def test_a_pause_is_logged_by_what_is_drawn_and_for_what(caplog):
    caplog.set_level("INFO")
    painted("long", BRIEF)

    [record] = [each for each in caplog.records if each.message == "drawing paused"]
    assert (record.orders, vars(record)["for"]) == (["long"], ["short"])


def under_way():
    """A short one is being drawn within a long one."""
    wall = Wall(Steps(long=(2,), short=(2,)))
    long = wall.brings("long", LONG)
    until(lambda: wall.painter.at.get("long") == 2, DEADLINE)
    short = wall.brings("short", BRIEF, steps=3)
    wall.painter.go("long")
    until(lambda: wall.painter.at.get("short") == 2, DEADLINE)
    return wall, long, short


def test_a_short_one_that_nobody_wants_any_more_ends_and_the_long_one_goes_on():
    wall, _, short = under_way()

    short.stop()
    wall.painter.go("short")
    wall.until("long", End)

    assert wall.in_turn() == ["long", "long", "short", "short", "long", "long"]
    assert isinstance(wall.of("long")[-2], Finished)


def test_a_long_one_that_nobody_wants_any_more_keeps_no_place_and_who_was_let_by_lets_nobody_by():
    wall, long, _ = under_way()

    long.stop()
    wall.brings("shorter", BRIEF / 100, steps=2)
    wall.painter.go("short")
    wall.until("shorter", End)

    assert wall.in_turn() == ["long", "long", *["short"] * 3, *["shorter"] * 2]
    assert isinstance(wall.of("short")[-2], Finished)


def test_who_waits_and_is_not_wanted_any_more_keeps_no_place_and_passes_nobody():
    wall = Wall(Steps(long=(2,)))
    wall.brings("long", LONG)
    until(lambda: wall.painter.at.get("long") == 2, DEADLINE)
    wall.brings("gone", BRIEF).stop()
    wall.brings("short", BRIEF, steps=1)
    wall.painter.go("long")
    wall.until("long", End)

    assert wall.of("gone") == []
    assert wall.in_turn() == ["long", "long", "short", "long", "long"]


def test_a_paused_one_that_nobody_wants_does_not_count_as_stuck_while_another_is_drawn():
    wall, long, _ = under_way()

    long.stop()
    until(lambda: long.unwanted_seconds > 0.2, DEADLINE)

    assert wall.easel.stuck_seconds == 0
    wall.painter.go("short")
    wall.until("short", End)
