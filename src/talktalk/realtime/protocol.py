"""The frames of `/api/v1/ws`: every type, its struct, who sends it and what answers it.

`FRAMES` is the register from which the AsyncAPI document and the tests are made. Error codes and
close codes stand here too, since clients branch on them.
"""

import enum
from typing import Final

import msgspec

from talktalk.realtime import framing
from talktalk_wire import realtime as wire
from talktalk_wire.chat import RoomEvent


class Ok(msgspec.Struct, frozen=True):
    """`ok`: done; there is nothing to say."""


class Frame(msgspec.Struct, frozen=True):
    """One type of frame."""

    t: str
    struct: type[msgspec.Struct]
    answer: str | None = None
    """Of a client's frame: the type that answers it, unless `error` does."""


CLIENT: Final = (
    Frame("hello", wire.Hello, "welcome"),
    Frame("message.send", wire.MessageSend, "message.ack"),
    Frame("read.move", wire.ReadMove, "ok"),
    Frame("typing.start", wire.TypingStart),
    Frame("room.fetch", wire.RoomFetch, "room.events"),
    Frame("user.fetch", wire.UserFetch, "user.events"),
    Frame("beat", wire.Beat, "heads"),
)
SERVER: Final = (
    Frame("welcome", wire.Welcome),
    Frame("message.ack", wire.MessageAck),
    Frame("ok", Ok),
    Frame("room.events", wire.RoomEventsFrame),
    Frame("user.events", wire.UserEvents),
    Frame("heads", wire.Heads),
    Frame("room.event", RoomEvent),
    Frame("user.event", wire.UserEvent),
    Frame("stale", wire.Stale),
    Frame("read.moved", wire.ReadMoved),
    Frame("typing", wire.Typing),
    Frame("presence", wire.Presence),
    Frame("error", wire.Error),
    Frame("bye", wire.Bye),
)
CLIENT_FRAMES: Final = {frame.t: frame.struct for frame in CLIENT}
SERVER_FRAMES: Final = {frame.t: frame.struct for frame in SERVER}


class Code(enum.StrEnum):
    """Codes of `error` frames that the gateway itself sends; slices have their own."""

    MALFORMED = "malformed"
    """Not JSON, not an envelope, or its `d` is not what the type wants."""
    UNKNOWN_TYPE = "unknown_type"
    """No frame has this type."""
    HELLO_FIRST = "hello_first"
    """Nothing is done before `hello` was answered."""
    HELLO_TWICE = "hello_twice"
    """One `hello` is being answered; another must wait for it."""
    TOO_MANY = "too_many"
    """More frames than the limit; this one was dropped."""
    NOT_A_MEMBER = "not_a_member"
    """No such room, or not for this person: the two are not told apart."""
    INTERNAL = "internal"
    """Our fault. Nothing was changed, or the outcome shows on a repeat with the same ids."""


class Close(enum.IntEnum):
    """Close codes of ours (RFC 6455 leaves 4000 to 4999 to applications)."""

    MALFORMED = 4400
    """Too many frames that could not be read."""
    NOT_SIGNED_IN = 4401
    """The session has ended."""
    SILENT = 4408
    """No `hello` in time, nothing heard for too long, or a reader too slow: come back and resume."""
    TOO_MANY = 4429
    """The limits were ignored for too long."""
    MOVING = 1012
    """This process stops; another one serves."""


class Envelope(msgspec.Struct):
    """A frame as it came; `d` is decoded once its type is known."""

    t: str
    d: msgspec.Raw = msgspec.Raw(b"{}")
    id: str | None = None


ID_LENGTH_MAX: Final = 64
"""Characters of a correlation id."""

_encoder = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(Envelope)


def read(data: bytes) -> Envelope:
    """The envelope of a frame.

    Raises:
        msgspec.DecodeError: Not an envelope.
    """
    envelope = _envelopes.decode(data)
    if envelope.id is not None and len(envelope.id) > ID_LENGTH_MAX:
        raise msgspec.ValidationError(f"an id has at most {ID_LENGTH_MAX} characters")
    return envelope


def push(t: str, d: msgspec.Struct) -> bytes:
    """A push, as the bytes of a WebSocket frame."""
    return framing.text(b'{"t":"%b","d":%b}' % (t.encode(), _encoder.encode(d)))


def answer(t: str, frame_id: str | None, d: msgspec.Struct) -> bytes:
    """An answer (a push where the question had no id), as the bytes of a WebSocket frame."""
    if frame_id is None:
        return push(t, d)
    return framing.text(
        b'{"t":"%b","id":%b,"d":%b}' % (t.encode(), _encoder.encode(frame_id), _encoder.encode(d))
    )


def room_event(event: RoomEvent) -> bytes:
    """A `room.event` push."""
    return framing.text(b'{"t":"room.event","d":%b}' % _encoder.encode(event))
