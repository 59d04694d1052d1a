"""What a validated transaction moved for the accounts we watch. Pure functions.

For Payment, CheckCash and AccountDelete `delivered_amount` is believed of the two parties, and only
it: `Amount` says what the sender wanted, and a partial payment can deliver a millionth of it. For
every other type, for whoever else's entries a payment changed, and for a person who pays themselves
to exchange, the change of our own AccountRoot, trust line or MPToken counts. Nothing is read from a
transaction that did not succeed.

Source: xrpl.org, Partial Payments; Robustly Monitoring for Payments.
"""

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Any

from talktalk.ledger import lines
from talktalk.ledger.amounts import from_ledger, xrp
from talktalk.ledger.memos import memo_of
from talktalk.ledger.rounding import add, plain
from talktalk.ledger.schemas import LedgerTransaction, Movement
from talktalk_wire.common import Amount

DELIVERING = frozenset({"Payment", "CheckCash", "AccountDelete"})


def movements(transaction: LedgerTransaction, watched: Collection[str]) -> Iterator[Movement]:
    """Each movement of a watched account in this transaction, one for an asset and direction."""
    if transaction.result != "tesSUCCESS":
        return
    parties: frozenset[str] = frozenset()
    if transaction.tx_json["TransactionType"] in DELIVERING:
        receiver, sender = _parties(transaction)
        if receiver != sender:
            parties = frozenset((receiver, sender))
            yield from _delivered(transaction, watched, receiver, sender)
    yield from _changed(transaction, watched, parties)


def _parties(transaction: LedgerTransaction) -> tuple[str, str]:
    """Receiver and sender of what is delivered."""
    fields = transaction.tx_json
    if fields["TransactionType"] == "CheckCash":
        return str(fields["Account"]), _check_writer(transaction)
    return str(fields["Destination"]), str(fields["Account"])


def _delivered(
    transaction: LedgerTransaction, watched: Collection[str], receiver: str, sender: str
) -> Iterator[Movement]:
    fields = transaction.tx_json
    amount = from_ledger(transaction.meta.get("delivered_amount"))
    if amount is None:
        # A node that cannot say what was delivered is not believed about the rest.
        return
    for account, other in ((receiver, sender), (sender, receiver)):
        if account in watched:
            yield Movement(
                account=account,
                incoming=account == receiver,
                amount=amount,
                counterparty=other,
                destination_tag=fields.get("DestinationTag"),
                kind=fields["TransactionType"],
                memo=memo_of(fields),
            )


def _changed(
    transaction: LedgerTransaction, watched: Collection[str], parties: Collection[str]
) -> Iterator[Movement]:
    """What the entries of those who are no parties tell."""
    fields = transaction.tx_json
    for address, change in _changes(transaction):
        if address not in watched or address in parties:
            continue
        other = fields.get("Destination", fields["Account"])
        yield Movement(
            account=address,
            incoming=not change.value.startswith("-"),
            amount=Amount(value=change.value.removeprefix("-"), asset=change.asset),
            counterparty=fields["Account"] if address == other else other,
            destination_tag=fields.get("DestinationTag"),
            kind=fields["TransactionType"],
            memo=memo_of(fields),
        )


def _changes(transaction: LedgerTransaction) -> Iterator[tuple[str, Amount]]:
    """Address and signed change, fees not counted, of everything that changed."""
    payer = _fee_payer(transaction.tx_json)
    for address, change_drops in xrp_changes(transaction):
        moved = change_drops + (transaction.fee_drops if address == payer else 0)
        if moved:
            yield address, xrp(moved)
    sums: dict[tuple[str, str], Decimal] = {}
    for address, asset, change in lines.changes(transaction):
        sums[address, asset] = add(sums.get((address, asset), Decimal(0)), change)
    for (address, asset), change in sums.items():
        yield address, Amount(value=plain(change), asset=asset)


def xrp_changes(transaction: LedgerTransaction) -> Iterator[tuple[str, int]]:
    """Address and change of balance in drops, fees included, of every AccountRoot that changed."""
    for entry in transaction.meta.get("AffectedNodes", []):
        ((kind, node),) = entry.items()
        if node.get("LedgerEntryType") != "AccountRoot":
            continue
        if kind == "CreatedNode":
            yield node["NewFields"]["Account"], int(node["NewFields"]["Balance"])
            continue
        final: dict[str, Any] = node.get("FinalFields", {})
        before = node.get("PreviousFields", {}).get("Balance")
        if before is not None:
            yield final["Account"], int(final["Balance"]) - int(before)


def _fee_payer(fields: dict[str, Any]) -> str:
    return str(fields.get("Delegate", fields["Account"]))


def _check_writer(transaction: LedgerTransaction) -> str:
    """Who wrote the check that was cashed: the deleted Check entry says it."""
    for entry in transaction.meta.get("AffectedNodes", []):
        node = entry.get("DeletedNode", {})
        if node.get("LedgerEntryType") == "Check":
            return str(node["FinalFields"]["Account"])
    return str(transaction.tx_json["Account"])
