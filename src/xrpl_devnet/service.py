"""The running service: a node, its streams, the clock that closes ledgers, and the envelopes of requests.

`answer_http` and `answer_websocket` turn what a client sent into what it is answered, as rippled wraps it;
sockets are `net`'s business. While a fault touches requests, they pass through `faults`.
"""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

import xrpl_devnet.rpc
import xrpl_devnet.tx  # noqa: F401 (registers the transaction types)
from xrpl_devnet.faults import Faults
from xrpl_devnet.node import Node
from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.rpc.registry import (
    API_VERSION_DEFAULT,
    API_VERSION_MAX,
    API_VERSION_MIN,
    METHODS,
    Context,
    Subscriber,
)
from xrpl_devnet.streams import Hub

log = logging.getLogger(__name__)

MAX_REQUEST_BYTES: Final = 1_000_000
MAX_JSON_DEPTH: Final = 25
_SECRETS: Final = ("passphrase", "secret", "seed", "seed_hex")
_ECHOED: Final = ("api_version", "id", "jsonrpc", "ripplerpc")
_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


class Cuttable(Protocol):
    """A connection that can be cut."""

    def abort(self) -> None:
        """Close at once, without a goodbye."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and body of an HTTP answer."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"


def _text(status: int, words: str) -> HttpAnswer:
    return HttpAnswer(status, f"{words}\r\n".encode(), "text/plain; charset=utf-8")


class _BadRequest(Exception):
    """A request that is answered with status 400 and a text."""


class Service:
    """One node and what runs around it."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.subscriptions = Hub(node)
        self.started_at_s = time.time()
        self.faults = Faults(node, self.disconnect)
        self.connections: set[Cuttable] = set()
        """Every open connection, for cutting them."""
        self._closing: asyncio.Task[None] | None = None

    def disconnect(self) -> None:
        """Cut every connection, mid-sentence if need be."""
        for connection in list(self.connections):
            connection.abort()

    # --- timed closes ---

    def start_closing(self, interval_s: float) -> None:
        """Close a ledger every so many seconds from now on."""
        self._closing = asyncio.create_task(self._close_forever(interval_s))

    async def stop_closing(self) -> None:
        """No longer."""
        if self._closing is not None:
            self._closing.cancel()
            await asyncio.gather(self._closing, return_exceptions=True)
            self._closing = None

    async def _close_forever(self, interval_s: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + interval_s
        while True:
            await asyncio.sleep(max(due - loop.time(), 0))
            if not self.faults.settings.stalled:
                self.node.close()
            # A machine that was asleep does not owe the ledgers it missed.
            due = max(due + interval_s, loop.time())

    # --- methods ---

    def call(
        self,
        name: str,
        params: dict[str, Any],
        *,
        subscriber: Subscriber | None = None,
        is_admin: bool = True,
    ) -> dict[str, Any]:
        """Run a method.

        Raises:
            RpcError: It cannot do what was asked; whatever went wrong inside becomes `internal`.
        """
        version = params.get("api_version", API_VERSION_DEFAULT)
        found = METHODS.get(name)
        if found is None or (found.versions == "v1" and version != 1):
            raise RpcError("unknownCmd")
        if found.admin and not is_admin:
            raise RpcError("noPermission")
        ctx = Context(self.node, self, params, version, subscriber, is_admin)
        try:
            return found.handler(ctx)
        except RpcError:
            raise
        except Exception as error:
            log.exception("method failed", extra={"method": name})
            raise RpcError("internal") from error

    # --- HTTP ---

    async def answer_http(self, body: bytes) -> HttpAnswer:
        """The answer to a POST."""
        try:
            request = parse_json(body)
        except ValueError as error:
            return _text(400, f"Unable to parse request: {error}")
        if not isinstance(request, dict):
            return _text(400, "Unable to parse request: ")
        try:
            if request.get("method") == "batch":
                answers = [await self._one_http(item, batch=True) for item in _batch_items(request)]
                return HttpAnswer(200, b"[" + b",".join(answers) + b"]")
            return HttpAnswer(200, await self._one_http(request, batch=False))
        except _BadRequest as error:
            return _text(400, str(error))

    async def _one_http(self, request: dict[str, Any], *, batch: bool) -> bytes:
        name = request.get("method")
        if name is None:
            raise _BadRequest("Null method")
        if not isinstance(name, str):
            raise _BadRequest("method is not string")
        if not name:
            raise _BadRequest("method is empty")
        params = dict(request) if batch else _http_params(request)
        version = params.get("api_version", request.get("api_version"))
        if version is not None:
            if not _supported(version):
                raise _BadRequest("invalid_API_version")
            params["api_version"] = version
        if not self.faults.touches_requests:
            return self._http_result(name, params)
        return await self._gated(name, params, None)

    def _http_result(self, name: str, params: dict[str, Any]) -> bytes:
        try:
            result = {**self.call(name, params), "status": "success"}
        except RpcError as error:
            result = _http_error(error, name, params)
        return _encode({"result": result})

    # --- WebSocket ---

    async def answer_websocket_gated(self, message: bytes, subscriber: Subscriber) -> bytes:
        """The answer to a message, through the faults."""
        request = _websocket_request(message)
        if isinstance(request, bytes):
            return request
        name, params = request
        if not self.faults.touches_requests:
            return self._websocket_result(name, params, subscriber)
        return await self._gated(name, params, subscriber)

    def answer_websocket(self, message: bytes, subscriber: Subscriber) -> bytes:
        """The answer to a message."""
        request = _websocket_request(message)
        if isinstance(request, bytes):
            return request
        return self._websocket_result(*request, subscriber)

    def _websocket_result(self, name: str, params: dict[str, Any], subscriber: Subscriber) -> bytes:
        try:
            result = self.call(name, params, subscriber=subscriber)
        except RpcError as error:
            return _encode(_websocket_error(error, params))
        return _encode({**_echo(params), "result": result, "status": "success", "type": "response"})

    async def _gated(self, name: str, params: dict[str, Any], subscriber: Subscriber | None) -> bytes:
        await self.faults.before(name)
        if subscriber is None:
            answer = self._http_result(name, params)
        else:
            answer = self._websocket_result(name, params, subscriber)
        self.faults.after(name)
        return answer


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return False
        level = below
    return any(isinstance(item, dict | list) for item in level)


def parse_json(body: bytes) -> Any:
    """The JSON value of some bytes, not nested too deeply.

    Raises:
        ValueError: No JSON; the text is the server's.
    """
    problem = "* Line 1, Column 1\n  Syntax error: value, object or array expected.\n"
    if len(body) > MAX_REQUEST_BYTES:
        raise ValueError(problem)
    try:
        value = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ValueError(problem) from None
    if body.count(b"[") + body.count(b"{") > MAX_JSON_DEPTH and _depth_exceeds(value, MAX_JSON_DEPTH):
        raise ValueError("* Line 1, Column 1\n  Syntax error: maximum nesting depth exceeded.\n")
    return value


def _supported(version: Any) -> bool:
    return (
        isinstance(version, int)
        and not isinstance(version, bool)
        and API_VERSION_MIN <= version <= API_VERSION_MAX
    )


def _batch_items(request: dict[str, Any]) -> list[dict[str, Any]]:
    params = request.get("params")
    if not isinstance(params, list) or not all(isinstance(item, dict) for item in params):
        raise _BadRequest("Malformed batch request")
    return params


def _http_params(request: dict[str, Any]) -> dict[str, Any]:
    params = request.get("params")
    if not params:
        return {}
    if not isinstance(params, list) or len(params) != 1:
        raise _BadRequest("params unparseable")
    only = params[0]
    if only is None:
        return {}
    if not isinstance(only, dict):
        raise _BadRequest("params unparseable")
    return only


def _masked(params: dict[str, Any]) -> dict[str, Any]:
    return {name: "<masked>" if name in _SECRETS else value for name, value in params.items()}


def _http_error(error: RpcError, name: str, params: dict[str, Any]) -> dict[str, Any]:
    return {
        **error.to_json(),
        "request": {**_masked(params), "command": name},
        "status": "error",
    }


def _echo(params: dict[str, Any]) -> dict[str, Any]:
    return {name: params[name] for name in _ECHOED if name in params}


def _websocket_error(error: RpcError, params: dict[str, Any]) -> dict[str, Any]:
    return {
        **error.to_json(),
        **_echo(params),
        "request": _masked(params),
        "status": "error",
        "type": "response",
    }


def _websocket_request(message: bytes) -> tuple[str, dict[str, Any]] | bytes:
    """The method and parameters of a message, or the answer to one that has none."""
    try:
        params = parse_json(message)
    except ValueError:
        params = None
    if not isinstance(params, dict):
        return _encode(
            {
                "type": "error",
                "error": "jsonInvalid",
                "value": message.decode("utf-8", "replace")[:MAX_REQUEST_BYTES],
            }
        )
    command, named = params.get("command"), params.get("method")
    if command is not None and named is not None and command != named:
        return _encode(_websocket_error(RpcError("missingCommand"), params))
    name = command if command is not None else named
    if not isinstance(name, str):
        return _encode(_websocket_error(RpcError("missingCommand"), params))
    if "api_version" in params and not _supported(params["api_version"]):
        return _encode(_websocket_error(RpcError("invalid_API_version"), params))
    return name, params
