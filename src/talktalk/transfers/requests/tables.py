"""Tables of requests; this package and `transfers` alone import them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id


class RequestRow(Base):
    """One request. Whoever changes it or a share of it holds its lock. Its key is never forgotten."""

    __tablename__ = "money_requests"

    id: Mapped[Id]
    requester_id: Mapped[UUID]
    idempotency_key: Mapped[str]
    input_hash: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str]
    version: Mapped[int]
    mode: Mapped[str]
    asset: Mapped[str]
    total_units: Mapped[int] = mapped_column(BigInteger)
    own_units: Mapped[int | None] = mapped_column(BigInteger)
    room_id: Mapped[UUID | None]
    note: Mapped[str]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint(
            "requester_id", "idempotency_key", name="uq_money_requests_requester_id_idempotency_key"
        ),
        Index("ix_money_requests_requester_id_id", "requester_id", "id"),
        Index("ix_money_requests_room_id", "room_id"),
        Index("ix_money_requests_open", "expires_at", postgresql_where=text("state = 'open'")),
    )


class ShareRow(Base):
    """What one person is asked for."""

    __tablename__ = "money_request_shares"

    id: Mapped[Id]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("money_requests.id"))
    debtor_id: Mapped[UUID]
    position: Mapped[int]
    """Among the request's people, as they were named."""
    units: Mapped[int] = mapped_column(BigInteger)
    paid_units: Mapped[int] = mapped_column(BigInteger)
    live_units: Mapped[int] = mapped_column(BigInteger)
    """On their way: counted, like `paid_units`, from the transfers credited to it."""
    closed_as: Mapped[str | None]
    state: Mapped[str]
    room_id: Mapped[UUID | None]
    """The direct room its own card stands in, where the request names no room."""
    reminded_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("request_id", "debtor_id", name="uq_money_request_shares_request_id_debtor_id"),
        Index("ix_money_request_shares_debtor_id_request_id", "debtor_id", "request_id"),
        Index("ix_money_request_shares_room_id", "room_id"),
    )


class CreditRow(Base):
    """What a transfer pays of a share, once it settles. Written with the transfer, never changed."""

    __tablename__ = "money_request_credits"

    transfer_id: Mapped[UUID] = mapped_column(ForeignKey("transfers.id"), primary_key=True)
    share_id: Mapped[UUID] = mapped_column(ForeignKey("money_request_shares.id"), primary_key=True)
    units: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_money_request_credits_share_id", "share_id"),)
