"""Image to image and inpainting against diffusers' own pipelines, both in fp32 on the CPU."""

import copy
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, ZImageImg2ImgPipeline, ZImageInpaintPipeline
from PIL import Image

from generator.engine.start import opened
from generator.messages import name_of
from generator.models import Z_IMAGE_TURBO
from generator.recipe import Recipe, Start


def png(picture):
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def noisy(width, height, seed=3):
    levels = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    return Image.fromarray(levels).resize((width, height), Image.Resampling.BICUBIC)


def left_half(width, height):
    mask = Image.new("L", (width, height), 0)
    mask.paste(255, (0, 0, width // 2, height))
    return mask


@pytest.fixture
def latents_of(painter, monkeypatch):
    """Draw recipes in one batch at exactly their size and return their latents."""
    monkeypatch.setattr(painter, "_row", replace(Z_IMAGE_TURBO, smallest_side=16, takes_guidance=True))

    def draw(*recipes, pictures):
        with torch.inference_mode():
            return [step.latents for step in painter._steps(recipes, opened(map(png, pictures)))][-1]

    return draw


@pytest.fixture
def stock_of(stock):
    """Draw with the reference, whose encoder takes the middle of what an encoding may be, as ours does."""
    vae = copy.deepcopy(stock.vae)
    encode = vae.encode
    vae.encode = lambda pixels: SimpleNamespace(latents=encode(pixels).latent_dist.mode())

    def draw(wanted, picture, mask=None):
        scheduler = FlowMatchEulerDiscreteScheduler.from_config(stock.scheduler.config, shift=wanted.shift)
        parts = stock.components | {"vae": vae, "scheduler": scheduler}
        pipeline = (ZImageImg2ImgPipeline if mask is None else ZImageInpaintPipeline)(**parts)
        pipeline.set_progress_bar_config(disable=True)
        masked = {} if mask is None else {"mask_image": mask}
        return pipeline(
            wanted.prompt,
            image=picture,
            strength=wanted.start.strength,
            width=wanted.width,
            height=wanted.height,
            num_inference_steps=wanted.steps,
            guidance_scale=wanted.guidance,
            negative_prompt=wanted.negative_prompt or None,
            generator=torch.Generator().manual_seed(wanted.seed),
            output_type="latent",
            **masked,
        ).images

    return draw


def recipe(picture, mask=None, strength=0.6, **values):
    start = Start(picture=name_of(png(picture)), mask=name_of(png(mask)) if mask else None, strength=strength)
    usual = {"prompt": "a red star", "width": picture.width, "height": picture.height, "steps": 4, "seed": 5}
    return Recipe(model="m", start=start, **(usual | values))


@pytest.mark.parametrize("strength", [0.05, 0.25, 0.3, 0.6, 0.75, 0.99, 1.0])
@pytest.mark.parametrize("steps", [1, 3, 8])
def test_image_to_image_has_the_reference_latents(latents_of, stock_of, strength, steps):
    picture = noisy(96, 64)
    wanted = recipe(picture, strength=strength, steps=steps)

    assert torch.equal(latents_of(wanted, pictures=[picture]), stock_of(wanted, picture))


@pytest.mark.parametrize("strength", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("steps", [1, 4])
def test_inpainting_has_the_reference_latents(latents_of, stock_of, strength, steps):
    picture, mask = noisy(96, 64), left_half(96, 64)
    wanted = recipe(picture, mask, strength, steps=steps)

    ours = latents_of(wanted, pictures=[picture, mask])

    assert torch.equal(ours, stock_of(wanted, picture, mask))


@pytest.mark.parametrize("masked", [False, True])
def test_guidance_shift_and_size_are_the_reference_s(latents_of, stock_of, masked):
    picture = noisy(80, 112)
    mask = left_half(80, 112) if masked else None
    wanted = recipe(picture, mask, 0.5, guidance=3.0, negative_prompt="blue", shift=5.0)

    ours = latents_of(wanted, pictures=[picture, mask] if masked else [picture])

    assert (ours - stock_of(wanted, picture, mask)).abs().max() <= 1e-5


def test_the_number_of_steps_is_the_reference_s(stock):
    pipeline = ZImageImg2ImgPipeline(**stock.components)
    for steps in range(1, 51):
        pipeline.scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps), mu=0.5)
        for strength in np.linspace(0, 1, 41):
            start = Start(picture="0" * 64, strength=float(strength))
            assert len(pipeline.get_timesteps(steps, float(strength), None)[0]) == start.drawn(steps)


def test_a_batch_from_several_pictures_draws_what_its_singles_are(latents_of):
    pictures = [noisy(96, 64, seed) for seed in range(3)]
    mask = left_half(96, 64)
    recipes = [
        recipe(pictures[0], strength=0.6),
        recipe(pictures[1], strength=0.6, seed=6),
        recipe(pictures[2], mask, 0.6, prompt="blue"),
    ]

    together = latents_of(*recipes, pictures=[*pictures, mask])
    alone = torch.cat([latents_of(each, pictures=[*pictures, mask]) for each in recipes])

    assert (together - alone).abs().max() <= 1e-4


def test_what_the_mask_keeps_has_the_pictures_own_latents(latents_of, painter):
    picture, mask = noisy(96, 64), left_half(96, 64)

    latents = latents_of(recipe(picture, mask, 1.0), pictures=[picture, mask])
    with torch.inference_mode():
        own = painter._starts._encode(picture)

    assert torch.equal(latents[0, :, :, 6:], own[:, :, 6:])
    assert not torch.equal(latents[0, :, :, :6], own[:, :, :6])


def test_a_cell_is_drawn_where_any_pixel_of_it_is_white(latents_of, painter):
    picture, dot = noisy(96, 64), Image.new("L", (96, 64), 0)
    dot.putpixel((15, 15), 255)

    latents = latents_of(recipe(picture, dot, 1.0), pictures=[picture, dot])
    with torch.inference_mode():
        changed = (latents[0] != painter._starts._encode(picture)).any(dim=0)

    assert changed.nonzero().tolist() == [[1, 1]]


def test_siblings_do_not_encode_their_picture_again(latents_of, painter, monkeypatch):
    picture = noisy(112, 112, 9)
    encoded = []
    encode = painter._starts._encode
    monkeypatch.setattr(painter._starts, "_encode", lambda each: encoded.append(each) or encode(each))

    latents_of(recipe(picture), recipe(picture, seed=9), pictures=[picture])
    latents_of(recipe(picture, seed=7), pictures=[picture])

    assert len(encoded) == 1


def test_a_variation_of_a_started_picture_is_near_it(latents_of):
    picture = noisy(96, 64)
    wanted = recipe(picture, strength=0.75)
    one = latents_of(wanted, pictures=[picture])

    near = latents_of(wanted.varied(8, 0.15), pictures=[picture])
    far = latents_of(wanted.rerolled(8), pictures=[picture])

    assert 0 < (near - one).abs().mean() < (far - one).abs().mean()
