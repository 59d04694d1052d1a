"""Tables of webhooks; its own modules and the migration environment alone import them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id


class EndpointRow(Base):
    """An address a person registered."""

    __tablename__ = "webhook_endpoints"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(index=True)
    url: Mapped[str]
    description: Mapped[str]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(String))
    enabled: Mapped[bool]
    disabled_reason: Mapped[str | None]
    secret_salt: Mapped[bytes] = mapped_column(LargeBinary)
    """The secret is made of it and the server's key (`rules.keys_from`)."""
    old_secret_salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_secret_until: Mapped[datetime | None]
    feed_seq: Mapped[int] = mapped_column(BigInteger)
    """The person's own events up to and including this one have become deliveries."""
    failing_since: Mapped[datetime | None]
    quiet_until: Mapped[datetime | None]
    """The address asked to be left alone until then."""
    created_at: Mapped[datetime]


class DeliveryRow(Base):
    """One event for one endpoint."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_endpoint_id_id", "endpoint_id", "id"),
        Index(
            "uq_webhook_deliveries_endpoint_id_feed_seq",
            "endpoint_id",
            "feed_seq",
            unique=True,
            postgresql_where=text("feed_seq IS NOT NULL"),
        ),
        Index(
            "ix_webhook_deliveries_due",
            "next_attempt_at",
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index("ix_webhook_deliveries_created_at", "created_at"),
    )

    id: Mapped[Id]
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    feed_seq: Mapped[int | None] = mapped_column(BigInteger)
    """Null for a test event."""
    message_id: Mapped[str]
    event_type: Mapped[str]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    """The exact bytes that are signed and sent."""
    state: Mapped[str]
    attempts: Mapped[int]
    """Since it was made, or last replayed."""
    next_attempt_at: Mapped[datetime | None]
    """While `pending`; moved on before each attempt, so that a second job leaves it alone."""
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class AttemptRow(Base):
    """One try."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index("ix_webhook_attempts_delivery_id_id", "delivery_id", "id"),)

    id: Mapped[Id]
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    status: Mapped[int | None]
    error: Mapped[str | None]
    took_ms: Mapped[int]
    snippet: Mapped[str]
