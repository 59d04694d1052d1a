"""An account's transactions as a node's `account_tx` tells them, whole or not at all.

A node answers for the ledgers it has and says which those were. What it left out is no answer: another node
is asked, and where none has all of it nothing is known (`LedgerGap`).

Source: xrpl.org, `account_tx`, `account_info`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from talktalk.ledger.accounts import account_roots
from talktalk.ledger.comparing import Found
from talktalk.ledger.errors import LedgerGap, NodeRefused, NodeUnavailable
from talktalk.ledger.node import Node
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.schemas import LedgerTransaction

PAGE = 200
TIMEOUT_S = 20.0
FIRST_LEDGER_MAX = 32_570
"""The oldest ledger any public network still has: Mainnet lost what came before."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that touched an account in a run of ledgers."""

    until: int
    """Inclusive."""
    found: list[Found]
    balance_drops: int
    """What the account holds after `until`; 0 where it does not exist."""


async def read_slice(pool: NodePool, address: str, *, after: int, until: int, enough: int) -> Slice:
    """Read an account's transactions in ledgers after `after`, in order.

    Args:
        pool: Whom to ask.
        address: Whose.
        after: Exclusive; 0 for everything there is.
        until: Inclusive; a validated ledger.
        enough: Stop at the end of the ledger in which so many were read.

    Raises:
        LedgerGap: Nodes answered, none has all of these ledgers.
        NodeUnavailable: None answered.
    """
    gap: Exception | None = None
    for node in pool.holding(until):
        try:
            return await _read(node, address, after=after, until=until, enough=enough)
        except (LedgerGap, NodeRefused) as error:
            gap = error
        except NodeUnavailable:
            continue
    if gap is not None:
        raise LedgerGap(f"no node has all of {address} from ledger {after} to {until}") from gap
    raise NodeUnavailable(f"no node answered for the history of {address}")


async def _read(node: Node, address: str, *, after: int, until: int, enough: int) -> Slice:
    found: list[Found] = []
    more: dict[str, Any] = {}
    while True:
        try:
            answer = await node.request(
                "account_tx",
                timeout_s=TIMEOUT_S,
                account=address,
                ledger_index_min=after + 1 if after else -1,
                ledger_index_max=until,
                forward=True,
                limit=PAGE,
                **more,
            )
        except NodeRefused as error:
            if error.error != "actNotFound":
                raise
            answer = {"transactions": [], "ledger_index_min": after + 1, "ledger_index_max": until}
        _check_range(node, answer, after=after, until=until)
        found += [_found(entry) for entry in answer["transactions"]]
        if (whole := _first_ledgers(found, enough)) is not None:
            # The state of so old a ledger may be gone; its last transaction tells the balance as well.
            return Slice(
                until=whole[-1].ledger_index, found=whole, balance_drops=balance_after(whole, address)
            )
        if "marker" not in answer:
            break
        more = {"marker": answer["marker"]}
    return Slice(until=until, found=found, balance_drops=await _balance(node, address, until))


def _check_range(node: Node, answer: dict[str, Any], *, after: int, until: int) -> None:
    """Refuse what does not cover the whole run.

    Raises:
        LedgerGap: The node left ledgers out.
    """
    first, last = int(answer["ledger_index_min"]), int(answer["ledger_index_max"])
    begins = first <= after + 1 if after else first <= FIRST_LEDGER_MAX
    if not begins or last < until or not node.holds(max(first, after + 1), until):
        raise LedgerGap(f"{node.url} told ledgers {first} to {last} of {after + 1} to {until}")


def _first_ledgers(found: list[Found], enough: int) -> list[Found] | None:
    """The first whole ledgers that hold `enough` transactions, if more than that were read."""
    if len(found) <= enough or found[-1].ledger_index == found[enough - 1].ledger_index:
        return None
    return [each for each in found if each.ledger_index <= found[enough - 1].ledger_index]


async def _balance(node: Node, address: str, ledger_index: int) -> int:
    """What the account holds after a ledger.

    Raises:
        NodeRefused: The node no longer has the ledger's state.
    """
    try:
        answer = await node.request("account_info", account=address, ledger_index=ledger_index)
    except NodeRefused as error:
        if error.error != "actNotFound":
            raise
        return 0
    return int(answer["account_data"]["Balance"])


def balance_after(found: Sequence[Found], address: str) -> int:
    """What the newest of these transactions that touched the account's own entry left in it."""
    for each in reversed(found):
        for changed, fields in account_roots(each.transaction):
            if changed == address:
                return int(fields["Balance"]) if fields is not None else 0
    return 0


def _found(entry: dict[str, Any]) -> Found:
    transaction = LedgerTransaction(hash=entry["hash"], tx_json=entry["tx_json"], meta=entry["meta"])
    return Found(ledger_index=int(entry["ledger_index"]), transaction=transaction)
