"""The engine against diffusers' own pipeline, both in fp32 on the CPU."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from generator.engine.decode import decode
from generator.models import Z_IMAGE_TURBO
from generator.recipe import Recipe

SHORT, MIDDLE, LONG = "a red star", "blue circle " * 20, "a green heart on yellow " * 200


def recipe(prompt=SHORT, width=256, height=256, seed=5, **values):
    return Recipe(prompt=prompt, model="m", width=width, height=height, seed=seed, **({"steps": 2} | values))


@pytest.fixture
def latents_of(painter, monkeypatch):
    """Draw recipes in one batch at exactly their size and return their latents."""
    monkeypatch.setattr(painter, "_row", replace(Z_IMAGE_TURBO, smallest_side=16, takes_guidance=True))

    def draw(*recipes):
        with torch.inference_mode():
            return [step.latents for step in painter._steps(recipes)][-1]

    return draw


@pytest.fixture
def stock_of(stock):
    def draw(wanted, output="latent"):
        stock.scheduler = FlowMatchEulerDiscreteScheduler.from_config(
            stock.scheduler.config, shift=wanted.shift
        )
        return stock(
            wanted.prompt,
            width=wanted.width,
            height=wanted.height,
            num_inference_steps=wanted.steps,
            guidance_scale=wanted.guidance,
            negative_prompt=wanted.negative_prompt or None,
            generator=torch.Generator().manual_seed(wanted.seed),
            output_type=output,
        ).images

    return draw


@pytest.mark.parametrize("prompt", [SHORT, MIDDLE, LONG], ids=["32", "64", "512"])
@pytest.mark.parametrize(("width", "height"), [(256, 256), (336, 192), (80, 112), (64, 64)])
def test_a_single_picture_has_exactly_the_reference_latents(latents_of, stock_of, prompt, width, height):
    wanted = recipe(prompt, width, height)

    assert torch.equal(latents_of(wanted), stock_of(wanted))


@pytest.mark.parametrize(("steps", "shift"), [(1, 3.0), (3, 1.0), (8, 3.0), (5, 6.5)])
def test_steps_and_shift_are_exactly_the_reference_s(latents_of, stock_of, steps, shift):
    wanted = recipe(width=128, height=96, steps=steps, shift=shift)

    assert torch.equal(latents_of(wanted), stock_of(wanted))


def test_guidance_is_the_reference_s(latents_of, stock_of):
    wanted = recipe(width=128, height=128, guidance=3.0, negative_prompt="blue")

    assert (latents_of(wanted) - stock_of(wanted)).abs().max() <= 1e-4


def test_guidance_by_a_negative_prompt_of_another_length_is_the_reference_s(latents_of, stock_of):
    wanted = recipe(MIDDLE, width=128, height=128, guidance=3.0)

    assert (latents_of(wanted) - stock_of(wanted)).abs().max() <= 1e-4


def test_pixels_are_exactly_the_reference_s(painter, latents_of, stock_of):
    wanted = recipe(width=160, height=96)

    with torch.inference_mode():
        ours = decode(painter._parts.vae, latents_of(wanted))

    assert np.array_equal(np.asarray(ours), np.asarray(stock_of(wanted, "pil")[0]))


BATCHES = {
    "one prompt twice": [SHORT] * 2,
    "different prompts of one padded length": [SHORT, "blue", "a green square"],
    "different padded lengths": [SHORT, MIDDLE, "blue", LONG],
}


@pytest.mark.parametrize("prompts", BATCHES.values(), ids=BATCHES.keys())
@pytest.mark.parametrize(("width", "height"), [(256, 256), (112, 80)])
def test_a_batch_draws_what_its_singles_are(painter, latents_of, prompts, width, height):
    recipes = [recipe(prompt, width, height, seed) for seed, prompt in enumerate(prompts)]

    together = latents_of(*recipes)
    alone = torch.cat([latents_of(each) for each in recipes])

    assert (together - alone).abs().max() <= 1e-4
    with torch.inference_mode():
        pairs = [
            (decode(painter._parts.vae, a[None]), decode(painter._parts.vae, b[None]))
            for a, b in zip(together, alone, strict=True)
        ]
    assert max(np.abs(np.asarray(a, int) - np.asarray(b, int)).max() for a, b in pairs) <= 1


def test_a_guided_batch_draws_what_its_singles_are(latents_of):
    recipes = [
        recipe(p, 96, 96, 1, guidance=2.0, negative_prompt=n) for p, n in [(SHORT, ""), (MIDDLE, SHORT)]
    ]

    together = latents_of(*recipes)

    assert (together - torch.cat([latents_of(each) for each in recipes])).abs().max() <= 1e-4


def test_prompt_seed_and_padding_all_matter(latents_of):
    """Else the comparisons above would compare nothing."""
    first = latents_of(recipe(width=112, height=80))

    for other in (recipe("blue", 112, 80), recipe(width=112, height=80, seed=6)):
        assert (latents_of(other) - first).abs().max() > 0.01
