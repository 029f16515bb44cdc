"""Steps over memory that stays: what is played again is what would be computed, and memory has an end."""

from contextlib import contextmanager

import pytest
import torch
from wishes import wish

from generator.choices import Precision
from generator.embedded import WEIGHTS
from generator.engine import recorded
from generator.engine.compiled import Compiled
from generator.engine.denoise import Wish, denoise
from generator.engine.latents import seeded_noise
from generator.engine.levers import Levers
from generator.engine.load import load_parts
from generator.engine.net import Net
from generator.engine.recorded import MOST_KEPT, RUNS_BEFORE, Recorder, graphs_of, recorder_for
from generator.engine.schedule import schedule
from generator.engine.text import PromptEncoder
from generator.memory import GIB, Lying, Plan, room_to_record
from generator.messages import Failed, Fault

CPU, CARD = torch.device("cpu"), torch.device("cuda")


def plainly():
    """A tape whose recordings compute again, over the same memory."""
    return lambda step: step


def recorder(**given):
    return Recorder(plainly, **given)


def often(recorder, step, *inputs):
    for _ in range(RUNS_BEFORE + 1):
        recorder(step, *inputs)
    return recorder


@pytest.fixture(scope="module", params=[Precision.EXACT, Precision.INT8])
def parts(request):
    torch.set_num_threads(1)
    return load_parts(WEIGHTS, lambda _fraction: None, CPU, request.param)


class Drawing:
    """One net that draws small pictures by its own recorder, or without."""

    def __init__(self, parts, recorder=None):
        self.worn = ()
        self._parts = parts
        levers = Levers(recorder=recorder)
        self._net = Net(parts.transformer, lambda: self.worn, CPU, parts.plan.precision, levers)
        self._prompts = PromptEncoder(parts.tokenizer, parts.text_encoder, CPU)

    def __call__(self, *prompts, steps=2, side=8):
        with torch.inference_mode():
            noise = torch.stack([seeded_noise(seed, (16, side, side)) for seed in range(len(prompts))])
            plan = schedule(self._parts.schedule, steps, 3.0, 64)
            texts = [self._prompts.encode(prompt) for prompt in prompts]
            return [step.latents for step in denoise(self._net, noise, Wish(texts), plan)][-1]


LONG = "a green heart on yellow " * 12


def test_what_is_played_again_is_to_the_bit_what_is_computed(parts):
    plain, played = Drawing(parts), Drawing(parts, tape := recorder())
    played("a star", steps=RUNS_BEFORE + 1)

    for prompts in (("a red circle",), ("a blue heart",), ("a star",)):
        assert torch.equal(played(*prompts), plain(*prompts))
    assert len(tape) == 1


def test_each_shape_caption_length_and_batch_has_its_own_recording(parts):
    plain, played = Drawing(parts), Drawing(parts, tape := recorder())
    cases = [(("a star",), 8), (("a star",), 12), ((LONG,), 8), (("a star", "a heart"), 8)]
    for prompts, side in cases:
        played(*prompts, steps=RUNS_BEFORE + 1, side=side)

    assert len(tape) == len(cases)
    for prompts, side in cases:
        assert torch.equal(played(*prompts, side=side), plain(*prompts, side=side))


def test_a_recording_draws_with_the_weights_as_they_are_now(parts):
    plain, played = Drawing(parts), Drawing(parts, recorder())
    before = played("a star", steps=RUNS_BEFORE + 1)[0]
    weight = parts.transformer.layers[1].feed_forward.w2.weight.data

    weight.mul_(1.5)
    plain.worn = played.worn = ("another",)
    changed, wanted = played("a star"), plain("a star")
    weight.div_(1.5)

    assert torch.equal(changed, wanted)
    assert not torch.equal(changed, before)


def test_a_result_stays_when_the_next_is_played():
    tape = often(recorder(), torch.neg, torch.ones(3))

    first = tape(torch.neg, torch.ones(3))
    tape(torch.neg, torch.zeros(3))

    assert first.tolist() == [-1, -1, -1]


def test_a_rare_shape_is_not_recorded():
    tape = recorder()

    for size in range(1, 50):
        tape(torch.neg, torch.ones(size))

    assert len(tape) == 0


def test_nothing_is_recorded_while_a_shape_is_compiled_and_what_ran_before_does_not_count():
    busy = [True]
    tape = often(recorder(busy=lambda: busy[0]), torch.neg, torch.ones(1))
    assert len(tape) == 0

    busy[0] = False
    tape(torch.neg, torch.ones(1))
    assert len(tape) == 0

    often(tape, torch.neg, torch.ones(1))
    assert len(tape) == 1


