"""The OpenAPI document as one readable page: no script, no network, nothing to install."""

import json
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .75rem; background: color-mix(in srgb, currentColor 6%, transparent); }
details { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .5rem 0; }
summary { cursor: pointer; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 600; }
table { border-collapse: collapse; } td { padding: .1rem 1rem .1rem 0; vertical-align: top; }
"""


def render(document: dict[str, Any]) -> str:
    """The page for an OpenAPI document."""
    info = document["info"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style>",
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        f"<p>{escape(info.get('description', ''))}</p>",
        "<p>Machines read <a href='/openapi.json'>/openapi.json</a>; the WebSocket is described by ",
        "<a href='/asyncapi.json'>/asyncapi.json</a>.</p>",
    ]
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            if isinstance(operation, dict) and "responses" in operation:
                parts.append(_operation(path, method, operation))
    parts.append("<h2>Schemas</h2>")
    for name, schema in sorted(document["components"]["schemas"].items()):
        shown = escape(name)
        parts.append(
            f"<details id='{shown}'><summary><code>{shown}</code></summary>{_json(schema)}</details>"
        )
    return "".join(parts)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    sign_in = "" if operation.get("security") else " · public"
    summary = escape(operation.get("summary") or "")
    parts = [
        f"<details><summary><span class=method>{method.upper()}</span><code>{escape(path)}</code> ",
        f"{summary}{sign_in}</summary><p>{escape(operation.get('description') or '')}</p>",
    ]
    if operation.get("parameters"):
        parts.append(f"<h4>Parameters</h4><table>{''.join(map(_parameter, operation['parameters']))}</table>")
    if "requestBody" in operation:
        parts.append(f"<h4>Body</h4>{_content(operation['requestBody'])}")
    parts.append("<h4>Answers</h4><table>")
    for status, response in operation["responses"].items():
        meaning = escape(response.get("description") or "")
        parts.append(f"<tr><td><code>{escape(status)}</code><td>{meaning}<td>{_content(response)}")
    parts.append("</table></details>")
    return "".join(parts)


def _parameter(parameter: dict[str, Any]) -> str:
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code><td>{escape(parameter['in'])}"
        f"<td>{'required' if parameter.get('required') else ''}"
        f"<td>{escape(parameter.get('description') or '')}"
    )


def _content(holder: dict[str, Any]) -> str:
    shown = []
    for media_type, content in holder.get("content", {}).items():
        reference = content.get("schema", {}).get("$ref", "")
        if reference:
            name = escape(reference.rsplit("/", 1)[-1])
            shown.append(f"<a href='#{name}'><code>{name}</code></a>")
        else:
            shown.append(f"<code>{escape(media_type)}</code>")
    return ", ".join(shown)


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"
