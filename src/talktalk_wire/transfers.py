"""Transfers: one intent moves money exactly once or not at all.

Routes: POST /api/v1/transfers (needs `Idempotency-Key`) · GET /api/v1/transfers ·
GET /api/v1/transfers/{id} · POST /api/v1/transfers/{id}/approve, /cancel ·
POST /api/v1/transfers/checks (what would stop or warn, before an intent exists) ·
POST /api/v1/transfers/targets (what a payment link says).

The card in the room is the same for both sides: `Card`, carried by `chat.Message.card` and by the
room's `card` events. User event: `transfer.turned` {transfer: Transfer}, to the sender.
"""

import enum
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from talktalk_wire.common import Amount, Ask, Person, Wire
from talktalk_wire.wallet import Sealed

NOTE_LENGTH_MAX = 200
MEMO_LENGTH_MAX = 512
LINK_LENGTH_MAX = 2048
AMOUNT_LENGTH_MAX = 40
IDEMPOTENCY_KEY_LENGTH_MAX = 128


class TransferState(enum.StrEnum):
    """Where a transfer stands; the last four are terminal."""

    DRAFTED = "drafted"
    """Intent stored, transaction built, waiting for approval."""
    SIGNING = "signing"
    """Approved; the worker is signing."""
    SIGNED = "signed"
    """The signed blob is stored; it may have been sent."""
    SUBMITTED = "submitted"
    """Sent; waiting for a validated ledger."""
    SETTLED = "settled"
    FAILED = "failed"
    EXPIRED = "expired"
    """`LastLedgerSequence` passed on gap-free history without it: nothing moved."""
    CANCELLED = "cancelled"


class AmountAsk(Ask, frozen=True, kw_only=True):
    """An amount as typed: decimal, no sign, no exponent."""

    value: Annotated[str, Meta(max_length=AMOUNT_LENGTH_MAX)]
    asset: Annotated[str, Meta(max_length=100)] = "XRP"


class TransferAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/transfers. Exactly one of `user_id`, `address`."""

    amount: AmountAsk
    spend_asset: Annotated[str, Meta(max_length=100)] | None = None
    """Pay with another asset than the one that arrives: an exchange on the way, at a price that expires.
    Null: with the same."""
    user_id: UUID | None = None
    address: Annotated[str, Meta(max_length=64)] | None = None
    """r-address, or X-address carrying its tag."""
    destination_tag: Annotated[int, Meta(ge=0, le=4294967295)] | None = None
    room_id: UUID | None = None
    """The room the card stands in; null with `user_id`: our direct room."""
    note: Annotated[str, Meta(max_length=NOTE_LENGTH_MAX)] = ""
    """For the two of us."""
    memo: Annotated[str, Meta(max_length=MEMO_LENGTH_MAX)] = ""
    """Written into the transaction, where everybody can read it for ever; at most 512 bytes of UTF-8."""
    accepted_warnings: tuple[str, ...] = ()
    """Codes of the warnings the person has seen and accepted."""
    request_id: UUID | None = None
    """The request this pays, in part or whole; with its maker as `user_id`. Its card shows the payment:
    there is no other card."""
    settles_room_id: UUID | None = None
    """The room whose settle-up plan has this payment; with `user_id` and the plan's amount."""
    run_id: UUID | None = None
    """The scheduled payment this is, with its payee and amount. At most one of these three."""


class Warning(Wire, frozen=True, kw_only=True):  # noqa: A001 - the wire's word for it
    """Something the person should know before approving."""

    code: str
    """`new_payee`, `large_share`, `not_a_friend`, `empties_wallet`, `looks_like_another` (the address
    begins and ends like one that was paid before, or a friend's), `exchange_without_tag`."""
    detail: str


class TransferCheck(Wire, frozen=True, kw_only=True):
    """Answer of /transfers/checks: problems come as RFC 9457, warnings here."""

    amount: Amount
    spend: Amount
    """What leaves at most, the ledger's fee not counted: more than `amount` where the issuer takes a fee,
    of another asset in an exchange."""
    quote_expires_at: datetime | None
    """Of an exchange: how long this price may be approved."""
    fee: Amount
    recipient: Person | None
    address: str
    creates_account: bool
    exchange: str | None = None
    """The exchange whose account this is, as far as we know."""
    warnings: list[Warning]
    balance_after: Amount
    """Of the asset that leaves."""


class PaymentTextAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/transfers/targets: what was scanned, pasted or followed."""

    text: Annotated[str, Meta(min_length=1, max_length=LINK_LENGTH_MAX)]


class PaymentTarget(Wire, frozen=True, kw_only=True):
    """What a payment link proposes, read by our rules. The person decides, and may change all of it."""

    address: str
    """Classic."""
    destination_tag: int | None
    x_address: str
    """Address and tag in one."""
    amount: Amount | None
    memo: str
    person: Person | None
    """Who this is here, if they are."""
    exchange: str | None
    uri: str
    """The same as a link of ours."""


class Draft(Wire, frozen=True, kw_only=True):
    """The exact transaction to approve. The device decodes `tx_blob` itself and compares."""

    tx_blob: str
    """Unsigned serialised transaction, hex."""
    signing_hash: str
    """SHA-512Half of `53545800` ‖ tx_blob, 64 hex digits."""
    last_ledger: int
    fee_drops: int
    expires_at: datetime
    """About when `last_ledger` closes; approve before."""
    credential_ids: tuple[str, ...] = ()
    """Credentials the transaction shows, since the receiver takes payments only from those who do."""


class Failure(Wire, frozen=True, kw_only=True):
    """Why it did not happen, and what it cost."""

    code: str
    """A ledger result such as `tecUNFUNDED_PAYMENT`, or one of ours."""
    detail: str
    fee_charged_drops: int


class Transfer(Wire, frozen=True, kw_only=True):
    """A transfer, as its sender sees it."""

    id: UUID
    state: TransferState
    uncertain: bool
    """Outcome not known yet: shown as such, never guessed."""
    version: int
    """Grows with every change."""
    sender: Person
    recipient: Person | None
    address: str
    destination_tag: int | None
    amount: Amount
    """What arrives, exactly, or nothing does."""
    spend: Amount
    """What leaves at most, the ledger's fee not counted."""
    quote_expires_at: datetime | None
    """Of an exchange: when its price can no longer be approved."""
    fee_drops: int | None
    note: str
    memo: str = ""
    """In the transaction, for everybody."""
    room_id: UUID | None
    request_id: UUID | None = None
    """The request this pays."""
    settles_room_id: UUID | None = None
    """The room this makes even."""
    run_id: UUID | None = None
    """The scheduled payment this is."""
    warnings: list[Warning]
    draft: Draft | None
    """While `drafted`."""
    approval_error: str | None = None
    """Back in `drafted` after an approval that was not accepted: `pin_wrong`, `pin_locked`,
    `pin_needed`, `device_not_trusted`, `approval_unreadable`, `insufficient_balance`,
    `below_reserve`, `too_many_pending`, `wallet_not_ready`. After `draft_expired` and
    `draft_changed` there is a new draft, to be looked at and approved anew."""
    tries_left: int | None = None
    """With `pin_wrong`."""
    retry_at: datetime | None = None
    """With `pin_locked`: when the next try is heard."""
    tx_hash: str | None
    ledger_index: int | None
    failure: Failure | None
    created_at: datetime
    updated_at: datetime
    settled_at: datetime | None


class Card(Wire, frozen=True, kw_only=True):
    """What the room shows: a projection of the transfer, equal on every device of both sides."""

    transfer_id: UUID
    version: int
    state: TransferState
    uncertain: bool
    sender_id: UUID
    recipient_id: UUID | None
    amount: Amount
    note: str
    tx_hash: str | None
    ledger_index: int | None
    failure_code: str | None
    updated_at: datetime


class ApproveAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/transfers/{id}/approve.

    `signing_hash` must equal the draft's. `sealed_pin`: purpose `transfer.approve`,
    context = the 32 bytes of `signing_hash`; plaintext = the PIN's digits.
    """

    signing_hash: Annotated[str, Meta(pattern="^[0-9A-Fa-f]{64}$")]
    worker_key_id: str
    sealed_pin: Sealed
