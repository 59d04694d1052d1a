"""Clients made of raw sockets: the load generator must not be what is measured.

Frames are written with a mask of zeros (which masks nothing and is as valid as any), and read by
their headers; what is in them is looked at only as far as a benchmark needs.
"""

import select
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final

RECEIVE_BYTES: Final = 1 << 18
_MASK: Final = b"\x00\x00\x00\x00"


def frame(payload: bytes) -> bytes:
    """A client's text frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, 0x80 | size)) + _MASK + payload
    return struct.pack("!BBH", 0x81, 0xFE, size) + _MASK + payload


class Client:
    """One connection."""

    __slots__ = ("buffer", "first", "on_frame", "on_raw", "opened", "sock", "token", "waiting")

    def __init__(self, token: str) -> None:
        self.token = token
        self.sock: socket.socket
        self.buffer = b""
        self.waiting = b""
        self.opened = False
        self.first = b""
        """Sent as soon as the handshake is done."""
        self.on_frame: Callable[[bytes], None] = _ignore
        """Gets each frame's payload."""
        self.on_raw: Callable[[bytes], None] | None = None
        """Takes the bytes as they come instead, once the handshake is done."""

    def send(self, data: bytes) -> None:
        """Write, keeping what the kernel does not take."""
        if self.waiting:
            self.waiting += data
            return
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self.waiting = data[sent:]

    def flush(self) -> None:
        """Try again with what was kept."""
        data, self.waiting = self.waiting, b""
        self.send(data)

    def take(self, data: bytes) -> None:
        """Hand on what has come."""
        if self.on_raw is not None and self.opened:
            self.on_raw(data)
            return
        self.buffer += data
        if not self.opened:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(head[:200])
            self.opened, self.buffer = True, rest
            self.send(self.first)
        self.buffer = self.buffer[self._frames(self.buffer) :]

    def _frames(self, data: bytes) -> int:
        at = 0
        for start, stop in frames_in(data):
            self.on_frame(data[start:stop])
            at = stop
        return at


def frames_in(data: bytes | bytearray, at: int = 0) -> Iterator[tuple[int, int]]:
    """Start and end of each whole payload from `at` on."""
    end = len(data)
    while end - at >= 2:
        size = data[at + 1]
        start = at + 2
        if size == 126:
            if end - at < 4:
                return
            size, start = data[at + 2] << 8 | data[at + 3], at + 4
        elif size == 127:
            if end - at < 10:
                return
            size, start = int.from_bytes(data[at + 2 : at + 10]), at + 10
        at = start + size
        if at > end:
            return
        yield start, at


class Crowd:
    """Many clients on one epoll."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._address = (host, port)
        self._path = path
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}

    def connect(self, clients: Sequence[Client]) -> None:
        """Begin connecting; the handshake goes out at once, the answer comes with `turn`."""
        for client in clients:
            client.sock = socket.create_connection(self._address)
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sock.setblocking(False)
            client.opened, client.buffer, client.waiting = False, b"", b""
            client.send(
                f"GET {self._path} HTTP/1.1\r\nHost: {self._address[0]}:{self._address[1]}\r\n"
                f"Upgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: Bearer {client.token}\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
            )
            self._clients[client.sock.fileno()] = client
            self._poll.register(client.sock.fileno(), select.EPOLLIN)

    def drop(self, clients: Sequence[Client]) -> None:
        """Cut connections without a word."""
        for client in clients:
            self._poll.unregister(client.sock.fileno())
            del self._clients[client.sock.fileno()]
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sock.close()

    def turn(self, timeout_s: float) -> int:
        """Read what is there, waiting at most so long; answers how many clients had something."""
        ready = self._poll.poll(timeout_s, 4096)
        for number, _ in ready:
            client = self._clients[number]
            try:
                data = client.sock.recv(RECEIVE_BYTES)
            except BlockingIOError:
                continue
            if not data:
                raise ConnectionError("the server closed a connection")
            client.take(data)
            if client.waiting:
                client.flush()
        return len(ready)


def _ignore(_: bytes) -> None:
    """What nobody reads."""
