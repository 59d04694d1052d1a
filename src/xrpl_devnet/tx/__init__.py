"""Transactions: one module a type, the base they share, and the engine that runs them.

To add a type, write `tx/<type>.py` with a `Transactor` subclass under `@transactor("TypeName")` and import
it below. This package knows `codec` and `ledger`, and nothing of nodes, sockets or JSON-RPC.
"""

from xrpl_devnet.tx import (
    account_delete,
    account_set,
    batch,
    check,
    clawback,
    credential,
    deposit_preauth,
    did,
    escrow,
    mpt_issuance,
    mpt_payment,
    mptoken_authorize,
    offer_cancel,
    offer_create,
    pay_channel,
    payment,
    set_regular_key,
    signer_list_set,
    ticket_create,
    trust_set,
)

__all__ = [
    "account_delete",
    "account_set",
    "batch",
    "check",
    "clawback",
    "credential",
    "deposit_preauth",
    "did",
    "escrow",
    "mpt_issuance",
    "mpt_payment",
    "mptoken_authorize",
    "offer_cancel",
    "offer_create",
    "pay_channel",
    "payment",
    "set_regular_key",
    "signer_list_set",
    "ticket_create",
    "trust_set",
]
