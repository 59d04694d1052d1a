"""Reading and writing frames of `/api/v1/ws` (see `talktalk_wire.realtime`).

Reading is lenient where the server may be newer than this SDK: an event of a kind we do not know
keeps its position, so that what follows is not held up by it.
"""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from talktalk_client.errors import ProtocolError
from talktalk_wire.chat import RoomEvent
from talktalk_wire.realtime import (
    Bye,
    Error,
    Heads,
    Presence,
    ReadMoved,
    Stale,
    Typing,
    UserEvent,
    Welcome,
)

T = TypeVar("T")


class Frame(msgspec.Struct, frozen=True):
    """The envelope; `d` stays as bytes until its type is known."""

    t: str
    id: str | None = None
    d: msgspec.Raw = msgspec.Raw(b"null")


class StrangeRoomEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A room event of a kind this SDK does not know."""

    room_id: UUID
    seq: int
    kind: str


class StrangePush(msgspec.Struct, frozen=True, kw_only=True):
    """A push of a type this SDK does not know."""

    kind: str


class RoomPage(msgspec.Struct, frozen=True, kw_only=True):
    """`room.events`, read leniently."""

    items: list[RoomEvent | StrangeRoomEvent]
    head_seq: int


class _RawPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[msgspec.Raw]
    head_seq: int


Push = (
    RoomEvent
    | StrangeRoomEvent
    | UserEvent
    | Heads
    | Welcome
    | Stale
    | ReadMoved
    | Typing
    | Presence
    | Error
    | Bye
    | StrangePush
)

_frames = msgspec.json.Decoder(Frame)
_room_events = msgspec.json.Decoder(RoomEvent)
_strange_room_events = msgspec.json.Decoder(StrangeRoomEvent)
_raw_pages = msgspec.json.Decoder(_RawPage)
_encoder = msgspec.json.Encoder()
_others: Mapping[str, msgspec.json.Decoder[Push]] = {
    "user.event": msgspec.json.Decoder(UserEvent),
    "heads": msgspec.json.Decoder(Heads),
    "welcome": msgspec.json.Decoder(Welcome),
    "stale": msgspec.json.Decoder(Stale),
    "read.moved": msgspec.json.Decoder(ReadMoved),
    "typing": msgspec.json.Decoder(Typing),
    "presence": msgspec.json.Decoder(Presence),
    "error": msgspec.json.Decoder(Error),
    "bye": msgspec.json.Decoder(Bye),
}


def write(kind: str, data: msgspec.Struct, correlation: str | None = None) -> str:
    """A frame as text."""
    frame: dict[str, Any] = {"t": kind, "d": data}
    if correlation is not None:
        frame["id"] = correlation
    return _encoder.encode(frame).decode()


def read(text: str | bytes) -> Frame:
    """The envelope of a frame.

    Raises:
        ProtocolError: Not a frame.
    """
    try:
        return _frames.decode(text)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"not a frame: {error}") from error


def decode(frame: Frame, kind: type[T]) -> T:
    """The data of a frame whose type is known.

    Raises:
        ProtocolError: They are not of that type.
    """
    try:
        return msgspec.json.decode(frame.d, type=kind)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"{frame.t}: {error}") from error


def read_push(frame: Frame) -> Push:
    """What a frame says.

    Raises:
        ProtocolError: The frame's type is known and its data are not of it.
    """
    try:
        if frame.t == "room.event":
            return read_room_event(frame.d)
        decoder = _others.get(frame.t)
        return StrangePush(kind=frame.t) if decoder is None else decoder.decode(frame.d)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"{frame.t}: {error}") from error


def read_room_event(raw: msgspec.Raw | bytes) -> RoomEvent | StrangeRoomEvent:
    """One event of a room, whatever its kind."""
    try:
        return _room_events.decode(raw)
    except msgspec.ValidationError:
        return _strange_room_events.decode(raw)


def read_room_page(raw: msgspec.Raw | bytes) -> RoomPage:
    """A run of a room's events.

    Raises:
        ProtocolError: Not a page of events.
    """
    try:
        page = _raw_pages.decode(raw)
        return RoomPage(items=[read_room_event(each) for each in page.items], head_seq=page.head_seq)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"room.events: {error}") from error
