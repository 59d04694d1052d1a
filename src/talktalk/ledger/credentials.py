"""Credentials (XLS-70) as far as they decide who may pay whom: reads through the nodes.

An account with deposit authorisation can let in whoever shows a set of credentials it named
(`DepositPreauth` with `AuthorizeCredentials`). The payment lists the ids of exactly one such set.

Source: xrpl.org, Credentials; DepositPreauth.
"""

from collections.abc import AsyncIterator
from typing import Any

from talktalk.ledger.nodes import NodePool

ACCEPTED = 0x00010000
"""lsfAccepted: its subject wants it."""
PAGES_MAX = 10
PAGE = 200

Kind = tuple[str, str]
"""Issuer and credential type (hex): what a receiver names, without knowing anybody's id."""


async def held_by(pool: NodePool, address: str) -> dict[Kind, str]:
    """Kind → id of the credentials this account was given and has accepted.

    Expired ones are among them: only a node knows the ledger's time exactly, and is asked in the end.

    Raises:
        NodeUnavailable, NodeRefused: As named.
    """
    held = {}
    async for entry in _owned(pool, address, "credential"):
        if entry["Subject"] == address and int(entry.get("Flags", 0)) & ACCEPTED:
            held[entry["Issuer"], entry["CredentialType"]] = str(entry["index"])
    return held


async def sets_taken_by(pool: NodePool, address: str) -> list[frozenset[Kind]]:
    """The sets of credentials with which anybody may pay this account.

    Raises:
        NodeUnavailable, NodeRefused: As named.
    """
    found = []
    async for entry in _owned(pool, address, "deposit_preauth"):
        named = [each["Credential"] for each in entry.get("AuthorizeCredentials", [])]
        if named:
            found.append(frozenset((each["Issuer"], each["CredentialType"]) for each in named))
    return found


async def _owned(pool: NodePool, address: str, kind: str) -> AsyncIterator[dict[str, Any]]:
    """Entries of one kind in an account's directory, the first two thousand."""
    more: dict[str, Any] = {}
    for _ in range(PAGES_MAX):
        answer = await pool.request(
            "account_objects", account=address, type=kind, limit=PAGE, ledger_index="validated", **more
        )
        for entry in answer["account_objects"]:
            yield entry
        if "marker" not in answer:
            return
        more = {"marker": answer["marker"]}
