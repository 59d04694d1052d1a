"""Orders: one intent of several transactions, under one approval.

Routes: POST /api/v1/orders (needs `Idempotency-Key`) · GET /api/v1/orders · GET /api/v1/orders/{id} ·
POST /api/v1/orders/{id}/approve, /cancel · POST /api/v1/orders/checks (a dry run: what it would cost,
and what would stop it or warn).

A drafted order brings every transaction it would have signed. The device decodes each `tx_blob`,
shows what they do together, and approves `approval_hash`, which it computes itself:

    approval_hash = signing_hash                                          of one transaction
    approval_hash = SHA-512Half(54544100 ‖ signing_hash₁ ‖ signing_hash₂ ‖ …)   of more, in order
    signing_hash  = SHA-512Half(53545800 ‖ tx_blob)

The card in the room is a message of kind `order` that carries `OrderCard`. User event: `order.turned`
{order: OrderSummary}, to the sender.
"""

import enum
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from talktalk_wire.common import Amount, Ask, Person, Wire
from talktalk_wire.transfers import NOTE_LENGTH_MAX, AmountAsk, Failure, Warning  # noqa: A004 - the wire's word
from talktalk_wire.wallet import Sealed

RECIPIENTS_MIN = 2
RECIPIENTS_MAX = 200


class OrderKind(enum.StrEnum):
    """What is wanted."""

    BULK = "bulk"
    """Pay several at once."""
    TRUST_LINE = "trust_line"
    """Take up a token, change how much of it to take, or let it go."""


class OrderState(enum.StrEnum):
    """Where an order stands; the last five are terminal."""

    DRAFTED = "drafted"
    """Intent stored, transactions built, waiting for approval."""
    SIGNING = "signing"
    """Approved; the worker is signing."""
    WORKING = "working"
    """All is signed and stored; it goes out step by step."""
    DONE = "done"
    """Everything that was wanted stands in validated ledgers."""
    PARTLY = "partly"
    """Some of it does, the rest never will."""
    FAILED = "failed"
    """None of it does: the ledger refused."""
    EXPIRED = "expired"
    """None of it does: no ledger took it in time, or nobody approved it."""
    CANCELLED = "cancelled"


class BulkMode(enum.StrEnum):
    """What a payment that fails means for the others."""

    INDEPENDENT = "independent"
    """Nothing: each for itself."""
    UNTIL_FAILURE = "until_failure"
    """One after the other; the first that fails stops the rest."""
    ALL_OR_NOTHING = "all_or_nothing"
    """Everybody is paid, or nobody."""


class TrustAction(enum.StrEnum):
    """What becomes of a trust line or an MPT entry."""

    ADD = "add"
    CHANGE = "change"
    """Another limit."""
    REMOVE = "remove"
    """Only an empty one; its reserve comes back."""


class Way(enum.StrEnum):
    """How it goes over the ledger."""

    DIRECT = "direct"
    """One transaction that does just this."""

    BATCH = "batch"
    """One native Batch transaction: one ledger."""
    TICKETS = "tickets"
    """A transaction each, on tickets made beforehand."""


class ItemState(enum.StrEnum):
    """Where one recipient's money stands."""

    WAITING = "waiting"
    SENT = "sent"
    """On its way; waiting for a validated ledger."""
    PAID = "paid"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Never sent."""


class StepState(enum.StrEnum):
    """Where one transaction stands; the last four are terminal."""

    PLANNED = "planned"
    """Drawn up, not signed."""
    HELD = "held"
    """Signed and stored; not sent before it is its turn."""
    SIGNED = "signed"
    SUBMITTED = "submitted"
    SETTLED = "settled"
    FAILED = "failed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """Taken back while it was held: no node ever saw it."""


class BulkRecipient(Ask, frozen=True, kw_only=True):
    """One to be paid: exactly one of `user_id`, `address`."""

    amount: AmountAsk
    user_id: UUID | None = None
    address: Annotated[str, Meta(max_length=64)] | None = None
    destination_tag: Annotated[int, Meta(ge=0, le=4294967295)] | None = None


class BulkAsk(Ask, frozen=True, kw_only=True):
    """Pay several, each an amount of their own."""

    mode: BulkMode
    recipients: Annotated[
        tuple[BulkRecipient, ...], Meta(min_length=RECIPIENTS_MIN, max_length=RECIPIENTS_MAX)
    ]


class TrustLineAsk(Ask, frozen=True, kw_only=True):
    """Take up a token, change its limit, or let it go."""

    asset: Annotated[str, Meta(max_length=100)]
    action: TrustAction
    limit: Annotated[str, Meta(max_length=40)] | None = None
    """How much of a currency to take at most; needed for a change. Null: a very large one. MPTs have none."""


class OrderAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/orders. The field named by `kind` says what is wanted."""

    kind: OrderKind
    bulk: BulkAsk | None = None
    trust_line: TrustLineAsk | None = None
    room_id: UUID | None = None
    """The room the card stands in; null for none."""
    note: Annotated[str, Meta(max_length=NOTE_LENGTH_MAX)] = ""
    accepted_warnings: tuple[str, ...] = ()
    """Codes of the warnings the person has seen and accepted."""


