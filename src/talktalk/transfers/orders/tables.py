"""Tables of orders; this package and the migration environment alone import them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id


class OrderRow(Base):
    """One intent of several transactions. It is never deleted, and its key never forgotten."""

    __tablename__ = "orders"

    id: Mapped[Id]
    sender_id: Mapped[UUID]
    idempotency_key: Mapped[str]
    input_hash: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[str]
    mode: Mapped[str | None]
    way: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What was asked, resolved, as the kind wrote it: enough to plan anew."""
    state: Mapped[str]
    phase: Mapped[str]
    """A word of the kind's."""
    uncertain: Mapped[bool]
    version: Mapped[int]
    network: Mapped[str]
    account: Mapped[str]
    """The sender's address."""
    room_id: Mapped[UUID | None]
    note: Mapped[str]
    warnings: Mapped[list[Any]] = mapped_column(JSONB)
    accepted_warnings: Mapped[list[Any]] = mapped_column(JSONB)
    total_drops: Mapped[int] = mapped_column(BigInteger)
    fee_drops: Mapped[int] = mapped_column(BigInteger)
    """Of all steps together."""
    reserve_drops: Mapped[int] = mapped_column(BigInteger)
    """The most that tickets set aside besides."""
    # The draft.
    approval_hash: Mapped[str]
    last_ledger: Mapped[int] = mapped_column(BigInteger)
    """The furthest of all steps'."""
    sign_before_ledger: Mapped[int] = mapped_column(BigInteger)
    """The first window that ends: signed only while a margin of it remains."""
    draft_expires_at: Mapped[datetime]
    # The last approval that was not accepted.
    approval_error: Mapped[str | None]
    tries_left: Mapped[int | None]
    retry_at: Mapped[datetime | None]
    # What became of it.
    failure_code: Mapped[str | None]
    failure_detail: Mapped[str | None]
    fee_charged_drops: Mapped[int] = mapped_column(BigInteger)
    look_again_at: Mapped[datetime | None]
    """When the kind has something to do that no ledger's transaction calls for."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("sender_id", "idempotency_key", name="uq_orders_sender_id_idempotency_key"),
        Index("ix_orders_sender_id_id", "sender_id", "id"),
        Index("ix_orders_drafted", "created_at", postgresql_where=text("state = 'drafted'")),
        Index("ix_orders_look_again", "look_again_at", postgresql_where=text("state = 'working'")),
    )


class StepRow(Base):
    """One transaction of an order's plan."""

    __tablename__ = "order_steps"

    id: Mapped[Id]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    index: Mapped[int]
    role: Mapped[str]
    draft_blob: Mapped[bytes] = mapped_column(LargeBinary)
    signing_hash: Mapped[str]
    sequence: Mapped[int] = mapped_column(BigInteger)
    ticket_sequence: Mapped[int | None] = mapped_column(BigInteger)
    numbers: Mapped[int]
    first_ledger: Mapped[int] = mapped_column(BigInteger)
    last_ledger: Mapped[int] = mapped_column(BigInteger)
    fee_drops: Mapped[int] = mapped_column(BigInteger)
    spend_drops: Mapped[int] = mapped_column(BigInteger)
    """Drops that leave the account if it applies, fee included."""
    needs: Mapped[list[Any]] = mapped_column(JSONB)
    """Indexes of steps that must have settled before it is sent; it is withdrawn if one ends otherwise."""
    waits: Mapped[list[Any]] = mapped_column(JSONB)
    """Indexes of steps that must have ended, whichever way."""
    not_before: Mapped[datetime | None]
    by_decision: Mapped[bool]
    """Sent only when its kind says so."""
    state: Mapped[str]
    uncertain: Mapped[bool]
    tx_hash: Mapped[str | None] = mapped_column(unique=True)
    ledger_index: Mapped[int | None] = mapped_column(BigInteger)
    result: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("order_id", "index", name="uq_order_steps_order_id_index"),
        Index(
            "ix_order_steps_not_before",
            "not_before",
            postgresql_where=text("state = 'held' AND not_before IS NOT NULL"),
        ),
    )


class ItemRow(Base):
    """One whom an order pays."""

    __tablename__ = "order_items"

    id: Mapped[Id]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    index: Mapped[int]
    recipient_id: Mapped[UUID | None]
    address: Mapped[str]
    destination_tag: Mapped[int | None] = mapped_column(BigInteger)
    amount_value: Mapped[str]
    amount_asset: Mapped[str]
    amount_drops: Mapped[int] = mapped_column(BigInteger)
    step_index: Mapped[int]
    """The step that pays, or locks."""
    inner_hash: Mapped[str | None]
    """Within a Batch: the inner transaction's hash."""
    state: Mapped[str]
    tx_hash: Mapped[str | None]
    ledger_index: Mapped[int | None] = mapped_column(BigInteger)
    failure_code: Mapped[str | None]

    __table_args__ = (UniqueConstraint("order_id", "index", name="uq_order_items_order_id_index"),)
