"""Ways in which Telegram says no, each for calls that match "method chat" by a pattern."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


class No(Exception):
    """Telegram refuses a call."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters

    def response(self) -> web.Response:
        told: dict[str, Any] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            told["parameters"] = self.parameters
        return web.json_response(told, status=self.status)


@dataclass
class Fault:
    """Applies to the next `times` matching calls; None means until it is lifted."""

    pattern: str
    no: No | None = None
    times: int | None = None
    delay_seconds: float = 0.0
    hits: list[str] = field(default_factory=list)

    def takes(self, call: str) -> bool:
        fresh = self.times is None or len(self.hits) < self.times
        return fresh and bool(re.fullmatch(self.pattern, call))

    async def strike(self, call: str) -> None:
        self.hits.append(call)
        await asyncio.sleep(self.delay_seconds)
        if self.no is not None:
            raise self.no


def flood(pattern: str, retry_seconds: int, times: int | None = 1) -> Fault:
    no = No(429, f"Too Many Requests: retry after {retry_seconds}", retry_after=retry_seconds)
    return Fault(pattern, no, times)


def slow(pattern: str, seconds: float, times: int | None = None) -> Fault:
    return Fault(pattern, None, times, seconds)


def down(pattern: str = ".*", times: int | None = None) -> Fault:
    return Fault(pattern, No(502, "Bad Gateway"), times)


def refused(pattern: str, description: str, status: int = 400, times: int | None = None) -> Fault:
    return Fault(pattern, No(status, description), times)
