"""Reading a set of transactions that is about to be approved as one.

The server draws up everything a bulk payment takes; this decodes each transaction's bytes, gathers
whom they pay, and compares it with what was asked. Whatever else one of them says is a difference.
The approval hash is computed here, from the same bytes.

What bytes cannot show is when each is sent: that a payment waits for the one before it (`until
failure`, without a Batch) is the server's doing.

Taking up a token, changing its limit or letting it go is an order of one transaction, compared field by
field.

Source: talktalk_wire.orders; xrpl.org, Payment, TicketCreate, TrustSet, MPTokenAuthorize; XLS-56 (Batch).
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec
from xrpl.core.binarycodec import XRPLBinaryCodecException, decode, encode

from talktalk_client.draft import FEE_DROPS_MAX, amount_of, is_mpt, same_amount, signing_hash
from talktalk_client.errors import Difference, DraftRefused
from talktalk_wire.common import Amount
from talktalk_wire.orders import BulkMode, OrderDraft, TrustAction

BATCH_FLAGS: Final = {
    BulkMode.ALL_OR_NOTHING: 0x0001_0000,
    BulkMode.UNTIL_FAILURE: 0x0004_0000,
    BulkMode.INDEPENDENT: 0x0008_0000,
}

SET_NO_RIPPLE: Final = 0x0002_0000
"""Nobody may pay through a line of ours; without any flag that freezes or authorises."""
MPT_UNAUTHORIZE: Final = 0x0000_0001

_APPROVAL_PREFIX: Final = bytes.fromhex("54544100")
_INNER_BATCH: Final = 0x4000_0000
_COMMON: Final = frozenset(
    {
        "TransactionType",
        "Account",
        "Fee",
        "Flags",
        "Sequence",
        "TicketSequence",
        "LastLedgerSequence",
        "SigningPubKey",
        "NetworkID",
    }
)
_OWN: Final[Mapping[str, Collection[str]]] = {
    "Payment": frozenset({"Destination", "DestinationTag", "Amount"}),
    "TicketCreate": frozenset({"TicketCount"}),
    "Batch": frozenset({"RawTransactions"}),
}


class PaidAsked(msgspec.Struct, frozen=True):
    """One payment the person wants."""

    destination: str
    """Classic address."""
    destination_tag: int | None
    drops: int


class BulkAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What the person wants signed."""

    sender: str
    public_key: str
    mode: BulkMode
    payments: tuple[PaidAsked, ...]
    fee_drops_max: int = FEE_DROPS_MAX
    """Of one payment; what a Batch or a TicketCreate costs besides counts as two more."""


class TrustAsked(msgspec.Struct, frozen=True, kw_only=True):
    """One token the person wants to take up, change or let go."""

    account: str
    """Classic address."""
    public_key: str
    asset: str
    action: TrustAction
    limit: str | None
    """How much of a currency to take at most; None of an MPT, and of a line that goes."""
    fee_drops_max: int = FEE_DROPS_MAX


def approval_hash(tx_blobs: Sequence[bytes]) -> str:
    """How one approval names these unsigned transactions, in their order; 64 hex digits."""
    hashes = [signing_hash(blob) for blob in tx_blobs]
    if len(hashes) == 1:
        return hashes[0]
    named = _APPROVAL_PREFIX + b"".join(bytes.fromhex(each) for each in hashes)
    return hashlib.sha512(named).digest()[:32].hex().upper()


def check_bulk(draft: OrderDraft, asked: BulkAsked) -> None:
    """Return if approving `draft` pays exactly whom was asked, and does nothing else.

    Raises:
        DraftRefused: It does not; every difference is told.
    """
    found: list[Difference] = []
    blobs, paid, fee_drops, has_batch = [], Counter[PaidAsked](), 0, False
    for index, step in enumerate(draft.steps):
        transaction = _decoded(step.tx_blob, index)
        blobs.append(bytes.fromhex(step.tx_blob))
        found += _step_differences(transaction, index, asked)
        fee_drops += int(transaction.get("Fee", "0"))
        has_batch = has_batch or transaction.get("TransactionType") == "Batch"
        paid.update(_payments(transaction))
    if approval_hash(blobs) != draft.approval_hash.upper():
        found.append(Difference("approval_hash", approval_hash(blobs), draft.approval_hash))
    wanted = Counter(asked.payments)
    found += [Difference("payment", str(each), "nothing") for each in (wanted - paid).elements()]
    found += [Difference("payment", "nothing", str(each)) for each in (paid - wanted).elements()]
    fee_drops_max = asked.fee_drops_max * (len(asked.payments) + 2 * len(draft.steps))
    if fee_drops > fee_drops_max:
        found.append(Difference("Fee", f"at most {fee_drops_max}", str(fee_drops)))
    if asked.mode is BulkMode.ALL_OR_NOTHING and not (has_batch and len(draft.steps) == 1):
        found.append(Difference("mode", "one Batch of all", f"{len(draft.steps)} transactions"))
    if found:
        raise DraftRefused(tuple(found))