def test_nothing_is_recorded_where_memory_is_short():
    assert len(often(recorder(room=lambda _inputs: False), torch.neg, torch.ones(1))) == 0


def test_the_recording_played_longest_ago_goes_where_there_are_too_many():
    tape = recorder()
    for size in range(1, MOST_KEPT + 2):
        often(tape, torch.neg, torch.ones(size))
        often(tape, torch.neg, torch.ones(1))

    kept = [key[0][0] for key in tape._kept]

    assert len(tape) == MOST_KEPT
    assert 1 in kept
    assert 2 not in kept


def test_what_cannot_be_recorded_is_computed_and_tried_once(caplog):
    tried = []

    def broken():
        def record(_step):
            tried.append(1)
            raise RuntimeError("operation not permitted when stream is capturing")

        return record

    tape = often(Recorder(broken), torch.neg, torch.ones(2))

    assert tape(torch.neg, torch.ones(2)).tolist() == [-1, -1]
    assert tried == [1]
    assert "step not recorded" in caplog.text


def test_when_memory_is_given_back_the_next_recordings_share_a_new_one():
    tapes = []

    def new():
        tapes.append(1)
        return plainly()

    tape = often(Recorder(new), torch.neg, torch.ones(1))
    often(tape, torch.neg, torch.ones(2))
    assert (tape.forget(), len(tape)) == (True, 0)
    assert not tape.forget()
    often(tape, torch.neg, torch.ones(1))

    assert len(tapes) == 2


def test_a_picture_for_which_memory_ends_is_drawn_again_without_the_recordings(painter, monkeypatch):
    tape = often(recorder(), torch.neg, torch.ones(1))
    monkeypatch.setattr(painter._net, "_levers", Levers(recorder=tape))
    through, short = painter._net.through, [torch.OutOfMemoryError()]

    def falls_short_once(*given):
        if short:
            raise short.pop()
        return through(*given)

    monkeypatch.setattr(painter._net, "through", falls_short_once)
    events = []
    painter.draw(wish(width=64, height=64), events.append, lambda: False)

    assert len(tape) == 0
    assert Failed("a", Fault.OUT_OF_MEMORY) not in events


def test_only_a_card_whose_weights_stay_records():
    plan = Plan(Precision.EXACT, Lying.RESIDENT, Lying.RESIDENT, tiled=False, peak=0)
    carried = Plan(Precision.EXACT, Lying.CARRIED, Lying.CARRIED, tiled=True, peak=0)

    assert recorder_for(CPU, plan, None) is None
    assert recorder_for(CARD, carried, None) is None
    assert recorder_for(CARD, plan, Compiled()) is not None


def test_recording_leaves_a_card_the_room_to_draw_and_decode():
    assert room_to_record(80 * GIB, 4, 1024 * 1024)
    assert room_to_record(4 * GIB, 1, 512 * 512)
    assert not room_to_record(4 * GIB, 1, 1024 * 1024)
    assert not room_to_record(4 * GIB, 8, 512 * 512)


@pytest.fixture
def card(monkeypatch):
    """What torch is told about graphs, in its own words."""
    told = []

    class Graph:
        def replay(self):
            told.append("replay")

    @contextmanager
    def graph(_made, *, pool, stream, capture_error_mode):
        told.append(f"{pool} on {stream}, errors of this {capture_error_mode.removesuffix('_local')}")
        yield
        told.append("recorded")

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: "one pool")
    monkeypatch.setattr(torch.cuda, "Stream", lambda _device: "its stream")
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _device: "the main stream")
    monkeypatch.setattr(torch.cuda, "set_stream", lambda stream: told.append(f"back to {stream}"))
    return told


def test_on_a_card_a_step_is_recorded_once_and_then_replayed(card):
    runs = []
    record = graphs_of(CARD)

    again = record(lambda: runs.append(1) or torch.ones(1))

    assert card == ["one pool on its stream, errors of this thread", "recorded", "back to the main stream"]
    assert [again().item(), again().item(), runs] == [1, 1, [1]]
    assert card[3:] == ["replay", "replay"]


def test_on_a_card_a_recording_that_fails_leaves_the_main_stream(card):
    def fails():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        graphs_of(CARD)(fails)

    assert card[-1] == "back to the main stream"


def test_the_room_of_a_card_is_what_is_free_and_what_the_allocator_keeps(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (2 * GIB, 16 * GIB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _device: 13 * GIB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _device: 12 * GIB)

    assert recorded._has_room(CARD, torch.empty(1, 16, 64, 64))
    assert not recorded._has_room(CARD, torch.empty(1, 16, 128, 128))
    assert recorded._has_room(CARD, torch.empty(1, 512))  # a text's tokens
