"""Methods about ledgers: ledger, ledger_closed, ledger_current, ledger_accept."""

from typing import Any

from xrpl_devnet.codec.binary import decode
from xrpl_devnet.ledger.closed import ClosedLedger, ClosedTransaction
from xrpl_devnet.ledger.header import human_time, iso_time
from xrpl_devnet.rpc.errors import RpcError, expected_field
from xrpl_devnet.rpc.lookup import find_ledger
from xrpl_devnet.rpc.registry import Context, method
from xrpl_devnet.rpc.shape import hex_of, meta_json, transaction_json
from xrpl_devnet.tx.transaction import Transaction


@method("ledger_current")
def ledger_current(ctx: Context) -> dict[str, Any]:
    """The index of the open ledger."""
    return {"ledger_current_index": ctx.node.open.index}


@method("ledger_closed")
def ledger_closed(ctx: Context) -> dict[str, Any]:
    """Index and hash of the last closed ledger."""
    return {"ledger_hash": hex_of(ctx.node.closed.hash), "ledger_index": ctx.node.closed.index}


@method("ledger_accept", admin=True)
def ledger_accept(ctx: Context) -> dict[str, Any]:
    """Close the open ledger; `close_time` (seconds of the ripple epoch) is ours."""
    close_time = ctx.params.get("close_time")
    if close_time is not None and (
        isinstance(close_time, bool) or not isinstance(close_time, int) or not 0 <= close_time < 2**32
    ):
        raise expected_field("close_time", "unsigned integer")
    ctx.node.close(close_time)
    return {"ledger_current_index": ctx.node.open.index}


def _bool(ctx: Context, name: str) -> bool:
    value = ctx.params.get(name, False)
    if not isinstance(value, bool):
        raise expected_field(name, "boolean")
    return value


@method("ledger")
def ledger(ctx: Context) -> dict[str, Any]:
    """A ledger's header, and its transactions when asked."""
    expand, binary = _bool(ctx, "expand"), _bool(ctx, "binary")
    transactions = _bool(ctx, "transactions") or _bool(ctx, "full")
    expand = expand or _bool(ctx, "full")
    if not any(name in ctx.params for name in ("ledger", "ledger_hash", "ledger_index")):
        return _both(ctx)
    found = find_ledger(ctx)
    if found.closed is None:
        shown = _open_header(ctx)
        if transactions:
            shown["transactions"] = [
                _open_entry(ctx, tx, expand=expand, binary=binary)
                for tx in sorted(ctx.node.open_transactions(), key=_id_of)
            ]
    else:
        shown = _header_json(found.closed, v2=ctx.v2, binary=binary)
        if transactions:
            shown["transactions"] = [
                _closed_entry(ctx, found.closed, tx, expand=expand, binary=binary)
                for tx in sorted(ctx.node.store.transactions(found.closed.index), key=_id_of)
            ]
    out: dict[str, Any] = {"ledger": shown, **found.describe()}
    if ctx.params.get("queue") is True:
        if found.closed is not None:
            raise RpcError("invalidParams")
        out["queue_data"] = []
    return out


def _id_of(tx: ClosedTransaction | Transaction) -> bytes:
    return tx.id


def _both(ctx: Context) -> dict[str, Any]:
    """Without a selector: the last closed and the open ledger."""
    return {
        "closed": {"ledger": _header_json(ctx.node.closed, v2=ctx.v2, binary=False)},
        "open": {"ledger": _open_header(ctx)},
    }


def _open_header(ctx: Context) -> dict[str, Any]:
    index = ctx.node.open.index
    return {
        "closed": False,
        "ledger_index": index if ctx.v2 else str(index),
        "parent_hash": hex_of(ctx.node.closed.hash),
    }


def _header_json(closed: ClosedLedger, *, v2: bool, binary: bool) -> dict[str, Any]:
    header = closed.header
    if binary:
        return {"closed": True, "ledger_data": hex_of(header.blob())}
    out: dict[str, Any] = {
        "account_hash": hex_of(header.account_hash),
        "close_flags": header.close_flags,
        "close_time": header.close_time,
        "close_time_human": human_time(header.close_time),
        "close_time_iso": iso_time(header.close_time),
        "close_time_resolution": header.close_time_resolution,
        "closed": True,
        "ledger_hash": hex_of(closed.hash),
        "ledger_index": header.index if v2 else str(header.index),
        "parent_close_time": header.parent_close_time,
        "parent_hash": hex_of(header.parent_hash),
        "total_coins": str(header.drops),
        "transaction_hash": hex_of(header.transaction_hash),
    }
    if header.close_time == 0:
        del out["close_time_human"], out["close_time_iso"]
    return out


def _open_entry(ctx: Context, tx: Transaction, *, expand: bool, binary: bool) -> Any:
    if not expand:
        return hex_of(tx.id)
    if binary:
        return {"hash": hex_of(tx.id), "tx_blob": hex_of(tx.blob)}
    shown = transaction_json(tx.fields, v2=ctx.v2)
    if ctx.v2:
        return {"tx_json": shown, "hash": hex_of(tx.id), "validated": False}
    return {**shown, "hash": hex_of(tx.id)}


def _closed_entry(
    ctx: Context, closed: ClosedLedger, tx: ClosedTransaction, *, expand: bool, binary: bool
) -> Any:
    if not expand:
        return hex_of(tx.id)
    if binary:
        meta = "meta_blob" if ctx.v2 else "meta"
        out = {"tx_blob": hex_of(tx.blob), meta: hex_of(tx.meta_blob)}
        return {**out, "hash": hex_of(tx.id)} if ctx.v2 else out
    fields = decode(tx.blob)
    shown = transaction_json(fields, v2=ctx.v2)
    meta_shown = meta_json(fields, decode(tx.meta_blob))
    if not ctx.v2:
        return {**shown, "hash": hex_of(tx.id), "metaData": meta_shown}
    return {
        "tx_json": shown,
        "hash": hex_of(tx.id),
        "meta": meta_shown,
        "validated": True,
        "ledger_index": closed.index,
        "ledger_hash": hex_of(closed.hash),
        "close_time_iso": iso_time(closed.close_time),
    }
