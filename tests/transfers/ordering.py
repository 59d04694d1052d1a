"""Gestures of somebody who makes orders."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from talktalk.ledger import transactions
from tests.transfers.world import WAIT_S, Outsider, Person

TERMINAL = ("done", "partly", "failed", "expired", "cancelled")
WARNINGS = ["new_payee", "not_a_friend", "large_share", "empties_wallet"]
NO_BATCH = "all,-BatchV1_1"


def bulk_ask(
    mode: str, recipients: Sequence[tuple[Person | Outsider | str, str]], **fields: object
) -> dict[str, Any]:
    """The body of a bulk order that accepts every warning."""
    named = []
    for who, value in recipients:
        if isinstance(who, Person):
            payee: dict[str, Any] = {"user_id": str(who.id)}
        else:
            payee = {"address": who.address if isinstance(who, Outsider) else who}
        named.append({**payee, "amount": {"value": value}})
    bulk = {"mode": mode, "recipients": named}
    return {"kind": "bulk", "bulk": bulk, "accepted_warnings": WARNINGS, **fields}


async def check(person: Person, ask: Mapping[str, Any], status: int = 200) -> Any:
    """The dry run."""
    return await person.post("/orders/checks", ask, status)


async def draft(person: Person, ask: Mapping[str, Any], status: int = 201, key: str | None = None) -> Any:
    """Make an order."""
    headers = {"Idempotency-Key": key or secrets.token_urlsafe(16)}
    return await person.post("/orders", ask, status, **headers)


def approval_hash(order: Mapping[str, Any]) -> str:
    """As a device computes it: from the bytes alone."""
    hashes = [transactions.signing_hash(bytes.fromhex(step["tx_blob"])) for step in order["draft"]["steps"]]
    return transactions.approval_hash(hashes)


async def approval(person: Person, order: Mapping[str, Any], pin: str | None = None) -> dict[str, Any]:
    """The body that approves its drafts."""
    named = approval_hash(order)
    key_id, sealed = await person.sealed(pin or person.pin, "order.approve", bytes.fromhex(named))
    return {"approval_hash": named, "worker_key_id": key_id, "sealed_pin": sealed}


async def approve(person: Person, order: Mapping[str, Any], pin: str | None = None, status: int = 200) -> Any:
    """Approve its drafts."""
    body = await approval(person, order, pin)
    return await person.post(f"/orders/{order['id']}/approve", body, status)


async def until(person: Person, order: Mapping[str, Any], *states: str) -> dict[str, Any]:
    """The order once it is in one of the states (by default: a terminal one)."""
    wanted = states or TERMINAL
    async with asyncio.timeout(WAIT_S):
        while True:
            now = await person.get(f"/orders/{order['id']}")
            if now["state"] in wanted:
                return dict(now)
            await asyncio.sleep(0.03)


async def until_steps(person: Person, order: Mapping[str, Any], state: str, count: int) -> dict[str, Any]:
    """The order once so many of its steps are in a state."""
    async with asyncio.timeout(WAIT_S):
        while True:
            now = await person.get(f"/orders/{order['id']}")
            if sum(step["state"] == state for step in now["steps"]) >= count:
                return dict(now)
            await asyncio.sleep(0.03)


async def until_refused(person: Person, order: Mapping[str, Any]) -> dict[str, Any]:
    """The order once its approval was refused."""
    async with asyncio.timeout(WAIT_S):
        while True:
            now = await person.get(f"/orders/{order['id']}")
            if now["state"] == "drafted" and now["approval_error"] is not None:
                return dict(now)
            await asyncio.sleep(0.03)


def states(order: Mapping[str, Any]) -> list[str]:
    """Of its items."""
    return [item["state"] for item in order["items"]]
