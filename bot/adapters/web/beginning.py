"""What the page says about a picture to start from, and what it is told about one."""

import math
import re
from collections.abc import Mapping
from typing import Any

from bot.commands import From, PictureOf, Source
from generator.recipe import CONTENT, Start

JOB = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_PICTURES = 16
NAMES = {"picture", "mask", "other", "share", "strength"}


class NoStart(Exception):
    """Not a start as the page says it."""


def read_start(values: object) -> From | None:
    """Read the pictures that an order starts from. Raises NoStart."""
    if values is None:
        return None
    if not isinstance(values, dict) or not values.keys() <= NAMES:
        raise NoStart
    share, strength = _number(values, "share"), _number(values, "strength")
    return From(
        picture=_source(values.get("picture")),
        mask=_optional(values.get("mask")),
        other=_optional(values.get("other")),
        share=0.5 if share is None else share,
        strength=strength,
    )


def _optional(value: object) -> Source | None:
    return None if value is None else _source(value)


def _source(value: object) -> Source:
    match value:
        case str() if CONTENT.fullmatch(value):
            return value
        case {"job": str(job), "index": int(index)} if JOB.fullmatch(job) and 0 <= index < MOST_PICTURES:
            return PictureOf(job, int(index))
    raise NoStart


def _number(values: Mapping[str, object], name: str) -> float | None:
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise NoStart
    return float(value)


def start_view(start: Start | None) -> dict[str, Any] | None:
    """Return what an order like it starts from."""
    if start is None:
        return None
    view: dict[str, Any] = {"picture": start.picture, "strength": start.strength}
    if start.mask is not None:
        view["mask"] = start.mask
    if start.other is not None:
        view |= {"other": start.other, "share": start.share}
    return view
