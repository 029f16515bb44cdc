"""Each target stands beside its figure, and nothing that was not measured is called met."""

import os
import time
from types import SimpleNamespace

import pytest
import torch

from generator.bench.meter import means, metered
from generator.bench.results import Result
from generator.bench.targets import told

NAMED = (
    ("1024×1024, prompt to pixels, exact", "≤ 0.68 s"),
    ("1024×1024, prompt to pixels, fp8", "≤ 0.46 s"),
    ("1024×1024, of stock, exact", "≤ 0.62 ×"),
    ("1024×1024, of stock, fp8", "≤ 0.4 ×"),
    ("512×512, prompt to pixels, exact", "≤ 0.2 s"),
    ("512×512, prompt to pixels, fp8", "≤ 0.15 s"),
    ("1536×1536, prompt to pixels, exact", "≤ 1.8 s"),
    ("1536×1536, prompt to pixels, fp8", "≤ 1.35 s"),
    ("text encoding", "≤ 4 ms"),
    ("text encoding, a prompt that was there before", "≤ 0.1 ms"),
    ("VAE", "≤ 21 ms"),
    ("png file, on the wait", "≤ 10 ms"),
    ("jpeg file, on the wait", "≤ 10 ms"),
    ("webp file, on the wait", "≤ 10 ms"),
    ("pause between steps", "≤ 0.1 ms"),
    ("first preview, exact", "≤ 95 ms"),
    ("cancel, beyond the step", "≤ 5 ms"),
    ("pictures, 1024×1024, exact", "≥ 1.48 /s"),
    ("pictures, 1024×1024, fp8", "≥ 2.2 /s"),
    ("p99 at 0.5 orders/s, exact", "≤ 2.3 s"),
    ("memory of the card, in eight bits", "≤ 13 GiB"),
    ("start to first picture", "≤ 10 s"),
)


@pytest.fixture
def result():
    return Result(device="NVIDIA H200", size="full", dtype="bfloat16", command="-", steps=8)


@pytest.mark.parametrize(("name", "target"), NAMED)
def test_every_promised_figure_is_in_the_table(result, name, target):
    row = next(row for row in told(result) if row["name"] == name)

    assert row["target"] == target
    assert (row["value"], row["met"]) == (None, None)


def test_a_figure_is_met_or_missed(result):
    result.shapes = [
        _shape("exact", whole=0.66, to_stock=0.64, encode=0.003, hit=0.00005, decode=0.03, denoise=0.64),
        _shape("fp8", whole=0.47, to_stock=0.40, encode=0.003, hit=0.00005, decode=0.03, denoise=0.43),
    ]
    result.batches = [{"arm": "fp8", "picture": "1024×1024", "per_second": {1: 2.1, 4: 2.3}}]
    result.waits = [{"arm": "exact", "load": "one size", "kind": "all", "rate": 0.5, "p99": 2.2}]
    result.attended = [
        {"arm": "exact", "picture": "1024×1024", "preview": None}
        | {what: {"p50": 0.08} for what in ("step", "pause", "work")}
        | {"cancel": {"p50": 0.084}}
    ]
    result.files = [{"format": "webp", "wait": 0.024}]
    result.fresh = [
        {"what": "fresh process", "seconds": {"whole": 9.0}, "peaks": {"card, reserved": 22.0}},
        {"what": "as on a card of 16 GiB", "error": "It does not fit."},
    ]

    found = {row["name"]: (row["value"], row["met"]) for row in told(result)}

    assert found["1024×1024, prompt to pixels, exact"] == (0.66, True)
    assert found["1024×1024, prompt to pixels, fp8"] == (0.47, False)
    assert found["1024×1024, of stock, exact"] == (0.64, False)
    assert found["1024×1024, of stock, fp8"] == (0.40, True)
    assert found["1024×1024, a step, exact"] == (80, True)
    assert found["text encoding"] == (3, True)
    assert found["VAE"] == (30, False)
    assert found["pictures, 1024×1024, fp8"] == (2.3, True)
    assert found["p99 at 0.5 orders/s, exact"] == (2.2, True)
    assert found["first preview, exact"] == (None, None)
    assert found["cancel, beyond the step"] == (pytest.approx(4), True)
    assert found["pause between steps"] == (80, False)
    assert found["webp file, on the wait"] == (24, False)
    assert found["start to first picture"] == (9, True)
    assert found["memory of the card, in eight bits"] == (None, None)


def _shape(arm, whole, to_stock, **stages):
    return {
        "arm": arm,
        "picture": "1024×1024",
        "whole": {"p50": whole},
        "to_stock": {"middle": to_stock, "low": to_stock, "high": to_stock},
        "stages": {stage: {"p50": seconds} for stage, seconds in stages.items()},
    }


def test_what_a_card_says_of_itself_is_averaged_and_half_a_line_is_not():
    assert means(["600.5, 1980, 61", "699.5, 1900, 63", "[N/A], 1900, 63", "7"]) == {
        "watts": 650,
        "megahertz": 1940,
        "degrees": 62,
    }
    assert means([]) == {}


TOOL = """#!/bin/sh
echo "500.0, 1980, 60"
echo "$@" > {asked}
exec sleep 60
"""


def test_the_very_card_that_draws_is_asked_until_it_is_done(tmp_path, monkeypatch):
    tool, asked = tmp_path / "nvidia-smi", tmp_path / "asked"
    tool.write_text(TOOL.format(asked=asked))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda _device: SimpleNamespace(uuid="1234-abcd")
    )

    with metered(torch.device("cuda")) as found:
        while not (asked.exists() and asked.read_text()):
            time.sleep(0.01)

    assert found == {"watts": 500, "megahertz": 1980, "degrees": 60}
    assert "--id=GPU-1234-abcd" in asked.read_text()


def test_a_processor_is_asked_nothing():
    with metered(torch.device("cpu")) as found:
        pass

    assert found == {}
