"""One account's history against the ledger's, to the drop. Pure.

Three stories are told of every watched account: the ledger's own (`account_tx`, with what each transaction
changed), ours of what we signed (`outgoing_transactions`), and ours of what moved (the owner's books). They
must be one story: each transaction of the ledger once, none of ours that the ledger does not hold, none the
ledger holds signed with our key that we did not send, and opening balance, movements and fees adding up to
the balance the ledger shows.
"""

import enum
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from talktalk.ledger.amounts import parse_drops
from talktalk.ledger.income import movements, xrp_changes
from talktalk.ledger.schemas import LedgerTransaction, OutgoingState
from talktalk_wire.common import Amount


class Kind(enum.StrEnum):
    """What does not agree."""

    ORPHAN = "orphan"
    """The ledger holds a transaction signed with our key that we have no row for: somebody else has the
    key, or our rows were lost. The one difference that cannot wait."""
    TRANSACTION_INVENTED = "transaction_invented"
    """Our row says the ledger holds it; it does not."""
    END_DIFFERS = "end_differs"
    """Our row tells another end than the ledger, or none yet."""
    MOVEMENT_MISSING = "movement_missing"
    """Money moved, and the owner's books do not say so."""
    MOVEMENT_INVENTED = "movement_invented"
    """The books tell a movement the ledger does not hold."""
    MOVEMENT_REPEATED = "movement_repeated"
    """The books tell one movement twice."""
    CHANGE_UNTOLD = "change_untold"
    """The ledger changed the balance by more or less than movements and fee explain."""
    BALANCE_DIFFERS = "balance_differs"
    """The balance we show is not the ledger's."""
    SUM_DIFFERS = "sum_differs"
    """Opening balance, movements and fees of our own rows do not add up to the ledger's balance."""
    HISTORY_DIFFERS = "history_differs"
    """The ledger's transactions, as told, do not lead to its own balance: a node left something out."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that does not agree."""

    kind: Kind
    tx_hash: str = ""
    """Empty where it is about no single transaction."""
    ledger_index: int | None = None
    drops: int | None = None
    """What the ledger says less what we say, where it can be said in drops."""
    detail: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A movement as the owner's books tell it."""

    tx_hash: str
    incoming: bool
    amount: Amount
    ledger_index: int


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What we signed, as our row tells it."""

    tx_hash: str
    state: OutgoingState
    ledger_index: int | None
    fee_drops: int | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction of the ledger that touched the account."""

    ledger_index: int
    transaction: LedgerTransaction


