"""What nearly every method starts with: which ledger, which account, how many, from where."""

import re
from dataclasses import dataclass
from typing import Any, Final

from xrpl_codec.base58 import (
    ACCOUNT_PUBLIC_PREFIX,
    Base58Error,
    account_or_none,
    decode,
)
from xrpl_codec.hashing import account_id
from xrpl_devnet.ledger.closed import ClosedLedger
from xrpl_devnet.ledger.views import OpenView, ReadView
from xrpl_devnet.rpc.errors import RpcError, expected_field, invalid_field, missing_field
from xrpl_devnet.rpc.registry import Context

_HASH = re.compile(r"[0-9a-fA-F]{64}")
_NUMBER = re.compile(r"\d{1,10}")


@dataclass(frozen=True, slots=True)
class Found:
    """The ledger that a request names."""

    view: ReadView
    closed: ClosedLedger | None
    """None for the open ledger."""

    def describe(self) -> dict[str, Any]:
        """What answers say of the ledger they were read from."""
        if self.closed is None:
            return {"ledger_current_index": self.view.index, "validated": False}
        return {
            "ledger_hash": self.closed.hash.hex().upper(),
            "ledger_index": self.closed.index,
            "validated": True,
        }


def closed_ledger(ctx: Context, index: int) -> ClosedLedger:
    """A closed ledger by its index.

    Raises:
        RpcError: `lgrNotFound`.
    """
    found = ctx.node.ledger(index)
    if found is None:
        raise RpcError("lgrNotFound", "ledgerNotFound")
    return found


def find_ledger(ctx: Context, *, default: str = "current") -> Found:
    """The ledger of `ledger_hash`, `ledger_index` or the old `ledger`.

    Raises:
        RpcError: Malformed, or not here.
    """
    params = ctx.params
    ledger_hash = params.get("ledger_hash")
    selector: Any = params.get("ledger_index")
    old = params.get("ledger")
    if old is not None and ledger_hash is None and selector is None:
        if isinstance(old, str) and _HASH.fullmatch(old):
            ledger_hash = old
        else:
            selector = old
    if ledger_hash is not None:
        if not isinstance(ledger_hash, str):
            raise RpcError("invalidParams", "ledgerHashNotString")
        if not _HASH.fullmatch(ledger_hash):
            raise RpcError("invalidParams", "ledgerHashMalformed")
        index = ctx.node.store.index_of(bytes.fromhex(ledger_hash))
        if index is None:
            raise RpcError("lgrNotFound", "ledgerNotFound")
        ledger = closed_ledger(ctx, index)
        return Found(ledger, ledger)
    return _by_index(ctx, default if selector in (None, "") else selector)


def _by_index(ctx: Context, selector: Any) -> Found:
    if isinstance(selector, bool) or not isinstance(selector, int | str):
        raise RpcError("invalidParams", "ledgerIndexMalformed")
    if selector == "current":
        view: OpenView = ctx.node.open
        return Found(view, None)
    if selector in ("validated", "closed"):
        return Found(ctx.node.closed, ctx.node.closed)
    if isinstance(selector, str):
        if not _NUMBER.fullmatch(selector):
            raise RpcError("invalidParams", "ledgerIndexMalformed")
        selector = int(selector)
    if not 0 <= selector < 2**32:
        raise RpcError("invalidParams", "ledgerIndexMalformed")
    if selector == ctx.node.open.index:
        return Found(ctx.node.open, None)
    ledger = closed_ledger(ctx, selector)
    return Found(ledger, ledger)


def account_of(text: Any) -> bytes | None:
    """The account id of an address, or of a public key in base58; None for anything else."""
    account = account_or_none(text)
    if account is not None or not isinstance(text, str) or not text.startswith("a"):
        return account
    try:
        return account_id(decode(ACCOUNT_PUBLIC_PREFIX, text, 33))
    except Base58Error:
        return None


def account_param(ctx: Context, *names: str) -> bytes:
    """The account that a request names.

    Raises:
        RpcError: `invalidParams` when it is missing or no string, `actMalformed` when it is no address.
    """
    for name in names:
        value = ctx.params.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise invalid_field(name)
        account = account_of(value)
        if account is None:
            raise RpcError("actMalformed")
        return account
    raise missing_field(names[0])


def hash_param(value: Any) -> bytes | None:
    """Thirty-two bytes in hex, or None."""
    if isinstance(value, str) and _HASH.fullmatch(value):
        return bytes.fromhex(value)
    return None


@dataclass(frozen=True, slots=True)
class Limits:
    """How many items a page of a method may have: least, usual, most."""

    low: int
    default: int
    high: int


ACCOUNT_PAGE: Final = Limits(10, 200, 400)


def limit_param(ctx: Context, limits: Limits) -> int:
    """The page size that a request asks for; administrators are not held to the bounds.

    Raises:
        RpcError: No unsigned number.
    """
    value = ctx.params.get("limit")
    if value is None:
        return limits.default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise expected_field("limit", "unsigned integer")
    if value == 0:
        if ctx.v2:
            raise invalid_field("limit")
        return limits.default
    return value if ctx.is_admin else min(max(value, limits.low), limits.high)
