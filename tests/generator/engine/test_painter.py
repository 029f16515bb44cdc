import io
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from wishes import wish

from generator.bench.flags import flags
from generator.engine import painter as painting
from generator.engine import preview as previewing
from generator.engine.compiled import Compiled
from generator.engine.levers import Levers
from generator.engine.load import load_parts
from generator.engine.painter import ZImagePainter
from generator.engine.preview import PreviewBudget, levels, small_jpeg
from generator.messages import Failed, Fault, Finished, PictureFormat, Preview, StepDone
from generator.metadata import read_recipe
from generator.models import EMBEDDED_MODEL
from generator.weights import UnusableModel

SMALL = {"width": 64, "height": 64}


@pytest.fixture(autouse=True)
def small(painter, monkeypatch):
    """Draw at 64 x 64 natively: quick."""
    monkeypatch.setattr(painter, "_row", replace(painter._row, native_area=64 * 64))
    return painter


@pytest.fixture(params=[False, True], ids=["told when the one before is done", "told before"])
def each_step(request, tell_ahead):
    """Steps as a processor is told them, and as a card is, shortly before the one before is done."""
    if request.param:
        tell_ahead()


def drawn(painter, request, stop_after=10**9):
    """Draw and return the events; stop after so many."""
    events, ends = [], threading.Semaphore(0)

    def emit(event):
        events.append(event)
        if isinstance(event, Finished | Failed):
            ends.release()

    painter.draw(request, emit, lambda: len(events) >= stop_after)
    for _ in request.orders if stop_after > 100 else ():
        assert ends.acquire(timeout=60)
    return events


def only(kind, events):
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.usefixtures("each_step")
def test_each_step_is_told_and_every_order_ends_in_its_picture(painter):
    events = drawn(painter, wish("a", "b", steps=3, **SMALL))

    assert only(StepDone, events) == [StepDone(1, 3), StepDone(2, 3), StepDone(3, 3)]
    assert {event.order for event in only(Finished, events)} == {"a", "b"}


def pixels(finished):
    return np.asarray(Image.open(io.BytesIO(finished.file)), int)


def test_the_same_recipe_gives_the_same_bytes(painter):
    first, second = (only(Finished, drawn(painter, wish("a", **SMALL)))[0].file for _ in range(2))

    assert first == second


def test_steps_that_are_told_before_the_one_before_is_done_give_the_same_bytes(painter, tell_ahead):
    first = only(Finished, drawn(painter, wish("a", steps=4, **SMALL)))[0].file
    tell_ahead()

    again = [only(Finished, drawn(painter, wish("a", steps=4, **SMALL)))[0].file for _ in range(2)]

    assert again == [first, first]


def test_company_changes_no_picture_visibly(painter):
    alone = only(Finished, drawn(painter, wish("a", **SMALL)))[0]
    company = {each.order: each for each in only(Finished, drawn(painter, wish("a", "b", "c", **SMALL)))}

    assert np.abs(pixels(company["a"]) - pixels(alone)).max() <= 1
    assert np.abs(pixels(company["b"]) - pixels(alone)).max() > 1


def test_captions_of_one_length_are_drawn_together_and_others_after_them(painter, monkeypatch):
    def watched(net, latents, given, plan):
        sizes.append([len(text.features) for text in given.texts])
        return denoise(net, latents, given, plan)

    sizes, denoise = [], painting.denoise
    monkeypatch.setattr(painting, "denoise", watched)
    request = wish("a", "b", "c", **SMALL)
    long = replace(request.orders[1], recipe=replace(request.orders[1].recipe, prompt="a red star " * 30))

    events = drawn(painter, replace(request, orders=(request.orders[0], long, request.orders[2])))

    assert [len(each) for each in sizes] == [2, 1]
    assert only(StepDone, events) == [StepDone(1, 2), StepDone(2, 2)]
    assert {event.order for event in only(Finished, events)} == {"a", "b", "c"}


def test_company_of_another_caption_length_changes_no_picture(painter):
    request = wish("a", "b", **SMALL)
    long = replace(request.orders[1], recipe=replace(request.orders[1].recipe, prompt="a red star " * 30))
    alone = [
        only(Finished, drawn(painter, replace(request, orders=(each,))))[0]
        for each in (request.orders[0], long)
    ]

    together = only(Finished, drawn(painter, replace(request, orders=(request.orders[0], long))))

    assert {each.order: each.file for each in together} == {each.order: each.file for each in alone}


