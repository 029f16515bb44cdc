"""The kernel that attends is the fastest that a card says it has and that is seen to attend rightly."""

import pytest
import torch

from generator.choices import Choices, Compiling
from generator.engine import attention
from generator.engine.attention import CUDNN, FLASH, OWN, WIDE, kernel_for, works
from generator.engine.block import scaled_attention
from generator.engine.levers import levers_for

CPU, CARD = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def asked_anew():
    kernel_for.cache_clear()
    yield
    kernel_for.cache_clear()


@pytest.fixture
def card(monkeypatch):
    """A card of a capability on which some kernels work; says how often it was asked."""
    asked = []

    def make(capability, *working):
        def tried(kernel, _device, _head):
            asked.append(kernel.name)
            return kernel in working

        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
        monkeypatch.setattr(attention, "works", tried)
        return asked

    return make


@pytest.mark.parametrize(
    ("capability", "working", "chosen"),
    [
        ((9, 0), (CUDNN, FLASH), CUDNN),
        ((10, 0), (CUDNN, FLASH), CUDNN),
        ((9, 0), (FLASH,), FLASH),
        ((8, 9), (CUDNN, FLASH), FLASH),
        ((8, 0), (CUDNN,), CUDNN),
        ((7, 5), (), OWN),
    ],
)
def test_cudnn_comes_first_from_hopper_on_and_torch_chooses_where_nothing_works(
    card, capability, working, chosen
):
    card(capability, *working)

    assert kernel_for(CARD) is chosen


def test_heads_too_wide_for_the_quick_kernels_attend_by_products_where_that_works(card):
    card((9, 0), CUDNN, WIDE)
    assert kernel_for(CARD, 512) is WIDE

    kernel_for.cache_clear()
    card((9, 0), CUDNN)

    assert kernel_for(CARD, 512) is OWN


@pytest.mark.parametrize("most", [1, 40 * 13, 2**27])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_products_attend_as_the_kernels_do_however_many_queries_at_a_time(monkeypatch, most, dtype):
    monkeypatch.setattr(attention, "MOST_SCORES", most)
    q, k, v = torch.randn(3, 2, 1, 40, 512, dtype=dtype).unbind()

    torch.testing.assert_close(WIDE.attend(q, k, v), scaled_attention(q, k, v), atol=2e-2, rtol=2e-2)


def test_a_card_is_asked_once(card):
    asked = card((9, 0), FLASH)

    kernel_for(CARD)
    kernel_for(CARD)

    assert asked == ["cuDNN", "FlashAttention"]


def test_a_processor_is_left_to_torch():
    assert kernel_for(CPU) is OWN
    assert works(OWN, CPU, 128)


def test_a_kernel_that_says_no_is_not_tried():
    assert not works(CUDNN, CPU, 128)  # this one is for cards


@pytest.mark.parametrize(
    "attend",
    [
        lambda q, _k, _v: q,
        lambda q, k, v: scaled_attention(q, k, v) * float("nan"),
        lambda *_given: (_ for _ in ()).throw(RuntimeError("no kernel image is available")),
    ],
    ids=["wrong", "no numbers", "fails"],
)
def test_a_kernel_that_only_says_yes_is_not_taken(attend):
    assert not works(OWN._replace(attend=attend), CPU, 64)


@pytest.mark.parametrize("kernel", [CUDNN, FLASH], ids=lambda kernel: kernel.name)
def test_the_kernels_are_called_as_torch_knows_them(kernel):
    """On tensors without numbers: nothing is computed, but torch checks what it is given."""
    with torch.device("meta"):
        qkv = torch.empty(2, 96, 3, 4, 128, dtype=torch.bfloat16)
    q, k, v = (part.transpose(1, 2) for part in qkv.unbind(2))

    assert kernel.attend(q, k, v).shape == q.shape


def test_levers_say_what_is_on():
    off = levers_for(CPU, 32, Choices(), None).report()
    on = levers_for(CPU, 32, Choices(compiling=Compiling.ON), None).report()

    assert off == {"attention": "torch's own choice", "compiled": "off", "recorded": "off"}
    assert on["compiled"] == "0 of 0 shapes"
