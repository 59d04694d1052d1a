"""The wallet's structs that never leave the server."""

from datetime import datetime
from uuid import UUID

import msgspec

from talktalk.ledger.accounts import WatchedAccount
from talktalk_wire.common import Amount


class ReadyWallet(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet that can pay, with its account as the last processed ledger left it."""

    user_id: UUID
    address: str
    public_key: str
    account: WatchedAccount


class ActivityEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A movement to write into a person's activity."""

    user_id: UUID
    tx_hash: str
    incoming: bool
    amount: Amount
    address: str
    """The other side's."""
    counterparty_id: UUID | None
    destination_tag: int | None
    note: str
    memo: str
    kind: str
    state: str
    uncertain: bool
    transfer_id: UUID | None
    ledger_index: int | None
    at: datetime
    settled_at: datetime | None


class ActivityFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; None shows all."""

    incoming: bool | None = None
    state: str | None = None
    asset: str | None = None
    person_id: UUID | None = None
    text: str | None = None
    """Found in note, address, transaction hash, amount, or the other person's name; case does not count."""
    since: datetime | None = None
    """Inclusive."""
    until: datetime | None = None
    """Exclusive."""
