"""The embedded model: a tiny text-to-image model that ships with Pinxit, and how it was trained.

Torch-free here.
"""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
"""The folder of the weights, in `ZImagePipeline` layout; `preview.json` lies beside `model_index.json`."""

ADAPTERS = WEIGHTS.parent / "loras"
"""The folder of the LoRAs that were trained for these weights."""

EXAMPLES = {
    "en": (
        "a house and a tree in the snow",
        "a rainbow over the sea",
        "a yellow star on a black background",
        "a gray cat on a pink background",
        "a boat at sunset",
        "a yellow smiley on a blue background",
        "stars and mountains at night",
        "a red heart on a gradient from white to pink",
    ),
    "ru": (
        "дом и дерево в снегу",
        "радуга и море",
        "жёлтая звезда на чёрном фоне",
        "серая кошка на розовом фоне",
        "лодка на закате",
        "жёлтый смайлик на синем фоне",
        "звёзды и горы ночью",
        "красное сердце на градиентном фоне от белого к розовому",
    ),
    "zh": (
        "雪中的房子和树",
        "大海和彩虹",
        "黑色背景上的黄色星星",
        "粉色背景上的灰色猫",
        "日落的船",
        "蓝色背景上的黄色笑脸",
        "夜晚的星空和山",
        "白色到粉色的渐变背景上的红色心形",
    ),
}
"""The same prompts in every language, which the embedded model draws well, to be offered as a first try."""
SAMPLER = WEIGHTS.parent / "examples.webp"
"""What it drew of them: square tiles side by side, in the same order."""
