"""A ledger checked against its own hash: nothing in it can be invented, left out or altered.

A ledger's hash covers its header; the header holds the parent's hash and the root of the tree of the
ledger's transactions; a leaf of that tree covers a transaction's bytes and its metadata. So who knows
the right hash can take the rest from anybody, and a node that says otherwise than the ledger does is
found out without asking another. Which hash is the right one is not decided here (`nodes.NodePool`).

The tree is a radix tree of 16 branches over the transaction ids; each leaf stands as high as it stands
alone, below the root.

Source: xrpl.org, Ledgers (header, tree format); rippled `SHAMap`, `LedgerHeader`.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import msgspec

from talktalk.ledger.errors import MalformedLedger
from talktalk.ledger.schemas import LedgerTransaction, ValidatedLedger
from xrpl_codec.binary import CodecError, Fields, decode, write_length
from xrpl_codec.fields import RESULT_NAMES
from xrpl_codec.json_form import to_json

RIPPLE_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
HEADER_BYTES: Final = 118
NO_TRANSACTIONS: Final = bytes(32)
PARTIAL_PAYMENT: Final = 0x00020000
DELIVERING: Final = frozenset({"Payment", "CheckCash", "AccountDelete"})
SUCCESS: Final = "tesSUCCESS"
UNKNOWN_RESULT: Final = ""
_RESULT_FIELD: Final = bytes.fromhex("0310")
_HEADER: Final = b"LWR\x00"
_LEAF: Final = b"SND\x00"
_INNER: Final = b"MIN\x00"
_TRANSACTION: Final = b"TXN\x00"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What of a ledger's header is used here."""

    ledger_index: int
    ledger_hash: str
    parent_hash: str
    transaction_hash: bytes
    close_time: datetime


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as its ledger's tree holds it."""

    tx_hash: bytes
    blob: bytes
    meta: bytes


def header_of(data: bytes) -> Header:
    """Read a serialised header; its hash is computed, never believed.

    Raises:
        MalformedLedger: Not `HEADER_BYTES` long.
    """
    if len(data) != HEADER_BYTES:
        raise MalformedLedger("a header of another length")
    return Header(
        ledger_index=int.from_bytes(data[:4], "big"),
        ledger_hash=_half(_HEADER + data).hex().upper(),
        parent_hash=data[12:44].hex().upper(),
        transaction_hash=data[44:76],
        close_time=RIPPLE_EPOCH + timedelta(seconds=int.from_bytes(data[112:116], "big")),
    )


def entry_of(blob: bytes, meta: bytes) -> Entry:
    """A transaction and its metadata, under the id its bytes have."""
    return Entry(tx_hash=_half(_TRANSACTION + blob), blob=blob, meta=meta)


def transactions_root(entries: Sequence[Entry]) -> bytes:
    """The root of the tree of these transactions, in any order; zeros if there are none.

    Raises:
        MalformedLedger: The same transaction twice.
    """
    if not entries:
        return NO_TRANSACTIONS
    ordered = sorted(entries, key=lambda entry: entry.tx_hash)
    if any(one.tx_hash == other.tx_hash for one, other in pairwise(ordered)):
        raise MalformedLedger("a transaction stands twice")
    return _inner([(entry.tx_hash, _leaf(entry)) for entry in ordered], 0)


def proven(header_blob: bytes, entries: Sequence[Entry]) -> ValidatedLedger:
    """The ledger these bytes are, its transactions in the order they were applied.

    Of a transaction that this version cannot decode (`is_known`) hash and result are right, and no more.

    Raises:
        MalformedLedger: The transactions are not those of the header.
    """
    header = header_of(header_blob)
    if transactions_root(entries) != header.transaction_hash:
        raise MalformedLedger(f"the transactions are not those of ledger {header.ledger_index}")
    transactions = [decoded(entry) for entry in entries]
    transactions.sort(key=lambda transaction: int(transaction.meta.get("TransactionIndex", 0)))
    return ValidatedLedger(
        ledger_index=header.ledger_index,
        ledger_hash=header.ledger_hash,
        parent_hash=header.parent_hash,
        close_time=header.close_time,
        transactions=transactions,
    )


