"""The description of the API (OpenAPI), true to what the server does, and a page that shows it."""

import html
import json
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from bot.adapters.api.forms import KIND as FORM
from bot.adapters.api.schemas import OpenAIError, Problem, ZImageTurboError
from bot.adapters.api.told_headers import answered_headers, asked_headers
from bot.adapters.api.wire import AsciiJson

DESCRIPTION = """Four dialects of one service: pictures from words and pictures, for credits as in the chats.
Send a key with every request: `Authorization: Bearer <key>`. Make one with `pinxit keys create NAME`,
or type /apikey in a chat. `Idempotency-Key` makes an order safe to repeat for a day."""
ALWAYS = {"/health", "/ready"}  # never refused
NO_KEY = ALWAYS | {"/f/{name}", "/f/{secret}/{name}", "/uploads/{ticket}"}
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
body{color:#222;background:#fff}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#f3f3f5;border-radius:4px}
code{padding:.1em .3em}pre{padding:.8em;overflow:auto}h2{margin-top:3rem}h3{margin-top:2rem}
.method{display:inline-block;min-width:4.5em;font-weight:700}
td,th{text-align:left;padding:.1em 1em .1em 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#18181b}code,pre{background:#27272a}a{color:#9cf}}
"""
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
View = dict[str, Any]


def describe_at_docs(app: FastAPI) -> None:
    """Serve the description at /openapi.json and /docs; both are made once, when first asked for."""
    made: dict[str, Any] = {}

    def description() -> View:
        if "description" not in made:
            made["description"] = _description(app)
        view: View = made["description"]
        return view

    async def openapi() -> Response:
        return AsciiJson(description())

    async def docs() -> Response:
        if "page" not in made:
            made["page"] = page(description())
        return HTMLResponse(made["page"], headers=PAGE_HEADERS)

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


# ── the page ──────────────────────────────────────────────────────────────────────────────────────


def page(description: View) -> str:
    """Return the description as a page that loads nothing from anywhere."""
    tags: dict[str, list[str]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            section = _operation(description, method.upper(), path, operation)
            tags.setdefault(operation["tags"][0], []).append(section)
    body = "".join(f"<h2>{_text(tag)}</h2>{''.join(sections)}" for tag, sections in tags.items())
    intro = _text(description["info"]["description"]).replace("\n", " ")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Pinxit: HTTP API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style><h1>Pinxit: HTTP API</h1>'
        f'<p>{intro}</p><p><a href="/openapi.json">The same for machines</a></p>{body}</html>'
    )


def _operation(description: View, method: str, path: str, operation: View) -> str:
    body = f"<pre>{_text(_curl(method, path, operation, _sent(description, operation)))}</pre>"
    answers = "".join(
        f"<tr><th>{_text(code)}</th><td>{_text(answer['description'])}</td></tr>"
        for code, answer in operation["responses"].items()
    )
    return (
        f'<h3><span class="method">{method}</span> <code>{_text(path)}</code></h3>'
        f"<p>{_text(operation.get('description', operation.get('summary', '')))}</p>"
        f"{_fields(description, operation)}{body}<table>{answers}</table>"
    )


def _fields(description: View, operation: View) -> str:
    rows = [
        (parameter["name"], parameter["in"], parameter.get("description", ""))
        for parameter in operation.get("parameters", [])
    ]
    rows += [
        (name, "body", field.get("description", ""))
        for name, field in _body_schema(description, operation).get("properties", {}).items()
    ]
    cells = "".join(
        f"<tr><td><code>{_text(name)}</code></td><td>{_text(where)}</td><td>{_text(meaning)}</td></tr>"
        for name, where, meaning in rows
    )
    return f"<table>{cells}</table>" if rows else ""


def _body_schema(description: View, operation: View) -> View:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        return _resolved(description, content.get("schema", {}))
    return {}


def _resolved(description: View, schema: View) -> View:
    if "$ref" in schema:
        found: View = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _sent(description: View, operation: View) -> str:
    """Return what curl is told to send."""
    if "application/octet-stream" in operation.get("requestBody", {}).get("content", {}):
        return " --data-binary @photo.png"
    schema = _body_schema(description, operation)
    example = _example_of(description, schema)
    if FORM in operation.get("requestBody", {}).get("content", {}):
        files = [name for name in schema["required"] if schema["properties"][name].get("format") == "binary"]
        fields = [f"{name}=@{name}.png" for name in files] + [
            f"{name}={said}" for name, said in example.items()
        ]
        return "".join(f" \\\n  -F '{field}'" for field in fields)
    return f" \\\n  -H 'Content-Type: application/json' -d '{json.dumps(example)}'" if schema else ""


def _example_of(description: View, schema: View) -> View:
    """Return an object of the fields that have an example."""
    example: View = {}
    for name, field in schema.get("properties", {}).items():
        inner = _resolved(description, field)
        if "examples" in field:
            example[name] = field["examples"][0]
        elif "properties" in inner:
            example[name] = _example_of(description, inner)
        elif field.get("type") == "array" and "$ref" in field.get("items", {}):
            example[name] = [_example_of(description, _resolved(description, field["items"]))]
    return example


def _curl(method: str, path: str, operation: View, sent: str) -> str:
    key = ' -H "Authorization: Bearer $KEY"' if "security" in operation else ""
    return f'curl -X {method} "$PINXIT{path}"{key}{sent}'


def _text(value: object) -> str:
    return html.escape(str(value))
