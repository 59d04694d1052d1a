"""What the ledger tells us, typed: nothing here leaves the server as it stands."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from talktalk_wire.common import Amount


class AccountFlag(enum.IntFlag):
    """Bits of an AccountRoot's `Flags` that decide whether it can be paid."""

    REQUIRE_DESTINATION_TAG = 0x00020000
    DISALLOW_XRP = 0x00080000
    """Advisory: the ledger does not enforce it."""
    DEPOSIT_AUTH = 0x01000000


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """An account as one validated ledger holds it."""

    address: str
    balance_drops: int
    sequence: int
    owner_count: int
    flags: int
    ledger_index: int


class Reserves(msgspec.Struct, frozen=True, kw_only=True):
    """What the network asks every account to keep, in drops. Voted values: they change."""

    base_drops: int
    increment_drops: int

    def of(self, owner_count: int) -> int:
        """The reserve of an account that owns so many objects."""
        return self.base_drops + owner_count * self.increment_drops


class LedgerHead(msgspec.Struct, frozen=True, kw_only=True):
    """The newest validated ledger we have processed, and the network's terms at that moment."""

    network: str
    ledger_index: int
    close_time: datetime
    fee_drops: int
    """What a payment should offer now."""
    reserves: Reserves
    close_interval_ms: int
    """A moving average of the time between ledgers."""
    network_id: int | None


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """The ledgers we have read without a gap, both ends included; each was proven (`proof`)."""

    first: int
    last: int

    def begins_before(self, first_ledger: int) -> bool:
        """Whether it holds, or will hold, every ledger after `first_ledger`."""
        return self.first <= first_ledger + 1

    def covers(self, first_ledger: int, last_ledger: int) -> bool:
        """Whether every ledger after `first_ledger` up to `last_ledger` is among them."""
        return self.begins_before(first_ledger) and last_ledger <= self.last


class LedgerClosed(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the `ledger` stream: a ledger was validated."""

    ledger_index: int
    ledger_hash: str
    fee_base: int
    reserve_base: int
    reserve_inc: int
    validated_ledgers: str = "empty"
    network_id: int | None = None


class LedgerTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction in a validated ledger, with what it did."""

    hash: str
    tx_json: dict[str, Any]
    meta: dict[str, Any]

    @property
    def result(self) -> str:
        """The final result code, such as `tesSUCCESS`."""
        return str(self.meta["TransactionResult"])

    @property
    def fee_drops(self) -> int:
        """What it cost its sender, whatever the result."""
        return int(self.tx_json["Fee"])


class ValidatedLedger(msgspec.Struct, frozen=True, kw_only=True):
    """A whole validated ledger."""

    ledger_index: int
    ledger_hash: str
    parent_hash: str
    close_time: datetime
    transactions: list[LedgerTransaction]


class SubmitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one node said to a submission. Never final, whatever it says."""

    engine_result: str
    engine_result_message: str = ""
    accepted: bool | None = None
    queued: bool | None = None


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction built and not signed."""

    blob: bytes
    """Canonical serialisation with `SigningPubKey`, without a signature."""
    signing_hash: str
    """SHA-512Half of `53545800` ‖ blob, upper-case hex: what an approval names."""
    account: str
    sequence: int
    """0 when a ticket is used."""
    ticket_sequence: int | None = None
    numbers: int = 1
    """How many numbers from `sequence` on it may use up."""
    first_ledger: int
    """The newest validated ledger when it was built: it cannot stand in an earlier one."""
    last_ledger: int
    fee_drops: int


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction with its signature."""

    blob: bytes
    tx_hash: str


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """In a validated ledger with `tesSUCCESS`."""

    ledger_index: int
    fee_drops: int
    result: str = "tesSUCCESS"
    inner: dict[str, str] = {}
    """Of a Batch: hash → result of each inner transaction that stands in the ledger. One that does
    not stand there did not happen."""


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """In a validated ledger with another result: fee and number are used, nothing else moved."""

    ledger_index: int
    fee_drops: int
    result: str


class Expired(msgspec.Struct, frozen=True, kw_only=True):
    """`LastLedgerSequence` has passed on history known complete without it: nothing happened."""

    last_ledger: int


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """It can still happen: its last ledger is not validated yet."""

    seen: bool
    """A node knows the transaction, though in no validated ledger."""


Outcome = Settled | Failed | Expired
"""What can no longer change."""


class OutgoingState(enum.StrEnum):
    """Where a signed transaction stands; the last four are terminal."""

    HELD = "held"
    """The blob is stored, and is not sent until it is released."""
    SIGNED = "signed"
    """The blob is stored; it may have been sent."""
    SUBMITTED = "submitted"
    """A node took it."""
    SETTLED = "settled"
    FAILED = "failed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """Taken back while it was held: no node ever saw it."""


LIVE = (OutgoingState.SIGNED, OutgoingState.SUBMITTED)
"""A node may have it."""
OPEN = (OutgoingState.HELD, *LIVE)
"""It may still apply."""


class OutgoingTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A signed transaction of ours, as another slice sees it."""

    id: UUID
    account: str
    sequence: int
    ticket_sequence: int | None
    tx_hash: str
    purpose: str
    """`<slice>.<what>`: whose `ref` it is."""
    ref: UUID
    state: OutgoingState
    uncertain: bool
    last_ledger: int


class AccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """A watched account that a ledger changed, as that ledger leaves it."""

    address: str
    owner: str
    exists: bool
    became_funded: bool


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """Money that came to or left a watched account, fees not counted."""

    account: str
    incoming: bool
    amount: Amount
    counterparty: str
    """The other side's address; for types without one, the transaction's sender."""
    destination_tag: int | None
    kind: str
    """The transaction's type."""
    memo: str = ""
    """What its sender wrote for everybody: text to show, and nothing else."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A movement in a validated ledger."""

    movement: Movement
    owner: str
    """Of the watched account."""
    tx_hash: str
    ledger_index: int
    close_time: datetime
    own: OutgoingTransaction | None
    """Our own transaction, if it is one."""


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction of ours that has just ended."""

    transaction: OutgoingTransaction
    outcome: Outcome
    at: datetime
    """Close time of its ledger; for an expired one, when that was found."""
