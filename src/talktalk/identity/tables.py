"""Tables of identity: people, pictures, devices, sessions, access tokens, sign-in challenges."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id


class User(Base):
    """A person, known by a phone number."""

    __tablename__ = "users"

    id: Mapped[Id]
    phone: Mapped[str] = mapped_column(unique=True)
    """E.164."""
    name: Mapped[str]
    locale: Mapped[str]
    picture_id: Mapped[UUID | None]
    created_at: Mapped[datetime]


class Picture(Base):
    """A profile picture; a new one has a new id, so its address never changes what it shows."""

    __tablename__ = "pictures"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    id: Mapped[UUID]
    media_type: Mapped[str]
    data: Mapped[bytes]
    created_at: Mapped[datetime]


class Device(Base):
    """One of a person's devices, recognised by the hash of a token it keeps."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("user_id", "token_hash"),)

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    token_hash: Mapped[bytes]
    name: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class SessionRow(Base):
    """A signed-in session. `ended_at` is set once and never taken back."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index(None, "user_id", postgresql_where="ended_at IS NULL"),
        Index(None, "device_id", postgresql_where="ended_at IS NULL"),
    )

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    address: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AccessTokenRow(Base):
    """A program's token. `revoked_at` is set once and never taken back."""

    __tablename__ = "access_tokens"
    __table_args__ = (Index(None, "user_id", postgresql_where="revoked_at IS NULL"),)

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    hint: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ChallengeRow(Base):
    """A code that was sent, and what was made of it."""

    __tablename__ = "challenges"
    __table_args__ = (Index(None, "expires_at"),)

    id: Mapped[Id]
    phone: Mapped[str]
    secret_hash: Mapped[bytes]
    code_mac: Mapped[bytes]
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("devices.id"))
    """The known device that asked, if it was one."""
    network: Mapped[str]
    """The /24 or /48 that asked."""
    tries: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    """The message could not be sent."""
