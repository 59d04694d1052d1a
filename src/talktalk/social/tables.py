"""Tables of social: pairs of people, and the requests between them.

A pair has one row, keyed by the smaller id first. Each side's columns are its own: whether it lists the
other as a friend, and whether it blocks the other.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id


class Pair(Base):
    """What two people are to each other. Locked by whoever changes anything between them."""

    __tablename__ = "friend_pairs"
    __table_args__ = (CheckConstraint("low_id < high_id", name="order"), Index(None, "high_id"))

    low_id: Mapped[UUID] = mapped_column(primary_key=True)
    high_id: Mapped[UUID] = mapped_column(primary_key=True)
    low_listed_at: Mapped[datetime | None]
    """Since when low lists high as a friend."""
    high_listed_at: Mapped[datetime | None]
    low_blocked_at: Mapped[datetime | None]
    """Since when low blocks high."""
    high_blocked_at: Mapped[datetime | None]


class RequestRow(Base):
    """A friend request. At most one is open between two people."""

    __tablename__ = "friend_requests"
    __table_args__ = (
        ForeignKeyConstraint(["low_id", "high_id"], ["friend_pairs.low_id", "friend_pairs.high_id"]),
        Index("uq_friend_requests_open", "low_id", "high_id", unique=True, postgresql_where="state = 'open'"),
        Index(None, "sender_id", postgresql_where="state = 'open'"),
        Index(None, "receiver_id", postgresql_where="state = 'open'"),
    )

    id: Mapped[Id]
    low_id: Mapped[UUID]
    high_id: Mapped[UUID]
    sender_id: Mapped[UUID]
    receiver_id: Mapped[UUID]
    state: Mapped[str]
    """A `talktalk_wire.social.RequestState`."""
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
