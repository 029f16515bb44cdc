"""Puts the dialects together. Importing this loads FastAPI, which costs most of a second: do it late."""

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from bot.adapters.api.callers import Door
from bot.adapters.api.faults import ApiFault, bad_request, not_found, of_validation
from bot.adapters.api.files import files_router
from bot.adapters.api.gate import Gate
from bot.adapters.api.inference import inference_router
from bot.adapters.api.native import native_router
from bot.adapters.api.openai import openai_error, openai_router
from bot.adapters.api.orders import Orders
from bot.adapters.api.parts import Parts
from bot.adapters.api.pictures import pictures_router
from bot.adapters.api.surface import Jobs
from bot.adapters.api.wire import problem
from bot.adapters.api.zimageturbo import zimageturbo_error, zimageturbo_router


def api_app(parts: Parts) -> ASGIApp:
    """Return the ASGI app of every dialect."""
    core = parts.core
    app = FastAPI(title="Pinxit", version=core.rules.version, docs_url=None, redoc_url=None)
    app.state.public_url = core.rules.public_url
    jobs, orders = Jobs(core, parts.surface.trails), Orders(core, parts.surface.trails, parts.deadlines)
    app.include_router(native_router(core, jobs, orders))
    app.include_router(inference_router(core, jobs, orders))
    app.include_router(openai_router(core, jobs, orders))
    app.include_router(zimageturbo_router(core, jobs, orders))
    app.include_router(files_router(core))
    app.include_router(pictures_router(core))
    _say_no_in_dialects(app)
    return Gate(app, Door(core), render_for)


def render_for(path: str) -> Callable[[ApiFault], Response]:
    """Return how the dialect of a path says no."""
    if path.startswith("/api/"):
        return zimageturbo_error
    if path.startswith("/v1/") and not path.startswith(("/v1/jobs", "/v1/me")):
        return openai_error
    return problem


def _say_no_in_dialects(app: FastAPI) -> None:
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiFault)
        return render_for(request.url.path)(error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return render_for(request.url.path)(of_validation(list(error.errors())))

    async def routed(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return render_for(request.url.path)(_fault_of(error))

    app.add_exception_handler(ApiFault, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, routed)


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
