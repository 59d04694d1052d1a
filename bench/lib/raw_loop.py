"""The yardstick: a WebSocket server that does nothing but pass messages on.

Each JSON message is decoded, encoded once and written to everybody: no accounts, no rooms, no order to
keep, nothing stored. Run as `python -m bench.lib.raw_loop PORT`.
"""

import asyncio
import base64
import hashlib
import sys
from typing import cast

import msgspec
import uvloop

from talktalk.realtime import framing
from talktalk.realtime.framing import FrameReader

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_decoder = msgspec.json.Decoder(dict[str, object])
_encoder = msgspec.json.Encoder()
everybody: set["Peer"] = set()


class Peer(asyncio.Protocol):
    """One client."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._reader: FrameReader | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own does not derive from it

    def data_received(self, data: bytes) -> None:
        """The handshake, then messages."""
        if self._reader is None:
            self._reader = FrameReader(1 << 16)
            key = data.lower().partition(b"sec-websocket-key:")[0]
            nonce = data[len(key) :].split(b":", 1)[1].split(b"\r\n", 1)[0].strip()
            accept = base64.b64encode(hashlib.sha1(nonce + GUID).digest()).decode()
            self.transport.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
            )
            everybody.add(self)
            return
        for _, payload in self._reader.feed(data):
            frame = framing.text(_encoder.encode(_decoder.decode(payload)))
            for peer in everybody:
                peer.transport.write(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        """A client went."""
        everybody.discard(self)


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Peer, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
