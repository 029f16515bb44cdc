"""The embedded model: a tiny text-to-image model that ships with Pinxit, and how it was trained.

Torch-free here.
"""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
"""The folder of the weights, in `ZImagePipeline` layout; `preview.json` lies beside `model_index.json`."""

ADAPTERS = WEIGHTS.parent / "loras"
"""The folder of the LoRAs that were trained for these weights."""

EXAMPLES = (
    "a red circle on a blue background",
    "a yellow star on a black background",
    "a pink heart",
    "a house and a tree at night",
    "зелёный квадрат на жёлтом фоне",
    "красное сердце на белом фоне",
    "лодка в море на закате",
    "蓝色背景上的橙色三角形",
    "黑色背景上的黄色星星",
    "白天的山和房子",
)
"""Prompts that the embedded model draws well, to be offered as a first try."""
