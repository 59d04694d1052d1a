"""Rooms and messages.

Routes: GET /api/v1/rooms · POST /api/v1/rooms/direct · GET /api/v1/rooms/{id} ·
GET /api/v1/rooms/{id}/events (`?after=&before=&limit=`) · POST /api/v1/rooms/{id}/messages ·
PUT /api/v1/rooms/{id}/cursor · POST /api/v1/rooms/{id}/accept (take a stranger's room out of the
request folder) · DELETE /api/v1/rooms/{id}/request (decline it).

A room's gap-free `seq` numbers its events. An event of kind `posted` carries its message; `card`
carries the new state of the card of an earlier message; `member` tells who came or went.
User events: `room.opened` {room}, `room.folder` {room_id, folder}, `cursor.moved` {room_id, seq}.
"""

import enum
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from talktalk_wire.common import Ask, Person, Wire

BODY_LENGTH_MAX = 8_000
"""Characters of a text message."""
EVENTS_PAGE_MAX = 200
CLIENT_ID_PATTERN = "^[A-Za-z0-9_-]{8,64}$"


class RoomKind(enum.StrEnum):
    """How a room came to be."""

    DIRECT = "direct"
    GROUP = "group"


class RoomFolder(enum.StrEnum):
    """Where the room stands in my list."""

    MAIN = "main"
    REQUESTS = "requests"
    """A stranger wrote first: no notification, no read receipt until accepted."""


class MessageKind(enum.StrEnum):
    """What a message is; a card's `ref` belongs to the slice that owns it."""

    TEXT = "text"
    TRANSFER = "transfer"
    REQUEST = "request"
    ORDER = "order"
    SYSTEM = "system"


class Message(Wire, frozen=True, kw_only=True):
    """One message. `unread` is not here: it is derived from the members' cursors."""

    id: UUID
    room_id: UUID
    seq: int
    sender_id: UUID
    client_id: str
    kind: MessageKind
    body: str
    ref: UUID | None = None
    card: dict[str, Any] | None = None
    """The owner's projection of `ref` (for `transfer`: `talktalk_wire.transfers.Card`, for
    `request`: `talktalk_wire.requests.RequestCard`, for `order`: `talktalk_wire.orders.OrderCard`)."""
    created_at: datetime


class EventKind(enum.StrEnum):
    """What happened at one position of a room."""

    POSTED = "posted"
    CARD = "card"
    MEMBER = "member"


class RoomEvent(Wire, frozen=True, kw_only=True):
    """One position of a room."""

    room_id: UUID
    seq: int
    kind: EventKind
    message: Message | None = None
    """With `posted`."""
    target_id: UUID | None = None
    """With `card`: the message whose card turned. With `member`: the user."""
    data: dict[str, Any] | None = None
    """With `card`: the card's new state. With `member`: {"change": "joined" | "left"}."""
    created_at: datetime


class Member(Wire, frozen=True, kw_only=True):
    """Someone in a room, and how far they have read."""

    person: Person
    read_seq: int
    joined_seq: int


class Room(Wire, frozen=True, kw_only=True):
    """A room as I see it."""

    id: UUID
    kind: RoomKind
    title: str
    """Of a direct room: the other person's name."""
    members: list[Member]
    folder: RoomFolder
    head_seq: int
    """Position of the newest event."""
    read_seq: int
    """My own cursor."""
    unread: int
    """Messages of others after my cursor."""
    last_message: Message | None = None
    can_write: bool = True
    """False where a block or the request folder forbids it."""
    created_at: datetime


class DirectRoomAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/rooms/direct: the room with this person, made if there is none."""

    user_id: UUID


class MessageAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/rooms/{id}/messages: the HTTP way to send; a repeated `client_id` answers the
    message it made."""

    client_id: Annotated[str, Meta(pattern=CLIENT_ID_PATTERN)]
    body: Annotated[str, Meta(min_length=1, max_length=BODY_LENGTH_MAX)]


class CursorAsk(Ask, frozen=True, kw_only=True):
    """PUT /api/v1/rooms/{id}/cursor: I have read up to and including `seq`; never moves back."""

    seq: Annotated[int, Meta(ge=0)]


class RoomEvents(Wire, frozen=True, kw_only=True):
    """A run of events in ascending order."""

    items: list[RoomEvent]
    head_seq: int
