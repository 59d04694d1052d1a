"""What became of a transaction: the official algorithm, and no guess.

1. A node that has it in a validated ledger says the truth.
2. "Not found" counts only from a node that has validated `LastLedgerSequence` and searched every
   ledger of the window (`searched_all`); then it can never happen any more.
3. Anything else is no answer: it may still happen (`Pending`), or nobody can say (`LedgerGap`).

Several nodes are asked at once, and an end counts when a quorum of the pool tells the same one: a single
node, however sure, ends nothing where others are configured. An answer outside the window is a broken or
lying node's and is dropped.

What ends a transaction of ours is, wherever possible, our own reading of every ledger (`processing`,
`submission`), and not this. It serves to learn whether the nodes know a transaction, and for windows that
began before we read ledgers.

Source: xrpl.org, Reliable Transaction Submission.
"""

import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from talktalk.ledger.errors import LedgerGap, NodeRefused, NodeUnavailable
from talktalk.ledger.node import Node
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.schemas import Expired, Failed, Outcome, Pending, Settled
from talktalk.platform.tasks import until_enough

WINDOW_LEDGERS_MAX = 900
"""Nodes search at most 1,000 ledgers at a time; no window of ours is longer."""
NODES_ASKED_MIN = 3

log = logging.getLogger(__name__)


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for, and in which ledgers it can stand."""

    tx_hash: str
    first_ledger: int
    last_ledger: int


async def look_up(pool: NodePool, search: Search) -> Outcome | Pending:
    """Ask the nodes once what became of a transaction.

    Returns:
        What a quorum of the nodes says: `Settled` or `Failed` from a validated ledger, `Expired` once
        every ledger up to `last_ledger` is known complete without it; `Pending` while it can still happen.

    Raises:
        LedgerGap: The window has passed, and too few reachable nodes hold all of it or agree.
        NodeUnavailable: No node answered.
    """
    nodes = pool.ranked[: max(NODES_ASKED_MIN, pool.quorum + 1)]

    def is_enough(answers: Sequence[Outcome | Pending | _Gap | None]) -> bool:
        known = [answer for answer in answers if answer is not None]
        alike = max((known.count(answer) for answer in known), default=0)
        return alike >= pool.quorum and not any(isinstance(answer, _Gap) for answer in known)

    answers = await until_enough((_ask(node, search) for node in nodes), is_enough)
    known = [answer for answer in answers if answer is not None]
    ends = [answer for answer in known if isinstance(answer, Settled | Failed | Expired)]
    for outcome in ends:
        if ends.count(outcome) >= pool.quorum:
            return outcome
    if any(isinstance(answer, Pending) for answer in known):
        seen = [each for each in known if isinstance(each, Settled | Failed) or each == Pending(seen=True)]
        return Pending(seen=bool(seen))
    if known:
        raise LedgerGap(
            f"too few nodes agree about ledgers {search.first_ledger} to {search.last_ledger}: {known}"
        )
    raise NodeUnavailable("no node answered")


async def follow(pool: NodePool, search: Search, *, poll_s: float = 2.0) -> Outcome:
    """Wait until a submitted transaction can no longer change its fate.

    Args:
        pool: Whom to ask.
        search: The transaction and its window, `last_ledger` inclusive.
        poll_s: Ask again after so long even if no new ledger was heard of.

    Returns:
        `Settled` or `Failed` from a validated ledger; `Expired` once every ledger up to
        `last_ledger` is known complete without it.

    Raises:
        LedgerGap: No reachable node holds a needed ledger; nothing is known, try again.
        NodeUnavailable: No node answered; likewise.
    """
    while True:
        heard = pool.latest
        outcome = await look_up(pool, search)
        if not isinstance(outcome, Pending):
            return outcome
        await pool.wait_beyond(heard.ledger_index if heard is not None else 0, timeout_s=poll_s)


class _Gap(msgspec.Struct, frozen=True):
    """A node that has passed the window and cannot say for all of it."""


async def _ask(node: Node, search: Search) -> Outcome | Pending | _Gap | None:
    """One node's word; None if it did not answer or made no sense."""
    # Read before the question: a ledger validated in between must not turn "not yet" into "never".
    validated = node.latest.ledger_index if node.latest is not None else 0
    try:
        found = await node.request(
            "tx",
            transaction=search.tx_hash,
            binary=False,
            min_ledger=search.first_ledger,
            max_ledger=search.last_ledger,
        )
    except NodeUnavailable:
        return None
    except NodeRefused as refusal:
        if refusal.error != "txnNotFound":
            log.warning("ledger node %s answered a search with %s", node.url, refusal.error)
            return None
        if validated < search.last_ledger:
            return Pending(seen=False)
        return Expired(last_ledger=search.last_ledger) if _searched_all(refusal.body) else _Gap()
    return _judge(node, search, found, validated)


def _judge(
    node: Node, search: Search, found: dict[str, Any], validated: int
) -> Outcome | Pending | _Gap | None:
    if found.get("hash") != search.tx_hash:
        log.error("ledger node %s answered with another transaction", node.url)
        return None
    if not found.get("validated"):
        return Pending(seen=True) if validated < search.last_ledger else _Gap()
    index = int(found["ledger_index"])
    if not search.first_ledger < index <= search.last_ledger:
        log.error("ledger node %s places %s outside its window", node.url, search.tx_hash)
        return None
    return outcome_in(found["meta"]["TransactionResult"], index, int(found["tx_json"]["Fee"]))


def outcome_in(result: str, ledger_index: int, fee_drops: int) -> Settled | Failed:
    """What a result code in a validated ledger means."""
    if result == "tesSUCCESS":
        return Settled(ledger_index=ledger_index, fee_drops=fee_drops)
    return Failed(ledger_index=ledger_index, fee_drops=fee_drops, result=result)


def _searched_all(body: dict[str, Any]) -> bool:
    return body.get("searched_all") is True or body.get("result", {}).get("searched_all") is True
