"""Methods about one account: account_info, account_tx."""

from typing import Any, Final

from xrpl_codec.base58 import encode_account
from xrpl_codec.binary import decode
from xrpl_devnet.ledger import flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.rpc.errors import RpcError, expected_field, invalid_field
from xrpl_devnet.rpc.lookup import ACCOUNT_PAGE, account_param, find_ledger, limit_param
from xrpl_devnet.rpc.registry import Context, method
from xrpl_devnet.rpc.shape import hex_of, meta_json, transaction_json, validated_transaction
from xrpl_devnet.store import AccountPosition, StoredTransaction

_ACCOUNT_FLAGS: Final = {
    "defaultRipple": flags.DEFAULT_RIPPLE,
    "depositAuth": flags.DEPOSIT_AUTH,
    "disableMasterKey": flags.DISABLE_MASTER,
    "disallowIncomingXRP": flags.DISALLOW_XRP,
    "globalFreeze": flags.GLOBAL_FREEZE,
    "noFreeze": flags.NO_FREEZE,
    "passwordSpent": flags.PASSWORD_SPENT,
    "requireAuthorization": flags.REQUIRE_AUTH,
    "requireDestinationTag": flags.REQUIRE_DEST_TAG,
}
_GATED_FLAGS: Final = (
    ("DisallowIncoming", "disallowIncomingNFTokenOffer", flags.DISALLOW_INCOMING_NFTOKEN_OFFER),
    ("DisallowIncoming", "disallowIncomingCheck", flags.DISALLOW_INCOMING_CHECK),
    ("DisallowIncoming", "disallowIncomingPayChan", flags.DISALLOW_INCOMING_PAYCHAN),
    ("DisallowIncoming", "disallowIncomingTrustline", flags.DISALLOW_INCOMING_TRUSTLINE),
    ("Clawback", "allowTrustLineClawback", flags.ALLOW_TRUST_LINE_CLAWBACK),
    ("TokenEscrow", "allowTrustLineLocking", flags.ALLOW_TRUST_LINE_LOCKING),
)


def account_flags(ctx: Context, root: Entry) -> dict[str, bool]:
    """An account's flags by name."""
    out = {name: root.flag(mask) for name, mask in _ACCOUNT_FLAGS.items()}
    for amendment, name, mask in _GATED_FLAGS:
        if ctx.node.settings.rules.enabled(amendment):
            out[name] = root.flag(mask)
    return out


@method("account_info")
def account_info(ctx: Context) -> dict[str, Any]:
    """An AccountRoot, with its flags by name, and signer lists and queue when asked."""
    account = account_param(ctx, "account", "ident")
    wants_lists = ctx.params.get("signer_lists", False)
    found = find_ledger(ctx)
    described = found.describe()
    root = found.view.read(keylets.account(account))
    if root is None:
        raise RpcError("actNotFound", **described, account=encode_account(account))
    if ctx.v2 and not isinstance(wants_lists, bool):
        raise RpcError("invalidParams", **described)
    wants_queue = bool(ctx.params.get("queue", False))
    if wants_queue and found.closed is not None:
        raise RpcError("invalidParams", **described)
    data = root.to_json()
    out: dict[str, Any] = {"account_data": data, "account_flags": account_flags(ctx, root)}
    if wants_lists:
        listed = found.view.read(keylets.signer_list(account))
        lists = [] if listed is None else [listed.to_json()]
        (out if ctx.v2 else data)["signer_lists"] = lists
    if wants_queue:
        out["queue_data"] = {"txn_count": 0}
    return {**out, **described}


def _range_value(ctx: Context, name: str) -> int:
    value = ctx.params.get(name, -1)
    if isinstance(value, bool) or not isinstance(value, int):
        raise expected_field(name, "integer")
    return value


