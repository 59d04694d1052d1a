"""What a validated transaction moved for the accounts we watch. Pure functions.

For Payment, CheckCash and AccountDelete `delivered_amount` is believed, and only it: `Amount` says
what the sender wanted, and a partial payment can deliver a millionth of it. For every other type
the change of our own AccountRoot counts. Nothing is read from a transaction that did not succeed.

Source: xrpl.org, Partial Payments; Robustly Monitoring for Payments.
"""

from collections.abc import Collection, Iterator
from typing import Any

from talktalk.ledger.amounts import from_ledger, xrp
from talktalk.ledger.schemas import LedgerTransaction, Movement

DELIVERING = frozenset({"Payment", "CheckCash", "AccountDelete"})


def movements(transaction: LedgerTransaction, watched: Collection[str]) -> Iterator[Movement]:
    """Each movement of a watched account in this transaction."""
    if transaction.result != "tesSUCCESS":
        return
    if transaction.tx_json["TransactionType"] in DELIVERING:
        yield from _delivered(transaction, watched)
    else:
        yield from _changed(transaction, watched)


def _delivered(transaction: LedgerTransaction, watched: Collection[str]) -> Iterator[Movement]:
    fields = transaction.tx_json
    kind = fields["TransactionType"]
    amount = from_ledger(transaction.meta.get("delivered_amount"))
    if amount is None:
        # A node that cannot say what was delivered is not believed about the rest.
        return
    if kind == "CheckCash":
        receiver, sender = fields["Account"], _check_writer(transaction)
    else:
        receiver, sender = fields["Destination"], fields["Account"]
    tag = fields.get("DestinationTag")
    if receiver == sender:
        return
    if receiver in watched:
        yield Movement(
            account=receiver,
            incoming=True,
            amount=amount,
            counterparty=sender,
            destination_tag=tag,
            kind=kind,
        )
    if sender in watched:
        yield Movement(
            account=sender,
            incoming=False,
            amount=amount,
            counterparty=receiver,
            destination_tag=tag,
            kind=kind,
        )


def _changed(transaction: LedgerTransaction, watched: Collection[str]) -> Iterator[Movement]:
    fields = transaction.tx_json
    for address, change_drops in xrp_changes(transaction):
        if address not in watched:
            continue
        moved = change_drops + (transaction.fee_drops if address == _fee_payer(fields) else 0)
        if moved == 0:
            continue
        other = fields.get("Destination", fields["Account"])
        yield Movement(
            account=address,
            incoming=moved > 0,
            amount=xrp(abs(moved)),
            counterparty=fields["Account"] if address == other else other,
            destination_tag=fields.get("DestinationTag"),
            kind=fields["TransactionType"],
        )


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
