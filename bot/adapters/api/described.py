"""The description of the API (OpenAPI), true to what the server does, and the page that shows it."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.responses import Response

from bot.adapters.api.docs_page import page
from bot.adapters.api.schemas import OpenAIError, Problem, ZImageTurboError
from bot.adapters.api.told_headers import answered_headers, asked_headers
from bot.adapters.api.wire import to_json
from bot.packed import Packed

DESCRIPTION = """Four dialects of one service: pictures from words and pictures, for credits as in the chats.
Send a key with every request: `Authorization: Bearer <key>`. Make one with `pinxit keys create NAME`,
or type /apikey in a chat. `Idempotency-Key` makes an order safe to repeat for a day."""
ALWAYS = {"/health", "/ready"}  # never refused
NO_KEY = ALWAYS | {"/f/{name}", "/f/{secret}/{name}", "/uploads/{ticket}"}
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
View = dict[str, Any]


def describe_at_docs(app: FastAPI) -> None:
    """Serve the description at /openapi.json and /docs; both are made once, when first asked for."""
    made: dict[str, Packed] = {}

    def make() -> None:
        description = _description(app)
        made["machines"] = Packed.of(to_json(description).encode(), "application/json")
        made["people"] = Packed.of(page(description).encode(), "text/html; charset=utf-8")

    def answer(request: Request, whom: str) -> Response:
        if not made:
            make()
        return made[whom].answer(request)

    async def openapi(request: Request) -> Response:
        return answer(request, "machines")

    async def docs(request: Request) -> Response:
        response = answer(request, "people")
        response.headers.update(PAGE_HEADERS)
        return response

    router = APIRouter(include_in_schema=False)
    router.add_api_route("/openapi.json", openapi)
    router.add_api_route("/docs", docs)
    app.include_router(router)


def _description(app: FastAPI) -> View:
    view = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        openapi_version="3.1.0",
    )
    schemas = view["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (Problem, OpenAIError, ZImageTurboError):
        _add_schema(schemas, model)
    view["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, operations in view["paths"].items():
        for method, operation in operations.items():
            _say_no(path, operation)
            _say_headers(method, path, operation)
    return view


def _add_schema(schemas: View, model: type[BaseModel]) -> None:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema


def _say_no(path: str, operation: View) -> None:
    """Describe the refusals as the dialect writes them."""
    responses = operation["responses"]
    responses.pop("422", None)
    if path in ALWAYS:
        return
    media, model = _no_of(operation["tags"][0])
    said = {"content": {media: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}}
    if path not in NO_KEY:
        operation["security"] = [{"key": []}]
        responses["401"] = {"description": "No valid key"} | said
        responses["429"] = {
            "description": "Too often or too much at once",
            "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait"}},
        } | said
    responses["4XX"] = {"description": "Not possible, with the reason"} | said
    responses["5XX"] = {"description": "Trouble on this side; nothing was charged"} | said


def _say_headers(method: str, path: str, operation: View) -> None:
    if asked := asked_headers(method, path):
        operation["parameters"] = [*operation.get("parameters", []), *asked]
    for status, response in operation["responses"].items():
        if answered := answered_headers(method, path, status):
            response["headers"] = answered


def _no_of(tag: str) -> tuple[str, type[BaseModel]]:
    if tag == "OpenAI Images":
        return "application/json", OpenAIError
    if tag == "zimageturbo.ai":
        return "application/json", ZImageTurboError
    return "application/problem+json", Problem
