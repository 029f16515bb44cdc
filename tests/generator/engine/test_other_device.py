"""A step on another device than the processor, with blocks as wide as the real ones: one without numbers.

It computes nothing, but refuses what a card refuses, tensors that lie elsewhere, and what a card would be
waited for, a look at a number.
"""

import pytest
import torch
from diffusers import ZImageTransformer2DModel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from generator.bench.sizes import FULL, skeleton
from generator.choices import Precision
from generator.engine import recorded
from generator.engine.attention import CUDNN, FLASH, OWN
from generator.engine.decode import pixels_of
from generator.engine.denoise import Wish, denoise
from generator.engine.levers import Levers
from generator.engine.net import Net
from generator.engine.network import text_encoder_like, vae_like
from generator.engine.preview import FLUX_PREVIEW, PreviewMap, levels
from generator.engine.recorded import Recorder
from generator.engine.schedule import Schedule
from generator.engine.start import Beginning
from generator.engine.text import Text

DEVICE = torch.device("meta")
STEPS = 3
PLAN = Schedule(torch.linspace(1, 0, STEPS + 1), torch.linspace(0, 1, STEPS))


@pytest.fixture(scope="module")
def transformer():
    with DEVICE:
        made = ZImageTransformer2DModel(n_layers=2, n_refiner_layers=1)
    return made.to(torch.bfloat16).eval().requires_grad_(False)


def there(*shape, dtype=torch.float32):
    return torch.empty(shape, dtype=dtype, device=DEVICE)


def text(transformer, tokens):
    return Text(there(tokens, transformer.config.cap_feat_dim, dtype=torch.bfloat16), truncated=False)


@pytest.mark.parametrize("kernel", [CUDNN, FLASH, OWN], ids=lambda kernel: kernel.name)
@pytest.mark.parametrize("precision", [Precision.EXACT, Precision.INT8, Precision.FP8])
def test_steps_need_nothing_of_the_processor_nor_wait(transformer, kernel, precision, monkeypatch):
    monkeypatch.setattr(recorded, "RUNS_BEFORE", 1)
    tape = Recorder(lambda: lambda step: step)
    net = Net(transformer, tuple, DEVICE, precision, Levers(kernel, None, tape))
    with torch.inference_mode():
        texts = [text(transformer, tokens) for tokens in (20, 60)]

        *_, last = denoise(net, there(2, 16, 64, 64), Wish(texts), PLAN)

    assert last.latents.shape == (2, 16, 64, 64)
    assert last.latents.dtype == torch.float32
    assert len(tape) == 2  # a caption length each


def test_guided_steps_from_a_masked_picture_neither(transformer):
    net = Net(transformer, tuple, DEVICE, levers=Levers(CUDNN))
    with torch.inference_mode():
        wish = Wish([text(transformer, 20)], [text(transformer, 9)], 4.0)
        drawn = there(1, 1, 32, 32)
        start = Beginning(there(1, 16, 32, 32), there(1, 16, 32, 32), drawn, most=(16, 16))

        *_, last = denoise(net, start.at(PLAN.sigmas[0]), wish, PLAN, start)

    assert last.latents.device == DEVICE


class Watch(TorchDispatchMode):
    """Notes what a card would be waited for: tables sent to it, numbers looked at, places looked up."""

    WAITED = ("_local_scalar_dense", "nonzero", "index", "index_put_", "masked_select")

    def __init__(self):
        super().__init__()
        self.waited = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        tensors = [each for each in tree_leaves((args, kwargs, made)) if isinstance(each, torch.Tensor)]
        sent = [each for each in tensors if each.device.type == "cpu" and each.ndim]
        sent = sent if any(each.device == DEVICE for each in tensors) else []
        if func.name().removeprefix("aten::").partition(".")[0] in self.WAITED or sent:
            self.waited.append((func.name(), [each.shape for each in sent]))
        return made


class Recorded(TorchDispatchMode):
    """Refuses what a recording would keep as it was: whatever lies in the machine's memory, and chance."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        tensors = [each for each in tree_leaves((args, kwargs, made)) if isinstance(each, torch.Tensor)]
        assert all(each.device == DEVICE for each in tensors), func
        assert torch.Tag.nondeterministic_seeded not in func.tags or "attention" in func.name(), func
        return made


def recording(step):
    with Recorded():
        made = step()
    return lambda: made


@pytest.mark.parametrize("precision", [Precision.EXACT, Precision.INT8, Precision.FP8])
def test_a_recorded_step_reads_the_memory_of_the_card_alone(transformer, precision, monkeypatch):
    monkeypatch.setattr(recorded, "RUNS_BEFORE", 1)
    tape = Recorder(lambda: recording)
    net = Net(transformer, tuple, DEVICE, precision, Levers(CUDNN, None, tape))
    with torch.inference_mode():
        wish = Wish([text(transformer, 20)])

        list(denoise(net, there(1, 16, 32, 32), wish, PLAN))

    assert len(tape) == 1  # what is refused would be told as it is


def test_a_recorded_prompt_does_too():
    encoder, ids = text_encoder_like(skeleton("text_encoder", FULL)), there(1, 64, dtype=torch.int64)

    with torch.inference_mode():
        recording(lambda: encoder(ids))


WISHES = {
    "one picture": (1, [20], [], None),
    "captions of several lengths": (3, [20, 60, 20], [], None),
    "guided": (1, [20], [60], None),
    "piece by piece": (1, [20], [], (16, 16)),
}


@pytest.mark.parametrize("wished", WISHES.values(), ids=WISHES)
def test_once_begun_no_step_waits_for_the_card(transformer, wished):
    count, captions, unwanted, most = wished
    net = Net(transformer, tuple, DEVICE, levers=Levers(CUDNN))
    with torch.inference_mode():
        texts, negatives = ([text(transformer, each) for each in lengths] for lengths in (captions, unwanted))
        noise = there(count, 16, 32, 32)
        start = Beginning(noise, noise, there(1, 1, 32, 32), most) if most else None
        steps = denoise(net, noise, Wish(texts, negatives, 4.0), PLAN, start)
        next(steps)

        with Watch() as watch:
            next(steps)

    assert not watch.waited


def test_previews_and_pixels_are_made_there():
    vae = vae_like(skeleton("vae", FULL).to(torch.bfloat16))
    colours = PreviewMap(FLUX_PREVIEW.matrix.to(DEVICE), FLUX_PREVIEW.bias.to(DEVICE))

    with torch.inference_mode():
        shown = levels(there(2, 16, 64, 64), colours)
        pixels, finite = pixels_of(vae, there(1, 16, 64, 64))

    assert (shown.shape, shown.dtype, shown.device) == ((2, 64, 64, 3), torch.uint8, DEVICE)
    assert (pixels.shape, pixels.dtype, pixels.device) == ((512, 512, 3), torch.uint8, DEVICE)
    assert finite.device == DEVICE


def test_a_prompt_is_read_there():
    encoder = text_encoder_like(skeleton("text_encoder", FULL))

    with torch.inference_mode():
        read = encoder(there(1, 64, dtype=torch.int64))

    assert read.shape == (1, 64, 2560)
