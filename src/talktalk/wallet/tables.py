"""Tables of the wallet slice; its own modules and the migration environment alone import them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id


class WalletRow(Base):
    """One person's account. Its state on the ledger is in `ledger_accounts`."""

    __tablename__ = "wallets"

    user_id: Mapped[Id]
    network: Mapped[str]
    state: Mapped[str]
    address: Mapped[str | None] = mapped_column(unique=True)
    public_key: Mapped[str | None]
    custody: Mapped[str]
    first_device_id: Mapped[UUID]
    address_prefix: Mapped[str]
    """Where the person signed up from, as a network prefix; empty where it does not count."""
    funding_tries: Mapped[int]
    next_funding_at: Mapped[datetime]
    funded_at: Mapped[datetime | None]
    """When we last paid, or asked a faucet to pay, its reserve: counts towards the limits."""
    created_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_wallets_unfinished",
            "next_funding_at",
            postgresql_where=text("state IN ('creating', 'funding', 'unfunded')"),
        ),
        Index("ix_wallets_funded_at", "funded_at"),
    )


class WalletDeviceRow(Base):
    """A device that has seen the wallet, and since when it may spend."""

    __tablename__ = "wallet_devices"

    user_id: Mapped[Id]
    device_id: Mapped[Id]
    seen_at: Mapped[datetime]
    trusted_since: Mapped[datetime | None]


class ShownTokenRow(Base):
    """A person's word on whether a token is among their balances."""

    __tablename__ = "wallet_shown_tokens"

    user_id: Mapped[Id]
    network: Mapped[str] = mapped_column(primary_key=True)
    asset: Mapped[str] = mapped_column(primary_key=True)
    shown: Mapped[bool]
    decided_at: Mapped[datetime]


class RecoveryRow(Base):
    """One try to bring the wallet to a new device."""

    __tablename__ = "recoveries"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(index=True)
    device_id: Mapped[UUID]
    method: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    new_pin_hash: Mapped[str | None]
    """Takes effect only when spending does; emptied then."""
    created_at: Mapped[datetime]
    spend_after: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_recoveries_open",
            "user_id",
            "device_id",
            unique=True,
            postgresql_where=text("state IN ('checking', 'asked', 'waiting')"),
        ),
        Index("ix_recoveries_due", "spend_after", postgresql_where=text("state = 'waiting'")),
    )


class ActivityRow(Base):
    """One movement of one person's wallet: of one asset, one way, by one transaction."""

    __tablename__ = "activities"

    id: Mapped[Id]
    user_id: Mapped[UUID]
    network: Mapped[str]
    tx_hash: Mapped[str]
    incoming: Mapped[bool]
    amount_value: Mapped[str]
    amount_asset: Mapped[str]
    address: Mapped[str]
    counterparty_id: Mapped[UUID | None]
    destination_tag: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str]
    memo: Mapped[str]
    """What stands in the transaction for everybody, written by its sender."""
    kind: Mapped[str]
    """The transaction's type."""
    state: Mapped[str]
    uncertain: Mapped[bool]
    transfer_id: Mapped[UUID | None]
    ledger_index: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_activities_movement",
            "network",
            "tx_hash",
            "user_id",
            "incoming",
            "amount_asset",
            unique=True,
        ),
        Index("ix_activities_user_id_id", "user_id", "id"),
        Index("ix_activities_user_id_address", "user_id", "address"),
    )
