"""Pictures that were paused between two steps, and those drawn meanwhile, are what they are undisturbed."""

import io
import time
from dataclasses import replace
from hashlib import sha256

import pytest
import torch
from PIL import Image
from wishes import PLAIN, wish

from generator.engine import painter as painting
from generator.engine.preview import PreviewBudget
from generator.engine.recorded import Recorder
from generator.letting_by import Others
from generator.loras import Shelf
from generator.messages import Failed, Fault, Finished, Generate, Order, Preview, StepDone, name_of
from generator.recipe import Lora, Start

SIDE = {"width": 64, "height": 64}
OTHER = {"width": 96, "height": 64}


@pytest.fixture(autouse=True)
def small(painter, monkeypatch):
    """Draw at 64 x 64 natively: quick."""
    monkeypatch.setattr(painter, "_row", replace(painter._row, native_area=64 * 64))
    return painter


def only(kind, events):
    return [event for event in events if isinstance(event, kind)]


def drawn(painter, request, let_by=lambda _left: None, should_stop=lambda: False, come=lambda _left: True):
    """Draw and return the events, all ends among them."""
    events = []
    painter.draw(request, events.append, should_stop, Others(come, let_by))
    end = time.monotonic() + 60
    while len(only(Finished | Failed, events)) < len(request.orders) and not should_stop():
        assert time.monotonic() < end
        time.sleep(0.001)
    return events


def files(events):
    return {event.order: event.file for event in only(Finished, events)}


def a_start():
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (220, 30, 40)).save(file, "png")
    start = Start(picture=name_of(file.getvalue()), strength=0.5)
    recipe = replace(PLAIN, **SIDE, steps=4, start=start)
    return Generate(orders=(Order(id="from a picture", recipe=recipe),), pictures=(file.getvalue(),))


def long_caption(request):
    [first, *others] = request.orders
    return replace(
        request, orders=(replace(first, recipe=replace(first.recipe, prompt="a star " * 30)), *others)
    )


LONGS = {
    "one": wish("long", steps=4, **SIDE),
    "four": wish("a", "b", "c", "d", steps=4, **SIDE),
    "of two lengths": long_caption(wish("a", "b", "c", steps=3, **SIDE)),
    "from a picture": a_start(),
}
SHORTS = {
    "of the same shape": wish("short", steps=4, seed=9, **SIDE),
    "of another shape": wish("short", steps=2, seed=9, **OTHER),
    "guided": wish("short", steps=2, seed=9, guidance=3.0, negative_prompt="blue", **SIDE),
    "from a picture": a_start(),
}


@pytest.mark.parametrize("short", SHORTS.values(), ids=SHORTS)
@pytest.mark.parametrize("long", LONGS.values(), ids=LONGS)
def test_the_bytes_of_both_are_those_that_each_has_alone(painter, long, short):
    alone = [files(drawn(painter, each)) for each in (long, short)]
    between = []

    paused = drawn(painter, long, lambda _left: between.append(files(drawn(painter, short))))

    assert files(paused) == alone[0]
    assert len(between) >= long.orders[0].recipe.drawn_steps
    assert all(each == alone[1] for each in between)
    steps = [event.step for event in only(StepDone, paused)]
    assert steps == sorted(set(steps))


@pytest.mark.parametrize("short", SHORTS.values(), ids=SHORTS)
def test_where_steps_are_told_ahead_others_are_let_by_before_those_that_are_not(painter, tell_ahead, short):
    tell_ahead()
    long, asked, between = wish("a", "b", steps=8, **SIDE), [], []
    alone = [files(drawn(painter, each)) for each in (long, short)]

    def come(left):
        asked.append(left)
        return len(asked) % 3 == 0

    paused = drawn(
        painter, long, lambda left: between.append((left, files(drawn(painter, short)))), come=come
    )

    assert files(paused) == alone[0]
    assert all(drawn == alone[1] for _, drawn in between)
    within = [left for left, _ in between if left]
    assert within == asked[2::3][: len(within)]
    assert len(within) == 2


def test_what_is_left_falls_from_step_to_step_and_is_told_before_pictures_are_decoded(painter):
    left = []

    drawn(painter, wish("a", "b", steps=4, **SIDE), left.append)

    assert left == [0.75, 0.5, 0.25, 0.0, 0.0, 0.0]


