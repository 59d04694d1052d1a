"""Drafted payments as a server makes them, honest or not."""

from datetime import UTC, datetime
from typing import Any

from xrpl.core.binarycodec import encode_for_signing

from talktalk_client.draft import signing_hash
from talktalk_wire.transfers import Draft

SENDER = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf"
SENDER_KEY = "EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F156303"
RECEIVER = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
STRANGER = "rLHzPsX6oXkzU2qL12kHCH8G8cnZv1rBJh"

PAYMENT: dict[str, Any] = {
    "TransactionType": "Payment",
    "Account": SENDER,
    "SigningPubKey": SENDER_KEY,
    "Destination": RECEIVER,
    "Amount": "5000000",
    "Fee": "12",
    "Sequence": 7,
    "LastLedgerSequence": 120,
}
"""5 XRP."""


def blob_of(transaction: dict[str, Any]) -> str:
    """Unsigned, serialised, without the signing prefix."""
    return encode_for_signing(transaction)[8:]


def draft_of(**changes: Any) -> Draft:
    """The draft of `PAYMENT` with some fields changed; None takes a field away."""
    transaction = {key: value for key, value in {**PAYMENT, **changes}.items() if value is not None}
    blob = blob_of(transaction)
    return Draft(
        tx_blob=blob,
        signing_hash=signing_hash(bytes.fromhex(blob)),
        last_ledger=120,
        fee_drops=int(transaction.get("Fee", 0)),
        expires_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
