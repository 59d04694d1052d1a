"""Custody's structs that never leave the server."""

import enum
from datetime import datetime
from uuid import UUID

import msgspec


class AskState(enum.StrEnum):
    """Where an ask stands."""

    PENDING = "pending"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """Taken back before the worker came to it."""


class AskPurpose(enum.StrEnum):
    """What an ask wants."""

    TRANSFER_APPROVE = "transfer.approve"
    ORDER_APPROVE = "order.approve"
    PIN_SET = "pin.set"
    RECOVERY_SET = "recovery.set"
    RECOVERY_USE = "recovery.use"
    RECOVERY_CONSENT = "recovery.consent"


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """An ask without its secrets."""

    id: UUID
    purpose: AskPurpose
    user_id: UUID
    device_id: UUID
    session_id: UUID
    subject_id: UUID | None
    context: bytes
    state: AskState
    reason: str | None
    tries_left: int | None
    retry_at: datetime | None


class VerifierKind(enum.StrEnum):
    """What a person knows."""

    PIN = "pin"
    RECOVERY_CODE = "recovery_code"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one try."""

    right: bool
    reason: str | None = None
    """`wrong`, `locked` (not even looked at) or `missing` (none is set)."""
    tries_left: int | None = None
    retry_at: datetime | None = None


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A person's leave to sign a transaction, or a set: names a granted ask, which is used up by it."""

    ask_id: UUID
    user_id: UUID
    signing_hash: str
    """The transaction's signing hash; of a set, its `ledger.transactions.approval_hash`."""
    purpose: AskPurpose = AskPurpose.TRANSFER_APPROVE
    """What the ask was for."""


class OperatorOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's own leave, for the operator's own accounts alone."""

    role: str
    signing_hash: str
    spend_drops_max: int


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """Whose signature an account bears."""

    key_id: UUID
    public_key: str
    address: str


def owner_of_user(user_id: UUID) -> str:
    """How keys and accounts name a person as their owner."""
    return f"user:{user_id}"


def user_of_owner(owner: str) -> UUID | None:
    """The person an owner names; None for the operator's own."""
    kind, _, name = owner.partition(":")
    return UUID(name) if kind == "user" else None
