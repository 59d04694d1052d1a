"""Tables of the custody slice; its own modules and the migration environment alone import them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id


class SealedKeyRow(Base):
    """One private key: sealed with a data key of its own, which the key-encryption key wraps."""

    __tablename__ = "sealed_keys"

    id: Mapped[Id]
    owner: Mapped[str] = mapped_column(unique=True)
    """`user:<uuid>` or `operator:<role>`."""
    version: Mapped[int]
    public_key: Mapped[str]
    """`ED` and 64 hex digits."""
    address: Mapped[str] = mapped_column(unique=True)
    kek_id: Mapped[str]
    wrap_nonce: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class WorkerKeyRow(Base):
    """Public halves of the workers' HPKE key; the newest is the one to seal to."""

    __tablename__ = "worker_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    public_key: Mapped[str]
    published_at: Mapped[datetime]


class VerifierRow(Base):
    """What a person knows, as a peppered Argon2id hash, and how often it was missed."""

    __tablename__ = "verifiers"

    user_id: Mapped[Id]
    kind: Mapped[str] = mapped_column(primary_key=True)
    """`pin` or `recovery_code`."""
    hash: Mapped[str]
    failures: Mapped[int]
    """Tries since the last right one, counted before each is judged."""
    locked_until: Mapped[datetime | None]
    set_at: Mapped[datetime]


class AskRow(Base):
    """What a device asks the worker to decide, with a secret only the worker can open."""

    __tablename__ = "worker_asks"

    id: Mapped[Id]
    purpose: Mapped[str]
    user_id: Mapped[UUID]
    device_id: Mapped[UUID]
    session_id: Mapped[UUID]
    subject_id: Mapped[UUID | None]
    """The transfer, recovery or other thing it is about."""
    context: Mapped[bytes] = mapped_column(LargeBinary)
    """What the secrets are bound to; for an approval the 32 bytes of the signing hash."""
    worker_key_id: Mapped[str]
    sealed: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Name → base64url; emptied when decided."""
    state: Mapped[str]
    reason: Mapped[str | None]
    tries_left: Mapped[int | None]
    retry_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    """When a signature was made by its leave: once, at most."""

    __table_args__ = (
        Index("ix_worker_asks_pending", "created_at", postgresql_where=text("state = 'pending'")),
        Index("ix_worker_asks_subject_id", "subject_id"),
    )
