"""Devices that pay: HTTP and WebSocket on bare asyncio protocols, so that the load costs little itself.

A `Device` does what the app does: it makes an intent, seals the PIN for the hash it was shown, approves,
and hears over its socket when the payment has settled.
"""

import asyncio
import json
import struct
from collections.abc import Callable
from typing import Any, Final, cast
from uuid import uuid4

import msgspec

from bench.lib.money import PIN, Payer
from talktalk.custody.sealed_secrets import seal

SETTLED: Final = b'"state":"settled"'
TURNED: Final = b'"transfer.turned"'
_MASK: Final = b"\x00\x00\x00\x00"


class Refused(Exception):
    """The server answered with an error."""


class _Draft(msgspec.Struct):
    signing_hash: str


class _Made(msgspec.Struct):
    id: str
    draft: _Draft


class _Turned(msgspec.Struct):
    id: str
    ledger_index: int | None = None


class _Data(msgspec.Struct):
    transfer: _Turned


class _Event(msgspec.Struct):
    data: _Data


class _Frame(msgspec.Struct):
    d: _Event


_MADE: Final = msgspec.json.Decoder(_Made)
_FRAME: Final = msgspec.json.Decoder(_Frame)


class Paid(msgspec.Struct, kw_only=True):
    """How one payment went, in seconds of the loop's clock."""

    due_at: float
    """When it was to begin."""
    made_at: float = 0.0
    approving_at: float = 0.0
    approved_at: float = 0.0
    settled_at: float = 0.0
    ledger_index: int = 0


class Http(asyncio.Protocol):
    """One kept-open connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are, in all but name

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        at = head.index(b"content-length:") + 15
        size = int(head[at:].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + size or self._answer is None:
            return
        body = bytes(self._buffer[end + 4 : end + 4 + size])
        del self._buffer[: end + 4 + size]
        self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, error: Exception | None) -> None:
        """Closed by the server."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError())

    @property
    def is_closed(self) -> bool:
        """Whether the server has hung up, as it does after some idle seconds."""
        return self._transport.is_closing()

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; status and body of its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


