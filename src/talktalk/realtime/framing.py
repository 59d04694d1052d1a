"""WebSocket frames as bytes (RFC 6455, section 5): what the server writes and reads.

A server's frames are unmasked, so one event's frame is the same bytes for every member of a room and
is built once. A client's frames are masked; `FrameReader` takes them apart, joins fragments and
refuses what the RFC or our limits forbid.
"""

import struct
from collections.abc import Iterator
from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiler's work for this platform: the same function in Python
    from websockets.utils import apply_mask

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

_FIN: Final = 0x80
_MASKED: Final = 0x80
_CONTROL_BYTES_MAX: Final = 125
_SHORT: Final = struct.Struct("!BBH")
_LONG: Final = struct.Struct("!BBQ")
_TEXT_START: Final = _FIN | TEXT


class ProtocolViolation(Exception):
    """The peer broke the protocol or a limit; the connection must be closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        """Close code, RFC 6455 section 7.4."""
        self.reason = reason


def text(payload: bytes) -> bytes:
    """A whole text frame."""
    return frame(TEXT, payload)


def frame(opcode: int, payload: bytes) -> bytes:
    """A whole, unmasked frame."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN | opcode, size)) + payload
    if size < 65536:
        return _SHORT.pack(_FIN | opcode, 126, size) + payload
    return _LONG.pack(_FIN | opcode, 127, size) + payload


def close(code: int, reason: str) -> bytes:
    """A close frame; the reason is cut to what fits."""
    return frame(CLOSE, struct.pack("!H", code) + reason.encode()[: _CONTROL_BYTES_MAX - 2])


def unframe(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Opcode and payload of each frame of a buffer that `frame` made."""
    at = 0
    while at < len(data):
        size = data[at + 1]
        start = at + 2
        if size == 126:
            size, start = int.from_bytes(data[at + 2 : at + 4]), at + 4
        elif size == 127:
            size, start = int.from_bytes(data[at + 2 : at + 10]), at + 10
        yield data[at] & 0x0F, data[start : start + size]
        at = start + size


class FrameReader:
    """Takes a client's bytes as they come and gives whole messages."""

    def __init__(self, message_bytes_max: int) -> None:
        self._max = message_bytes_max
        self._rest = b""
        self._fragments: list[bytes] = []
        self._fragments_opcode = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Opcode and unmasked payload of each message that is now whole.

        Raises:
            ProtocolViolation: An unmasked or malformed frame, or one beyond the limit.
        """
        if self._rest:
            data = self._rest + data
            self._rest = b""
        at = 0
        end = len(data)
        while end - at >= 2:
            first = data[at]
            second = data[at + 1]
            size = second & 0x7F
            start = at + 6
            if size == 126:
                if end - at < 4:
                    break
                size = data[at + 2] << 8 | data[at + 3]
                start = at + 8
            elif size == 127:
                if end - at < 10:
                    break
                size = int.from_bytes(data[at + 2 : at + 10])
                start = at + 14
            if not second & _MASKED:
                raise ProtocolViolation(1002, "client frames are masked")
            if size > self._max:
                raise ProtocolViolation(1009, f"a frame has at most {self._max} bytes")
            stop = start + size
            if stop > end:
                break
            payload = apply_mask(data[start:stop], data[start - 4 : start])
            at = stop
            if first == _TEXT_START and not self._fragments_opcode:
                yield TEXT, payload
            else:
                whole = self._assemble(first, payload)
                if whole is not None:
                    yield whole
        if at < end:
            self._rest = data[at:]

    def _assemble(self, first: int, payload: bytes) -> tuple[int, bytes] | None:
        opcode = first & 0x0F
        final = bool(first & _FIN)
        if first & 0x70:
            raise ProtocolViolation(1002, "no extension was agreed on")
        if opcode >= CLOSE:
            if opcode > PONG or not final or len(payload) > _CONTROL_BYTES_MAX:
                raise ProtocolViolation(1002, "malformed control frame")
            return opcode, payload
        if opcode == CONTINUATION:
            if not self._fragments_opcode:
                raise ProtocolViolation(1002, "a continuation of nothing")
        elif opcode > BINARY:
            raise ProtocolViolation(1002, "unknown opcode")
        elif self._fragments_opcode:
            raise ProtocolViolation(1002, "a new message inside another")
        else:
            self._fragments_opcode = opcode
        self._fragments.append(payload)
        if sum(map(len, self._fragments)) > self._max:
            raise ProtocolViolation(1009, f"a message has at most {self._max} bytes")
        if len(self._fragments) > self._max // 64:
            raise ProtocolViolation(1008, "too many fragments")
        if not final:
            return None
        whole = self._fragments_opcode, b"".join(self._fragments)
        self._fragments = []
        self._fragments_opcode = 0
        return whole
