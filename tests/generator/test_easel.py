import threading
import time

import pytest
from waiting import until
from wishes import wish

from generator.easel import Commission, Easel
from generator.messages import Begun, CardMemory, End, Failed, Fault, Loading, Ready, StepDone, Unusable
from generator.weights import UnusableModel

DEADLINE = 20


class ScriptedPainter:
    """Emits what it is told to, but waits for `go` first."""

    model = "scripted"
    card = CardMemory(3, 8)

    def __init__(self, *script):
        self.script, self.go, self.drawn = script, threading.Event(), []
        self.warms, self.told_to_stop = threading.Event(), threading.Event()
        self.warms.set()

    def warm_up(self, should_stop):
        """Take long, where it is not warm already."""
        while not self.warms.is_set():
            if should_stop():
                self.told_to_stop.set()
                return
            time.sleep(0.01)

    def draw(self, request, emit, _should_stop, _others):
        assert self.go.wait(DEADLINE)
        self.drawn.append(request)
        for event in self.script:
            if isinstance(event, Exception):
                raise event
            emit(event)


class Listener:
    """Collects events and knows when the end came."""

    def __init__(self):
        self.events, self._ended = [], threading.Event()

    def __call__(self, event):
        self.events.append(event)
        if isinstance(event, End):
            self._ended.set()

    def all(self):
        assert self._ended.wait(DEADLINE)
        return self.events


def ready(painter):
    easel = Easel(lambda _progress: painter)
    easel.start()
    first = Listener()  # the thread is ready when it has drawn something
    painter.go.set()
    assert easel.takes(Commission(wish(), first))
    first.all()
    painter.go.clear()
    return easel


def test_warming_up_delays_neither_readiness_nor_the_first_picture():
    painter, listener = ScriptedPainter(Failed("a", Fault.BROKEN_PICTURE)), Listener()
    painter.warms.clear()
    painter.go.set()
    easel = Easel(lambda _progress: painter)
    easel.start()
    until(lambda: isinstance(easel.health, Ready))

    easel.takes(Commission(wish(), listener))

    assert listener.all() == [Begun(), Failed("a", Fault.BROKEN_PICTURE), End()]
    assert painter.told_to_stop.is_set()


def test_a_bug_in_warming_up_ends_no_thread(monkeypatch):
    monkeypatch.setattr(ScriptedPainter, "warm_up", lambda *_given: 1 / 0)

    assert isinstance(ready(ScriptedPainter(Failed("a", Fault.BROKEN_PICTURE))).health, Ready)


def test_a_commission_begins_and_ends():
    painter, listener = ScriptedPainter(StepDone(1, 1), Failed("a", Fault.BROKEN_PICTURE)), Listener()
    easel = ready(painter)

    easel.takes(Commission(wish(), listener))
    painter.go.set()

    assert listener.all() == [Begun(), StepDone(1, 1), Failed("a", Fault.BROKEN_PICTURE), End()]


def test_a_bug_in_the_painter_ends_the_orders_and_not_the_thread():
    painter = ScriptedPainter(ValueError("a secret prompt"))
    easel = ready(painter)

    for _ in range(2):
        listener = Listener()
        painter.go.set()
        easel.takes(Commission(wish("a", "b"), listener))
        assert set(listener.all()[1:-1]) == {Failed("a", Fault.INTERNAL), Failed("b", Fault.INTERNAL)}


def test_what_a_bug_says_about_a_prompt_stays_out_of_the_log(caplog):
    ready(ScriptedPainter(ValueError("a secret prompt")))

    assert "drawing failed" in caplog.text
    assert "secret" not in str([vars(record) for record in caplog.records])


def test_one_is_drawn_and_one_waits():
    easel = ready(ScriptedPainter(Failed("a", Fault.INTERNAL)))

    taken = [easel.takes(Commission(wish(), Listener())) for _ in range(4)]

    assert taken.count(True) == 2
    assert easel.health == Ready("scripted", drawing=1, card=CardMemory(3, 8))


def test_a_commission_stopped_while_it_waits_is_never_begun():
    painter = ScriptedPainter(Failed("a", Fault.INTERNAL))
    easel, first, second = ready(painter), Listener(), Listener()
    waiting = Commission(wish(), second)
    easel.takes(Commission(wish(), first))
    easel.takes(waiting)

    waiting.stop()
    painter.go.set()
    first.all()
    last = Listener()
    while not easel.takes(Commission(wish(), last)):
        pass
    last.all()

    assert second.events == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UnusableModel("There is no model folder at x."), "There is no model folder at x."),
        (ImportError("libtorch"), "The model could not be loaded (ImportError); see the log."),
    ],
)
def test_a_model_that_cannot_be_loaded_is_said_in_a_sentence(error, reason):
    asked = threading.Event()

    def load(progress):
        progress(0.5)
        asked.set()
        raise error

    easel = Easel(load)
    easel.start()
    assert asked.wait(DEADLINE)
    while isinstance(easel.health, Loading):
        pass

    assert easel.health == Unusable(reason)


def test_the_loading_fraction_never_falls():
    told = []

    def load(progress):
        for fraction in (0.2, 0.1, 7.0):
            progress(fraction)
            told.append(easel.health)
        raise UnusableModel("enough")

    easel = Easel(load)
    easel._loaded()

    assert told == [Loading(0.2), Loading(0.2), Loading(1.0)]


def test_a_second_end_of_an_order_is_dropped():
    listener = Listener()
    commission = Commission(wish(), listener)

    commission.tell(Failed("a", Fault.INTERNAL))
    commission.tell(Failed("a", Fault.OUT_OF_MEMORY))
    commission.fail(Fault.INTERNAL)

    assert listener.all() == [Failed("a", Fault.INTERNAL), End()]
