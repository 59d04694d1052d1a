"""Methods that read one ledger through: ledger_data and transaction_entry."""

from typing import Any, Final

from xrpl_codec.binary import decode
from xrpl_codec.json_form import to_json
from xrpl_devnet.ledger.header import iso_time
from xrpl_devnet.rpc.errors import RpcError, expected_field
from xrpl_devnet.rpc.ledgers import header_json
from xrpl_devnet.rpc.lookup import find_ledger, hash_param
from xrpl_devnet.rpc.owned import entry_type_param
from xrpl_devnet.rpc.registry import Context, method
from xrpl_devnet.rpc.shape import hex_of, transaction_json

JSON_PAGE: Final = 256
BINARY_PAGE: Final = 2048
_BEFORE_ALL: Final = bytes(32)


@method("ledger_data")
def ledger_data(ctx: Context) -> dict[str, Any]:
    """A ledger's whole state, a page at a time, in the order of indexes. A marker is the last index shown."""
    found = find_ledger(ctx)
    binary = bool(ctx.params.get("binary", False))
    is_first = "marker" not in ctx.params
    start = _BEFORE_ALL if is_first else hash_param(ctx.params["marker"])
    if start is None:
        raise expected_field("marker", "valid")
    limit = _page_size(ctx, BINARY_PAGE if binary else JSON_PAGE)
    wanted = entry_type_param(ctx)
    shown: list[dict[str, Any]] = []
    # An open ledger is shown with its parent's hash.
    ledger_hash = (found.closed or ctx.node.closed).hash
    out: dict[str, Any] = {
        **found.describe(),
        "ledger_hash": hex_of(ledger_hash),
        "ledger_index": found.view.index,
        "state": shown,
    }
    if is_first:
        out["ledger"] = header_json(ctx, found, binary=binary)
    key = found.view.after(start)
    looked_at = 0
    last = start
    while key is not None:
        if looked_at == limit:
            out["marker"] = hex_of(last)
            break
        looked_at += 1
        last = key
        entry = found.view.read(key)
        assert entry is not None, "an index that comes next holds an entry"
        if wanted is None or entry.kind == wanted:
            shown.append({"data": hex_of(entry.blob()), "index": hex_of(key)} if binary else entry.to_json())
        key = found.view.after(key)
    return out


def _page_size(ctx: Context, most: int) -> int:
    """The page size; anything below zero asks for the usual one."""
    value = ctx.params.get("limit", -1)
    if isinstance(value, bool) or not isinstance(value, int):
        raise expected_field("limit", "integer")
    return most if value < 0 or (value > most and not ctx.is_admin) else value


@method("transaction_entry")
def transaction_entry(ctx: Context) -> dict[str, Any]:
    """A transaction as it stands in one ledger."""
    found = find_ledger(ctx)
    if "tx_hash" not in ctx.params:
        raise RpcError("fieldNotFoundTransaction", **found.describe())
    if found.closed is None:
        raise RpcError("notYetImplemented", **found.describe())
    transaction_id = hash_param(ctx.params["tx_hash"])
    if transaction_id is None:
        raise RpcError("malformedRequest", **found.describe())
    stored = ctx.node.store.transaction(transaction_id)
    if stored is None or stored.ledger_index != found.closed.index:
        raise RpcError("transactionNotFound", **found.describe())
    tx = stored.transaction
    fields = decode(tx.blob)
    shown = transaction_json(fields, v2=ctx.v2)
    # Alone among the methods this one shows metadata as the ledger holds it, without `delivered_amount`.
    meta = to_json(decode(tx.meta_blob))
    if ctx.v2:
        return {
            **found.describe(),
            "tx_json": shown,
            "hash": hex_of(tx.id),
            "meta": meta,
            "close_time_iso": iso_time(found.closed.close_time),
        }
    return {**found.describe(), "tx_json": {**shown, "hash": hex_of(tx.id)}, "metadata": meta}
