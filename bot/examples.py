"""Prompts worth trying first, in what the model at hand can draw."""

from collections.abc import Sequence

from bot.texts import language_for
from generator.models import EMBEDDED

SHAPES = {
    "en": (
        "a red circle on a blue background --ar 16:9",
        "a yellow star above a green square",
        "a purple heart on white --n 4",
    ),
    "ru": (
        "красный круг на синем фоне --ar 16:9",
        "жёлтая звезда над зелёным квадратом",
        "фиолетовое сердце на белом фоне --n 4",
    ),
    "zh": ("蓝色背景上的红色圆形 --ar 16:9", "绿色正方形上方的黄色星星", "白色背景上的紫色心形 --n 4"),
}
ANYTHING = {
    "en": (
        "a red fox in fresh snow, morning light --ar 16:9",
        "a tiny bookshop on a rainy street at night",
        "a paper boat on a pond, watercolour --n 4",
    ),
    "ru": (
        "рыжая лиса на свежем снегу, утренний свет --ar 16:9",
        "маленький книжный магазин на дождливой улице ночью",
        "бумажный кораблик на пруду, акварель --n 4",
    ),
    "zh": (
        "新雪中的红狐狸，清晨的光 --ar 16:9",
        "雨夜街道上的小书店",
        "池塘上的纸船，水彩画 --n 4",
    ),
}


def examples(model: str, language: str) -> Sequence[str]:
    """Return prompts for the model that `PINXIT_MODEL` names."""
    return (SHAPES if model == EMBEDDED else ANYTHING)[language_for(language)]
