"""One client connection: JSON-RPC over HTTP/1.1, or WebSocket after an upgrade.

The first request decides. HTTP is parsed by httptools, frames by the sans-I/O half of `websockets`; both
are fed from `data_received`, so that a message costs no task and no thread. Requests of one connection are
answered in order. A client that does not read what it asked for is cut off.
"""

import asyncio
import logging
from collections import deque
from typing import Final, cast

import httptools
from websockets.exceptions import ProtocolError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from xrpl_devnet import faucet
from xrpl_devnet.faults import DropConnection
from xrpl_devnet.service import MAX_REQUEST_BYTES, Cuttable, HttpAnswer, Service

log = logging.getLogger(__name__)

MAX_HEAD_BYTES: Final = 16_384
MAX_BACKLOG_BYTES: Final = 32 * 1024 * 1024
"""Unread output at which a client is cut off."""
MAX_FRAME_BYTES: Final = 2 * MAX_REQUEST_BYTES
_REASONS: Final = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Payload Too Large",
    503: "Service Unavailable",
}
_CORS: Final = (
    b"Access-Control-Allow-Origin: *\r\n"
    b"Access-Control-Allow-Headers: content-type\r\n"
    b"Access-Control-Allow-Methods: POST, GET, OPTIONS\r\n"
)


class Connection(asyncio.Protocol):
    """See the module."""

    def __init__(self, service: Service, connections: set[Cuttable]) -> None:
        self._service = service
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._http: _Http | None = None
        self._websocket: _WebSocket | None = None

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        # uvloop's transports do not derive from asyncio's, only behave as they do.
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        del exc
        self._connections.discard(self)
        if self._websocket is not None:
            self._websocket.stop()
        if self._http is not None:
            self._http.stop()

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        if self._websocket is not None:
            self._websocket.feed(data)
        elif self._http is not None:
            self._http.feed(data)
        else:
            self._begin(data)

    def pause_writing(self) -> None:
        """The client reads too slowly: do not take more from it meanwhile."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """Say goodbye."""
        if self._websocket is not None:
            self._websocket.goodbye()
        elif self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Be gone at once."""
        if self._transport is not None:
            self._transport.abort()

    # --- which protocol ---

    def _begin(self, data: bytes) -> None:
        transport = self._transport
        assert transport is not None
        self._head += data
        if self._head.startswith((b"P", b"O", b"H", b"D")) or b"\r\n\r\n" in self._head:
            head, self._head = self._head, b""
            if head.startswith(b"GET ") and b"upgrade: websocket" in head.lower():
                self._websocket = _WebSocket(self._service, transport)
                self._websocket.feed(head)
            else:
                self._http = _Http(self._service, transport)
                self._http.feed(head)
        elif len(self._head) > MAX_HEAD_BYTES:
            transport.abort()


class _Http:
    """The HTTP side of a connection."""

    def __init__(self, service: Service, transport: asyncio.Transport) -> None:
        self._service = service
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []
        self._size = 0
        self._path = b""
        self._waiting: deque[tuple[str, str, bytes, bool]] = deque()
        self._task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._write(HttpAnswer(400, b"Bad request\r\n", "text/plain"), keep_alive=False)
            self._transport.close()

    # httptools calls these.

    def on_message_begin(self) -> None:
        self._body = []
        self._size = 0
        self._path = b""

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= MAX_REQUEST_BYTES:
            self._body.append(body)

    def on_message_complete(self) -> None:
        verb = self._parser.get_method().decode("ascii", "replace")
        path = self._path.decode("ascii", "replace").partition("?")[0]
        body = b"".join(self._body)
        if self._size > MAX_REQUEST_BYTES:
            verb = "TOO LARGE"
        self._waiting.append((verb, path, body, self._parser.should_keep_alive()))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._answer_all())

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                verb, path, body, keep_alive = self._waiting.popleft()
                answer = await self._answer(verb, path, body)
                self._write(answer, keep_alive=keep_alive)
                if not keep_alive:
                    self._transport.close()
                    return
        except DropConnection:
            self._transport.abort()
        finally:
            self._task = None

    async def _answer(self, verb: str, path: str, body: bytes) -> HttpAnswer:
        if verb == "TOO LARGE":
            return HttpAnswer(413, b"Request too large\r\n", "text/plain")
        if verb == "OPTIONS":
            return HttpAnswer(204, b"", "text/plain")
        if path == "/accounts" and verb == "POST":
            return faucet.fund(self._service.node, body)
        if verb == "POST":
            return await self._service.answer_http(body)
        if verb == "GET" and path in ("/", "/health"):
            return HttpAnswer(200, b"xrpl_devnet is running\r\n", "text/plain")
        return HttpAnswer(404 if verb == "GET" else 405, b"Not found\r\n", "text/plain")

    def _write(self, answer: HttpAnswer, *, keep_alive: bool) -> None:
        if self._transport.is_closing():
            return
        reason = _REASONS.get(answer.status, "Error")
        head = (
            f"HTTP/1.1 {answer.status} {reason}\r\n"
            f"Content-Type: {answer.content_type}\r\n"
            f"Content-Length: {len(answer.body)}\r\n"
            f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n"
        ).encode("ascii")
        self._transport.write(head + _CORS + b"\r\n" + answer.body)


class _WebSocket:
    """The WebSocket side of a connection; it is what streams send to."""

    def __init__(self, service: Service, transport: asyncio.Transport) -> None:
        self._service = service
        self._transport = transport
        self._protocol = ServerProtocol(max_size=MAX_FRAME_BYTES)
        self._parts: list[bytes] = []
        self._waiting: deque[bytes] = deque()
        self._task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        self._service.subscriptions.drop(self)
        if self._task is not None:
            self._task.cancel()

    def goodbye(self) -> None:
        """Close with a close frame."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1001, "going away")
            self._flush()
        self._transport.close()

    def send(self, message: bytes) -> None:
        """Queue one text message."""
        if self._protocol.state is not State.OPEN or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > MAX_BACKLOG_BYTES:
            log.warning("a subscriber does not read: connection cut")
            self._transport.abort()
            return
        self._protocol.send_text(message)
        self._flush()

    def feed(self, data: bytes) -> None:
        try:
            self._protocol.receive_data(data)
        except ProtocolError:
            self._transport.abort()
            return
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._protocol.send_response(self._protocol.accept(event))
            elif isinstance(event, Frame):
                self._on_frame(event)
        self._flush()
        if self._protocol.close_expected():
            self._transport.close()

    def _on_frame(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        self._parts.append(bytes(frame.data))
        if sum(map(len, self._parts)) > MAX_FRAME_BYTES:
            self._transport.abort()
            return
        if not frame.fin:
            return
        message = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        if not self._service.faults.touches_requests and self._task is None:
            self._protocol.send_text(self._service.answer_websocket(message, self))
            return
        # Under faults answers may wait; the order of requests is kept by one task.
        self._waiting.append(message)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._answer_all())

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                message = self._waiting.popleft()
                self.send(await self._service.answer_websocket_gated(message, self))
        except DropConnection:
            self._transport.abort()
        finally:
            self._task = None

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