def decoded(entry: Entry) -> LedgerTransaction:
    """A transaction as version 2 of the API shows it, made from its own bytes."""
    tx_hash = entry.tx_hash.hex().upper()
    try:
        fields, meta = decode(entry.blob), decode(entry.meta)
    except CodecError:
        return LedgerTransaction(hash=tx_hash, tx_json={}, meta={"TransactionResult": _result(entry.meta)})
    tx_json = to_json(fields)
    if fields["TransactionType"] == "Payment":
        tx_json["DeliverMax"] = tx_json.pop("Amount")
    return LedgerTransaction(
        hash=tx_hash, tx_json=tx_json, meta={**to_json(meta), **_delivered(fields, meta, tx_json)}
    )


def is_known(transaction: LedgerTransaction) -> bool:
    """Whether `decoded` could read it."""
    return bool(transaction.tx_json)


def as_shown(transaction: LedgerTransaction, shown: dict[str, Any]) -> LedgerTransaction:
    """A transaction that could not be decoded, as a node shows it.

    That it stands in the ledger, and with which result, is proven; the rest is the node's word.

    Raises:
        MalformedLedger: The node shows another result.
    """
    taken = LedgerTransaction(hash=transaction.hash, tx_json=shown["tx_json"], meta=shown["meta"])
    if taken.result != transaction.result and transaction.result != UNKNOWN_RESULT:
        raise MalformedLedger(f"{transaction.hash} is shown with another result")
    if transaction.result == UNKNOWN_RESULT and taken.result == SUCCESS:
        raise MalformedLedger(f"{transaction.hash} is shown as a success")
    return taken


def _result(meta: bytes) -> str:
    """The result in metadata: its last field, whatever else stands there."""
    if len(meta) < len(_RESULT_FIELD) + 1 or meta[-3:-1] != _RESULT_FIELD:
        return UNKNOWN_RESULT
    return RESULT_NAMES.get(meta[-1], UNKNOWN_RESULT)


def _delivered(fields: Fields, meta: Fields, tx_json: dict[str, Any]) -> dict[str, Any]:
    """`delivered_amount`, which the API adds: the ledger writes it down only where it is not `Amount`.

    Not quite: before fixMPTDeliveredAmount a partial payment of an MPT left it out whatever it
    delivered, so there it is not known.
    """
    if fields["TransactionType"] not in DELIVERING or meta["TransactionResult"] != SUCCESS:
        return {}
    if "DeliveredAmount" in meta:
        return {"delivered_amount": to_json({"DeliveredAmount": meta["DeliveredAmount"]})["DeliveredAmount"]}
    amount = tx_json.get("DeliverMax", tx_json.get("Amount"))
    is_partial = bool(fields.get("Flags", 0) & PARTIAL_PAYMENT)
    is_mpt = isinstance(amount, dict) and "mpt_issuance_id" in amount
    if amount is None or (is_partial and is_mpt):
        return {"delivered_amount": "unavailable"}
    return {"delivered_amount": amount}


def _leaf(entry: Entry) -> bytes:
    try:
        lengths = write_length(len(entry.blob)), write_length(len(entry.meta))
    except CodecError as error:
        raise MalformedLedger("a transaction too long for any ledger") from error
    return _half(b"".join((_LEAF, lengths[0], entry.blob, lengths[1], entry.meta, entry.tx_hash)))


def _inner(leaves: Sequence[tuple[bytes, bytes]], depth: int) -> bytes:
    """The hash of the node above these leaves, which agree in their first `depth` nibbles."""
    branches: list[list[tuple[bytes, bytes]]] = [[] for _ in range(16)]
    for leaf in leaves:
        byte = leaf[0][depth >> 1]
        branches[byte & 15 if depth & 1 else byte >> 4].append(leaf)
    parts = [_INNER]
    for branch in branches:
        if not branch:
            parts.append(bytes(32))
        elif len(branch) == 1:
            parts.append(branch[0][1])
        else:
            parts.append(_inner(branch, depth + 1))
    return _half(b"".join(parts))


def _half(data: bytes) -> bytes:
    """SHA-512Half."""
    return hashlib.sha512(data).digest()[:32]