def _history_range(ctx: Context) -> tuple[int, int, bool]:
    """First and last ledger of an account_tx, and whether one validated ledger was named."""
    params = ctx.params
    low, high = ctx.node.complete_range()
    by_range = "ledger_index_min" in params or "ledger_index_max" in params
    by_ledger = any(name in params for name in ("ledger_index", "ledger_hash", "ledger"))
    if by_range and by_ledger and ctx.v2:
        raise RpcError("invalidParams")
    if by_range or not by_ledger:
        first, last = _range_value(ctx, "ledger_index_min"), _range_value(ctx, "ledger_index_max")
        if ctx.v2 and (first > high or last > high or 0 <= first < low or 0 <= last < low):
            raise RpcError("lgrIdxMalformed")
        first = low if first < 0 else max(first, low)
        last = high if last < 0 else min(last, high)
        if last < first:
            raise RpcError("invalidLgrRange" if ctx.v2 else "lgrIdxsInvalid")
        return first, last, False
    found = find_ledger(ctx)
    if found.closed is None:
        raise RpcError("lgrNotValidated")
    return found.closed.index, found.closed.index, True


def _marker(ctx: Context) -> AccountPosition | None:
    marker = ctx.params.get("marker")
    if marker is None:
        return None
    if (
        not isinstance(marker, dict)
        or not isinstance(marker.get("ledger"), int)
        or not isinstance(marker.get("seq"), int)
        or not 0 <= marker["ledger"] < 2**32
        or not 0 <= marker["seq"] < 2**32
    ):
        raise RpcError(
            "invalidParams",
            "invalid marker. Provide ledger index via ledger field, and transaction sequence "
            "number via seq field",
        )
    return AccountPosition(marker["ledger"], marker["seq"])


def _flag(ctx: Context, name: str) -> bool:
    value = ctx.params.get(name, False)
    if ctx.v2 and not isinstance(value, bool):
        raise invalid_field(name)
    return bool(value)


@method("account_tx")
def account_tx(ctx: Context) -> dict[str, Any]:
    """An account's transactions, in pages."""
    account = account_param(ctx, "account")
    binary, forward = _flag(ctx, "binary"), _flag(ctx, "forward")
    first, last, _ = _history_range(ctx)
    if not ctx.node.has_all(first, last):
        # A server answers for what it has: the newest run of the range, and says so in min and max.
        runs = [(low, high) for low, high in ctx.node.complete_ranges() if high >= first and low <= last]
        if not runs:
            raise RpcError("lgrNotFound")
        first, last = max(first, runs[-1][0]), min(last, runs[-1][1])
    limit = limit_param(ctx, ACCOUNT_PAGE)
    rows = ctx.node.store.account_history(
        account, first, last, forward=forward, limit=limit + 1, start=_marker(ctx)
    )
    out: dict[str, Any] = {
        "account": encode_account(account),
        "ledger_index_max": last,
        "ledger_index_min": first,
        # Version 1 echoes what was asked, and version 2 says what was used.
        "limit": limit if ctx.v2 else ctx.params.get("limit") or 0,
        "transactions": [_entry(ctx, row, binary=binary) for row in rows[:limit]],
        "validated": True,
    }
    if len(rows) > limit:
        following = rows[limit]
        out["marker"] = {
            "ledger": following.ledger_index,
            "seq": following.transaction.position,
        }
    return out


def _entry(ctx: Context, row: StoredTransaction, *, binary: bool) -> dict[str, Any]:
    found = ctx.node.store.header(row.ledger_index)
    assert found is not None, "a stored transaction's ledger is stored"
    header, ledger_hash = found
    tx = row.transaction
    if binary:
        return {
            "ledger_index": row.ledger_index,
            "meta_blob" if ctx.v2 else "meta": hex_of(tx.meta_blob),
            "tx_blob": hex_of(tx.blob),
            "validated": True,
        }
    if ctx.v2:
        shown = validated_transaction(row, header, ledger_hash, v2=True)
        return {**shown, "validated": True}
    fields = decode(tx.blob)
    return {
        "meta": meta_json(fields, decode(tx.meta_blob)),
        "tx": {
            **transaction_json(fields, v2=False),
            "date": header.close_time,
            "hash": hex_of(tx.id),
            "inLedger": row.ledger_index,
            "ledger_index": row.ledger_index,
        },
        "validated": True,
    }
