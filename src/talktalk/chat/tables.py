"""The tables of chat.

`rooms` holds each room's head; whoever writes to a room locks its row first. `room_events` holds one
row a position; a posted message keeps its present card. `message_keys` remembers for ever which
(sender, client id) made which message.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, SmallInteger, UniqueConstraint, Uuid, column, func, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id


class RoomRow(Base):
    """A room."""

    __tablename__ = "rooms"
    __table_args__ = (UniqueConstraint("pair_low", "pair_high", name="uq_rooms_pair"),)

    id: Mapped[Id]
    kind: Mapped[str]
    title: Mapped[str] = mapped_column(server_default="")
    pair_low: Mapped[UUID | None]
    """Direct rooms: the two people, in order; unique."""
    pair_high: Mapped[UUID | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    head_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_message_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    active_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When the newest message came."""
    request_by: Mapped[UUID | None]
    """The stranger who wants to write, until the other accepts."""
    request_left: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Messages that stranger may still send; 0 once declined."""


BLOCKED_PAIRS = table("blocked_pairs", column("low_id", Uuid), column("high_id", Uuid))
"""A view over social's pairs: those between whom a block stands."""


class MemberRow(Base):
    """Someone in a room."""

    __tablename__ = "room_members"

    room_id: Mapped[UUID] = mapped_column(ForeignKey("rooms.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(server_default="member")
    folder: Mapped[str] = mapped_column(server_default="main")
    hidden: Mapped[bool] = mapped_column(server_default="false")
    """Declined: not shown until opened again."""
    read_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    joined_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What came up to here is not theirs to see."""
    left_seq: Mapped[int | None] = mapped_column(BigInteger)
    joined_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EventRow(Base):
    """One position of a room."""

    __tablename__ = "room_events"

    room_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    kind: Mapped[str]
    message_id: Mapped[UUID | None]
    sender_id: Mapped[UUID | None]
    client_id: Mapped[str | None]
    message_kind: Mapped[str | None]
    body: Mapped[str | None]
    ref: Mapped[UUID | None]
    card: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    target_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class KeyRow(Base):
    """What a (sender, client id) made."""

    __tablename__ = "message_keys"

    sender_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(primary_key=True)
    room_id: Mapped[UUID]
    seq: Mapped[int] = mapped_column(BigInteger)
