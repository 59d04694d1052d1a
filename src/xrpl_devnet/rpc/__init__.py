"""JSON-RPC methods, one module a group, on one registry for HTTP and WebSocket.

To add a method, write a function under `@method("name")` in the module of its group (or a new one, imported
below). What differs between API versions belongs to `shape`; which ledger or account is meant, to `lookup`;
errors are `RpcError`.
"""

from xrpl_devnet.rpc import (
    accounts,
    books,
    channels,
    contents,
    deposits,
    entries,
    faults,
    issuers,
    ledgers,
    owned,
    paths,
    secrets,
    server,
    signing,
    subscriptions,
    transactions,
)

__all__ = [
    "accounts",
    "books",
    "channels",
    "contents",
    "deposits",
    "entries",
    "faults",
    "issuers",
    "ledgers",
    "owned",
    "paths",
    "secrets",
    "server",
    "signing",
    "subscriptions",
    "transactions",
]
