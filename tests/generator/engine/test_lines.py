"""Copies that travel beside the computing: what is told to which line, and in which order."""

import io
from contextlib import contextmanager

import pytest
import torch

from generator.engine.lines import AtOnce, CardLine, Courier, beside, sent_to


class Written:
    """A line that writes down what it is told. Also its own mark."""

    def __init__(self):
        self.told = []

    def follow(self):
        self.told.append("follow")

    @contextmanager
    def work(self):
        self.told.append("work")
        yield
        self.told.append("worked")

    def keep(self, tensor):
        self.told.append(("keep", tensor))

    def mark(self):
        self.told.append("mark")
        return self

    def hold(self):
        self.told.append("hold")

    def wait(self):
        self.told.append("wait")


def test_a_courier_follows_the_computing_and_nobody_waits_before_the_copy_is_wanted():
    line, sent = Written(), torch.arange(3)

    arrived = Courier(line).sent(sent)
    told = list(line.told)
    (copy,) = arrived()

    assert told == ["follow", "work", "worked", ("keep", sent), "mark"]
    assert line.told[len(told) :] == ["wait"]
    assert torch.equal(copy, sent)


def test_what_was_sent_stays_what_it_was():
    sent = torch.ones(2, 3)[:, ::2]  # not in one piece

    arrived = Courier(AtOnce()).sent(sent, torch.tensor(True))
    sent.zero_()

    copy, flag = arrived()
    assert copy.tolist() == [[1, 1], [1, 1]]
    assert bool(flag)


def test_a_card_fetches_by_itself_what_it_is_sent_and_a_processor_has_it():
    class Pinned:
        def to(self, device, *, non_blocking):
            return device, non_blocking

    class Lying:
        def pin_memory(self):
            return Pinned()

    here = torch.arange(3)

    assert sent_to(torch.device("cuda"), Lying()) == (torch.device("cuda"), True)
    assert sent_to(torch.device("cpu"), here) is here


def test_a_processor_does_everything_at_once():
    assert isinstance(beside(torch.device("cpu")), AtOnce)


@pytest.fixture
def card(monkeypatch):
    """What torch is told about streams and events, in its own words."""
    told = io.StringIO()

    class Stream:
        def __init__(self, name):
            self.name = "side" if isinstance(name, torch.device) else name

        def __str__(self):
            return self.name

        def wait_stream(self, other):
            print(self, "waits for", other, file=told)

        def wait_event(self, event):
            print(self, "waits for", event, file=told)

    class Event:
        def __init__(self, blocking):
            assert blocking

        def __str__(self):
            return "the event"

        def record(self, stream):
            print("the event on", stream, file=told)

        def synchronize(self):
            print("this thread waits for the event", file=told)

    @contextmanager
    def stream(which):
        print("on", which, file=told)
        yield
        print("off", which, file=told)

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _device: Stream("main"))
    monkeypatch.setattr(
        torch.Tensor, "record_stream", lambda _tensor, which: print("kept for", which, file=told)
    )
    return told


def test_on_a_card_the_side_stream_waits_for_the_main_one_and_the_reader_for_the_side_stream(card):
    arrived = Courier(CardLine(torch.device("cuda"))).sent(torch.arange(2))
    arrived()

    assert card.getvalue().splitlines() == [
        "side waits for main",
        "on side",
        "off side",
        "kept for side",
        "the event on side",
        "this thread waits for the event",
    ]


def test_on_a_card_the_main_stream_can_be_held_without_stopping_the_thread(card):
    CardLine(torch.device("cuda")).mark().hold()

    assert card.getvalue().splitlines() == ["the event on side", "main waits for the event"]
