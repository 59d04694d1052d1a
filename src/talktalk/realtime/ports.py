"""What the gateway needs from other slices, as Protocols; wired in `talktalk.app`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec


class RoomState(msgspec.Struct, frozen=True):
    """A room as one of its members may follow it."""

    head: int
    is_quiet: bool = False
    """Typing and read receipts do not pass: a block, or a request nobody accepted yet."""


class Stored(msgspec.Struct, frozen=True):
    """One event of a sequence, ready to be sent."""

    key: UUID
    """The room, or the user."""
    seq: int
    frame: bytes
    """The push as WebSocket bytes."""


class Rooms(Protocol):
    """Who owns rooms and their events."""

    async def rooms_of(self, user_id: UUID) -> dict[UUID, RoomState]:
        """Every room this user may follow now."""

    async def states_of(self, room_ids: Sequence[UUID]) -> dict[UUID, RoomState]:
        """These rooms; one that does not exist is left out."""

    async def events_after(self, positions: Mapping[UUID, int], limit: int) -> list[Stored]:
        """At most `limit` events after each room's position, ascending within each room."""

    async def cursors_of(self, user_id: UUID) -> list[bytes]:
        """`read.moved` frames with the present cursors of this user's rooms."""

    async def cursors_in(self, room_id: UUID) -> list[bytes]:
        """The `read.moved` frame with the present cursors of one room, if any is pushed there."""


class Relations(Protocol):
    """Who knows who may see whom."""

    async def visible_to(self, user_id: UUID) -> frozenset[UUID]:
        """Who may know whether this user is online, and whose presence this user may know: friends
        with no block either way."""


class Feeds(Protocol):
    """The users' own sequences."""

    async def heads_of(self, user_ids: Iterable[UUID]) -> dict[UUID, int]:
        """The newest position of each; a user without events is left out."""

    async def events_after(self, user_id: UUID, seq: int, limit: int) -> "list[FeedItem]":
        """At most `limit` events after `seq`, ascending."""


class FeedItem(msgspec.Struct, frozen=True):
    """One event of a user's own sequence."""

    seq: int
    kind: str
    data: dict[str, Any]
    created_at: datetime
    frame: bytes
    """The push as WebSocket bytes."""
