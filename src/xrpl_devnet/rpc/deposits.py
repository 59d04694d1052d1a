"""Method deposit_authorized: may one account send to another, by itself or with credentials.

Source: rippled `DepositAuthorized.cpp`.
"""

from typing import Any

from xrpl_codec.base58 import encode_account
from xrpl_devnet.ledger import credentials, flags, keylets
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.rpc.errors import RpcError, expected_field
from xrpl_devnet.rpc.lookup import account_param, find_ledger, hash_param
from xrpl_devnet.rpc.registry import Context, method
from xrpl_devnet.tx import deposit


def _shown_credentials(ctx: Context, view: ReadView, source: bytes) -> list[bytes]:
    """The credentials of a request, all held by the source and none expired.

    Raises:
        RpcError: `invalidParams` when it is no proper list, `badCredentials` when one is not good.
    """
    listed = ctx.params["credentials"]
    if not isinstance(listed, list):
        raise expected_field("credentials", "array")
    if not 1 <= len(listed) <= credentials.MAX_CREDENTIALS:
        raise RpcError("invalidParams", "Invalid field 'credentials', not array.")
    keys: list[bytes] = []
    seen: set[tuple[bytes, bytes]] = set()
    for item in listed:
        key = hash_param(item)
        if key is None:
            raise expected_field("credentials", "an array of CredentialID(hash256)")
        entry = view.read(key)
        if (
            entry is None
            or entry.kind != "Credential"
            or not entry.flag(flags.CREDENTIAL_ACCEPTED)
            or credentials.is_expired(entry, view.parent_close_time)
            or entry["Subject"] != source
            or (entry["Issuer"], entry["CredentialType"]) in seen
        ):
            raise RpcError("badCredentials")
        seen.add((entry["Issuer"], entry["CredentialType"]))
        keys.append(key)
    return keys


@method("deposit_authorized")
def deposit_authorized(ctx: Context) -> dict[str, Any]:
    """Whether DepositAuth would let a payment through."""
    source = account_param(ctx, "source_account")
    destination = account_param(ctx, "destination_account")
    found = find_ledger(ctx)
    described = found.describe()
    if not found.view.exists(keylets.account(source)):
        raise RpcError("srcActNotFound", **described)
    root = found.view.read(keylets.account(destination))
    if root is None:
        raise RpcError("dstActNotFound", **described)
    authorized = deposit.is_authorized(found.view, root, source)
    out: dict[str, Any] = {
        "destination_account": encode_account(destination),
        "source_account": encode_account(source),
        **described,
    }
    if "credentials" in ctx.params:
        shown = _shown_credentials(ctx, found.view, source)
        authorized = authorized or credentials.are_preauthorized(found.view, destination, shown)
        out["credentials"] = ctx.params["credentials"]
    return {**out, "deposit_authorized": authorized}
