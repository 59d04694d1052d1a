"""The OpenAPI 3.1 document: Litestar's, with what it cannot know written in.

- Every operation's problems: the common ones by the route's own nature (a body can be malformed, a
  caller can be unknown), and those it names itself by `opt={"problems": (FriendNotFound, …)}`.
- Which routes want a session: all but those with `opt={"public": True}`. Which take an access token instead:
  those with `opt={"scope": …}`.
- Which take an `Idempotency-Key`: every change but those with `opt={"idempotency": …}` (see
  `platform.web.keyed`).
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import Method
from litestar.types.internal_types import PathParameterDefinition

from talktalk.platform.idempotency import KEY_LENGTH_MAX, IdempotencyKeyInvalid, IdempotencyKeyReused
from talktalk.platform.problems import NotSignedIn, ScopeMissing, TooMany, Trouble, Unavailable
from talktalk.platform.web.problems import MEDIA_TYPE
from talktalk_wire.common import Problem

PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
_COMMON: dict[int, tuple[str, str]] = {
    400: ("malformed", "The request could not be read"),
    403: ("foreign_page", "This page may not act here"),
    404: ("not_found", "Not found"),
    413: ("body_too_large", "The body is too large"),
    415: ("unsupported_media_type", "The body's media type is not understood"),
    500: ("internal", "Our fault; nothing was changed"),
}
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeated request with the same key is answered as the first one was; kept for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH_MAX},
}
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CHANGES = ("post", "put", "patch", "delete")


class Told(msgspec.Struct, frozen=True):
    """One webhook of the document."""

    operation: Mapping[str, Any]
    structs: Sequence[type]
    """What its references name."""


def document(app: Litestar, webhooks: Mapping[str, Told]) -> dict[str, Any]:
    """The whole document, ready to be written as JSON.

    Args:
        app: Its routes become paths.
        webhooks: What is sent to addresses that people register, by name.
    """
    schema: dict[str, Any] = msgspec.to_builtins(app.openapi_schema.to_schema(), str_keys=True)
    components: dict[str, Any] = schema.setdefault("components", {})
    _, structs = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    components.setdefault("schemas", {}).update(structs)
    components["securitySchemes"] = {
        "cookie": {"type": "apiKey", "in": "cookie", "name": "talktalk_session"},
        "bearer": {"type": "http", "scheme": "bearer", "description": "The token of a session."},
        "access_token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A program's token, where its scope is named.",
        },
    }
    for handler, path, method in _operations(app):
        operation = schema["paths"].get(path, {}).get(method)
        if operation is None:
            continue
        public = bool(handler.opt.get("public"))
        operation["security"] = [] if public else [{"cookie": []}, {"bearer": []}]
        if (scope := handler.opt.get("scope")) is not None:
            operation["security"].append({"access_token": [str(scope)]})
        if method in _CHANGES and not public and "idempotency" not in handler.opt:
            operation.setdefault("parameters", []).append(_KEY_PARAMETER)
        if accepted := handler.opt.get("accepts"):
            binary = {
                media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in accepted
            }
            operation["requestBody"] = {"required": True, "content": binary}
        _write_problems(operation, handler, path, method)
    schema["webhooks"] = {name: {"post": told.operation} for name, told in webhooks.items()}
    told_structs = {struct for told in webhooks.values() for struct in told.structs}
    named = msgspec.json.schema_components(list(told_structs), ref_template="#/components/schemas/{name}")[1]
    for name, each in sorted(named.items()):
        components["schemas"].setdefault(name, each)
    return schema


def operation_id(handler: HTTPRouteHandler, method: Method, _: list[str | PathParameterDefinition]) -> str:
    """`friend_requests_accept`: the controller, if any, and the handler's own name."""
    words = _WORD_START.sub("_", handler.fn.__qualname__.replace(".", "_")).replace("__", "_").lower()
    return words if len(handler.http_methods) == 1 else f"{words}_{method.lower()}"


def _operations(app: Litestar) -> list[tuple[HTTPRouteHandler, str, str]]:
    found = []
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            if handler.resolve_include_in_schema():
                found += [(handler, route.path_format, method.lower()) for method in handler.http_methods]
    return found


def _write_problems(operation: dict[str, Any], handler: HTTPRouteHandler, path: str, method: str) -> None:
    by_status: dict[int, dict[str, str]] = defaultdict(dict)
    statuses = [500]
    if method in _CHANGES:
        statuses += [400, 403, 404, 413, 415]
    elif "{" in path or operation.get("parameters"):
        statuses += [400, 404]
    for status in statuses:
        code, title = _COMMON[status]
        by_status[status][code] = title
    troubles: list[type[Trouble]] = [*handler.opt.get("problems", ()), TooMany, Unavailable]
    if not handler.opt.get("public"):
        troubles += [NotSignedIn, ScopeMissing]
    if _KEY_PARAMETER in operation.get("parameters", ()):
        troubles += [IdempotencyKeyInvalid, IdempotencyKeyReused]
    for trouble in troubles:
        by_status[trouble.status][trouble.code] = trouble.title
    responses: dict[str, Any] = operation["responses"]
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "; ".join(f"`{code}`: {title}" for code, title in sorted(codes.items())),
            "content": {MEDIA_TYPE: {"schema": PROBLEM_REF}},
        }
