"""The quick decoder makes the reference's pictures, however its memory is laid out and whether compiled."""

import copy
from contextlib import suppress

import pytest
import torch
from diffusers import AutoencoderKL
from waiting import until

from generator.bench.sizes import TINY
from generator.embedded import WEIGHTS
from generator.engine import decoder as decoding
from generator.engine.compiled import Compiled
from generator.engine.decode import pixels_of, tiled, trying
from generator.engine.network import vae_like

SHAPES = [(1, 16, 8, 8), (1, 16, 6, 14), (2, 16, 8, 4)]


def embedded():
    return AutoencoderKL.from_pretrained(WEIGHTS / "vae")


def attending(**changes):
    """As Z-Image's: with attention in the middle; a thousandth of its size."""
    torch.manual_seed(3)
    config = AutoencoderKL.load_config(WEIGHTS / "vae") | TINY.vae | {"mid_block_add_attention": True}
    return AutoencoderKL.from_config(config | changes)


@pytest.fixture(scope="module", params=[embedded, attending], ids=lambda make: make.__name__)
def stock(request):
    torch.set_num_threads(1)
    return request.param().eval().requires_grad_(False)


@pytest.fixture
def quick(stock):
    return vae_like(copy.deepcopy(stock))


def latents(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def decibels(found, wanted):
    return float(10 * torch.log10(4 / (found - wanted).pow(2).mean()))  # pixels are -1 to 1


@pytest.mark.parametrize("shape", SHAPES)
def test_its_pixels_are_the_reference_s_to_the_bit(stock, quick, shape):
    given = latents(shape)

    with torch.inference_mode():
        assert torch.equal(quick.decode(given), stock.decode(given).sample)


@pytest.mark.parametrize("shape", SHAPES)
def test_with_channels_together_the_picture_is_the_same(stock, quick, shape):
    given = latents(shape)
    quick.to(memory_format=torch.channels_last)

    with torch.inference_mode():
        found, wanted = quick.decode(given), stock.decode(given).sample

    assert (found - wanted).abs().max() <= 1e-5
    assert decibels(found, wanted) > 60


def test_a_picture_for_which_torch_enlarges_wrongly_with_channels_together_is_laid_out_anew(monkeypatch):
    x = latents((1, 16, 4, 4)).to(memory_format=torch.channels_last)
    wanted = decoding._enlarged(x)

    monkeypatch.setattr(decoding, "MOST_ELEMENTS", 16)
    found = decoding._enlarged(x)

    assert torch.equal(found, wanted)
    assert found.is_contiguous()


def test_tiles_are_the_reference_s_too(stock, quick):
    given, theirs = latents((1, 16, 40, 40)), copy.deepcopy(stock)
    theirs.enable_tiling()
    theirs.tile_sample_min_size, theirs.tile_latent_min_size = 128, 16
    quick.pixel_tile, quick.latent_tile = 128, 16

    with torch.inference_mode(), tiled(quick):
        pixels = quick.decode(given)
        wanted = theirs.decode(given).sample
        assert torch.equal(pixels, wanted)
        assert torch.equal(quick.encode(pixels), theirs.encode(wanted).latent_dist.mode())


@pytest.mark.parametrize("shape", [(1, 3, 64, 64), (2, 3, 48, 112)])
def test_its_latents_are_the_reference_s_to_the_bit(stock, quick, shape):
    given = latents(shape).clamp(-1, 1)

    with torch.inference_mode():
        assert torch.equal(quick.encode(given), stock.encode(given).latent_dist.mode())


def test_one_with_convolutions_between_is_the_reference_s_too():
    stock = attending(use_quant_conv=True, use_post_quant_conv=True).eval()
    quick = vae_like(copy.deepcopy(stock))

    with torch.inference_mode():
        pixels = quick.decode(latents((1, 16, 8, 8)))
        assert torch.equal(pixels, stock.decode(latents((1, 16, 8, 8))).sample)
        assert torch.equal(quick.encode(pixels), stock.encode(pixels).latent_dist.mode())


def test_a_shape_is_compiled_in_the_background_and_its_picture_stays_the_same():
    sides = {"down_block_types": ["DownEncoderBlock2D"], "up_block_types": ["UpDecoderBlock2D"]}
    tiny = attending(block_out_channels=[8], **sides).eval()
    vae = vae_like(copy.deepcopy(tiny)).to(memory_format=torch.channels_last)
    vae.compiled = compiled = Compiled()

    with torch.inference_mode():
        given = latents((1, 16, 8, 8))
        before = vae.decode(given)
        until(lambda: not compiled.busy)
        with torch.compiler.set_stance("fail_on_recompile"):
            after = vae.decode(given)
        wanted = tiny.decode(given).sample

    assert compiled.shapes == (1, 1)
    assert decibels(before, wanted) > 60
    assert decibels(after, wanted) > 60


def test_tiles_are_not_compiled(quick):
    quick.compiled = compiled = Compiled()

    with torch.inference_mode(), tiled(quick):
        quick.decode(latents((1, 16, 8, 8)))

    assert compiled.shapes == (0, 0)


def test_pixels_that_are_no_numbers_are_said_without_waiting(quick):
    given = latents((1, 16, 8, 8))
    given[0, 0, 0, 0] = float("nan")

    with torch.inference_mode():
        pixels, finite = pixels_of(quick, given)

    assert pixels.dtype == torch.uint8
    assert pixels.shape == (64, 64, 3)
    assert not bool(finite)


def test_convolutions_are_tried_out_within_and_the_flag_of_the_process_is_left_as_it_was():
    before = torch.backends.cudnn.benchmark

    with suppress(ArithmeticError), trying():
        tries = torch.backends.cudnn.benchmark
        raise ArithmeticError

    assert (tries, torch.backends.cudnn.benchmark) == (True, before)
