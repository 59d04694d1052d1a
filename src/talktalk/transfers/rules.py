"""The thinking about transfers: the state machine, what stops a payment, what warns. Pure.

    drafted ──approved──▶ signing ──signed──▶ signed ──sent──▶ submitted
       ▲                     │                  │                 │
       └──refused, outdated──┘                  ├──found_success──┼──▶ settled
    drafted, signing ──cancelled──▶ cancelled   ├──found_failure──┼──▶ failed
    drafted ──lapsed──▶ expired                 └──window_passed──┴──▶ expired

`uncertain` (nobody can say now what became of it) is a flag beside `signed` and `submitted`, never
a state. Four states are terminal.
"""

import enum
import hashlib
import unicodedata
from datetime import timedelta
from decimal import Decimal

import msgspec

from talktalk.ledger.schemas import AccountFlag, Reserves
from talktalk.transfers.errors import (
    BelowReserve,
    DestinationBelowReserve,
    DestinationTagNeeded,
    InsufficientBalance,
    NoteRefused,
)
from talktalk_wire.transfers import AmountAsk, TransferAsk, TransferState
from talktalk_wire.transfers import Warning as TransferWarning

DRAFT_LIFE = timedelta(minutes=15)
"""A transfer nobody approves ends after so long. Its transaction is drawn up anew meanwhile."""
LARGE_SHARE_PERCENT = 50
"""From this share of what can be spent on, a payment is worth a second look."""
EMPTIES_PERCENT = 99
LIKE_BEGIN = 4
"""Characters of two addresses that agree at the beginning, `r` included…"""
LIKE_END = 3
"""…and at the end, from which on one could be taken for the other."""
WARNINGS = (
    "looks_like_another",
    "exchange_without_tag",
    "new_payee",
    "not_a_friend",
    "large_share",
    "empties_wallet",
)
"""Every code `warnings_of` can give."""


class Cause(enum.StrEnum):
    """Why a transfer turns."""

    APPROVED = "approved"
    """A person approved the draft's hash; the worker looks at the PIN."""
    CANCELLED = "cancelled"
    """The sender took it back."""
    LAPSED = "lapsed"
    """Nobody approved it in time; nothing was ever signed."""
    REFUSED = "refused"
    """The worker did not accept the approval."""
    OUTDATED = "outdated"
    """The draft can no longer apply, or its number is taken: approve the new one."""
    SIGNED = "signed"
    """The signed blob is stored."""
    SENT = "sent"
    """A node took it."""
    FOUND_SUCCESS = "found_success"
    """A validated ledger holds it with `tesSUCCESS`."""
    FOUND_FAILURE = "found_failure"
    """A validated ledger holds it with another result."""
    WINDOW_PASSED = "window_passed"
    """`LastLedgerSequence` passed on history known complete."""


TRANSITIONS: dict[tuple[TransferState, Cause], TransferState] = {
    (TransferState.DRAFTED, Cause.APPROVED): TransferState.SIGNING,
    (TransferState.DRAFTED, Cause.OUTDATED): TransferState.DRAFTED,
    (TransferState.DRAFTED, Cause.CANCELLED): TransferState.CANCELLED,
    (TransferState.DRAFTED, Cause.LAPSED): TransferState.EXPIRED,
    (TransferState.SIGNING, Cause.REFUSED): TransferState.DRAFTED,
    (TransferState.SIGNING, Cause.OUTDATED): TransferState.DRAFTED,
    (TransferState.SIGNING, Cause.CANCELLED): TransferState.CANCELLED,
    (TransferState.SIGNING, Cause.SIGNED): TransferState.SIGNED,
    (TransferState.SIGNED, Cause.SENT): TransferState.SUBMITTED,
    (TransferState.SIGNED, Cause.FOUND_SUCCESS): TransferState.SETTLED,
    (TransferState.SIGNED, Cause.FOUND_FAILURE): TransferState.FAILED,
    (TransferState.SIGNED, Cause.WINDOW_PASSED): TransferState.EXPIRED,
    (TransferState.SUBMITTED, Cause.FOUND_SUCCESS): TransferState.SETTLED,
    (TransferState.SUBMITTED, Cause.FOUND_FAILURE): TransferState.FAILED,
    (TransferState.SUBMITTED, Cause.WINDOW_PASSED): TransferState.EXPIRED,
}
"""The whole state machine; what is not here cannot happen."""

FIRST_FIELDS = frozenset(
    {
        "amount",
        "user_id",
        "address",
        "destination_tag",
        "room_id",
        "note",
        "accepted_warnings",
    }
)
"""What an ask for a transfer could say from the beginning."""

TERMINAL = frozenset(
    {TransferState.SETTLED, TransferState.FAILED, TransferState.EXPIRED, TransferState.CANCELLED}
)


class ImpossibleTransition(AssertionError):
    """A programmer's error: this cause cannot meet this state."""


def turn(state: TransferState, cause: Cause) -> TransferState:
    """The next state.

    Raises:
        ImpossibleTransition: The table has none.
    """
    following = TRANSITIONS.get((state, cause))
    if following is None:
        raise ImpossibleTransition(f"{cause} cannot turn {state}")
    return following