class Stories(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one account between two ledgers."""

    address: str
    opening_drops: int
    closing_drops: int
    """What the ledger holds at the end."""
    shown_drops: int | None
    """What our row shows; None if it is of a later ledger, so that it cannot be compared."""
    found: Sequence[Found]
    sent: Sequence[Sent]
    """Ours among what was found, and ours that say they stand in these ledgers."""
    told: Sequence[Told] | None
    """None for an owner who keeps no books (the operator's own accounts)."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of comparing."""

    transactions: int
    booked_drops: int | None
    """Opening balance, movements and fees of our rows; None without books."""
    differences: list[Difference]


Move = tuple[str, bool, str, str]
"""Hash, whether incoming, asset, value: what makes a movement one and the same."""


def compare(stories: Stories) -> Verdict:
    """Every difference between the three stories, in the order of the ledger."""
    differences = [*_history(stories), *_signed(stories)]
    booked = None
    if stories.told is not None:
        differences += [*_moved(stories, stories.told), *_untold(stories)]
        booked = _booked(stories, stories.told)
        if booked != stories.closing_drops:
            differences.append(
                Difference(
                    kind=Kind.SUM_DIFFERS,
                    drops=stories.closing_drops - booked,
                    detail=f"our rows add up to {booked} drops, the ledger holds {stories.closing_drops}",
                )
            )
    if stories.shown_drops is not None and stories.shown_drops != stories.closing_drops:
        differences.append(
            Difference(
                kind=Kind.BALANCE_DIFFERS,
                drops=stories.closing_drops - stories.shown_drops,
                detail=f"we show {stories.shown_drops} drops, the ledger holds {stories.closing_drops}",
            )
        )
    differences.sort(key=lambda each: (each.ledger_index or 2**63, each.tx_hash, each.kind))
    return Verdict(transactions=len(stories.found), booked_drops=booked, differences=differences)


def change_drops(transaction: LedgerTransaction, address: str) -> int:
    """By how much this transaction changed the account's balance, fee included."""
    return sum(change for changed, change in xrp_changes(transaction) if changed == address)


def _history(stories: Stories) -> Iterator[Difference]:
    """The ledger against itself."""
    balance = stories.opening_drops + sum(
        change_drops(each.transaction, stories.address) for each in stories.found
    )
    if balance != stories.closing_drops:
        yield Difference(
            kind=Kind.HISTORY_DIFFERS,
            drops=stories.closing_drops - balance,
            detail=f"its transactions lead to {balance} drops, the ledger holds {stories.closing_drops}",
        )


def _signed(stories: Stories) -> Iterator[Difference]:
    """What the ledger holds signed by us, against our rows; and our rows against the ledger."""
    rows = {each.tx_hash: each for each in stories.sent}
    found = {each.transaction.hash: each for each in stories.found}
    for each in stories.found:
        transaction = each.transaction
        row = rows.get(transaction.hash)
        if row is not None:
            wanted = (
                OutgoingState.SETTLED if transaction.result == "tesSUCCESS" else OutgoingState.FAILED,
                each.ledger_index,
                transaction.fee_drops,
            )
            said = (row.state, row.ledger_index, row.fee_drops)
            if said != wanted:
                yield Difference(
                    kind=Kind.END_DIFFERS,
                    detail=f"the ledger: {_end(*wanted)}; our row: {_end(*said)}",
                    tx_hash=transaction.hash,
                    ledger_index=each.ledger_index,
                )
        elif transaction.tx_json["Account"] == stories.address and not _is_inner(transaction, rows):
            yield Difference(
                kind=Kind.ORPHAN,
                detail=f"{transaction.tx_json['TransactionType']}, {transaction.result}, signed with this "
                "account's key and unknown to us",
                tx_hash=transaction.hash,
                ledger_index=each.ledger_index,
            )
    for row in stories.sent:
        if row.tx_hash not in found and row.ledger_index is not None:
            yield Difference(
                kind=Kind.TRANSACTION_INVENTED,
                tx_hash=row.tx_hash,
                ledger_index=row.ledger_index,
                detail=f"our row: {_end(row.state, row.ledger_index, row.fee_drops)}; the ledger has none",
            )


def _moved(stories: Stories, told: Sequence[Told]) -> Iterator[Difference]:
    """What moved against what the books tell."""
    indexes = {each.transaction.hash: each.ledger_index for each in stories.found}
    true: Counter[Move] = Counter()
    for each in stories.found:
        for movement in movements(each.transaction, {stories.address}):
            amount = movement.amount
            true[each.transaction.hash, movement.incoming, amount.asset, amount.value] += 1
    booked = Counter((each.tx_hash, each.incoming, each.amount.asset, each.amount.value) for each in told)
    said_at = {each.tx_hash: each.ledger_index for each in told}
    for move in sorted(true - booked):
        yield _difference(Kind.MOVEMENT_MISSING, move, indexes[move[0]])
    for move in sorted(booked - true):
        kind = Kind.MOVEMENT_REPEATED if move in true else Kind.MOVEMENT_INVENTED
        yield _difference(kind, move, indexes.get(move[0], said_at[move[0]]))


def _untold(stories: Stories) -> Iterator[Difference]:
    """Changes of the balance that neither a movement nor the fee explains."""
    for each in stories.found:
        transaction = each.transaction
        explained = -transaction.fee_drops if _pays_fee(transaction, stories.address) else 0
        for movement in movements(transaction, {stories.address}):
            explained += _drops(movement.amount, incoming=movement.incoming)
        drops = change_drops(transaction, stories.address) - explained
        if drops:
            yield Difference(
                kind=Kind.CHANGE_UNTOLD,
                tx_hash=transaction.hash,
                ledger_index=each.ledger_index,
                drops=drops,
                detail=f"{transaction.tx_json['TransactionType']} changed the balance by {drops} drops more "
                "than movements and fee tell",
            )


def _booked(stories: Stories, told: Sequence[Told]) -> int:
    """Opening balance, movements and fees of our own rows."""
    fees = sum(each.fee_drops or 0 for each in stories.sent if each.ledger_index is not None)
    return stories.opening_drops + sum(_drops(each.amount, incoming=each.incoming) for each in told) - fees


def _drops(amount: Amount, *, incoming: bool) -> int:
    """A movement of XRP in signed drops; nothing for any other asset."""
    if amount.asset != "XRP" or not amount.value.strip("0."):
        return 0
    drops = parse_drops(amount.value)
    return drops if incoming else -drops


def _pays_fee(transaction: LedgerTransaction, address: str) -> bool:
    fields = transaction.tx_json
    return bool(fields.get("Delegate", fields["Account"]) == address)


def _is_inner(transaction: LedgerTransaction, rows: Mapping[str, Sent]) -> bool:
    """Whether a Batch of ours carried it."""
    return transaction.meta.get("ParentBatchID") in rows


def _difference(kind: Kind, move: Move, ledger_index: int | None) -> Difference:
    tx_hash, incoming, asset, value = move
    return Difference(
        kind=kind,
        tx_hash=tx_hash,
        ledger_index=ledger_index,
        detail=f"{'in' if incoming else 'out'} {value} {asset}",
    )


def _end(state: OutgoingState, ledger_index: int | None, fee_drops: int | None) -> str:
    where = "in no ledger" if ledger_index is None else f"in ledger {ledger_index}"
    return f"{state} {where}, fee {0 if fee_drops is None else fee_drops} drops"
