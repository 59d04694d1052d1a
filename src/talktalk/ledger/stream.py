"""Every validated ledger, whole, once and in order, across gaps and reconnects.

The stream of the nodes is only a wake-up: ledgers are read by number, from the one after the
cursor to the newest validated one, and each must name the one before as its parent. A ledger no
reachable node holds is waited for, never skipped.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from talktalk.ledger.errors import LedgerForked, LedgerGap, NodeRefused, NodeUnavailable
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.schemas import LedgerTransaction, ValidatedLedger

RIPPLE_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
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
    """Read one whole validated ledger from the first node that has it.

    Raises:
        LedgerGap: Nodes answered, none has it.
        NodeUnavailable: None answered.
    """
    refused: NodeRefused | None = None
    for node in pool.ranked:
        try:
            found = await node.request(
                "ledger",
                timeout_s=READ_TIMEOUT_S,
                ledger_index=ledger_index,
                transactions=True,
                expand=True,
            )
        except NodeRefused as error:
            refused = error
            continue
        except NodeUnavailable:
            continue
        if found.get("validated") and int(found["ledger_index"]) == ledger_index:
            return _ledger(found)
    if refused is not None:
        raise LedgerGap(f"no node has ledger {ledger_index}") from refused
    raise NodeUnavailable(f"no node answered for ledger {ledger_index}")


async def _read_or_none(pool: NodePool, ledger_index: int) -> ValidatedLedger | None:
    try:
        return await read_ledger(pool, ledger_index)
    except (LedgerGap, NodeUnavailable) as error:
        log.warning("ledger %s cannot be read yet: %s", ledger_index, error)
        return None


def _ledger(found: dict[str, Any]) -> ValidatedLedger:
    header = found["ledger"]
    transactions = [
        LedgerTransaction(hash=entry["hash"], tx_json=entry["tx_json"], meta=entry["meta"])
        for entry in header["transactions"]
    ]
    transactions.sort(key=lambda transaction: int(transaction.meta["TransactionIndex"]))
    return ValidatedLedger(
        ledger_index=int(found["ledger_index"]),
        ledger_hash=found.get("ledger_hash") or header["ledger_hash"],
        parent_hash=header["parent_hash"],
        close_time=RIPPLE_EPOCH + timedelta(seconds=int(header["close_time"])),
        transactions=transactions,
    )