class OrderCheck(Wire, frozen=True, kw_only=True):
    """A dry run: problems come as RFC 9457, warnings here."""

    kind: OrderKind
    way: Way
    total: Amount
    """What the recipients get together."""
    fee: Amount
    """Of all transactions together."""
    reserve: Amount
    """What is set aside besides while it goes on, and comes back: the ledger's reserve for tickets;
    of a new trust line: what it locks until it is removed."""
    ledgers: int
    """How many ledgers it takes from the approval on if each transaction is taken at once."""
    transactions: int
    recipients: int
    creates_accounts: int
    warnings: list[Warning]
    balance_after: Amount


class StepDraft(Wire, frozen=True, kw_only=True):
    """One transaction to approve."""

    role: str
    """`tickets`, `payment`, `batch`, `trust_line`."""
    tx_blob: str
    """Unsigned serialised transaction, hex."""
    signing_hash: str


class OrderDraft(Wire, frozen=True, kw_only=True):
    """Everything to approve, in order."""

    steps: list[StepDraft]
    approval_hash: str
    """64 hex digits; see the module."""
    last_ledger: int
    """The furthest `LastLedgerSequence`: after it nothing of this can happen any more."""
    fee_drops: int
    expires_at: datetime
    """Approve before."""


class OrderItem(Wire, frozen=True, kw_only=True):
    """One recipient."""

    recipient: Person | None
    """Null for an address nobody here owns."""
    address: str
    destination_tag: int | None
    amount: Amount
    state: ItemState
    tx_hash: str | None
    """Of the transaction that paid, or is to pay."""
    ledger_index: int | None
    failure_code: str | None


class OrderStep(Wire, frozen=True, kw_only=True):
    """One transaction of the plan."""

    role: str
    state: StepState
    uncertain: bool
    last_ledger: int
    fee_drops: int
    tx_hash: str | None
    ledger_index: int | None
    result: str | None


class Tally(Wire, frozen=True, kw_only=True):
    """How many recipients stand where."""

    waiting: int = 0
    sent: int = 0
    paid: int = 0
    failed: int = 0
    skipped: int = 0


class OrderSummary(Wire, frozen=True, kw_only=True):
    """An order without its recipients, as lists and events show it."""

    id: UUID
    kind: OrderKind
    mode: str | None
    way: Way
    state: OrderState
    phase: str
    """What it is about within `working`, a word of its kind; empty where there is nothing to say."""
    uncertain: bool
    """The outcome of something is not known yet: shown as such, never guessed."""
    version: int
    """Grows with every change."""
    total: Amount
    fee_drops: int
    reserve_drops: int
    tally: Tally
    note: str
    room_id: UUID | None
    approval_error: str | None
    """As `Transfer.approval_error`."""
    tries_left: int | None
    retry_at: datetime | None
    failure: Failure | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class Order(OrderSummary, frozen=True, kw_only=True):
    """An order, as its sender sees it."""

    warnings: list[Warning]
    items: list[OrderItem]
    steps: list[OrderStep]
    draft: OrderDraft | None
    """While `drafted`."""


class CardItem(Wire, frozen=True, kw_only=True):
    """One recipient on the card."""

    recipient_id: UUID | None
    address: str
    amount: Amount
    state: ItemState


class OrderCard(Wire, frozen=True, kw_only=True):
    """What the room shows: a projection of the order, equal on every device."""

    order_id: UUID
    kind: OrderKind
    mode: str | None
    version: int
    state: OrderState
    phase: str
    uncertain: bool
    sender_id: UUID
    total: Amount
    tally: Tally
    items: list[CardItem]
    note: str
    updated_at: datetime


class ApproveOrderAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/orders/{id}/approve.

    `approval_hash` must equal the draft's. `sealed_pin`: purpose `order.approve`, context = the 32
    bytes of `approval_hash`; plaintext = the PIN's digits.
    """

    approval_hash: Annotated[str, Meta(pattern="^[0-9A-Fa-f]{64}$")]
    worker_key_id: str
    sealed_pin: Sealed