class Socket(asyncio.Protocol):
    """A WebSocket that says hello and hands on the payload of each frame."""

    def __init__(self, token: str, on_frame: Callable[[bytes], None], *, hello: bytes, path: str) -> None:
        self._request = _upgrade(path, token)
        self._hello = hello
        self._on_frame = on_frame
        self._buffer = bytearray()
        self._is_open = False
        self.welcomed = asyncio.Event()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are, in all but name
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Bytes of frames."""
        self._buffer += data
        if not self._is_open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            assert self._buffer.startswith(b"HTTP/1.1 101"), bytes(self._buffer)
            del self._buffer[: end + 4]
            self._is_open = True
            self._transport.write(_frame(self._hello))
        while (frame := self._next()) is not None:
            opcode, payload = frame
            if opcode == 9:
                self._transport.write(_frame(payload, opcode=10))
            elif opcode == 1:
                self.welcomed.set()
                self._on_frame(payload)

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def _next(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, at = buffer[1] & 0x7F, 2
        if size == 126:
            if len(buffer) < 4:
                return None
            size, at = struct.unpack_from("!H", buffer, 2)[0], 4
        elif size == 127:
            if len(buffer) < 10:
                return None
            size, at = struct.unpack_from("!Q", buffer, 2)[0], 10
        if len(buffer) < at + size:
            return None
        frame = buffer[0] & 0x0F, bytes(buffer[at : at + size])
        del buffer[: at + size]
        return frame


class Device:
    """One payer's device."""

    def __init__(self, payer: Payer, port: int, key: tuple[str, str]) -> None:
        self.payer = payer
        self._port = port
        self._key_id, self._public_key = key
        self._http: Http
        self._socket: Socket
        self._waiting: dict[str, asyncio.Future[int]] = {}
        self._early: dict[str, int] = {}
        self._ask = json.dumps(
            {
                "user_id": str(payer.payee_id),
                "amount": {"value": "0.000001"},
                "accepted_warnings": ["new_payee", "not_a_friend", "large_share", "empties_wallet"],
            }
        ).encode()

    async def open(self) -> None:
        """Connect both ways."""
        loop = asyncio.get_running_loop()
        await self._dial()
        hello = b'{"t":"hello","id":"h","d":{}}'
        _, self._socket = await loop.create_connection(
            lambda: Socket(self.payer.token, self._on_frame, hello=hello, path="/api/v1/ws"),
            "127.0.0.1",
            self._port,
        )
        await self._socket.welcomed.wait()

    async def _dial(self) -> None:
        _, self._http = await asyncio.get_running_loop().create_connection(Http, "127.0.0.1", self._port)

    def close(self) -> None:
        """Hang up."""
        self._http.close()
        self._socket.close()

    async def pay(self, due_at: float) -> Paid:
        """One payment from the first request to its settled event."""
        now = asyncio.get_running_loop().time
        paid = Paid(due_at=due_at)
        if self._http.is_closed:
            await self._dial()
        status, body = await self._http.ask(
            self._post("/api/v1/transfers", self._ask, f"Idempotency-Key: {uuid4().hex}\r\n")
        )
        paid.made_at = now()
        if status != 201:
            raise Refused(f"{status} {body.decode()}")
        made = _MADE.decode(body)
        sealed = seal(
            PIN.encode(), self._public_key, "transfer.approve", bytes.fromhex(made.draft.signing_hash)
        )
        approval = json.dumps(
            {"signing_hash": made.draft.signing_hash, "worker_key_id": self._key_id, "sealed_pin": sealed}
        ).encode()
        paid.approving_at = now()
        status, body = await self._http.ask(self._post(f"/api/v1/transfers/{made.id}/approve", approval))
        paid.approved_at = now()
        if status != 200:
            raise Refused(f"{status} {body.decode()}")
        if made.id in self._early:
            paid.ledger_index = self._early.pop(made.id)
        else:
            self._waiting[made.id] = asyncio.get_running_loop().create_future()
            paid.ledger_index = await self._waiting[made.id]
            del self._waiting[made.id]
        paid.settled_at = now()
        return paid

    def _post(self, path: str, body: bytes, more: str = "") -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.payer.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        )
        return head.encode() + body

    def _on_frame(self, payload: bytes) -> None:
        if TURNED not in payload or SETTLED not in payload:
            return
        turned = _FRAME.decode(payload).d.data.transfer
        waiting = self._waiting.get(turned.id)
        if waiting is None:
            self._early[turned.id] = turned.ledger_index or 0
        elif not waiting.done():
            waiting.set_result(turned.ledger_index or 0)


class Closes:
    """When each ledger closed, as the node tells it."""

    def __init__(self) -> None:
        self.at: dict[int, float] = {}
        self._socket: Socket

    async def open(self, url: str) -> None:
        """Subscribe."""
        port = int(url.rsplit(":", 1)[1])
        hello = b'{"id":1,"command":"subscribe","streams":["ledger"]}'
        loop = asyncio.get_running_loop()
        _, self._socket = await loop.create_connection(
            lambda: Socket("", self._on_frame, hello=hello, path="/"), "127.0.0.1", port
        )
        await self._socket.welcomed.wait()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _on_frame(self, payload: bytes) -> None:
        message: dict[str, Any] = json.loads(payload)
        if message.get("type") == "ledgerClosed":
            self.at[message["ledger_index"]] = asyncio.get_running_loop().time()


def _upgrade(path: str, token: str) -> bytes:
    allowed = f"Authorization: Bearer {token}\r\n" if token else ""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{allowed}\r\n"
    ).encode()


def _frame(payload: bytes, opcode: int = 1) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, 0x80 | size)) + _MASK + payload
    return struct.pack("!BBH", 0x80 | opcode, 0xFE, size) + _MASK + payload
