"""The description of the API as a page for people, which loads nothing from anywhere. No I/O."""

import html
import json
import re
from typing import Any

from bot.adapters.api.forms import KIND as FORM

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
body{color:#222;background:#fff}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#f3f3f5;border-radius:4px}
code{padding:.1em .3em;overflow-wrap:anywhere}h2{margin-top:3rem}h3{margin-top:2rem}
pre{padding:.8em;white-space:pre-wrap;overflow-wrap:anywhere}
.method{display:inline-block;min-width:4.5em;font-weight:700}
nav ul{list-style:none;padding:0;columns:18rem}nav li{padding:.15em 0}
td,th{text-align:left;padding:.1em 1em .1em 0;vertical-align:top}
.kind{color:#595959}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#18181b}code,pre{background:#27272a}}
@media(prefers-color-scheme:dark){a{color:#9cf}.kind{color:#a5a5ab}}
@media(max-width:40rem){td{display:block}tr{display:block;padding:.4em 0}}
"""
NAMES = {"string": "text", "boolean": "true or false", "array": "list"}
CODE = re.compile("`([^`]+)`")
View = dict[str, Any]


def page(description: View) -> str:
    """Return the description as a page that loads nothing from anywhere."""
    tags: dict[str, list[str]] = {}
    links: dict[str, list[str]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            tag, name = operation["tags"][0], operation["operationId"]
            tags.setdefault(tag, []).append(_operation(description, method.upper(), path, operation))
            link = f'<li><a href="#{name}">{method.upper()} {_text(path)}</a></li>'
            links.setdefault(tag, []).append(link)
    contents = "".join(f"<h2>{_text(tag)}</h2><ul>{''.join(each)}</ul>" for tag, each in links.items())
    body = "".join(f"<h2>{_text(tag)}</h2>{''.join(sections)}" for tag, sections in tags.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Pinxit: HTTP API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style><main>'
        f"<h1>Pinxit: HTTP API</h1><p>{_prose(description['info']['description'])}</p>"
        "<p>In the examples, <code>$PINXIT</code> is the address of this page without <code>/docs</code>, and"
        ' <code>$KEY</code> your key. <a href="/openapi.json">The same for machines</a></p>'
        f'<nav aria-label="Contents">{contents}</nav>{body}</main></html>'
    )


def _operation(description: View, method: str, path: str, operation: View) -> str:
    body = f"<pre>{_text(_curl(method, path, operation, _sent(description, operation)))}</pre>"
    answers = "".join(
        f"<tr><th>{_text(code)}</th><td>{_prose(answer['description'])}</td></tr>"
        for code, answer in sorted(operation["responses"].items())
    )
    return (
        f'<h3 id="{operation["operationId"]}"><span class="method">{method}</span>'
        f" <code>{_text(path)}</code></h3>"
        f"<p>{_prose(operation.get('description') or operation['summary'])}</p>"
        f"{_fields(description, operation)}{body}<table>{answers}</table>"
    )


def _fields(description: View, operation: View) -> str:
    rows = [
        _field(each["name"], each["in"], each["schema"], each, required=each.get("required", False))
        for each in operation.get("parameters", [])
    ]
    body = _body_schema(description, operation)
    rows += [
        _field(name, "body", field, field, required=name in body.get("required", ()))
        for name, field in body.get("properties", {}).items()
    ]
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _field(name: str, where: str, schema: View, said: View, *, required: bool) -> str:
    kind = ", ".join(filter(None, [where, kind_of(schema), "required" if required else ""]))
    return (
        f'<tr><td><code>{_text(name)}</code></td><td class="kind">{_text(kind)}</td>'
        f"<td>{_prose(said.get('description', ''))}</td></tr>"
    )


def kind_of(schema: View) -> str:
    """Return what a value may be, in words.

    >>> kind_of({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 50}, {"type": "null"}]})
    'integer from 1 to 50'
    """
    if "anyOf" in schema:
        kinds = [kind_of(each) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    kind = str(schema.get("type", "object"))
    return NAMES.get(kind, kind) + _limits(schema)


def _limits(schema: View) -> str:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum")
    told = f" from {least:g}" if least is not None else ""
    return told + (f" to {most:g}" if most is not None else "")


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


def _prose(text: str) -> str:
    """Return a description; what stands between backticks is code."""
    return CODE.sub(r"<code>\1</code>", _text(text))


def _text(value: object) -> str:
    return html.escape(str(value))
