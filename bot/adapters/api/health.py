"""For whoever watches over the bot: alive, ready, and figures."""

import ipaddress
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from bot.adapters.api.callers import Door
from bot.adapters.api.core import Core
from bot.adapters.api.figures import Figures, Standing
from bot.adapters.api.wire import AsciiJson
from bot.credit_flow import CreditFlow
from generator.messages import Health, Loading, Ready, Unusable
from storage.keys import Scope
from storage.store import StorageError

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")  # signs of a proxy: its loopback is not ours
OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
FIGURES_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Alive(BaseModel):
    """The process answers."""

    status: str


class Readiness(BaseModel):
    """Whether an order would be drawn now, and how many are in line."""

    status: str
    painter: str
    queue: int


class Watching:
    """The routes. They need no key, but for the figures from elsewhere."""

    def __init__(self, core: Core, door: Door, figures: Figures) -> None:
        self._core = core
        self._door = door
        self._figures = figures
        self._flow = CreditFlow(core.oversight)

    async def health(self) -> Response:
        """The process is alive."""
        return AsciiJson({"status": "ok"})

    async def ready(self) -> Response:
        """The painter is ready and storage answers; otherwise 503."""
        painter = _painter(self._core.health())
        try:
            queue = await self._core.queue_length()
        except StorageError:
            return AsciiJson({"status": "storage", "painter": painter, "queue": 0}, 503)
        ready = painter == "ready"
        view: dict[str, Any] = {"status": "ready" if ready else "waiting", "painter": painter, "queue": queue}
        return AsciiJson(view, 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Figures for Prometheus: from this machine, or with a key that has the scope metrics."""
        if not _from_here(request):
            address = request.client.host if request.client else ""
            (await self._door.caller(request.headers, address)).must_have(Scope.METRICS)
        standing = Standing(
            backlog=await self._core.oversight.backlog(),
            credits=await self._flow.moved(),
            health=self._core.health(),
            gpu_hour_cost=self._core.rules.gpu_hour_cost,
            version=self._core.rules.version,
        )
        return Response(self._figures.text(standing), media_type=FIGURES_TYPE)


def health_router(core: Core, door: Door, figures: Figures) -> APIRouter:
    """Return the routes."""
    handlers = Watching(core, door, figures)
    router = APIRouter(tags=["watching"])
    router.add_api_route("/health", handlers.health, response_model=Alive)
    late: dict[int | str, dict[str, Any]] = {503: {"model": Readiness, "description": "Not ready"}}
    router.add_api_route("/ready", handlers.ready, response_model=Readiness, responses=late)
    text = {"content": {FIGURES_TYPE: {}}, "description": "Figures"}
    router.add_api_route("/metrics", handlers.metrics, response_class=Response, responses={200: text})
    return router


def _painter(health: Health) -> str:
    match health:
        case Ready():
            return "ready"
        case Loading(fraction):
            return f"loading, {int(fraction * 100)} %"
        case Unusable():
            return "unusable"


def _from_here(request: Request) -> bool:
    """Say whether this machine asks, and no page that was lured to its address by another name."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    if request.url.hostname not in OWN_NAMES:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
