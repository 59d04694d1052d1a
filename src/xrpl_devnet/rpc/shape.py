"""How transactions look in answers: the one place where API versions 1 and 2 part.

Version 1 puts a transaction's fields, hash and ledger together; version 2 has `tx_json` (or `tx_blob`) with
`hash`, `ledger_index`, `ledger_hash`, `close_time_iso` and `meta` (or `meta_blob`) beside it. A Payment's
`Amount` is also shown as `DeliverMax`, in version 2 only so.
"""

from typing import Any, Final

from xrpl_codec.amounts import amount_to_json
from xrpl_codec.binary import Fields, decode
from xrpl_codec.json_form import to_json
from xrpl_devnet.ledger.header import Header, iso_time
from xrpl_devnet.results import code_of, message_of
from xrpl_devnet.store import StoredTransaction

_DELIVERS: Final = frozenset({"Payment", "CheckCash", "AccountDelete"})


def hex_of(value: bytes) -> str:
    """Upper-case hex, as everywhere in the protocol."""
    return value.hex().upper()


def transaction_json(fields: Fields, *, v2: bool) -> dict[str, Any]:
    """A transaction's fields as a version shows them, without its hash."""
    out = to_json(fields)
    if fields["TransactionType"] == "Payment" and "Amount" in out:
        if v2:
            out["DeliverMax"] = out.pop("Amount")
        else:
            out["DeliverMax"] = out["Amount"]
    return out


def delivered_amount(tx: Fields, meta: Fields) -> Any:
    """What a transaction delivered, in JSON, or None when that is not asked of its type."""
    if tx["TransactionType"] not in _DELIVERS or meta["TransactionResult"] != "tesSUCCESS":
        return None
    delivered = meta.get("DeliveredAmount")
    if delivered is None:
        delivered = tx.get("Amount")
    return "unavailable" if delivered is None else amount_to_json(delivered)


def meta_json(tx: Fields, meta: Fields) -> dict[str, Any]:
    """Metadata with the fields that the API adds."""
    out = to_json(meta)
    delivered = delivered_amount(tx, meta)
    if delivered is not None:
        out["delivered_amount"] = delivered
    if tx["TransactionType"] == "MPTokenIssuanceCreate" and meta["TransactionResult"] == "tesSUCCESS":
        number: int = tx["Sequence"] or tx["TicketSequence"]
        out["mpt_issuance_id"] = hex_of(number.to_bytes(4, "big") + tx["Account"])
    return out


def ctid(ledger_index: int, position: int, network_id: int) -> str | None:
    """The compact id of a validated transaction, where its numbers fit."""
    if ledger_index > 0x0FFFFFFF or position > 0xFFFF or network_id > 0xFFFF:
        return None
    return f"C{ledger_index:07X}{position:04X}{network_id:04X}"


def validated_transaction(
    stored: StoredTransaction,
    header: Header,
    ledger_hash: bytes,
    *,
    v2: bool,
    binary: bool = False,
) -> dict[str, Any]:
    """A transaction of a closed ledger, as `tx` shows it: version 1 flat, version 2 in parts."""
    tx = stored.transaction
    if v2:
        return _validated_v2(stored, header, ledger_hash, binary=binary)
    common = {
        "date": header.close_time,
        "hash": hex_of(tx.id),
        "inLedger": stored.ledger_index,
        "ledger_index": stored.ledger_index,
    }
    if binary:
        return {**common, "tx": hex_of(tx.blob), "meta": hex_of(tx.meta_blob)}
    fields = decode(tx.blob)
    return {
        **transaction_json(fields, v2=False),
        **common,
        "meta": meta_json(fields, decode(tx.meta_blob)),
    }


def _validated_v2(
    stored: StoredTransaction, header: Header, ledger_hash: bytes, *, binary: bool
) -> dict[str, Any]:
    tx = stored.transaction
    out: dict[str, Any] = {
        "hash": hex_of(tx.id),
        "ledger_index": stored.ledger_index,
        "ledger_hash": hex_of(ledger_hash),
        "close_time_iso": iso_time(header.close_time),
    }
    if binary:
        return {**out, "tx_blob": hex_of(tx.blob), "meta_blob": hex_of(tx.meta_blob)}
    fields = decode(tx.blob)
    shown = transaction_json(fields, v2=True)
    shown["date"] = header.close_time
    shown["ledger_index"] = stored.ledger_index
    return {**out, "tx_json": shown, "meta": meta_json(fields, decode(tx.meta_blob))}


def engine_fields(result: str) -> dict[str, Any]:
    """A result in its three forms."""
    return {
        "engine_result": result,
        "engine_result_code": code_of(result),
        "engine_result_message": message_of(result),
    }
