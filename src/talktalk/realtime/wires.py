"""The two ways to a peer: the transport itself, or plain ASGI.

The gateway writes whole WebSocket frames as bytes and is told whole messages. Under our own uvicorn
protocol (`server`) those bytes go to the transport as they are. Under any other ASGI server `AsgiWire`
takes them apart again and sends them as ASGI messages; slower, and nothing else differs.
"""

import asyncio
from collections import deque
from typing import Final, Protocol

from litestar.types import Receive, Send

from talktalk.realtime import framing

EXTENSION: Final = "talktalk.wire"
"""Key in the ASGI scope's extensions: a function that hands the accepted socket over."""


class Peer(Protocol):
    """Who hears what a wire brings."""

    def on_text(self, payload: bytes) -> None:
        """A text message came."""

    def on_violation(self, code: int, reason: str) -> None:
        """The peer broke the protocol."""

    def on_alive(self) -> None:
        """The peer answered a ping."""

    def on_stop(self) -> None:
        """The server stops."""

    def on_lost(self) -> None:
        """The wire has ended; called once, last."""


class Wire(Protocol):
    """Where a peer's frames are written to."""

    def write(self, frames: bytes) -> None:
        """Send whole frames; never blocks."""

    def waiting(self) -> int:
        """Bytes that the peer has not taken yet."""

    def ping(self) -> None:
        """Ask whether the peer is alive."""

    def close(self, code: int, reason: str) -> None:
        """Say goodbye and end the wire, even if the peer does not read."""


class AsgiWire:
    """A wire over any ASGI server."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._frames: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._more = asyncio.Event()

    def write(self, frames: bytes) -> None:
        """Queue frames for the sending task."""
        for opcode, payload in framing.unframe(frames):
            self._frames.append((opcode, payload))
            self._bytes += len(payload)
        self._more.set()

    def waiting(self) -> int:
        """Bytes not handed to the server yet."""
        return self._bytes

    def ping(self) -> None:
        """Nothing: ASGI has no pings, the server keeps its own."""

    def close(self, code: int, reason: str) -> None:
        """Close after what was written."""
        self.write(framing.close(code, reason))

    async def serve(self, peer: Peer) -> None:
        """Carry messages both ways until either side closes."""
        sender = asyncio.create_task(self._send_all())
        try:
            while not sender.done():
                message = await self._receive()
                if message["type"] == "websocket.disconnect":
                    break
                if message["type"] != "websocket.receive":
                    continue
                text = message.get("text")
                if text is None:
                    peer.on_violation(1003, "frames are text")
                    continue
                peer.on_text(text.encode(errors="surrogatepass"))
        finally:
            sender.cancel()
            peer.on_lost()

    async def _send_all(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while self._frames:
                opcode, payload = self._frames.popleft()
                self._bytes -= len(payload)
                if opcode == framing.CLOSE:
                    await self._send(
                        {
                            "type": "websocket.close",
                            "code": int.from_bytes(payload[:2]),
                            "reason": payload[2:].decode(errors="replace"),
                        }
                    )
                    return
                await self._send({"type": "websocket.send", "bytes": None, "text": payload.decode()})
