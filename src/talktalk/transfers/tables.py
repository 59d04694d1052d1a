"""Tables of the transfers slice; its own modules and the migration environment alone import them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id


class TransferRow(Base):
    """One intent to move money. It is never deleted, and its key never forgotten."""

    __tablename__ = "transfers"

    id: Mapped[Id]
    sender_id: Mapped[UUID]
    idempotency_key: Mapped[str]
    input_hash: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[str]
    """`single`."""
    state: Mapped[str]
    uncertain: Mapped[bool]
    version: Mapped[int]
    network: Mapped[str]
    account: Mapped[str]
    """The sender's address."""
    recipient_id: Mapped[UUID | None]
    address: Mapped[str]
    destination_tag: Mapped[int | None] = mapped_column(BigInteger)
    amount_value: Mapped[str]
    amount_asset: Mapped[str]
    amount_drops: Mapped[int] = mapped_column(BigInteger)
    """The XRP that leaves at most, fee not counted; 0 where only tokens do."""
    spend_asset: Mapped[str | None]
    """What leaves the sender where it is not simply the amount: a token's, or an exchange's."""
    spend_value: Mapped[str | None]
    """How much of it at most."""
    says_send_max: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Whether the transaction carries it as `SendMax`."""
    paths: Mapped[list[Any] | None] = mapped_column(JSONB)
    quote_expires_at: Mapped[datetime | None]
    """An exchange is not signed after this."""
    room_id: Mapped[UUID | None]
    wants_card: Mapped[bool]
    """A card is to stand in a room: the one named, or the direct room with the recipient."""
    pays_kind: Mapped[str | None]
    """What this pays: a value of `rules.Pays`."""
    pays_id: Mapped[UUID | None]
    """The request, or the room that is made even."""
    note: Mapped[str]
    """Between the two of them; it never reaches the ledger."""
    memo: Mapped[str]
    """In the transaction, for everybody."""
    credential_ids: Mapped[list[str]] = mapped_column(JSONB)
    """What the payment shows to a receiver that chooses its senders."""
    warnings: Mapped[list[Any]] = mapped_column(JSONB)
    accepted_warnings: Mapped[list[Any]] = mapped_column(JSONB)
    # The draft, or what was signed.
    draft_blob: Mapped[bytes] = mapped_column(LargeBinary)
    signing_hash: Mapped[str]
    sequence: Mapped[int] = mapped_column(BigInteger)
    first_ledger: Mapped[int] = mapped_column(BigInteger)
    last_ledger: Mapped[int] = mapped_column(BigInteger)
    fee_drops: Mapped[int] = mapped_column(BigInteger)
    draft_expires_at: Mapped[datetime]
    # The last approval that was not accepted.
    approval_error: Mapped[str | None]
    tries_left: Mapped[int | None]
    retry_at: Mapped[datetime | None]
    # What became of it.
    tx_hash: Mapped[str | None] = mapped_column(unique=True)
    ledger_index: Mapped[int | None] = mapped_column(BigInteger)
    failure_code: Mapped[str | None]
    failure_detail: Mapped[str | None]
    fee_charged_drops: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("sender_id", "idempotency_key", name="uq_transfers_sender_id_idempotency_key"),
        Index("ix_transfers_sender_id_id", "sender_id", "id"),
        Index("ix_transfers_drafted", "created_at", postgresql_where=text("state = 'drafted'")),
    )
