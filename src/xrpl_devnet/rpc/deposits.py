"""Method deposit_authorized: may one account send to another."""

from typing import Any

from xrpl_devnet.codec.base58 import encode_account
from xrpl_devnet.ledger import keylets
from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.rpc.lookup import account_param, find_ledger
from xrpl_devnet.rpc.registry import Context, method
from xrpl_devnet.tx import deposit


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
    return {
        "deposit_authorized": deposit.is_authorized(found.view, root, source),
        "destination_account": encode_account(destination),
        "source_account": encode_account(source),
        **described,
    }
