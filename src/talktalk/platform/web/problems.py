"""Every failure as `application/problem+json` (RFC 9457), with a stable `code` and never a traceback."""

import logging
import re
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap, Receive, Scope, Send
from sqlalchemy import exc as database_errors

from talktalk.platform.problems import PROBLEM_TYPE, Trouble, Unavailable
from talktalk_wire.common import FieldError, Problem

MEDIA_TYPE = "application/problem+json"
_CODES = {
    400: "malformed",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "too_many",
    503: "unavailable",
}
_FIELD_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode

AnyRequest = Request[Any, Any, Any]


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """The response that carries a problem."""
    headers = dict(headers or {})
    headers["Cache-Control"] = "no-store"
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    return Response(_encode(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def http_problem(status: int, detail: str = "", errors: tuple[FieldError, ...] = ()) -> Problem:
    """The problem of a plain HTTP status."""
    code = _CODES.get(status, "internal" if status >= 500 else "malformed")
    return Problem(
        type=PROBLEM_TYPE + code,
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        errors=errors,
    )


async def refuse_handshake(scope: Scope, receive: Receive, send: Send, trouble: Trouble) -> None:
    """Answer a WebSocket handshake with a problem: 401 and the like, where the server can say so."""
    message = await receive()
    if message["type"] != "websocket.connect":
        return
    extensions: Any = scope.get("extensions") or {}
    if "websocket.http.response" not in extensions:
        await send({"type": "websocket.close", "code": 1008, "reason": trouble.code})
        return
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]
    start: Any = {"type": "websocket.http.response.start", "status": trouble.status, "headers": headers}
    body: Any = {
        "type": "websocket.http.response.body",
        "body": _encode(trouble.problem()),
        "more_body": False,
    }
    await send(start)
    await send(body)


def _trouble(_: AnyRequest, error: Trouble) -> Response[bytes]:
    return problem_response(error.problem())


def _validation(_: AnyRequest, error: ValidationException) -> Response[bytes]:
    errors = []
    for found in error.extra if isinstance(error.extra, list) else []:
        message = str(found.get("message", ""))
        field = str(found.get("key", ""))
        if path := _FIELD_PATH.search(message):
            field, message = field or path[1], message[: path.start()]
        errors.append(FieldError(field=field, detail=message))
    return problem_response(http_problem(400, "The request could not be read", tuple(errors)))


def _http(_: AnyRequest, error: HTTPException) -> Response[bytes]:
    if error.status_code >= 500:
        _log.error("request.failed", exc_info=error)
        return problem_response(http_problem(error.status_code))
    return problem_response(http_problem(error.status_code, error.detail), headers=error.headers)


def _database_away(_: AnyRequest, error: Exception) -> Response[bytes]:
    _log.warning("database.unavailable", extra={"error": type(error).__name__})
    return problem_response(Unavailable(retry_after_s=2).problem())


def _unstorable(_: AnyRequest, error: Exception) -> Response[bytes]:
    # A NUL in a text or a number beyond its column: the caller's input, which no schema ruled out.
    _log.warning("request.unstorable", extra={"error": type(error).__name__})
    return problem_response(http_problem(400, "A value cannot be stored"))


def _unexpected(_: AnyRequest, error: Exception) -> Response[bytes]:
    _log.error("request.failed", exc_info=error)
    return problem_response(http_problem(500))


HANDLERS: ExceptionHandlersMap = {
    Trouble: _trouble,
    ValidationException: _validation,
    HTTPException: _http,
    database_errors.OperationalError: _database_away,
    database_errors.InterfaceError: _database_away,
    database_errors.TimeoutError: _database_away,
    database_errors.DataError: _unstorable,
    Exception: _unexpected,
}
"""For Litestar's `exception_handlers`."""
