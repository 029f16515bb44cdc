"""The two LoRAs of the embedded model: small, stock in layout, and of measurable effect."""

import numpy as np
import pytest
from generator.embedded import ADAPTERS, WEIGHTS
from generator.embedded.scorer import flakes, hollowness

torch = pytest.importorskip("torch")

OUTLINED = ("a red circle on a yellow background", "a blue square on a white background")
SNOWED = ("a red square on a blue background", "a yellow circle on a black background")
EFFECTS = {"outline": (OUTLINED, hollowness), "snow": (SNOWED, flakes)}


@pytest.fixture(scope="module")
def pipeline():
    from generator.embedded.evaluate import open_pipeline  # noqa: PLC0415 - slow imports

    torch.set_num_threads(1)
    return open_pipeline(WEIGHTS)


@pytest.fixture
def dressed(pipeline):
    """The pipeline with both LoRAs loaded, and without them afterwards."""
    for style in EFFECTS:
        pipeline.load_lora_weights(ADAPTERS, weight_name=f"{style}.safetensors", adapter_name=style)
    yield pipeline
    pipeline.unload_lora_weights()


def effect(pipeline, style):
    from generator.embedded.evaluate import paint  # noqa: PLC0415 - slow imports

    prompts, measure = EFFECTS[style]
    return float(np.mean([measure(paint(pipeline, text, "1:1", seed=3)) for text in prompts]))


@pytest.mark.parametrize("style", EFFECTS)
def test_a_lora_is_a_small_safetensors_file_that_every_user_may_read(style):
    path = ADAPTERS / f"{style}.safetensors"

    assert path.stat().st_size <= 500_000
    assert path.stat().st_mode & 0o004


@pytest.mark.parametrize("style", EFFECTS)
def test_the_effect_grows_with_the_scale(dressed, style):
    effects = []

    for scale in (0.0, 0.5, 1.0):
        dressed.set_adapters([style], [scale])
        effects.append(effect(dressed, style))

    assert effects == sorted(effects)
    assert effects[-1] > 2 * effects[0] + 0.05


def test_two_loras_work_at_once(dressed):
    dressed.set_adapters(list(EFFECTS), [0.0, 0.0])
    without = {style: effect(dressed, style) for style in EFFECTS}
    dressed.set_adapters(list(EFFECTS), [0.9, 0.9])

    assert all(effect(dressed, style) > without[style] for style in EFFECTS)


def test_unloading_leaves_the_same_picture_to_the_byte(pipeline):
    from generator.embedded.evaluate import paint  # noqa: PLC0415 - slow imports

    before = paint(pipeline, OUTLINED[0], "1:1", seed=3).tobytes()

    pipeline.load_lora_weights(ADAPTERS, weight_name="outline.safetensors", adapter_name="outline")
    during = paint(pipeline, OUTLINED[0], "1:1", seed=3).tobytes()
    pipeline.unload_lora_weights()

    assert during != before
    assert paint(pipeline, OUTLINED[0], "1:1", seed=3).tobytes() == before
