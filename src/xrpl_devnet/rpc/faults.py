"""Method devnet_faults: see `xrpl_devnet.faults`. No real server has it."""

from typing import Any

import msgspec

from xrpl_devnet.faults import FaultError
from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.rpc.registry import Context, method

_ENVELOPE = frozenset({"command", "method", "id", "api_version", "jsonrpc", "ripplerpc"})


@method("devnet_faults", admin=True)
def devnet_faults(ctx: Context) -> dict[str, Any]:
    """Set faults, or `reset` them; the answer is what is set now."""
    faults = ctx.service.faults
    changes = {name: value for name, value in ctx.params.items() if name not in _ENVELOPE}
    if changes.pop("reset", False) is True:
        faults.reset()
    cut = changes.pop("disconnect", False) is True
    if changes:
        try:
            faults.set(changes)
        except FaultError as error:
            raise RpcError("invalidParams", str(error)) from error
    if cut:
        faults.disconnect()
    answer: dict[str, Any] = msgspec.to_builtins(faults.settings)
    return answer
