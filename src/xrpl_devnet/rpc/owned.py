"""Methods that walk an account's owner directory in pages: account_objects, account_lines.

A marker is the directory page and the place within it, so that a page costs what it shows and not what lies before it.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from xrpl_codec.amounts import IssuedAmount, currency_to_text
from xrpl_codec.base58 import encode_account
from xrpl_devnet.ledger import directory, flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.rpc.errors import RpcError, expected_field, invalid_field
from xrpl_devnet.rpc.lookup import (
    ACCOUNT_PAGE,
    account_of,
    account_param,
    find_ledger,
    limit_param,
)
from xrpl_devnet.rpc.registry import Context, method

_MARKER = re.compile(r"(\d{1,10}),(\d{1,2})")

OBJECT_TYPES: Final[dict[str, str]] = {
    "account": "AccountRoot",
    "amendments": "Amendments",
    "amm": "AMM",
    "bridge": "Bridge",
    "check": "Check",
    "credential": "Credential",
    "delegate": "Delegate",
    "deposit_preauth": "DepositPreauth",
    "did": "DID",
    "directory": "DirectoryNode",
    "escrow": "Escrow",
    "fee": "FeeSettings",
    "hashes": "LedgerHashes",
    "mpt_issuance": "MPTokenIssuance",
    "mptoken": "MPToken",
    "nft_offer": "NFTokenOffer",
    "nft_page": "NFTokenPage",
    "offer": "Offer",
    "oracle": "Oracle",
    "payment_channel": "PayChannel",
    "permissioned_domain": "PermissionedDomain",
    "signer_list": "SignerList",
    "state": "RippleState",
    "ticket": "Ticket",
    "vault": "Vault",
}
"""What `type` may be, in account_objects and ledger_data."""
_NEVER_OWNED: Final = frozenset({"account", "amendments", "directory", "fee", "hashes"})
DELETION_BLOCKERS: Final = frozenset(
    {"Check", "Escrow", "NFTokenPage", "PayChannel", "RippleState", "Bridge", "MPToken"}
    | {"MPTokenIssuance", "PermissionedDomain", "Vault"}
)
"""What stops AccountDelete."""


def entry_type_param(ctx: Context) -> str | None:
    """The entry type that `type` names, in short form or as the ledger spells it.

    Raises:
        RpcError: No such type.
    """
    name = ctx.params.get("type")
    if name is None:
        return None
    if not isinstance(name, str):
        raise expected_field("type", "string")
    if name in OBJECT_TYPES:
        return OBJECT_TYPES[name]
    if name in OBJECT_TYPES.values():
        return name
    raise invalid_field("type")


def place_param(ctx: Context) -> tuple[int, int]:
    """Where a page begins, from its marker: directory page and position in it.

    Raises:
        RpcError: `invalidParams`, where the marker is none of ours.
    """
    if "marker" not in ctx.params:
        return 0, 0
    marker = ctx.params["marker"]
    if not isinstance(marker, str):
        raise expected_field("marker", "string")
    match = _MARKER.fullmatch(marker)
    if match is None:
        raise RpcError("invalidParams")
    return int(match[1]), int(match[2])


def owned_entries(
    view: ReadView, account: bytes, place: tuple[int, int] = (0, 0)
) -> Iterator[tuple[tuple[int, int], Entry]]:
    """An account's owned entries from a place on, each with the place it stands at."""
    first, skip = place
    for number, page in directory.pages(view, keylets.owner_dir(account), first):
        for position, key in enumerate(page["Indexes"]):
            if number == first and position < skip:
                continue
            entry = view.read(key)
            if entry is not None:
                yield (number, position), entry


