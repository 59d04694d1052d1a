"""Tables of the ledger slice; its own modules and the migration environment alone import them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id

OPEN_STATES = "state IN ('held', 'signed', 'submitted')"


class HeadRow(Base):
    """One row a network: the newest validated ledger that was processed (the cursor), and the
    network's terms then."""

    __tablename__ = "ledger_heads"

    network: Mapped[str] = mapped_column(primary_key=True)
    ledger_index: Mapped[int] = mapped_column(BigInteger)
    ledger_hash: Mapped[str]
    scanned_from: Mapped[int] = mapped_column(BigInteger)
    """From this ledger to the cursor every one was read, proven and written down."""
    close_time: Mapped[datetime]
    fee_drops: Mapped[int] = mapped_column(BigInteger)
    reserve_base_drops: Mapped[int] = mapped_column(BigInteger)
    reserve_increment_drops: Mapped[int] = mapped_column(BigInteger)
    close_interval_ms: Mapped[int]
    network_id: Mapped[int | None] = mapped_column(BigInteger)


class AccountRow(Base):
    """An account we keep fresh from validated ledgers. Its row lock guards its numbers."""

    __tablename__ = "ledger_accounts"

    network: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    """`user:<uuid>` or `operator:<role>`."""
    public_key: Mapped[str]
    balance_drops: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)
    """The lowest number that can still apply."""
    owner_count: Mapped[int]
    flags: Mapped[int] = mapped_column(BigInteger)
    ledger_index: Mapped[int | None] = mapped_column(BigInteger)
    """The ledger this state is of; null while the account does not exist."""
    holdings_ledger: Mapped[int | None] = mapped_column(BigInteger)
    """The ledger at which its trust lines and MPTs were read whole; null until then."""

    __table_args__ = (Index("uq_ledger_accounts_network_owner", "network", "owner", unique=True),)


class HoldingRow(Base):
    """One asset of a watched account, as the newest ledger that touched it left it. Entries that were
    removed stay as rows, so that older news cannot bring them back."""

    __tablename__ = "ledger_holdings"

    network: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    asset: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[str]
    locked: Mapped[str]
    limit: Mapped[str]
    peer_limit: Mapped[str]
    flags: Mapped[int]
    """`lines.HoldingFlag`."""
    present: Mapped[bool]
    ledger_index: Mapped[int] = mapped_column(BigInteger)


class OutgoingRow(Base):
    """One signed transaction. Its blob is here before any node sees it."""

    __tablename__ = "outgoing_transactions"

    id: Mapped[Id]
    network: Mapped[str]
    account: Mapped[str]
    sequence: Mapped[int] = mapped_column(BigInteger)
    """0 when a ticket is used."""
    numbers: Mapped[int] = mapped_column(server_default=text("1"))
    """How many numbers from `sequence` on it may use up: more than one where it makes tickets or
    carries inner transactions."""
    ticket_sequence: Mapped[int | None] = mapped_column(BigInteger)
    first_ledger: Mapped[int] = mapped_column(BigInteger)
    last_ledger: Mapped[int] = mapped_column(BigInteger)
    tx_hash: Mapped[str] = mapped_column(unique=True)
    blob: Mapped[bytes] = mapped_column(LargeBinary)
    spend_drops: Mapped[int] = mapped_column(BigInteger)
    """Drops that leave the account if it applies, fee included."""
    purpose: Mapped[str]
    ref: Mapped[UUID]
    state: Mapped[str]
    uncertain: Mapped[bool]
    engine_result: Mapped[str | None]
    """What a node said last: for people who look into trouble, never for a decision."""
    attempts: Mapped[int]
    next_look_at: Mapped[datetime]
    """When it is due to be sent or looked up again; moved ahead by who takes it."""
    result: Mapped[str | None]
    ledger_index: Mapped[int | None] = mapped_column(BigInteger)
    fee_charged_drops: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["network", "account"], ["ledger_accounts.network", "ledger_accounts.address"]),
        # A number belongs to one transaction that can still apply, or has. Only expiry frees it; what was
        # never sent holds none, so that alternatives may wait for one ticket.
        Index(
            "uq_outgoing_transactions_number",
            "network",
            "account",
            "sequence",
            text("coalesce(ticket_sequence, 0)"),
            unique=True,
            postgresql_where=text("state NOT IN ('held', 'expired', 'withdrawn')"),
        ),
        Index(
            "ix_outgoing_transactions_due",
            "next_look_at",
            postgresql_where=text("state IN ('signed', 'submitted')"),
        ),
        Index("ix_outgoing_transactions_open", "network", "account", postgresql_where=text(OPEN_STATES)),
        Index("ix_outgoing_transactions_ref", "ref"),
    )


class TicketRow(Base):
    """A ticket of a watched account, from the ledger that made it to the one that used it."""

    __tablename__ = "ledger_tickets"

    network: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    ticket_sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    used_ledger: Mapped[int | None] = mapped_column(BigInteger)
    """The validated ledger since which it is gone; null while it can be used."""

    __table_args__ = (
        ForeignKeyConstraint(["network", "account"], ["ledger_accounts.network", "ledger_accounts.address"]),
        Index(
            "ix_ledger_tickets_unused",
            "network",
            "account",
            "ticket_sequence",
            postgresql_where=text("used_ledger IS NULL"),
        ),
    )


class ReconciliationRow(Base):
    """How far an account's history was compared with the ledger's."""

    __tablename__ = "ledger_reconciliations"

    network: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    checked_index: Mapped[int] = mapped_column(BigInteger)
    balance_drops: Mapped[int] = mapped_column(BigInteger)
    """What the ledger held for it then: where the next comparison opens."""
    checked_at: Mapped[datetime]


class DifferenceRow(Base):
    """Something in which our rows and the ledger do not agree. Never removed."""

    __tablename__ = "ledger_differences"

    id: Mapped[Id]
    network: Mapped[str]
    address: Mapped[str]
    kind: Mapped[str]
    """`comparing.Kind`."""
    tx_hash: Mapped[str]
    ledger_index: Mapped[int | None] = mapped_column(BigInteger)
    drops: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[str]
    found_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    """When a comparison of the whole history no longer found it."""

    __table_args__ = (
        Index(
            "uq_ledger_differences_open",
            "network",
            "address",
            "kind",
            "tx_hash",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )
