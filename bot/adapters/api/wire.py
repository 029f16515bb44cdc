"""JSON on the wire: read strictly, written in plain ASCII. No I/O."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from starlette.responses import Response

from bot.adapters.api.faults import ApiFault, bad_request, headers_of

DEEPEST = 64
SURROGATE = re.compile("[\ud800-\udfff]")  # half a character


class AsciiJson(Response):
    """JSON in which every character is ASCII: some clients split lines at characters beyond."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the bytes."""
        return to_json(content).encode("ascii")


class ProblemJson(AsciiJson):
    """A no as RFC 9457 has it."""

    media_type = "application/problem+json"


def to_json(content: Any) -> str:
    """Return one line of ASCII."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False)


def problem(fault: ApiFault) -> Response:
    """Return a fault as problem+json, for inference.sh and the native jobs."""
    body = {
        "type": f"https://pinxit.invalid/errors/{fault.code}",
        "title": fault.title,
        "status": fault.status,
        "detail": fault.detail,
    }
    if fault.param is not None:
        body["param"] = fault.param
    return ProblemJson(body, fault.status, headers_of(fault))


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object in which nothing is doubtful. Raises ApiFault."""
    try:
        values = json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_no_constant,
            parse_float=_finite,
            object_pairs_hook=_no_twins,
        )
    except _Twin as twin:
        raise bad_request(f"The JSON has {twin.name!r:.80} twice.") from None
    except (ValueError, RecursionError):
        raise bad_request("The body is not valid JSON in UTF-8.") from None
    if not isinstance(values, dict):
        raise bad_request("The body must be a JSON object.")
    _check(values)
    return values


class _Twin(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise _Twin(name)
        values[name] = value
    return values


def _check(values: dict[str, Any]) -> None:
    """Refuse half characters, and what is nested too deep for those who read it later."""
    waiting: list[tuple[Any, int]] = [(values, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise bad_request(f"The JSON is nested deeper than {DEEPEST} levels.")
        match value:
            case str() if SURROGATE.search(value):
                raise bad_request("The JSON holds half a character (a lone surrogate).")
            case dict():
                waiting += [(part, depth + 1) for item in value.items() for part in item]
            case list():
                waiting += [(part, depth + 1) for part in value]


def canonical(values: Mapping[str, Any]) -> str:
    """Return the same text for the same JSON object, however it was written."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"))
