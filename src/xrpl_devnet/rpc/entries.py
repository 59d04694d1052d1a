"""Method ledger_entry: one ledger entry, named by its index or by what it belongs to.

`SELECTORS` has one line a kind: what the request names it by, the entry type, and how to compute the index.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from xrpl_codec.amounts import AmountError, currency_from_text
from xrpl_devnet.ledger import keylets
from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.rpc.lookup import account_of, find_ledger, hash_param
from xrpl_devnet.rpc.registry import Context, method
from xrpl_devnet.rpc.shape import hex_of


def _malformed() -> RpcError:
    return RpcError("malformedRequest")


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _malformed()
    return value


def _account(value: Any, error: str = "malformedAddress") -> bytes:
    account = account_of(value)
    if account is None:
        raise RpcError(error)
    return account


def _number(value: Any) -> int:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
        raise _malformed()
    return value


def _bytes(value: Any, size: int | None = None) -> bytes:
    try:
        raw = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        raise _malformed() from None
    if not raw or (size is not None and len(raw) != size):
        raise _malformed()
    return raw


def _by_account(keylet: Callable[[bytes], bytes]) -> Callable[[Any], bytes]:
    return lambda value: keylet(_account(value))


def _by_owner(owner: str, number: str, keylet: Callable[[bytes, int], bytes]) -> Callable[[Any], bytes]:
    def select(value: Any) -> bytes:
        fields = _object(value)
        return keylet(_account(fields.get(owner), "malformedOwner"), _number(fields.get(number)))

    return select


def _deposit_preauth(value: Any) -> bytes:
    fields = _object(value)
    owner = _account(fields.get("owner"), "malformedOwner")
    if "authorized" in fields:
        return keylets.deposit_preauth(owner, _account(fields["authorized"], "malformedAuthorized"))
    listed = fields.get("authorized_credentials")
    if not isinstance(listed, list) or not listed:
        raise _malformed()
    pairs = [(_account(_object(item).get("issuer")), _bytes(item.get("credential_type"))) for item in listed]
    return keylets.deposit_preauth_credentials(owner, pairs)


def _directory(value: Any) -> bytes:
    fields = _object(value)
    sub = fields.get("sub_index", 0)
    page = _number(sub)
    if "dir_root" in fields:
        if "owner" in fields:
            raise _malformed()
        return keylets.page(_bytes(fields["dir_root"], 32), page)
    owner = _account(fields.get("owner"), "malformedAddress")
    return keylets.page(keylets.owner_dir(owner), page)


def _line(value: Any) -> bytes:
    fields = _object(value)
    accounts = fields.get("accounts")
    currency = fields.get("currency")
    if not isinstance(accounts, list) or len(accounts) != 2 or not isinstance(currency, str):
        raise _malformed()
    one, other = _account(accounts[0]), _account(accounts[1])
    if one == other:
        raise _malformed()
    try:
        return keylets.trust_line(one, other, currency_from_text(currency))
    except AmountError:
        raise RpcError("malformedCurrency") from None


def _credential(value: Any) -> bytes:
    fields = _object(value)
    return keylets.credential(
        _account(fields.get("subject")),
        _account(fields.get("issuer")),
        _bytes(fields.get("credential_type")),
    )


def _mptoken(value: Any) -> bytes:
    fields = _object(value)
    return keylets.mptoken(_bytes(fields.get("mpt_issuance_id"), 24), _account(fields.get("account")))


def _unnamed(value: Any) -> bytes:
    raise _malformed()


@dataclass(frozen=True, slots=True)
class Selector:
    """How one kind of entry is named."""

    kind: str | None
    """The type that must be found; None takes any."""
    key: Callable[[Any], bytes]
    """The index, from what the request gives when it is not the index itself."""


SELECTORS: Final[dict[str, Selector]] = {
    "index": Selector(None, _unnamed),
    "account_root": Selector("AccountRoot", _by_account(keylets.account)),
    "account": Selector("AccountRoot", _by_account(keylets.account)),
    "amendments": Selector("Amendments", _unnamed),
    "check": Selector("Check", _unnamed),
    "credential": Selector("Credential", _credential),
    "deposit_preauth": Selector("DepositPreauth", _deposit_preauth),
    "did": Selector("DID", _by_account(keylets.did)),
    "directory": Selector("DirectoryNode", _directory),
    "escrow": Selector("Escrow", _by_owner("owner", "seq", keylets.escrow)),
    "fee": Selector("FeeSettings", _unnamed),
    "hashes": Selector("LedgerHashes", _unnamed),
    "mpt_issuance": Selector("MPTokenIssuance", lambda value: keylets.mpt_issuance(_bytes(value, 24))),
    "mptoken": Selector("MPToken", _mptoken),
    "offer": Selector("Offer", _by_owner("account", "seq", keylets.offer)),
    "payment_channel": Selector("PayChannel", _unnamed),
    "ripple_state": Selector("RippleState", _line),
    "signer_list": Selector("SignerList", _by_account(keylets.signer_list)),
    "state": Selector("RippleState", _line),
    "ticket": Selector("Ticket", _by_owner("account", "ticket_seq", keylets.ticket)),
}


@method("ledger_entry")
def ledger_entry(ctx: Context) -> dict[str, Any]:
    """One entry, in JSON or binary."""
    found = find_ledger(ctx)
    described = found.describe()
    chosen = next((name for name in SELECTORS if name in ctx.params), None)
    if chosen is None:
        if ctx.v2:
            raise RpcError("invalidParams", "No ledger_entry params provided.", **described)
        raise RpcError("unknownOption", **described)
    selector, value = SELECTORS[chosen], ctx.params[chosen]
    try:
        key = hash_param(value) or selector.key(value)
    except RpcError as error:
        raise RpcError(error.token, error.message, **described) from error
    entry = found.view.read(key)
    if entry is None:
        raise RpcError("entryNotFound", numbered=ctx.v2, **described)
    if selector.kind is not None and entry.kind != selector.kind:
        raise RpcError("unexpectedLedgerType", numbered=ctx.v2, **described)
    out: dict[str, Any] = {"index": hex_of(key), **described}
    if ctx.params.get("binary") is True:
        return {**out, "node_binary": hex_of(entry.blob())}
    return {**out, "node": entry.to_json()}
