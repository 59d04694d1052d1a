"""WebSocket frames at `/api/v1/ws`: JSON text `{"t": type, "id": correlation, "d": {…}}`.

The client authenticates by cookie or `Authorization: Bearer`, sends `hello` first, and may then
send the frames of `ClientFrame`. A frame with an `id` is answered by one frame with that `id`: its
result, or `error`. Frames without `id` from the server are pushes.

Positions: `room.event` frames of a room come strictly by `seq`, `user.event` frames by the user's
own `seq`. `heads` comes with every heartbeat; a client that is behind a head asks for the rest
with `room.fetch`, `user.fetch` or a fresh `hello`. Typing, presence and `read.moved` have no
position.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from talktalk_wire.chat import BODY_LENGTH_MAX, CLIENT_ID_PATTERN, EVENTS_PAGE_MAX, RoomEvent
from talktalk_wire.common import Ask, Wire

FRAME_BYTES_MAX = 64 * 1024
HEARTBEAT_S = 10
TYPING_S = 6
PRESENCE_OFFLINE_AFTER_S = 30


class Position(Ask, frozen=True, kw_only=True):
    """How far a client has come."""

    user_seq: int
    rooms: dict[UUID, int]


# Frames a client sends (the `d` of each).


class Hello(Ask, frozen=True, kw_only=True):
    """`hello` → `welcome`, then everything after `position` as ordinary pushes.

    Without a position nothing is replayed: the client reads its state over HTTP after `welcome`
    and applies what arrives meanwhile.
    """

    position: Position | None = None


class MessageSend(Ask, frozen=True, kw_only=True):
    """`message.send` → `message.ack`; a repeated `client_id` answers the first one's ack."""

    client_id: Annotated[str, Meta(pattern=CLIENT_ID_PATTERN)]
    room_id: UUID
    body: Annotated[str, Meta(min_length=1, max_length=BODY_LENGTH_MAX)]


class ReadMove(Ask, frozen=True, kw_only=True):
    """`read.move` → `ok`: I have read up to and including `seq`."""

    room_id: UUID
    seq: Annotated[int, Meta(ge=0)]


class TypingStart(Ask, frozen=True, kw_only=True):
    """`typing.start` (no answer unless it fails): shown to others for `TYPING_S` seconds."""

    room_id: UUID


class RoomFetch(Ask, frozen=True, kw_only=True):
    """`room.fetch` → `room.events`: events after `after`, or the ones before `before`."""

    room_id: UUID
    after: int | None = None
    before: int | None = None
    limit: Annotated[int, Meta(ge=1, le=EVENTS_PAGE_MAX)] = 100


class UserFetch(Ask, frozen=True, kw_only=True):
    """`user.fetch` → `user.events`: my own events after `after`."""

    after: Annotated[int, Meta(ge=0)]
    limit: Annotated[int, Meta(ge=1, le=EVENTS_PAGE_MAX)] = 100


class Beat(Ask, frozen=True, kw_only=True):
    """`beat` → `heads`: every `HEARTBEAT_S`; also renews the presence lease."""


# Frames a server sends.


class Heads(Wire, frozen=True, kw_only=True):
    """`heads`: the newest positions of everything this user can see."""

    user_seq: int
    rooms: dict[UUID, int]


class Welcome(Wire, frozen=True, kw_only=True):
    """`welcome`: who is connected, and the heads at that moment."""

    user_id: UUID
    session_id: UUID
    device_id: UUID
    heartbeat_s: int
    heads: Heads
    server_time: datetime


class MessageAck(Wire, frozen=True, kw_only=True):
    """`message.ack`: committed to disk at this position."""

    client_id: str
    room_id: UUID
    message_id: UUID
    seq: int
    created_at: datetime


class UserEvent(Wire, frozen=True, kw_only=True):
    """`user.event`: one position of the user's own sequence; kinds are listed in each slice."""

    seq: int
    kind: str
    data: dict[str, Any]
    created_at: datetime


class UserEvents(Wire, frozen=True, kw_only=True):
    """`user.events`: answer to `user.fetch`."""

    items: list[UserEvent]
    head_seq: int


class RoomEventsFrame(Wire, frozen=True, kw_only=True):
    """`room.events`: answer to `room.fetch`, ascending."""

    room_id: UUID
    items: list[RoomEvent]
    head_seq: int


class Stale(Wire, frozen=True, kw_only=True):
    """`stale`: too much was missed to replay; read these rooms (or the user state) afresh."""

    rooms: list[UUID]
    user: bool = False


class ReadMoved(Wire, frozen=True, kw_only=True):
    """`read.moved`: cursors that moved, at most two frames a second a room."""

    room_id: UUID
    cursors: dict[UUID, int]


class Typing(Wire, frozen=True, kw_only=True):
    """`typing`: someone is writing; forget it after `TYPING_S`."""

    room_id: UUID
    user_id: UUID


class Presence(Wire, frozen=True, kw_only=True):
    """`presence`: a friend came or went."""

    user_id: UUID
    online: bool
    last_seen_at: datetime | None = None


class Error(Wire, frozen=True, kw_only=True):
    """`error`: the frame with this `id` (if any) changed nothing."""

    code: str
    detail: str = ""
    retry_after_s: float | None = None


class Bye(Wire, frozen=True, kw_only=True):
    """`bye`: the server closes; come back after `retry_after_s`."""

    code: str
    retry_after_s: float