def check_trust_line(draft: OrderDraft, asked: TrustAsked) -> None:
    """Return if approving `draft` changes exactly the line that was asked, and does nothing else.

    Raises:
        DraftRefused: It does not; every difference is told.
    """
    if len(draft.steps) != 1:
        told = Difference("steps", "one transaction", f"{len(draft.steps)} transactions")
        raise DraftRefused((told,))
    transaction = _decoded(draft.steps[0].tx_blob, 0)
    named = approval_hash([bytes.fromhex(draft.steps[0].tx_blob)])
    found = [
        Difference("approval_hash", named, told)
        for told in (draft.approval_hash, draft.steps[0].signing_hash)
        if told.upper() != named
    ]
    wanted = _line_wanted(asked) | {
        "Account": asked.account,
        "SigningPubKey": asked.public_key.upper(),
        "LastLedgerSequence": draft.last_ledger,
    }
    for field, value in wanted.items():
        said = transaction.pop(field, 0 if field == "Flags" else None)
        if isinstance(value, Amount):
            read = amount_of(said)
            if read is None or not same_amount(read, value):
                found.append(Difference(field, str(value), str(said)))
        elif said != value:
            found.append(Difference(field, str(value), "nothing" if said is None else str(said)))
    fee = str(transaction.pop("Fee", ""))
    if not fee.isdigit() or int(fee) > asked.fee_drops_max:
        found.append(Difference("Fee", f"at most {asked.fee_drops_max}", fee))
    foreign = sorted(transaction.keys() - _COMMON)
    found += [Difference(field, "nothing", str(transaction[field])) for field in foreign]
    if found:
        raise DraftRefused(tuple(found))


def _line_wanted(asked: TrustAsked) -> dict[str, Any]:
    """What the one transaction must say of the line."""
    removes = asked.action is TrustAction.REMOVE
    if is_mpt(asked.asset):
        return {
            "TransactionType": "MPTokenAuthorize",
            "MPTokenIssuanceID": asked.asset.removeprefix("mpt.").upper(),
            "Flags": MPT_UNAUTHORIZE if removes else 0,
        }
    limit = "0" if removes or asked.limit is None else asked.limit
    return {
        "TransactionType": "TrustSet",
        "LimitAmount": Amount(value=limit, asset=asked.asset),
        "Flags": SET_NO_RIPPLE,
    }


def _decoded(tx_blob: str, index: int) -> dict[str, Any]:
    try:
        transaction: dict[str, Any] = decode(tx_blob)
        written_again = encode(transaction).upper()
    except (XRPLBinaryCodecException, ValueError, KeyError, IndexError, TypeError) as error:
        told = Difference(f"steps[{index}]", "a transaction in canonical form", str(error))
        raise DraftRefused((told,)) from error
    if written_again != tx_blob.upper():
        told = Difference(f"steps[{index}]", "the canonical form", "another form of the same fields")
        raise DraftRefused((told,))
    return transaction


def _step_differences(transaction: Mapping[str, Any], index: int, asked: BulkAsked) -> list[Difference]:
    """What one transaction says beyond what it may."""
    where = f"steps[{index}]"
    kind = str(transaction.get("TransactionType"))
    found = _shape_differences(transaction, kind, where, asked.sender)
    if transaction.get("SigningPubKey") != asked.public_key.upper():
        found.append(Difference(f"{where}.SigningPubKey", asked.public_key, "another key"))
    if "LastLedgerSequence" not in transaction:
        found.append(Difference(f"{where}.LastLedgerSequence", "an end", "nothing"))
    flags = int(transaction.get("Flags", 0))
    wanted = BATCH_FLAGS[asked.mode] if kind == "Batch" else 0
    if flags != wanted:
        found.append(Difference(f"{where}.Flags", str(wanted), str(flags)))
    for inner in _inner(transaction):
        found += _shape_differences(inner, str(inner.get("TransactionType")), where, asked.sender)
        outside = inner.get("Fee") != "0" or inner.get("SigningPubKey") != ""
        if inner.get("TransactionType") != "Payment" or outside or inner.get("Flags") != _INNER_BATCH:
            found.append(Difference(f"{where}.RawTransactions", "plain payments", str(dict(inner))))
    return found


def _shape_differences(
    transaction: Mapping[str, Any], kind: str, where: str, sender: str
) -> list[Difference]:
    if kind not in _OWN:
        return [Difference(f"{where}.TransactionType", "a payment, tickets or a batch", kind)]
    found = [
        Difference(f"{where}.{field}", "nothing", str(transaction[field]))
        for field in sorted(transaction.keys() - _COMMON - set(_OWN[kind]))
    ]
    if transaction.get("Account") != sender:
        found.append(Difference(f"{where}.Account", sender, str(transaction.get("Account"))))
    return found


def _inner(transaction: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [wrapped.get("RawTransaction", {}) for wrapped in transaction.get("RawTransactions", [])]


def _payments(transaction: Mapping[str, Any]) -> list[PaidAsked]:
    made = [transaction, *_inner(transaction)]
    return [
        PaidAsked(
            str(each.get("Destination")),
            each.get("DestinationTag"),
            int(each["Amount"]) if str(each.get("Amount")).isdigit() else -1,
        )
        for each in made
        if each.get("TransactionType") == "Payment"
    ]