class Pays(enum.StrEnum):
    """What a transfer pays beside its recipient: something that keeps count of it."""

    REQUEST = "request"
    """A share of a request."""
    SETTLE_UP = "settle_up"
    """A line of a room's settle-up plan: shares of several requests."""
    RUN = "run"
    """A payment of a schedule."""


class Purse(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender has, in drops."""

    balance_drops: int
    spendable_drops: int
    """Balance without the reserve."""
    promised_drops: int
    """Already signed away, not yet in a validated ledger."""

    @property
    def free_drops(self) -> int:
        """What could still be signed away."""
        return self.spendable_drops - self.promised_drops


class Payee(msgspec.Struct, frozen=True, kw_only=True):
    """The receiving account, as a validated ledger holds it."""

    exists: bool
    balance_drops: int
    flags: int


def check_purse(purse: Purse, amount_drops: int, fee_drops: int) -> None:
    """Refuse what the sender cannot pay; the fee may come out of the reserve.

    Raises:
        InsufficientBalance: More than there is.
        BelowReserve: There is enough, but the reserve would not be left.
    """
    if amount_drops + fee_drops > purse.balance_drops - purse.promised_drops:
        raise InsufficientBalance
    if amount_drops > purse.spendable_drops - purse.promised_drops:
        raise BelowReserve


def chooses_senders(payee: Payee) -> bool:
    """Whether the account takes money only from those it has allowed."""
    return bool(payee.flags & AccountFlag.DEPOSIT_AUTH)


def check_payee(payee: Payee, amount_drops: int, destination_tag: int | None, reserves: Reserves) -> bool:
    """Refuse what the ledger would refuse on the receiver's side.

    Returns:
        Whether the account takes money only from those it allowed, so that the ledger must be asked.

    Raises:
        DestinationBelowReserve: The amount would not open the account.
        DestinationTagNeeded: The account demands a tag.
    """
    if not payee.exists:
        if amount_drops < reserves.base_drops:
            raise DestinationBelowReserve
        return False
    if payee.flags & AccountFlag.REQUIRE_DESTINATION_TAG and destination_tag is None:
        raise DestinationTagNeeded
    # The ledger lets a poor account be helped to its reserve by anyone.
    is_help = amount_drops <= reserves.base_drops and payee.balance_drops <= reserves.base_drops
    return chooses_senders(payee) and not is_help


def warnings_of(
    free: Decimal | int,
    amount: Decimal | int,
    *,
    is_new_payee: bool,
    is_stranger: bool,
    looks_like: str | None = None,
    exchange: str | None = None,
) -> list[TransferWarning]:
    """What the person should know before approving, the worst first.

    Args:
        free: What the sender could spend of the asset that leaves.
        amount: How much of it leaves at most.
        is_new_payee: The address was never paid before.
        is_stranger: The receiver is someone here, and no friend.
        looks_like: A payee or friend whose address this one could be taken for.
        exchange: The exchange this account belongs to, where no destination tag is given.
    """
    found = []
    if looks_like is not None:
        found.append(
            TransferWarning(
                code="looks_like_another",
                detail=f"It begins and ends like {looks_like}, and is another address: compare every character",
            )
        )
    if exchange is not None:
        found.append(
            TransferWarning(
                code="exchange_without_tag",
                detail=f"This is an account of {exchange}: without a destination tag the money may be lost",
            )
        )
    if is_new_payee:
        found.append(TransferWarning(code="new_payee", detail="You have not paid this address before"))
    if is_stranger:
        found.append(TransferWarning(code="not_a_friend", detail="This person is not your friend"))
    if amount * 100 >= free * EMPTIES_PERCENT:
        found.append(TransferWarning(code="empties_wallet", detail="Hardly anything would be left to spend"))
    elif amount * 100 >= free * LARGE_SHARE_PERCENT:
        found.append(TransferWarning(code="large_share", detail="This is a large share of what you have"))
    return found


def looks_like(address: str, known: str) -> bool:
    """Whether a careless eye could take `address` for `known`, which it is not.

    People compare the ends. Who wants to be taken for another payee makes keys until both ends agree, and
    sends a little so that the address stands in the history. Six agreeing characters never come by chance.
    """
    if address == known:
        return False
    begin = _agreeing(address, known)
    end = _agreeing(address[::-1], known[::-1])
    return (begin >= LIKE_BEGIN and end >= LIKE_END) or max(begin, end) > LIKE_BEGIN + LIKE_END


def _agreeing(one: str, other: str) -> int:
    """How many characters agree from the beginning."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def clean_note(note: str) -> str:
    """A note without space around it.

    Raises:
        NoteRefused: It holds control characters (line breaks and tabs excepted) or lone surrogates.
    """
    if any(unicodedata.category(each) in {"Cc", "Cs"} and each not in "\n\t" for each in note):
        raise NoteRefused
    return note.strip()


def input_hash(ask: TransferAsk) -> bytes:
    """What tells two requests apart under one idempotency key.

    A field that joined the wire later counts only where it says something, so that a key keeps its meaning
    across an upgrade.
    """
    said = {
        name: value
        for name, value in msgspec.to_builtins(ask).items()
        if name in FIRST_FIELDS or value != getattr(_NOTHING_SAID, name)
    }
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).digest()


_NOTHING_SAID = TransferAsk(amount=AmountAsk(value=""))
"""Every field that need not be said, as it is when it is not."""