@pytest.mark.parametrize(("width", "height"), [(64, 64), (320, 192), (2048, 1024), (72, 456)])
def test_the_picture_has_the_wished_size_whatever_was_drawn(painter, width, height):
    finished = only(Finished, drawn(painter, wish(width=width, height=height, steps=1)))[0]

    assert Image.open(io.BytesIO(finished.file)).size == (width, height) == (finished.width, finished.height)


@pytest.mark.parametrize("format", list(PictureFormat))
def test_the_file_holds_the_recipe_it_was_drawn_by(painter, format):
    request = wish(prompt="кот & 猫 🙂", seed=2**63 - 1, variation_seed=4, variation_strength=0.15, **SMALL)
    order = replace(request.orders[0], format=format)

    finished = only(Finished, drawn(painter, replace(request, orders=(order,))))[0]

    assert read_recipe(finished.file) == order.recipe
    assert Image.open(io.BytesIO(finished.file)).format == format.name


def test_the_file_names_the_model_that_drew_it(painter):
    finished = only(Finished, drawn(painter, wish(model="another", guidance=4.0, **SMALL)))[0]

    assert read_recipe(finished.file).model == "embedded"
    assert read_recipe(finished.file).guidance == 0


def test_previews_are_small_pictures_in_the_wished_proportions(painter, monkeypatch):
    monkeypatch.setattr(PreviewBudget, "allows", lambda *_: True)

    previews = only(Preview, drawn(painter, wish("a", "b", width=512, height=256)))

    assert [each.order for each in previews] == ["a", "b"]  # none after the last step
    assert Image.open(io.BytesIO(previews[0].jpeg)).size == (256, 128)


def test_previews_come_in_the_order_of_their_steps_from_the_first_one_on(painter, monkeypatch):
    monkeypatch.setattr(PreviewBudget, "allows", lambda *_: True)
    steps, begin = [], painter._steps

    def noted(*given):
        for step in begin(*given):
            painter._previews.finish()  # a machine that has time for every preview
            steps.append(step)
            yield step
        painter._previews.finish()

    monkeypatch.setattr(painter, "_steps", noted)
    events = drawn(painter, wish(steps=4, **SMALL))

    told = [event for event in events if isinstance(event, StepDone | Preview)]
    assert [type(event) for event in told] == [StepDone, Preview] * 3 + [StepDone]
    colours = [levels(step.clean, painter._parts.preview)[0] for step in steps[:-1]]
    assert [each.jpeg for each in only(Preview, told)] == [small_jpeg(each, 64, 64) for each in colours]


@pytest.mark.usefixtures("each_step")
def test_every_preview_comes_before_its_picture(painter, monkeypatch):
    def slow(*given):
        time.sleep(0.2)
        return small_jpeg(*given)

    monkeypatch.setattr(PreviewBudget, "allows", lambda *_: True)
    monkeypatch.setattr(previewing, "small_jpeg", slow)

    events = drawn(painter, wish(steps=3, **SMALL))

    assert isinstance(events[-1], Finished)
    assert only(Preview, events)


def test_a_preview_that_fails_costs_no_picture(painter, monkeypatch):
    monkeypatch.setattr(PreviewBudget, "allows", lambda *_: True)
    monkeypatch.setattr(previewing, "small_jpeg", lambda *_: 1 / 0)

    assert isinstance(drawn(painter, wish(**SMALL))[-1], Finished)


def test_who_wants_no_previews_gets_none(painter, monkeypatch):
    monkeypatch.setattr(PreviewBudget, "allows", lambda *_: True)

    assert not only(Preview, drawn(painter, wish(previews=False, **SMALL)))


def test_a_cut_off_prompt_is_said(painter):
    assert only(Finished, drawn(painter, wish(prompt="red " * 600, **SMALL)))[0].truncated
    assert not only(Finished, drawn(painter, wish(**SMALL)))[0].truncated


@pytest.mark.usefixtures("each_step")
def test_drawing_stops_between_two_steps(painter):
    events = drawn(painter, wish(steps=20, previews=False, **SMALL), stop_after=3)

    assert events == [StepDone(1, 20), StepDone(2, 20), StepDone(3, 20)]


