"""What is said of the cost of LoRAs and of pictures to start from, and what was kept of it."""

import json
from pathlib import Path

import pytest

import generator
from generator.bench.starts import ALONE, FEW, STRENGTHS, figures_of
from generator.recipe import Recipe, Start

KEPT = Path(generator.__file__).parent / "bench_results"
RECIPE = Recipe(prompt="a star", model="embedded", width=256, height=256, steps=8, seed=1)


def kept(name):
    return json.loads((KEPT / name).read_text())["figures"]


def test_a_share_of_the_steps_and_one_encoding_is_what_is_expected():
    step, rest, encode = 2.0, 3.0, 5.0
    taken = {ALONE: [rest + 8 * step], f"{ALONE}, {FEW} steps": [rest + FEW * step]}
    for strength in STRENGTHS:
        steps = Start(picture="0" * 64, strength=strength).drawn(8)
        taken[f"strength {strength}"] = [rest + steps * step + encode]

    found = figures_of(RECIPE, taken, encode)

    expected = [figure for name, figure in found.items() if name.endswith("over what is expected")]
    assert expected == pytest.approx([1.0, 1.0, 1.0])


def test_what_was_kept_of_loras_is_within_what_is_promised():
    figures = kept("loras-embedded-cpu.json")

    assert figures["the one over the other, p50 of pairs"] <= 1.03
    assert figures["changing between cached ones, slowest, ms"] <= 50


def test_what_was_kept_of_pictures_to_start_from_is_within_what_is_expected():
    figures = kept("starts-embedded-cpu.json")

    expected = [figure for name, figure in figures.items() if name.endswith("over what is expected")]
    assert len(expected) == len(STRENGTHS)
    assert all(0.9 < ratio < 1.1 for ratio in expected)
