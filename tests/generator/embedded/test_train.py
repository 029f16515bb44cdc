"""The whole training runs, with a handful of steps, and leaves a folder that the stock pipeline opens."""

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")


def test_a_smoke_training_leaves_a_model_that_paints(tmp_path):
    from generator.embedded.evaluate import open_pipeline, paint  # noqa: PLC0415 - slow imports

    command = [sys.executable, "-m", "generator.embedded.train", "--smoke", "--out", tmp_path / "model"]
    subprocess.run(command, check=True, capture_output=True, timeout=300)

    picture = paint(open_pipeline(tmp_path / "model"), "a red circle", "9:16", seed=1)

    assert picture.size == (192, 336)
    assert (tmp_path / "model" / "SHA256SUMS").exists()


def test_the_smoke_training_refuses_to_replace_the_real_weights():
    command = [sys.executable, "-m", "generator.embedded.train", "--smoke"]

    outcome = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)

    assert outcome.returncode == 2
    assert "--out" in outcome.stderr
