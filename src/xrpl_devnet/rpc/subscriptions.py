"""Methods subscribe and unsubscribe: handed on to the streams of the connection."""

from typing import Any

from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.rpc.registry import Context, method


@method("subscribe")
def subscribe(ctx: Context) -> dict[str, Any]:
    """Be told of ledgers, transactions, accounts."""
    if ctx.subscriber is None:
        raise RpcError("notSupported" if "url" in ctx.params else "invalidParams")
    return ctx.service.subscriptions.subscribe(ctx.subscriber, ctx)


@method("unsubscribe")
def unsubscribe(ctx: Context) -> dict[str, Any]:
    """No longer."""
    if ctx.subscriber is None:
        raise RpcError("notSupported" if "url" in ctx.params else "invalidParams")
    return ctx.service.subscriptions.unsubscribe(ctx.subscriber, ctx)
