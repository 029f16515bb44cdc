from dataclasses import replace

import pytest
import torch

from generator.engine.latents import initial_latents, seeded_noise, slerp
from generator.recipe import Recipe

PLAIN = Recipe(prompt="a", model="m", width=256, height=256, steps=1, seed=3)


def noise(**changes):
    return initial_latents(replace(PLAIN, **changes), 16, 256, 256)


def test_a_seed_alone_fixes_the_noise():
    assert torch.equal(noise(), noise(prompt="something else", steps=9))
    assert not torch.equal(noise(), noise(seed=4))


@pytest.mark.parametrize("seed", [0, 2**31, 2**63 - 1])
def test_every_possible_seed_draws(seed):
    assert noise(seed=seed).shape == (16, 32, 32)


def test_a_variation_of_no_strength_is_the_original_and_of_full_strength_the_other():
    assert torch.equal(noise(variation_seed=9, variation_strength=0.0), noise())
    torch.testing.assert_close(noise(variation_seed=9, variation_strength=1.0), noise(seed=9))


def test_a_stronger_variation_is_farther_away():
    distances = [(noise(variation_seed=9, variation_strength=s) - noise()).norm() for s in (0.15, 0.4, 1)]

    assert distances == sorted(distances)


@pytest.mark.parametrize("strength", [0.15, 0.4, 0.5])
def test_a_variation_is_as_loud_as_any_noise(strength):
    varied = noise(variation_seed=9, variation_strength=strength)

    assert varied.std() == pytest.approx(1, abs=0.02)


def test_a_variation_towards_its_own_seed_is_the_original():
    start = seeded_noise(3, (16, 4, 4))

    assert torch.equal(slerp(start, start, 0.4), start)
