"""Prompts worth trying first, in what the model at hand can draw."""

from collections.abc import Sequence
from pathlib import Path

from bot.texts import language_for
from generator.embedded import EXAMPLES, SAMPLER
from generator.models import EMBEDDED

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
    return (EXAMPLES if model == EMBEDDED else ANYTHING)[language_for(language)]


def sampler(model: str) -> Path | None:
    """Return the picture of what the model drew of its examples, tile by tile; None where there is none."""
    return SAMPLER if model == EMBEDDED and SAMPLER.exists() else None
