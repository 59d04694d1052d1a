"""Every validated ledger, whole, once and in order, across gaps and reconnects.

The stream of the nodes is only a wake-up: ledgers are read by number, from the one after the
cursor to the newest validated one, and each must name the one before as its parent. A ledger no
reachable node holds is waited for, never skipped.

A ledger is taken when a quorum of the nodes names its hash (`nodes`) and its bytes have that hash
(`proof`): then no node can invent a transaction in it, hide one or alter what one did.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from talktalk.ledger.errors import LedgerForked, LedgerGap, MalformedLedger, NodeRefused, NodeUnavailable
from talktalk.ledger.health import Reason
from talktalk.ledger.node import Node
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.proof import as_shown, entry_of, is_known, proven
from talktalk.ledger.schemas import ValidatedLedger

READ_TIMEOUT_S = 20.0
AHEAD_MAX = 8
"""Ledgers read at the same time when catching up."""
RETRY_S = 1.0
IDLE_S = 5.0
"""Ask for news after so long even if no stream spoke."""

log = logging.getLogger(__name__)


async def ledgers(pool: NodePool, *, after: int, parent_hash: str | None) -> AsyncIterator[ValidatedLedger]:
    """Yield each validated ledger after `after`, in order, for ever.

    Args:
        pool: Whom to ask.
        after: Index of the last ledger already processed.
        parent_hash: Its hash; None if unknown.

    Raises:
        LedgerForked: A ledger does not follow the one before: another network stands behind the
            address, or a node lies. Somebody must look.
    """
    while True:
        latest = pool.latest
        if latest is None or latest.ledger_index <= after:
            if latest is not None and latest.ledger_index < after:
                log.warning("the nodes are at ledger %s, we were at %s", latest.ledger_index, after)
            await pool.wait_beyond(after, timeout_s=IDLE_S)
            continue
        wanted = range(after + 1, min(latest.ledger_index, after + AHEAD_MAX) + 1)
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(_read_or_none(pool, index)) for index in wanted]
        for index, read in zip(wanted, reads, strict=True):
            ledger = read.result()
            if ledger is None:
                await asyncio.sleep(RETRY_S)
                break
            if parent_hash is not None and ledger.parent_hash != parent_hash:
                raise LedgerForked(f"ledger {index} does not follow {parent_hash}")
            yield ledger
            after, parent_hash = index, ledger.ledger_hash


async def read_ledger(pool: NodePool, ledger_index: int) -> ValidatedLedger:
    """Read one whole validated ledger: the one whose hash a quorum of nodes names, proven by that hash.

    Raises:
        LedgerGap: Nodes answered, but too few name its hash, or none has it.
        NodeUnavailable: None answered.
    """
    agreed = await pool.agreed_hash(ledger_index)
    if agreed is None:
        if pool.ranked:
            raise LedgerGap(f"too few nodes tell the hash of ledger {ledger_index}")
        raise NodeUnavailable(f"no node answered for ledger {ledger_index}")

    async def ask(node: Node) -> ValidatedLedger:
        try:
            return await _read_from(node, ledger_index, agreed)
        except MalformedLedger as error:
            pool.distrust(node, Reason.LYING, str(error))
            raise

    try:
        return await pool.first_answer(pool.holding(ledger_index), ask, lambda _: True)
    except (NodeRefused, MalformedLedger) as error:
        raise LedgerGap(f"no node has ledger {ledger_index}") from error


async def _read_or_none(pool: NodePool, ledger_index: int) -> ValidatedLedger | None:
    try:
        return await read_ledger(pool, ledger_index)
    except (LedgerGap, NodeUnavailable) as error:
        log.warning("ledger %s cannot be read yet: %s", ledger_index, error)
        return None


async def _read_from(node: Node, ledger_index: int, agreed: str) -> ValidatedLedger:
    """One node's ledger, which has the hash that was agreed on.

    Raises:
        MalformedLedger: It has not.
        NodeRefused: It has none.
        NodeUnavailable: It did not answer.
    """
    whole = {"ledger_index": ledger_index, "transactions": True, "expand": True}
    found = await node.request("ledger", timeout_s=READ_TIMEOUT_S, **whole, binary=True)
    try:
        header = bytes.fromhex(found["ledger"]["ledger_data"])
        entries = [
            entry_of(bytes.fromhex(each["tx_blob"]), bytes.fromhex(each.get("meta_blob") or each["meta"]))
            for each in found["ledger"]["transactions"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedLedger(f"ledger {ledger_index} in a shape of its own: {error!r}") from error
    ledger = proven(header, entries)
    if ledger.ledger_hash != agreed:
        raise MalformedLedger(f"it gave another ledger {ledger_index} than the others name")
    if all(is_known(transaction) for transaction in ledger.transactions):
        return ledger
    log.warning("ledger %s holds transactions of a kind not known here: taken as shown", ledger_index)
    return _with_unknown(ledger, await node.request("ledger", timeout_s=READ_TIMEOUT_S, **whole))


def _with_unknown(ledger: ValidatedLedger, found: dict[str, Any]) -> ValidatedLedger:
    """The ledger, with what this version cannot decode as the node shows it.

    Raises:
        MalformedLedger: The node shows other transactions.
    """
    try:
        shown = {each["hash"]: each for each in found["ledger"]["transactions"]}
        transactions = [
            transaction if is_known(transaction) else as_shown(transaction, shown[transaction.hash])
            for transaction in ledger.transactions
        ]
        transactions.sort(key=lambda transaction: int(transaction.meta["TransactionIndex"]))
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedLedger(f"ledger {ledger.ledger_index} is shown otherwise: {error!r}") from error
    return msgspec.structs.replace(ledger, transactions=transactions)