@method("account_objects")
def account_objects(ctx: Context) -> dict[str, Any]:
    """What an account owns, and what others own that points to it."""
    account = account_param(ctx, "account")
    wanted = entry_type_param(ctx)
    if ctx.params.get("type") in _NEVER_OWNED:
        raise invalid_field("type")
    blockers = ctx.params.get("deletion_blockers_only", False) is True
    limit = limit_param(ctx, ACCOUNT_PAGE)
    try:
        place = place_param(ctx)
    except RpcError as error:
        # Alone among the methods that page, this one names the field.
        raise (invalid_field("marker") if error.message is None else error) from error
    found = find_ledger(ctx)
    described = found.describe()
    if not found.view.exists(keylets.account(account)):
        raise RpcError("actNotFound")
    shown: list[dict[str, Any]] = []
    out: dict[str, Any] = {"account": encode_account(account), "account_objects": shown}
    for where, entry in owned_entries(found.view, account, place):
        # A full page leads on wherever anything follows, be it of the wanted type or not.
        if len(shown) == limit:
            out["limit"] = limit
            out["marker"] = f"{where[0]},{where[1]}"
            break
        if wanted is not None and entry.kind != wanted:
            continue
        if blockers and entry.kind not in DELETION_BLOCKERS:
            continue
        shown.append(entry.to_json())
    return {**out, **described}


def line_json(line: Entry, account: bytes) -> dict[str, Any]:
    """A trust line from one side: what this account holds is positive."""
    low: IssuedAmount = line["LowLimit"]
    high: IssuedAmount = line["HighLimit"]
    is_low = low.issuer == account
    mine, theirs = (low, high) if is_low else (high, low)
    balance: IssuedAmount = line["Balance"] if is_low else line["Balance"].negated()
    side = "Low" if is_low else "High"

    def pair(low_flag: int, high_flag: int) -> tuple[bool, bool]:
        both = line.flag(low_flag), line.flag(high_flag)
        return both if is_low else (both[1], both[0])

    no_ripple, no_ripple_peer = pair(flags.LOW_NO_RIPPLE, flags.HIGH_NO_RIPPLE)
    out: dict[str, Any] = {
        "account": encode_account(theirs.issuer),
        "balance": balance.text(),
        "currency": currency_to_text(balance.currency),
        "limit": mine.text(),
        "limit_peer": theirs.text(),
        "no_ripple": no_ripple,
        "no_ripple_peer": no_ripple_peer,
        "quality_in": line.get(f"{side}QualityIn", 0),
        "quality_out": line.get(f"{side}QualityOut", 0),
    }
    for name, low_flag, high_flag in (
        ("authorized", flags.LOW_AUTH, flags.HIGH_AUTH),
        ("freeze", flags.LOW_FREEZE, flags.HIGH_FREEZE),
        ("deep_freeze", flags.LOW_DEEP_FREEZE, flags.HIGH_DEEP_FREEZE),
    ):
        ours, peers = pair(low_flag, high_flag)
        peer_name = "peer_authorized" if name == "authorized" else f"{name}_peer"
        if ours:
            out[name] = True
        if peers:
            out[peer_name] = True
    return out


@method("account_lines")
def account_lines(ctx: Context) -> dict[str, Any]:
    """An account's trust lines, seen from its side."""
    account = account_param(ctx, "account")
    peer: bytes | None = None
    if ctx.params.get("peer"):
        peer = account_of(ctx.params["peer"])
        if peer is None:
            raise RpcError("actMalformed")
    ignore_default = ctx.params.get("ignore_default") is True
    limit, place = limit_param(ctx, ACCOUNT_PAGE), place_param(ctx)
    found = find_ledger(ctx)
    if not found.view.exists(keylets.account(account)):
        raise RpcError("actNotFound")
    shown: list[dict[str, Any]] = []
    out: dict[str, Any] = {"account": encode_account(account), "lines": shown}
    for where, entry in owned_entries(found.view, account, place):
        if entry.kind != "RippleState" or (ignore_default and _is_default(entry, account)):
            continue
        if peer is not None and peer not in (entry["LowLimit"].issuer, entry["HighLimit"].issuer):
            continue
        if len(shown) == limit:
            out["limit"] = limit
            out["marker"] = f"{where[0]},{where[1]}"
            break
        shown.append(line_json(entry, account))
    return {**out, **found.describe()}


def _is_default(line: Entry, account: bytes) -> bool:
    """Whether this side of a line holds nothing back: it does not count for its reserve."""
    is_low = line["LowLimit"].issuer == account
    return not line.flag(flags.LOW_RESERVE if is_low else flags.HIGH_RESERVE)