@pytest.mark.usefixtures("each_step")
def test_who_goes_away_in_mid_step_has_no_other_step_drawn(painter, monkeypatch):
    gone, steps, begin = [], [], painter._steps

    def left_during_the_second(*given):
        for step in begin(*given):
            steps.append(step.number)
            if step.number == 2:
                gone.append(True)
            yield step

    monkeypatch.setattr(painter, "_steps", left_during_the_second)
    painter.draw(wish(steps=20, **SMALL), lambda _event: None, lambda: bool(gone))

    assert steps == [1, 2]


def test_a_picture_of_no_numbers_is_broken_and_the_others_go_on(painter, monkeypatch):
    def spoiled(recipe, *size):
        latents = initial(recipe, *size)
        return latents * float("nan") if recipe.seed == 0 else latents

    initial = painting.initial_latents
    monkeypatch.setattr(painting, "initial_latents", spoiled)

    events = drawn(painter, wish("nan", "good", **SMALL))

    assert Failed("nan", Fault.BROKEN_PICTURE) in events
    assert [event.order for event in only(Finished, events)] == ["good"]


@pytest.fixture
def short_memory(monkeypatch):
    """Memory for so many pictures at once, and none at all for seeds that are listed."""

    def limit(most, *never):
        def checked(transformer, latents, given, plan):
            if len(latents) > most or any(torch.equal(each, latents[0]) for each in never):
                raise torch.OutOfMemoryError
            yield from denoise(transformer, latents, given, plan)

        monkeypatch.setattr(painting, "denoise", checked)

    denoise = painting.denoise
    return limit


@pytest.mark.usefixtures("each_step")
def test_where_memory_is_short_the_batch_is_halved(painter, short_memory):
    short_memory(1)

    events = drawn(painter, wish("a", "b", "c", **SMALL))

    assert sorted(event.order for event in only(Finished, events)) == ["a", "b", "c"]
    assert only(StepDone, events) == [StepDone(1, 2), StepDone(2, 2)]


@pytest.mark.usefixtures("each_step")
def test_an_order_that_never_fits_fails_and_the_others_go_on(painter, short_memory):
    request = wish("a", "b", "c", **SMALL)
    too_large = painting.initial_latents(request.orders[1].recipe, 16, 64, 64)
    short_memory(1, too_large)

    events = drawn(painter, request)

    assert Failed("b", Fault.OUT_OF_MEMORY) in events
    assert {event.order for event in only(Finished, events)} == {"a", "c"}
    assert only(StepDone, events)[-1] == StepDone(2, 2)


def test_memory_that_ends_while_decoding_costs_one_picture(painter, monkeypatch):
    def pixels_of(vae, latents):
        if len(decoded) < 2:  # whole, then in tiles
            decoded.append(latents)
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return decode_well(vae, latents)

    decoded, decode_well = [], painting.pixels_of
    monkeypatch.setattr(painting, "pixels_of", pixels_of)

    events = drawn(painter, wish("a", "b", **SMALL))

    assert Failed("a", Fault.OUT_OF_MEMORY) in events
    assert [event.order for event in only(Finished, events)] == ["b"]


def test_what_cannot_be_decoded_whole_is_decoded_in_tiles(painter, monkeypatch):
    def pixels_of(vae, latents):
        if not vae.use_tiling:
            raise torch.OutOfMemoryError
        return decode_well(vae, latents)

    decode_well = painting.pixels_of
    monkeypatch.setattr(painting, "pixels_of", pixels_of)

    events = drawn(painter, wish("a", **SMALL))

    assert [event.order for event in only(Finished, events)] == ["a"]
    assert not painter._parts.vae.use_tiling


def test_a_file_that_cannot_be_written_fails_its_order(painter, monkeypatch):
    monkeypatch.setattr(painting, "encode_file", lambda *_: 1 / 0)

    assert Failed("a", Fault.INTERNAL) in drawn(painter, wish(**SMALL))


def test_drawing_leaves_every_flag_of_the_process_as_it_was(painter):
    before = flags()

    drawn(painter, wish("a", "b", **SMALL))

    assert flags() == before


def test_a_model_for_whose_pictures_there_is_no_memory_is_refused(painter, monkeypatch):
    def short(*_given):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(painting, "denoise", short)

    with pytest.raises(UnusableModel, match="too little memory left to draw with it"):
        painter.try_out()


def test_trying_a_model_out_compiles_nothing(model_folder, shelf):
    parts, compiled = load_parts(model_folder, lambda _fraction: None, torch.device("cpu")), Compiled()

    ZImagePainter(parts, EMBEDDED_MODEL, shelf, Levers(compiled=compiled)).try_out()

    assert compiled.shapes == (0, 0)
