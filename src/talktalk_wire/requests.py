"""Asking for money: requests, split bills, settling up.

Routes: POST /api/v1/requests (needs `Idempotency-Key`) · POST /api/v1/requests/checks (the parts, exact,
before anything is made) · GET /api/v1/requests · GET /api/v1/requests/{id} ·
POST /api/v1/requests/{id}/decline, /cancel, /remind · GET /api/v1/requests/settle-up.

A request moves nothing. Paying one is a transfer that names it (`TransferAsk.request_id`), and counts
only once that transfer has settled. A payment made by hand, without naming the request, does not count.

The card in the room is `RequestCard`, carried by `chat.Message.card` of kind `request`. A request that names
a room has one card there with every part; one without has a card for each person in the direct room with
them, which shows their part alone. User event: `request.turned` {request: MoneyRequest}, to everyone who
may see it; `request.reminded` {request: MoneyRequest}, to who was reminded.
"""

import enum
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from talktalk_wire.common import Amount, Ask, Person, Wire
from talktalk_wire.transfers import AMOUNT_LENGTH_MAX, NOTE_LENGTH_MAX

PEOPLE_MAX = 50
"""In one request, the requester included."""
WEIGHT_MAX = 1_000


class SplitMode(enum.StrEnum):
    """How a total becomes parts."""

    EQUAL = "equal"
    """Everyone the same. What does not divide goes out in smallest units, one each, in the order in which
    people were named."""
    OWN = "own"
    """To each the amount named for them; the total is their sum."""
    SHARES = "shares"
    """By whole-number weights. Each part is rounded down; the smallest units left over go one each to the
    largest remainders, equal ones in the order in which people were named."""


class ShareState(enum.StrEnum):
    """Where one person's part stands; the last four are terminal."""

    OPEN = "open"
    PART_PAID = "part_paid"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class MoneyRequestState(enum.StrEnum):
    """Where a request stands as a whole."""

    OPEN = "open"
    """Somebody may still pay."""
    PAID = "paid"
    """Everybody has paid all of it."""
    CLOSED = "closed"
    """Nobody may pay any more, and not everything was paid."""


class ShareAsk(Ask, frozen=True, kw_only=True):
    """Someone among whom it is split. Name yourself to count your own part, which nobody is asked for."""

    user_id: UUID
    value: Annotated[str, Meta(max_length=AMOUNT_LENGTH_MAX)] | None = None
    """With `own`."""
    weight: Annotated[int, Meta(ge=1, le=WEIGHT_MAX)] | None = None
    """With `shares`."""


class RequestAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/requests, and /checks."""

    people: Annotated[tuple[ShareAsk, ...], Meta(min_length=1, max_length=PEOPLE_MAX)]
    mode: SplitMode = SplitMode.EQUAL
    total: Annotated[str, Meta(max_length=AMOUNT_LENGTH_MAX)] | None = None
    """With `equal` and `shares`."""
    asset: Annotated[str, Meta(max_length=100)] = "XRP"
    room_id: UUID | None = None
    """The room the card stands in; everyone named must be in it. Null: our direct rooms."""
    note: Annotated[str, Meta(max_length=NOTE_LENGTH_MAX)] = ""
    expires_at: datetime | None = None
    """Within a year; null: in 30 days."""


class SplitPart(Wire, frozen=True, kw_only=True):
    """One person's part, exact."""

    person: Person
    amount: Amount
    extra: Amount | None = None
    """What of it is remainder: one smallest unit, where the total did not divide."""


class SplitCheck(Wire, frozen=True, kw_only=True):
    """Answer of /requests/checks."""

    total: Amount
    parts: list[SplitPart]
    """In the order in which people were named; their sum is the total, to the smallest unit."""
    asked: Amount
    """The total without the requester's own part."""


class Share(Wire, frozen=True, kw_only=True):
    """What one person is asked for, and what became of it."""

    person: Person
    amount: Amount
    paid: Amount
    """Settled payments of this request."""
    open: Amount
    """What may still be paid, a payment on its way already taken off; zero once it has ended."""
    paying: bool
    """A payment of it is on its way: approved, and not yet decided by the ledger."""
    state: ShareState
    reminded_at: datetime | None = None


class MoneyRequest(Wire, frozen=True, kw_only=True):
    """A request as the viewer may see it: its maker and the people of its room see every part, others
    their own."""

    id: UUID
    state: MoneyRequestState
    version: int
    """Grows with every change."""
    requester: Person
    mode: SplitMode
    total: Amount
    own: Amount | None
    """The requester's own part of the total; null if they have none."""
    shares: list[Share]
    room_id: UUID | None
    note: str
    expires_at: datetime
    created_at: datetime
    updated_at: datetime


class CardShare(Wire, frozen=True, kw_only=True):
    """One line of the card."""

    user_id: UUID
    name: str
    amount: Amount
    paid: Amount
    open: Amount
    paying: bool
    state: ShareState


class RequestCard(Wire, frozen=True, kw_only=True):
    """What the room shows: a projection of the request, equal for everyone there."""

    request_id: UUID
    version: int
    state: MoneyRequestState
    requester_id: UUID
    mode: SplitMode
    total: Amount
    own: Amount | None
    shares: list[CardShare]
    note: str
    expires_at: datetime
    updated_at: datetime


class SettleLine(Wire, frozen=True, kw_only=True):
    """One payment of the plan. Its payer pays it with `TransferAsk.settles_room_id`, in full."""

    payer: Person
    payee: Person
    amount: Amount


class SettleBalance(Wire, frozen=True, kw_only=True):
    """Where one person stands in one asset."""

    person: Person
    owes: Amount
    """By open requests, to others of the room."""
    is_owed: Amount
    paid: Amount
    """Settled payments of requests of this room, made by them so far."""
    received: Amount


class AssetSettleUp(Wire, frozen=True, kw_only=True):
    """One asset: never mixed with another."""

    asset: str
    balances: list[SettleBalance]
    """Those who owe, are owed, paid or received."""
    lines: list[SettleLine]
    """Paying all of them closes every open part between the payers and payees named."""
    is_fewest: bool
    """No plan that the open requests can carry has fewer payments; false where there are too many people
    to know."""
    evens: bool
    """Some of what is open goes round in a circle: nobody has to pay for that, and paying the lines does
    not close it. Cancel it, or let it stand."""


class SettleUp(Wire, frozen=True, kw_only=True):
    """GET /api/v1/requests/settle-up?room_id=: who owes whom among the people of a room."""

    room_id: UUID
    assets: list[AssetSettleUp]
