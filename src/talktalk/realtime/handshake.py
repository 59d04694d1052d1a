"""The door: `/api/v1/ws`. The session was checked by identity's guard before we are called."""

from typing import Any

import msgspec
from litestar import asgi
from litestar.enums import ScopeType
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from talktalk.identity.schemas import Caller
from talktalk.platform.problems import PROBLEM_TYPE
from talktalk.realtime.gateway import Gateway
from talktalk.realtime.wires import EXTENSION, AsgiWire
from talktalk_wire.common import Problem

PATH = "/api/v1/ws"


def websocket_route(gateway: Gateway) -> ASGIRouteHandler:
    """The route handler of this gateway."""

    @asgi(PATH, copy_scope=False)
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.WEBSOCKET:
            await _refuse_http(send)
            return
        message = await receive()
        if message["type"] != "websocket.connect":
            return
        if gateway.is_closing:
            await send({"type": "websocket.close", "code": 1012, "reason": "moving"})
            return
        caller: Caller = scope["user"]
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        socket = gateway.connect(caller.user_id, caller.session_id, caller.device_id)
        extensions: dict[str, Any] = dict(scope.get("extensions") or {})
        take_over = extensions.get(EXTENSION)
        if take_over is not None:
            socket.attach(take_over(socket))
            return
        wire = AsgiWire(receive, send)
        socket.attach(wire)
        await wire.serve(socket)

    return serve


async def _refuse_http(send: Send) -> None:
    problem = Problem(
        type=PROBLEM_TYPE + "upgrade_required",
        title="This is a WebSocket",
        status=426,
        code="upgrade_required",
    )
    headers = [(b"content-type", b"application/problem+json"), (b"upgrade", b"websocket")]
    await send({"type": "http.response.start", "status": 426, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(problem), "more_body": False})
