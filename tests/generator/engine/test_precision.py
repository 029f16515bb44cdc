"""The engine in eight bits, and with compiled blocks: what it draws stays what it was."""

from itertools import islice

import numpy as np
import pytest
import torch
from torch._inductor.runtime.cache_dir_utils import cache_dir
from waiting import until

from generator.choices import Choices, Compiling, Precision
from generator.embedded import WEIGHTS
from generator.embedded.prompts import held_out_prompts
from generator.embedded.scenes import Poster
from generator.embedded.scorer import judge
from generator.engine.compiled import Compiled, compiled_for, plainly
from generator.engine.decode import decode
from generator.engine.denoise import Wish, denoise
from generator.engine.latents import seeded_noise
from generator.engine.levers import Levers
from generator.engine.load import load_parts
from generator.engine.net import Net
from generator.engine.schedule import schedule
from generator.engine.text import PromptEncoder

CPU = torch.device("cpu")
NARROW = [Precision.INT8, Precision.FP8]


@pytest.fixture(scope="module")
def parts():
    torch.set_num_threads(1)
    return load_parts(WEIGHTS, lambda _fraction: None, CPU)


@pytest.fixture(scope="module")
def narrow_parts():
    return {wish: load_parts(WEIGHTS, lambda _fraction: None, CPU, wish) for wish in NARROW}


def picture(parts, prompt="a red circle", seed=3, side=32, compiled=None):
    """Draw at 8 x side pixels with the parts' own precision."""
    net = Net(parts.transformer, precision=parts.plan.precision, levers=Levers(compiled=compiled))
    prompts = PromptEncoder(parts.tokenizer, parts.text_encoder, CPU)
    with torch.inference_mode():
        plan = schedule(parts.schedule, 8, 3.0, 256)
        noise = seeded_noise(seed, (16, side, side))[None]
        *_, last = denoise(net, noise, Wish([prompts.encode(prompt)]), plan)
        return decode(parts.vae, last.latents)


@pytest.mark.parametrize("wish", NARROW)
def test_eight_bits_draw_nearly_the_same_picture(parts, narrow_parts, wish):
    exact, narrow = (np.asarray(picture(each), float) for each in (parts, narrow_parts[wish]))

    noise = np.mean((exact - narrow) ** 2)
    assert 10 * np.log10(255**2 / noise) > 25  # decibels
    assert noise > 0  # else nothing was compared


@pytest.mark.parametrize("wish", NARROW)
def test_eight_bits_draw_what_was_asked_for_as_often(parts, narrow_parts, wish):
    """One prompt may differ: a figure at the edge of two names."""
    single = (each for each in held_out_prompts() if isinstance(each.scene, Poster) and each.language == "en")
    asked = list(islice(single, 5))

    def right(parts):
        verdicts = [judge(picture(parts, each.text, each.seed), each.scene) for each in asked]
        return sum(verdict.background + bool(verdict.colour) + bool(verdict.shape) for verdict in verdicts)

    assert right(narrow_parts[wish]) >= right(parts) - 1


def test_weights_that_change_are_narrowed_again_where_they_lie(narrow_parts):
    worn = [()]
    transformer = narrow_parts[Precision.INT8].transformer
    net = Net(transformer, lambda: worn[0], precision=Precision.INT8)
    index = len(transformer.noise_refiner)
    kept = net.blocks()[index].qkv
    scale = kept.scale.clone()
    assert net.blocks()[index].qkv is kept

    transformer.layers[0].attention.to_q.weight.data.mul_(2)
    worn[0] = ("another",)
    changed = net.blocks()[index].qkv
    transformer.layers[0].attention.to_q.weight.data.div_(2)

    torch.testing.assert_close(changed.scale[:192], 2 * scale[:192])
    assert changed.rows.data_ptr() == kept.rows.data_ptr()  # what was recorded over it goes on working


@pytest.mark.parametrize("wish", [Precision.AUTO, Precision.EXACT])
def test_a_processor_draws_exactly_unless_told_otherwise(wish):
    assert load_parts(WEIGHTS, lambda _fraction: None, CPU, wish).plan.precision is Precision.EXACT


def test_only_cards_compile_unless_told_otherwise():
    assert compiled_for(CPU, Choices()) is None
    assert compiled_for(torch.device("cuda"), Choices(compiling=Compiling.OFF)) is None
    assert compiled_for(torch.device("cuda"), Choices()) is not None
    assert compiled_for(CPU, Choices(compiling=Compiling.ON)) is not None


def test_what_is_compiled_is_kept_where_the_owner_wants(tmp_path, monkeypatch):
    wanted, on = tmp_path / "mine", Choices(compiling=Compiling.ON, kept=tmp_path / "kept")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "")
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    cache_dir()  # torch's own answer is in the environment from now on

    compiled_for(CPU, on)
    assert cache_dir() == str(tmp_path / "kept")

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(wanted))
    compiled_for(CPU, on)
    assert cache_dir() == str(wanted)


def test_shapes_are_compiled_in_the_background_and_draw_the_same(parts):
    compiled = Compiled()
    plain = np.asarray(picture(parts, side=8), int)

    before = np.asarray(picture(parts, side=8, compiled=compiled), int)
    until(lambda: len(compiled._ready) == 2, 300)  # the picture's refiners and the main blocks
    with torch.compiler.set_stance("fail_on_recompile"):
        after = np.asarray(picture(parts, side=8, compiled=compiled), int)

    assert np.abs(before - plain).max() <= 1
    assert np.abs(after - plain).max() <= 1
    shapes = {group: shape[1] for group, shape, _ in compiled._ready}
    assert shapes == {"refiner": 32, "main": 64}  # the caption's own 32 tokens were drawn plainly
    codes = {function._torchdynamo_orig_callable.__code__ for function in compiled._ready.values()}
    assert len(codes) == 2  # none is tuned for the other's shape


def test_what_cannot_be_compiled_is_drawn_plainly(parts, monkeypatch):
    asked = []

    def broken(*_given, **_options):
        asked.append(1)
        raise RuntimeError

    monkeypatch.setattr(torch, "compile", lambda *_given, **_options: broken)
    compiled = Compiled()

    picture(parts, side=8, compiled=compiled)
    until(lambda: len(asked) == 2, 60)

    assert compiled._ready == {}
    assert compiled.function("main", None, torch.zeros(1, 1), torch.zeros(1), None, None) is plainly
