"""Puts the dialects together. Importing this loads FastAPI, which costs most of a second: do it late."""

import logging
from collections.abc import Collection

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp

from bot.adapters.api.callers import Door
from bot.adapters.api.described import describe_at_docs
from bot.adapters.api.faults import LATER_SECONDS, ApiFault, bad_request, not_found, of_validation
from bot.adapters.api.figures import Figures
from bot.adapters.api.files import files_router
from bot.adapters.api.gate import Dialect, Gate, has_head
from bot.adapters.api.health import health_router
from bot.adapters.api.inference import inference_router
from bot.adapters.api.native import native_router
from bot.adapters.api.openai import openai_router
from bot.adapters.api.openai_answers import openai_error
from bot.adapters.api.orders import Orders
from bot.adapters.api.parts import Parts
from bot.adapters.api.pictures import pictures_router
from bot.adapters.api.surface import Jobs
from bot.adapters.api.wire import problem
from bot.adapters.api.zimageturbo import zimageturbo_error, zimageturbo_router
from storage.store import StorageError

log = logging.getLogger(__name__)

NATIVE = Dialect("native", problem)
INFERENCE = Dialect("inference", problem)
OPENAI = Dialect("openai", openai_error)
ZIMAGETURBO = Dialect("zimageturbo", zimageturbo_error)


def api_app(parts: Parts) -> ASGIApp:
    """Return the ASGI app of every dialect."""
    core, trails = parts.core, parts.surface.trails
    door, figures = Door(core), Figures(core.tally)
    app = FastAPI(title="Pinxit", version=core.rules.version, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.public_url = core.rules.public_url
    jobs, orders = Jobs(core, trails), Orders(core, trails, parts.deadlines)
    for router_of in (native_router, inference_router, openai_router, zimageturbo_router):
        app.include_router(router_of(core, jobs, orders))
    app.include_router(files_router(core))
    app.include_router(pictures_router(core))
    app.include_router(health_router(core, door, figures))
    describe_at_docs(app)
    _say_no_in_dialects(app)
    return _shared_with(core.rules.origins, Gate(app, door, dialect_of, figures))


def _shared_with(origins: Collection[str], app: ASGIApp) -> ASGIApp:
    """Let pages of these origins read the answers; without any, no page elsewhere can."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST", "DELETE", "PUT"],
        allow_headers=["*"],  # clients send many of their own
        expose_headers=["location", "retry-after", "preference-applied"],
        max_age=600,
    )


def dialect_of(path: str) -> Dialect:
    """Return the dialect of a path."""
    path = f"{path}/"
    if path.startswith("/api/"):
        return ZIMAGETURBO
    if path.startswith(("/v1/jobs/", "/v1/me/")):
        return NATIVE
    if path.startswith("/v1/"):
        return OPENAI
    return INFERENCE


def _say_no_in_dialects(app: FastAPI) -> None:
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiFault)
        return dialect_of(request.url.path).render(error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return dialect_of(request.url.path).render(of_validation(list(error.errors())))

    async def routed(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code != 405:  # noqa: PLR2004 - what every address takes is another matter
            return dialect_of(request.url.path).render(_fault_of(error))
        options = Response(status_code=204) if request.method == "OPTIONS" else None
        response = options or dialect_of(request.url.path).render(_fault_of(error))
        response.headers["allow"] = ", ".join(sorted(_methods_of(app, request)))
        return response

    async def unavailable(request: Request, error: Exception) -> Response:
        log.warning("storage is in trouble", extra={"reason": str(error)})
        fault = ApiFault(503, "unavailable", "Storage does not answer.", retry_seconds=LATER_SECONDS)
        return dialect_of(request.url.path).render(fault)

    app.add_exception_handler(ApiFault, refused)
    app.add_exception_handler(StorageError, unavailable)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, routed)


def _methods_of(app: FastAPI, request: Request) -> set[str]:
    """Return every method that an address takes."""

    def takes(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in app.routes)

    methods = set(filter(takes, ("DELETE", "GET", "POST", "PUT")))
    return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods and has_head(request.url.path) else set())


def _fault_of(error: HTTPException) -> ApiFault:
    match error.status_code:
        case 404:
            return not_found("There is no such address here.")
        case 405:
            return ApiFault(405, "method_not_allowed", "This address does not take that method.")
        case 400 | 422:
            return bad_request("The request could not be read.")
        case status:
            return ApiFault(status, "error", "That is not possible.")
