"""Fresh processes tell what a start takes, and what reading one network takes, beside the reference."""

import json
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, ZImageTransformer2DModel
from transformers import AutoModel

import generator
from generator.bench.fresh import TURNS, ask, starts
from generator.bench.loads import ARMS, run, write_random
from generator.bench.sizes import TINY
from generator.models import EMBEDDED
from generator.weights import weight_files

KEPT = Path(generator.__file__).parent / "bench_results" / "loads-full-cpu.json"


def test_the_kept_figures_of_the_published_size_are_of_both_and_of_weights_that_are_there_once():
    figures = json.loads(KEPT.read_text())["figures"]

    for name in ("text_encoder", "transformer", "in 32 bits: transformer"):
        assert all(f"{name}, {arm}, with imports, seconds" in figures for arm in ARMS)
        assert figures[f"{name}, ours, memory over weights"] < 1.05


def test_a_start_is_told_beside_the_reference_s():
    ours, stock = starts(EMBEDDED, (64, 64), 1, TURNS[:2])

    for row in (ours, stock):
        parts = [row["seconds"][each] for each in ("import", "load", "first picture")]
        assert all(seconds > 0 for seconds in parts)
        assert row["seconds"]["whole"] == pytest.approx(sum(parts))
        assert row["peaks"]["process"] > 0
    assert ours["to_stock"] == ours["seconds"]["whole"] / stock["seconds"]["whole"]


def test_a_start_that_fails_is_told_in_a_sentence(tmp_path):
    assert "There is no model folder" in ask(str(tmp_path / "nowhere"), (64, 64), 1)["error"]


@pytest.mark.parametrize("part", ["transformer", "text_encoder", "vae"])
def test_random_networks_are_read_by_the_reference(tmp_path, part, monkeypatch):
    monkeypatch.setattr("generator.bench.loads.SHARD", 1_000_000)
    kinds = {"transformer": ZImageTransformer2DModel, "text_encoder": AutoModel, "vae": AutoencoderKL}

    write_random(tmp_path / part, part, TINY, torch.bfloat16)

    network = kinds[part].from_pretrained(tmp_path / part)
    assert all(parameter.any() for parameter in network.parameters())
    assert part != "transformer" or len(weight_files(tmp_path / part)) > 1


def test_reading_is_told_for_both_and_nothing_is_left_behind(tmp_path):
    figures = run(tmp_path / "new", TINY, 1)

    for arm in ARMS:
        for name in ("text_encoder", "transformer", "in 32 bits: transformer"):
            assert figures[f"{name}, {arm}, seconds"] > 0
    assert figures["convert, seconds"] > 0
    assert not (tmp_path / "new").exists()
    assert json.dumps(figures)
