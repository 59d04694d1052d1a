"""uvicorn's WebSocket protocol, made to step aside.

uvicorn does the handshake and runs the ASGI application as always. The application finds a function in
the scope's extensions (`wires.EXTENSION`); once it has accepted it may call it with a `Peer`, and from
then on the socket's bytes go to that peer without queues, tasks or copies between: 2.5 times the
deliveries, and a connection costs a few kilobytes, since neither the ASGI scope nor a task outlives the
handshake. Run it with `--ws talktalk.realtime.server:GatewayProtocol`.
"""

from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from talktalk.realtime import framing
from talktalk.realtime.framing import FrameReader, ProtocolViolation
from talktalk.realtime.wires import EXTENSION, Peer, Wire
from talktalk_wire.realtime import FRAME_BYTES_MAX

CLOSE_TIMEOUT_S: Final = 2.0
"""A peer that does not answer our close is cut off after so long."""

TakeOver = Callable[[Peer], Wire]


class GatewayProtocol(WebSocketsSansIOProtocol):
    """One accepted connection; before that, uvicorn's own behaviour."""

    _peer: Peer | None = None
    _reader: FrameReader
    _closing = False
    _is_lost = False

    def handle_connect(self, event: Request) -> None:
        """Offer the take-over to the application."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = dict(self.scope["extensions"] or {})
            extensions[EXTENSION] = self.take_over
            self.scope["extensions"] = extensions

    def take_over(self, peer: Peer) -> Wire:
        """Hand the socket to `peer`; the ASGI application must return without using it again."""
        assert self.handshake_complete, "accept first"
        self.stop_keepalive()
        self._reader = FrameReader(FRAME_BYTES_MAX)
        self._peer = peer
        early = bytes(self.conn.reader.buffer)
        queued = [self.queue.get_nowait() for _ in range(self.queue.qsize())]
        # What only the handshake needed: half of an idle connection's memory.
        del self.conn, self.scope, self.request, self.response, self.queue, self.frames
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.loop.call_soon(self._replay, queued, early)
        return self

    def _replay(self, queued: list[Any], early: bytes) -> None:
        """What came between the acceptance and the take-over."""
        for message in queued:
            if message["type"] == "websocket.receive" and self._peer and message.get("text") is not None:
                self._peer.on_text(message["text"].encode())
        if early:
            self.data_received(early)

    def data_received(self, data: bytes) -> None:
        """Messages to the peer, control frames to us."""
        peer = self._peer
        if peer is None:
            super().data_received(data)
            return
        if self._closing:
            return
        try:
            for opcode, payload in self._reader.feed(data):
                if opcode == framing.TEXT:
                    peer.on_text(payload)
                elif opcode == framing.PING:
                    self.transport.write(framing.frame(framing.PONG, payload))
                elif opcode == framing.PONG:
                    peer.on_alive()
                elif opcode == framing.CLOSE:
                    self.close(1000, "")
                    return
                else:
                    peer.on_violation(1003, "frames are text")
                if self._is_ending():
                    return
        except ProtocolViolation as violation:
            peer.on_violation(violation.code, violation.reason)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._peer is None:
            super().connection_lost(exc)
            return
        self.connections.discard(self)
        self._closing = self.disconnected = True
        if self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = None
        self._lose()

    def shutdown(self) -> None:
        """The process stops."""
        if self._peer is None:
            super().shutdown()
        else:
            self._peer.on_stop()

    async def run_asgi(self) -> None:
        """As uvicorn's, but a connection that was taken over outlives the application's call."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            if self._peer is None:
                self.send_500_response()
        else:
            if not self.handshake_complete:
                self.logger.error("ASGI callable returned without completing handshake.")
                self.send_500_response()
        if self._peer is None and self.close_timer is None:
            self.transport.close()

    # The wire.

    def write(self, frames: bytes) -> None:
        """Send whole frames."""
        if not self._is_ending():
            self.transport.write(frames)

    def waiting(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return self.transport.get_write_buffer_size()

    def ping(self) -> None:
        """Send a ping."""
        self.write(framing.frame(framing.PING, b""))

    def close(self, code: int, reason: str) -> None:
        """Send a close frame and end the connection, by force if the peer does not end it in time.

        A socket closed with bytes unread is reset, and a reset may overtake the close frame. So our side is
        shut, and what still comes is read and dropped until the peer has shut its own.
        """
        if self._closing:
            return
        self._closing = True
        self.transport.write(framing.close(code, reason))
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.loop.call_soon(self._lose)
        else:
            self.transport.close()
        self.close_timer = self.loop.call_later(CLOSE_TIMEOUT_S, self._abort)

    def _is_ending(self) -> bool:
        return self._closing or self.transport.is_closing()

    def _lose(self) -> None:
        """Tell the peer, once."""
        if self._peer is not None and not self._is_lost:
            self._is_lost = True
            self._peer.on_lost()

    def _abort(self) -> None:
        self.close_timer = None
        self.transport.abort()
