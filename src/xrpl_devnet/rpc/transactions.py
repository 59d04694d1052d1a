"""Methods about transactions: tx, tx_history; and what every way of submitting shares."""

import re
from typing import Any, Final

from xrpl_codec.binary import CodecError, decode
from xrpl_devnet.ledger import keylets
from xrpl_devnet.node import SubmitResult
from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.rpc.lookup import hash_param
from xrpl_devnet.rpc.registry import Context, method
from xrpl_devnet.rpc.shape import (
    ctid,
    engine_fields,
    hex_of,
    transaction_json,
    validated_transaction,
)
from xrpl_devnet.store import StoredTransaction
from xrpl_devnet.tx.base import Transactor, transactor_for
from xrpl_devnet.tx.signatures import local_checks
from xrpl_devnet.tx.transaction import Transaction

MAX_SEARCH_RANGE: Final = 1000
HISTORY_PAGE: Final = 20
_CTID = re.compile(r"[Cc][0-9a-fA-F]{15}")


def parse_blob(text: Any) -> Transaction:
    """The transaction of a hex blob.

    Raises:
        RpcError: `invalidParams` when it is no hex, `invalidTransaction` when it is no transaction.
    """
    if not isinstance(text, str) or not text:
        raise RpcError("invalidParams")
    try:
        blob = bytes.fromhex(text)
    except ValueError:
        raise RpcError("invalidParams") from None
    try:
        return Transaction.from_blob(blob)
    except CodecError as error:
        raise RpcError("invalidTransaction", error_exception=str(error)) from error


def submit_transaction(ctx: Context, tx: Transaction, *, fail_hard: bool) -> dict[str, Any]:
    """Check a transaction locally, submit it, and tell what became of it.

    Raises:
        RpcError: It fails the local checks.
    """
    reason = local_checks(tx, ctx.node.settings.rules)
    if reason is not None:
        raise RpcError("invalidTransaction", error_exception=f"fails local checks: {reason}")
    return submission_json(ctx, ctx.node.submit(tx, fail_hard=fail_hard))


def submission_json(ctx: Context, submitted: SubmitResult) -> dict[str, Any]:
    """The answer to a submission."""
    tx = submitted.tx
    root = ctx.node.open.read(keylets.account(tx.account))
    sequence = 0 if root is None else root["Sequence"]
    shown = transaction_json(tx.fields, v2=ctx.v2)
    out: dict[str, Any] = {
        "accepted": submitted.accepted,
        "account_sequence_available": sequence,
        "account_sequence_next": sequence,
        "applied": submitted.applied,
        "broadcast": submitted.broadcast,
        **engine_fields(submitted.result),
        "kept": submitted.kept,
        "open_ledger_cost": str((transactor_for(tx) or Transactor).base_fee(ctx.node.open, tx)),
        "queued": submitted.queued,
        "tx_blob": hex_of(tx.blob),
        "tx_json": shown,
        "validated_ledger_index": ctx.node.closed.index,
    }
    if ctx.v2:
        out["hash"] = hex_of(tx.id)
        return out
    shown["hash"] = hex_of(tx.id)
    if not submitted.applied:
        earlier = ctx.node.store.transaction(tx.id)
        if earlier is not None:
            shown["inLedger"] = shown["ledger_index"] = earlier.ledger_index
    return out


def _by_ctid(ctx: Context, text: str) -> StoredTransaction | None:
    number = int(text, 16)
    network = number & 0xFFFF
    if network != ctx.node.settings.network_id:
        raise RpcError(
            "wrongNetwork",
            f"Wrong network. You should submit this request to a node running on NetworkID: {network}",
            error_code=4,
        )
    return ctx.node.store.transaction_at(number >> 32 & 0x0FFFFFFF, number >> 16 & 0xFFFF)


