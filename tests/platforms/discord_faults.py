"""Ways in which Discord says no, each for requests that match "METHOD /path" by a pattern."""

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


def reply(payload: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Answer JSON under Discord's exact content type, without a charset."""
    body = json.dumps(payload).encode()
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


@dataclass
class Fault:
    """Applies to the next `times` matching requests; None means until it is lifted."""

    pattern: str
    status: int = 0  # 0 lets the request through, slowly
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    times: int | None = None
    delay_seconds: float = 0.0
    hits: int = 0

    def takes(self, call: str) -> bool:
        return (self.times is None or self.hits < self.times) and bool(re.fullmatch(self.pattern, call))

    async def strike(self) -> web.Response | None:
        self.hits += 1
        await asyncio.sleep(self.delay_seconds)
        if not self.status:
            return None
        return reply(self.body, self.status, self.headers)


def refused(pattern: str, status: int, code: int, message: str, times: int | None = None) -> Fault:
    return Fault(pattern, status, {"code": code, "message": message}, times=times)


def missing_access(pattern: str) -> Fault:
    return refused(pattern, 403, 50001, "Missing Access")


def missing_permissions(pattern: str) -> Fault:
    return refused(pattern, 403, 50013, "Missing Permissions")


def rate_limited(pattern: str, retry_seconds: float, *, everywhere: bool = False, times: int = 1) -> Fault:
    headers = {"Via": "1.1 google", "Retry-After": str(retry_seconds)}
    headers["X-RateLimit-Scope"] = "global" if everywhere else "user"
    if everywhere:
        headers["X-RateLimit-Global"] = "true"
    body = {"message": "You are being rate limited.", "retry_after": retry_seconds, "global": everywhere}
    return Fault(pattern, 429, body, headers, times)


def slow(pattern: str, seconds: float, times: int | None = None) -> Fault:
    return Fault(pattern, delay_seconds=seconds, times=times)


def down(pattern: str = ".*") -> Fault:
    return Fault(pattern, 503, {"code": 0, "message": "Service Unavailable"})
