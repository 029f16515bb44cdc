"""Checks calls against Telegram's own API description, where a copy of it lies at hand."""

import functools
import json
import os
from pathlib import Path
from typing import Any

PLACES = (
    os.environ.get("TELEGRAM_API_JSON", ""),
    str(Path(__file__).resolve().parents[3] / "shared" / "specs" / "telegram_api.json"),
)
KINDS = {"String": str, "Integer": int, "Boolean": bool, "True": bool, "Float": (int, float)}
ARRAY = "Array of "


def description() -> Path | None:
    """Return the API description's file: TELEGRAM_API_JSON, else ../shared/specs beside the repository."""
    return next((Path(place) for place in PLACES if place and Path(place).is_file()), None)


def complaints(method: str, values: dict[str, Any]) -> list[str]:
    """Return what the description says against a call; nothing where it cannot be checked."""
    if (file := description()) is None:
        return []
    document = _document(file)
    if method not in document["methods"]:
        return [f"{method} is no method"]
    return _fields(document["types"], method, document["methods"][method].get("fields", []), values)


@functools.cache
def _document(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _fields(types: Any, where: str, fields: list[Any], values: Any) -> list[str]:
    known = {field["name"]: field for field in fields}
    wrong = [f"{where} has no {name}" for name in values if name not in known]
    wrong += [
        f"{where} needs {name}" for name, field in known.items() if field["required"] and name not in values
    ]
    for name, value in values.items():
        if name in known:
            wrong += _any_of(types, f"{where}.{name}", known[name]["types"], value)
    return wrong


def _any_of(types: Any, where: str, kinds: list[str], value: Any) -> list[str]:
    """Say what is wrong in the alternative that came nearest; nothing where one fits."""
    wrong = [_one(types, where, kind, value) for kind in kinds]
    return min(wrong, key=len, default=[])


def _one(types: Any, where: str, kind: str, value: Any) -> list[str]:  # noqa: PLR0911 - one per kind
    if kind.startswith(ARRAY):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        inner = kind.removeprefix(ARRAY)
        return [fault for each in value for fault in _one(types, where, inner, each)]
    if kind in KINDS:
        right = isinstance(value, KINDS[kind]) and (
            kind in {"Boolean", "True"} or not isinstance(value, bool)
        )
        return [] if right else [f"{where} is no {kind}: {str(value)[:60]!r}"]
    if kind == "InputFile":
        return [] if isinstance(value, str | bytes) else [f"{where} is no file"]
    told = types[kind]
    if "subtypes" in told:
        return _any_of(types, where, [each for each in told["subtypes"] if _said(types, each, value)], value)
    if not isinstance(value, dict):
        return [f"{where} is no {kind}"]
    return _fields(types, f"{where}({kind})", told.get("fields", []), value)


def _said(types: Any, kind: str, value: Any) -> bool:
    """Say whether the value's `type` is the one that a subtype's description names."""
    fields = {field["name"]: field for field in types[kind].get("fields", [])}
    if not isinstance(value, dict) or "type" not in fields or "type" not in value:
        return True
    text = fields["type"].get("description", "")
    return (
        f"must be {value['type']}" in text.replace('"', "").replace("“", "") or f'"{value["type"]}"' in text
    )
