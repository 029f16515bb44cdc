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
    assert {path.name for path in (tmp_path / "loras").iterdir()} == {
        "outline.safetensors",
        "snow.safetensors",
    }


def test_training_goes_on_from_finished_weights(tmp_path):
    from generator.embedded import WEIGHTS, flow, reading  # noqa: PLC0415 - slow imports
    from generator.embedded.start import start_from  # noqa: PLC0415 - slow imports

    start_from(WEIGHTS, tmp_path)
    before = flow.load_transformer(tmp_path).state_dict()
    reading.train_reading(tmp_path, steps=1, scenes_per_step=2, seed=1)
    plan = flow.Plan(phases=(flow.Phase(halved=1, steps=1, batch=1, shift=3),), compiled=False)
    flow.train_flow(flow.Team(), tmp_path, plan, seed=1)
    after = flow.load_transformer(tmp_path).state_dict()

    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert all((before[name] - after[name]).abs().mean() < 0.01 for name in before)


def test_the_smoke_training_refuses_to_replace_the_real_weights():
    command = [sys.executable, "-m", "generator.embedded.train", "--smoke"]

    outcome = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)

    assert outcome.returncode == 2
    assert "--out" in outcome.stderr