def _search_range(ctx: Context) -> tuple[int, int] | None:
    low, high = ctx.params.get("min_ledger"), ctx.params.get("max_ledger")
    if low is None or high is None:
        return None
    for value in (low, high):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise RpcError("invalidLgrRange")
    if high < low:
        raise RpcError("invalidLgrRange")
    if high - low > MAX_SEARCH_RANGE:
        raise RpcError("excessiveLgrRange")
    return int(low), int(high)


@method("tx_history", versions="v1")
def tx_history(ctx: Context) -> dict[str, Any]:
    """The newest transactions of all accounts, from a place on."""
    start = ctx.params.get("start")
    if isinstance(start, bool) or not isinstance(start, int) or not 0 <= start < 2**32:
        raise RpcError("invalidParams")
    found = ctx.node.store.newest_transactions(start, HISTORY_PAGE)
    shown = [
        {
            **transaction_json(decode(stored.transaction.blob), v2=False),
            "hash": hex_of(stored.transaction.id),
            "inLedger": stored.ledger_index,
            "ledger_index": stored.ledger_index,
        }
        for stored in found
        if not ctx.node.is_hidden(stored.ledger_index)
    ]
    return {"index": start, "txs": shown}


def _has_searched(ctx: Context, first: int, last: int) -> bool:
    """Whether a search went through all of a range.

    Version 2 says whether the ledgers are here, as Clio does. Version 1 counts as rippled's database does, which
    knows a ledger by its transactions only: an empty ledger makes the search incomplete.
    """
    if not ctx.node.has_all(first, last):
        return False
    return ctx.v2 or ctx.node.store.ledgers_with_transactions(first, last) == last - first + 1


@method("tx")
def tx(ctx: Context) -> dict[str, Any]:
    """A transaction by its hash or compact id."""
    name, compact = ctx.params.get("transaction"), ctx.params.get("ctid")
    if name is None and compact is None:
        raise RpcError("invalidParams")
    if name is not None and compact is not None:
        raise RpcError("invalidParams")
    searched = _search_range(ctx)
    if compact is not None:
        if not isinstance(compact, str) or not _CTID.fullmatch(compact):
            raise RpcError("invalidParams")
        stored = _by_ctid(ctx, compact)
        transaction_id = None if stored is None else stored.transaction.id
    else:
        transaction_id = hash_param(name)
        if transaction_id is None:
            raise RpcError("notImpl")
        stored = ctx.node.store.transaction(transaction_id)
    if stored is not None and not ctx.node.is_hidden(stored.ledger_index):
        return _validated(ctx, stored)
    waiting = None if transaction_id is None else ctx.node.open_transaction(transaction_id)
    if waiting is not None:
        return _unvalidated(ctx, waiting)
    extra: dict[str, Any] = {}
    if searched is not None:
        extra["searched_all"] = _has_searched(ctx, *searched)
    raise RpcError("txnNotFound", **extra)


def _validated(ctx: Context, stored: StoredTransaction) -> dict[str, Any]:
    found = ctx.node.store.header(stored.ledger_index)
    assert found is not None, "a stored transaction's ledger is stored"
    header, ledger_hash = found
    binary = ctx.params.get("binary") is True
    out = validated_transaction(stored, header, ledger_hash, v2=ctx.v2, binary=binary)
    compact = ctid(stored.ledger_index, stored.transaction.position, ctx.node.settings.network_id)
    if compact is not None:
        out["ctid"] = compact
        if "tx_json" in out:
            out["tx_json"]["ctid"] = compact
    return {**out, "validated": True}


def _unvalidated(ctx: Context, waiting: Transaction) -> dict[str, Any]:
    shown = transaction_json(waiting.fields, v2=ctx.v2)
    if ctx.params.get("binary") is True:
        name = "tx_blob" if ctx.v2 else "tx"
        return {name: hex_of(waiting.blob), "hash": hex_of(waiting.id), "validated": False}
    if ctx.v2:
        return {"tx_json": shown, "hash": hex_of(waiting.id), "validated": False}
    return {**shown, "hash": hex_of(waiting.id), "validated": False}
