"""The outermost ASGI layer: what every answer gets, whoever made it.

- a request id, taken from `X-Request-ID` where it is well-formed, and sent back
- security headers: a content policy that runs no foreign or inline script, no framing, no sniffing
- one access log line and the metrics of the request
"""

import logging
import re
import time
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from talktalk.platform.context import RequestContext, current
from talktalk.platform.ids import uuid7
from talktalk.platform.telemetry import Telemetry

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    # Dialogs and menus place themselves by style elements made at run time; styles run nothing.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
CONTENT_POLICY = "; ".join(f"{directive} {sources}" for directive, sources in _POLICY.items())
_HEADERS = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_log = logging.getLogger("talktalk.access")


class Edge:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, *, https: bool) -> None:
        self._app = app
        self._telemetry = telemetry
        self._headers = [*_HEADERS, _HSTS] if https else list(_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        kind: str = scope["type"]
        if kind == "lifespan":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        context = RequestContext(_request_id(scope), client[0] if client else "")
        token = current.set(context)
        status = 0
        started = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name.lower() for name, _ in message.get("headers", ())}
                headers = list(message.get("headers", ()))
                headers += [header for header in self._headers if header[0] not in present]
                headers.append((b"x-request-id", context.request_id.encode()))
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            if scope["type"] == ScopeType.HTTP:
                self._note(scope, status, time.perf_counter() - started)
            current.reset(token)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        state: dict[str, Any] = dict(scope)
        route = state.get("path_template") or ("(none)" if status in {404, 405} else "(file)")
        method = state["method"] if state["method"] in _METHODS else "(other)"
        self._telemetry.requests.labels(method, route, str(status)).inc()
        self._telemetry.request_seconds.labels(route).observe(seconds)
        _log.info(
            "http.answered",
            extra={"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)},
        )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name.lower() == b"x-request-id":
            given: str = value.decode("latin-1")
            if _REQUEST_ID.fullmatch(given):
                return given
    return uuid7().hex
