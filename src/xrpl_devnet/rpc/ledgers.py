"""Methods about ledgers: ledger, ledger_closed, ledger_current, ledger_accept.

Version 1 keeps the older names of header fields (`accepted`, `hash`, `seqNum`, `totalCoins`) beside the new
ones, as servers of its time have them; version 2 never had them.
"""

from dataclasses import replace
from typing import Any

from xrpl_codec.binary import decode
from xrpl_devnet.ledger.closed import ClosedLedger, ClosedTransaction
from xrpl_devnet.ledger.header import human_time, iso_time
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.rpc.books import owner_funds
from xrpl_devnet.rpc.errors import RpcError, expected_field
from xrpl_devnet.rpc.lookup import Found, find_ledger
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


def _asked(ctx: Context, name: str) -> bool:
    """Whether an option is on; anything that is neither empty nor zero counts, as `Json::Value::asBool` reads it."""
    return bool(ctx.params.get(name, False))


@method("ledger")
def ledger(ctx: Context) -> dict[str, Any]:
    """A ledger's header, and its transactions and entries when asked."""
    if not any(name in ctx.params for name in ("ledger", "ledger_hash", "ledger_index")):
        return _both(ctx)
    found = find_ledger(ctx)
    # The queue is that of the open ledger, and as nothing ever waits in it, it is never shown.
    if _asked(ctx, "queue") and found.closed is not None:
        raise RpcError("invalidParams")
    binary, full = _asked(ctx, "binary"), _asked(ctx, "full")
    expand = full or _asked(ctx, "expand")
    shown = header_json(ctx, found, binary=binary, full=full)
    if full or _asked(ctx, "transactions"):
        shown["transactions"] = _transactions(ctx, found, expand=expand, binary=binary)
    if full or _asked(ctx, "accounts"):
        shown["accountState"] = _state(found.view, expand=expand, binary=binary)
    return {"ledger": shown, **found.describe()}


def _transactions(ctx: Context, found: Found, *, expand: bool, binary: bool) -> list[Any]:
    """A ledger's transactions in the order of their ids: the ids alone, or all that is known of them."""
    if found.closed is None:
        waiting = sorted(ctx.node.open_transactions(), key=_id_of)
        if not expand:
            return [hex_of(tx.id) for tx in waiting]
        entries = [(tx.fields, _open_entry(ctx, tx, binary=binary)) for tx in waiting]
    else:
        closed = found.closed
        stored = sorted(ctx.node.store.transactions(closed.index), key=_id_of)
        if not expand:
            return [hex_of(tx.id) for tx in stored]
        entries = [(decode(tx.blob), _closed_entry(ctx, closed, tx, binary=binary)) for tx in stored]
    if _asked(ctx, "owner_funds"):
        for fields, entry in entries:
            entry.update(owner_funds(found.view, fields))
    return [entry for _, entry in entries]


def _state(view: ReadView, *, expand: bool, binary: bool) -> list[Any]:
    """All entries of a ledger in the order of their indexes."""
    out: list[Any] = []
    key = view.after(bytes(32))
    while key is not None:
        entry = view.read(key)
        assert entry is not None, "an index that comes next holds an entry"
        if binary:
            out.append({"hash": hex_of(key), "tx_blob": hex_of(entry.blob())})
        else:
            out.append(entry.to_json() if expand else hex_of(key))
        key = view.after(key)
    return out


def _id_of(tx: ClosedTransaction | Transaction) -> bytes:
    return tx.id


def _both(ctx: Context) -> dict[str, Any]:
    """Without a selector: the last closed and the open ledger."""
    closed, view = ctx.node.closed, ctx.node.open
    return {
        "closed": {"ledger": header_json(ctx, Found(closed, closed))},
        "open": {"ledger": header_json(ctx, Found(view, None))},
    }


def header_json(ctx: Context, found: Found, *, binary: bool = False, full: bool = False) -> dict[str, Any]:
    """A ledger's header as a version shows it; of the open ledger little is known, unless `full` is asked."""
    is_open = found.closed is None
    if found.closed is None:
        # An open ledger's header is its parent's, but for what is known already.
        parent = ctx.node.closed
        header = replace(
            parent.header,
            index=found.view.index,
            parent_hash=parent.hash,
            parent_close_time=parent.close_time,
        )
        ledger_hash = parent.hash
    else:
        header, ledger_hash = found.closed.header, found.closed.hash
    if binary:
        return {"closed": False} if is_open else {"closed": True, "ledger_data": hex_of(header.blob())}
    out: dict[str, Any] = {
        "ledger_index": header.index if ctx.v2 else str(header.index),
        "parent_hash": hex_of(header.parent_hash),
    }
    if not ctx.v2:
        out["seqNum"] = str(header.index)
    if is_open and not full:
        return {**out, "closed": False}
    if not is_open:
        out["closed"] = True
    if not ctx.v2:
        out.update(accepted=not is_open, hash=hex_of(ledger_hash), totalCoins=str(header.drops))
    out |= {
        "account_hash": hex_of(header.account_hash),
        "close_flags": header.close_flags,
        "close_time": header.close_time,
        "close_time_human": human_time(header.close_time),
        "close_time_iso": iso_time(header.close_time),
        "close_time_resolution": header.close_time_resolution,
        "ledger_hash": hex_of(ledger_hash),
        "parent_close_time": header.parent_close_time,
        "total_coins": str(header.drops),
        "transaction_hash": hex_of(header.transaction_hash),
    }
    if header.close_time == 0:
        del out["close_time_human"], out["close_time_iso"]
    return out


def _open_entry(ctx: Context, tx: Transaction, *, binary: bool) -> dict[str, Any]:
    if binary:
        blob = {"tx_blob": hex_of(tx.blob)}
        return {**blob, "hash": hex_of(tx.id)} if ctx.v2 else blob
    shown = transaction_json(tx.fields, v2=ctx.v2)
    if ctx.v2:
        return {"tx_json": shown, "hash": hex_of(tx.id), "validated": False}
    return {**shown, "hash": hex_of(tx.id)}


def _closed_entry(
    ctx: Context, closed: ClosedLedger, tx: ClosedTransaction, *, binary: bool
) -> dict[str, Any]:
    if binary:
        meta = "meta_blob" if ctx.v2 else "meta"
        out = {"tx_blob": hex_of(tx.blob), meta: hex_of(tx.meta_blob)}
        return {**out, "hash": hex_of(tx.id)} if ctx.v2 else out
    fields = decode(tx.blob)
    shown = transaction_json(fields, v2=ctx.v2)
    meta_shown = meta_json(fields, decode(tx.meta_blob))
    if fields["TransactionType"] == "AccountDelete":
        meta_shown.pop("delivered_amount", None)
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