def test_seconds_are_those_of_ones_own_drawing(painter):
    request = wish("long", steps=4, **SIDE)
    waited = 0.4

    [paused] = only(Finished, drawn(painter, request, lambda _left: time.sleep(waited)))

    assert paused.seconds < 4 * waited


def test_previews_take_their_share_of_ones_own_time_alone(painter, monkeypatch):
    asked = []
    monkeypatch.setattr(
        PreviewBudget, "allows", lambda self, _count, elapsed: bool(asked.append((id(self), elapsed)))
    )
    short = wish("short", steps=3, **SIDE)

    drawn(painter, wish("long", steps=3, **SIDE), lambda _left: time.sleep(0.5) or drawn(painter, short))

    [own] = {budget for budget, _ in asked[:1]}
    assert max(elapsed for budget, elapsed in asked if budget == own) < 1.0
    assert len({budget for budget, _ in asked}) > 1


def test_previews_are_shown_to_those_whose_they_are(painter, monkeypatch):
    monkeypatch.setattr(PreviewBudget, "allows", lambda *_: True)
    short, between = wish("short", steps=3, **SIDE), []

    paused = drawn(
        painter, wish("long", steps=3, **SIDE), lambda _left: between.extend(drawn(painter, short))
    )

    assert {event.order for event in only(Preview, paused)} <= {"long"}
    assert {event.order for event in only(Preview, between)} == {"short"}


def test_one_that_finds_no_memory_leaves_the_paused_one_whole(painter, monkeypatch):
    """What was recorded for the paused one is let go of in between, and its steps go on without."""
    recorder = Recorder(lambda: lambda play: play)
    monkeypatch.setattr(painter._net, "_levers", replace(painter._net._levers, recorder=recorder))
    long, short = wish("long", steps=30, **SIDE), wish("short", steps=2, **OTHER)
    alone = files(drawn(painter, long))
    denoise, ends, held = painting.denoise, [], []

    def short_of_memory(net, latents, *given):
        if latents.shape[-1] != latents.shape[-2]:
            raise torch.OutOfMemoryError
        return denoise(net, latents, *given)

    def let_by(_left):
        held.append(len(recorder))
        if len(held) == 20:
            ends.extend(only(Failed, drawn(painter, short)))

    monkeypatch.setattr(painting, "denoise", short_of_memory)
    paused = drawn(painter, long, let_by)

    assert ends == [Failed("short", Fault.OUT_OF_MEMORY)]
    assert {0, 1} <= set(held)
    assert files(paused) == alone


def test_who_is_not_wanted_any_more_after_a_pause_has_no_other_step_drawn(painter):
    gone = []

    events = drawn(painter, wish(steps=20, **SIDE), lambda _left: gone.append(True), lambda: bool(gone))

    assert [event.step for event in only(StepDone, events)] == [1]


@pytest.fixture
def worn(shelf):
    """A LoRA by its content."""
    return (Lora("one", 0.8, sha256(shelf.file("one").read_bytes()).hexdigest()),)


def test_who_wears_the_same_loras_is_let_by_and_no_byte_changes(painter, worn):
    long, short = (wish(name, steps=4, seed=9, loras=worn, **SIDE) for name in ("long", "short"))
    alone, between = [files(drawn(painter, each)) for each in (long, short)], []

    paused = drawn(painter, long, lambda _left: between.append(files(drawn(painter, short))))

    assert files(paused) == alone[0]
    assert all(each == alone[1] for each in between)


def test_whose_loras_have_gone_in_between_fails_and_the_paused_one_keeps_its_own(painter, worn, monkeypatch):
    long, short = (wish(name, steps=4, seed=9, loras=worn, **SIDE) for name in ("long", "short"))
    alone, between = files(drawn(painter, long)), []

    def let_by(_left):
        monkeypatch.setattr(painter._adapters, "_shelf", Shelf())
        between.extend(only(Failed, drawn(painter, short)))

    paused = drawn(painter, long, let_by)

    assert set(between) == {Failed("short", Fault.WRONG_LORA)}
    assert files(paused) == alone
