"""`Idempotency-Key` on ordinary writes, joined to the request's transaction (see `platform.idempotency`).

The middleware reads the body, hashes it and hands it on; the `db` dependency claims the key; the
`after_request` hook sees the answer before the transaction commits, and it is stored with it. A request
whose key is in use by one that has not ended waits for it.

Routes opt out by `opt={"idempotency": …}`:

- `"own"`   keeps its keys for ever on its own rows (whatever moves money)
- `"none"`  takes no key: it opens its own transactions, repeating it changes nothing more, or its answer
  holds a secret that must not be stored
"""

from typing import Any

from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.exceptions import ClientException
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPRequestEvent, Receive, Scope, Send

from talktalk.platform.clock import Clock
from talktalk.platform.idempotency import REPLAY_HEADER, KeyedWrite, Replay, hash_input
from talktalk.platform.web.origin import SAFE_METHODS

BODY_BYTES_MAX = 1024 * 1024
"""Larger bodies cannot carry a key."""


class KeyedWrites:
    """Litestar middleware, inside the guard: it needs to know the caller."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        key = _key(scope)
        caller: Any = scope.get("user")
        opted_out = "idempotency" in scope["route_handler"].opt
        if scope["type"] != ScopeType.HTTP or key is None or caller is None or opted_out:
            await self._app(scope, receive, send)
            return
        if scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        write = KeyedWrite(caller.user_id, key, hash_input(scope["method"], target, body), self._clock.now())
        token = KeyedWrite.current.set(write)
        try:
            await self._app(scope, _replayed(body, receive), send)
        finally:
            KeyedWrite.current.reset(token)


async def note_answer(response: Response[Any]) -> Response[Any]:
    """Litestar's `after_request`: let a keyed write see its answer."""
    write = KeyedWrite.current.get()
    if write is not None and 200 <= (response.status_code or 200) < 300:
        media_type = str(getattr(response.media_type, "value", response.media_type) or "application/json")
        body = b"" if response.content is None else response.render(response.content, media_type)
        write.answered(response.status_code or 200, media_type, body)
    return response


def replay(_: Request[Any, Any, Any], error: Replay) -> Response[bytes]:
    """Exception handler: the answer of the first request, marked as such."""
    headers = {REPLAY_HEADER: "true", "Cache-Control": "no-store"}
    return Response(error.body, status_code=error.status, media_type=error.media_type, headers=headers)


def _key(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name.lower() == b"idempotency-key":
            key: str = value.decode("latin-1")
            return key
    return None


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientException("The client went away")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES_MAX:
            raise ClientException("The body is too large for an idempotency key")
        if not message.get("more_body", False):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> HTTPReceiveMessage:
        nonlocal sent
        if sent:
            message: Any = await receive()
            later: HTTPReceiveMessage = message
            return later
        sent = True
        return HTTPRequestEvent(type="http.request", body=body, more_body=False)

    return again
