"""Tables of invitations; this package alone imports them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id


class InvitationRow(Base):
    """One invitation. Its key is never forgotten."""

    __tablename__ = "invitations"

    id: Mapped[Id]
    sender_id: Mapped[UUID]
    idempotency_key: Mapped[str]
    input_hash: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str]
    """As on the wire, and `joined`: signed up, without a wallet so far."""
    version: Mapped[int]
    phone: Mapped[str]
    amount_drops: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str]
    message: Mapped[str]
    person_id: Mapped[UUID | None]
    transfer_id: Mapped[UUID | None]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("sender_id", "idempotency_key", name="uq_invitations_sender_id_idempotency_key"),
        Index("ix_invitations_sender_id_id", "sender_id", "id"),
        Index(
            "uq_invitations_open",
            "sender_id",
            "phone",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'joined', 'ready', 'paying')"),
        ),
        Index("ix_invitations_phone", "phone", postgresql_where=text("state = 'waiting'")),
        Index(
            "ix_invitations_expires_at",
            "expires_at",
            postgresql_where=text("state IN ('waiting', 'joined', 'ready')"),
        ),
        Index("ix_invitations_moving", "id", postgresql_where=text("state IN ('joined', 'paying')")),
    )
