"""Checks requests against Discord's own API description, where a copy of it lies at hand."""

import functools
import json
import os
import re
from pathlib import Path
from typing import Any

PLACES = (
    os.environ.get("DISCORD_OPENAPI", ""),
    str(Path(__file__).resolve().parents[3] / "shared" / "specs" / "discord_openapi.json"),
)


def description() -> Path | None:
    """Return the API description's file: DISCORD_OPENAPI, else ../shared/specs beside the repository."""
    return next((Path(place) for place in PLACES if place and Path(place).is_file()), None)


def complaints(method: str, path: str, body: Any) -> list[str]:
    """Return what the description says against a request; nothing where it cannot be checked."""
    if (file := description()) is None:
        return []
    return _checker(file)(method.lower(), path, _as_discord_reads(body))


def _as_discord_reads(body: Any) -> Any:
    """Return the body with ids as text: the description knows only that, Discord takes numbers too."""
    if not isinstance(body, dict):
        return body
    read = dict(body)
    if "attachments" in body:
        read["attachments"] = [entry | {"id": str(entry["id"])} for entry in body["attachments"] or []]
    if "recipient_id" in body:
        read["recipient_id"] = str(body["recipient_id"])
    if "components" in body:
        read["components"] = [_component(part) for part in body["components"] or []]
    if isinstance(body.get("data"), dict):
        read["data"] = _as_discord_reads(body["data"])
    return read


def _component(part: dict[str, Any]) -> dict[str, Any]:
    if "components" in part:
        return part | {"components": [_component(inner) for inner in part["components"]]}
    if "default_values" in part:
        return part | {"default_values": [each | {"id": str(each["id"])} for each in part["default_values"]]}
    return part


@functools.cache
def _checker(file: Path) -> Any:
    import jsonschema  # noqa: PLC0415 - only where there is a description
    from referencing import Registry, Resource  # noqa: PLC0415
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415

    document = json.loads(file.read_text(encoding="utf-8"))
    registry = Registry().with_resource("urn:discord", Resource(contents=document, specification=DRAFT202012))
    routes = sorted(
        ((template, _pattern(template)) for template in document["paths"]),
        key=lambda route: route[0].count("{"),  # a literal path such as @original before a pattern
    )

    @functools.cache
    def validator(reference: str) -> Any:
        return jsonschema.Draft202012Validator({"$ref": reference}, registry=registry)

    def check(method: str, path: str, body: Any) -> list[str]:
        template = next((name for name, pattern in routes if pattern.fullmatch(path)), None)
        if template is None or method not in document["paths"][template]:
            return [f"{method} {path} is no endpoint"]
        content = document["paths"][template][method].get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return [] if body is None else [f"{method} {template} takes no body"]
        pointer = f"paths/{_escaped(template)}/{method}/requestBody/content/application~1json/schema"
        errors = validator(f"urn:discord#/{pointer}").iter_errors(body)
        return [f"{method} {template}: {_innermost(error)}" for error in errors]

    return check


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template)))


def _escaped(template: str) -> str:
    return template.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _innermost(error: Any) -> str:
    """Say what is wrong in the alternative that came nearest."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return f"{list(error.absolute_path)}: {error.message[:300]}"
