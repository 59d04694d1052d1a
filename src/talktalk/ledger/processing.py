"""Each validated ledger, made into rows: accounts, ends of our transactions, movements, cursor.

A ledger is written in several short transactions, so that a busy one holds no lock for long:
first the watched accounts, what they hold and their tickets, then the ends of our own transactions,
then the movements, last the cursor. Each may be repeated after a crash without a second effect; the
cursor moves only past a ledger that is wholly written.

One worker does this at a time (a session's advisory lock). Should two ever do it at once, the
rows come out the same.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger import accounts, holdings, outgoing, tickets
from talktalk.ledger.follow import outcome_in
from talktalk.ledger.income import movements
from talktalk.ledger.lines import holdings_after
from talktalk.ledger.outgoing import End
from talktalk.ledger.ports import LedgerListener, Makers
from talktalk.ledger.schemas import (
    LIVE,
    Expired,
    Moved,
    Outcome,
    OutgoingState,
    OutgoingTransaction,
    Settled,
    ValidatedLedger,
)
from talktalk.ledger.service import Ledger
from talktalk.ledger.stream import ledgers
from talktalk.platform.database import Database

CHUNK = 100
"""Rows written in one transaction: what is done once a transaction is shared by many, locks are not held long."""
IDLE_S = 1.0
T = TypeVar("T")

log = logging.getLogger(__name__)


class LedgerProcessor:
    """Processes validated ledgers for as long as `run` runs and this worker leads."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        listener: LedgerListener,
        makers: Makers,
        on_processed: Callable[[int], None],
    ) -> None:
        """Args:
        database: Where the rows are.
        ledger: Whom to read from.
        listener: Told of accounts and movements.
        makers: Told of the ends of transactions.
        on_processed: Called with each ledger's index once it is committed.
        """
        self._database = database
        self._ledger = ledger
        self._listener = listener
        self._makers = makers
        self._on_processed = on_processed

    async def run(self) -> None:
        """Wait to lead, then process ledger after ledger until cancelled or in trouble.

        Raises:
            LedgerForked: The nodes' history is not ours; nothing further is written.
        """
        async with self._database.holding(f"talktalk.ledger.{self._ledger.network}"):
            await self._process_all()

    async def _process_all(self) -> None:
        async with self._database.transaction() as db:
            cursor = await accounts.read_cursor(db, self._ledger.network)
        while cursor is None:
            cursor = await self._begin()
        index, parent_hash = cursor
        if parent_hash:
            self._ledger.pool.settle(index, parent_hash)
        async for ledger in ledgers(self._ledger.pool, after=index, parent_hash=parent_hash or None):
            await self.process(ledger)

    async def _begin(self) -> tuple[int, str] | None:
        """Where to start on a network never seen before: at its newest validated ledger."""
        pool = self._ledger.pool
        if not await pool.wait_beyond(0, timeout_s=IDLE_S) or pool.latest is None:
            return None
        # One before the newest, so that the newest is processed and the cursor exists at once.
        return pool.latest.ledger_index - 1, ""

    async def process(self, ledger: ValidatedLedger) -> None:
        """Write one ledger; repeating it changes nothing."""
        network = self._ledger.network
        states = accounts.states_after(ledger)
        held = holdings_after(ledger)
        async with self._database.transaction() as db:
            before = await accounts.read_head(db, network)
            owners = await accounts.watched_owners(db, network, {*states, *(address for address, _ in held)})
            own = await outgoing.among(db, network, [entry.hash for entry in ledger.transactions])
            ours = {row.tx_hash: outgoing.view(row) for row in own}
        for addresses in _chunks(sorted(owners.keys() & states.keys())):
            async with self._database.transaction() as db:
                changes = await accounts.write_states(
                    db, network, {address: states[address] for address in addresses}
                )
                await self._listener.accounts_changed(db, changes)
        for part in _chunks([holding for (address, _), holding in sorted(held.items()) if address in owners]):
            async with self._database.transaction() as db:
                changed = await holdings.write(db, network, part)
                await self._listener.holdings_changed(db, [owners[address] for address in sorted(changed)])
        theirs = [change for change in tickets.changes_in(ledger) if change.account in owners]
        if theirs:
            async with self._database.transaction() as db:
                await tickets.write(db, network, theirs, ledger.ledger_index)
        for ended in _chunks(list(_ended(ledger, ours))):
            async with self._database.transaction() as db:
                await close_all(db, self._makers, ended)
        for moved in _chunks(list(_moved(ledger, owners, ours))):
            async with self._database.transaction() as db:
                await self._listener.money_moved(db, moved)
        head = await self._ledger.read_terms(ledger, before)
        async with self._database.transaction() as db:
            await accounts.write_head(db, head, ledger.ledger_hash)
            await outgoing.make_due(db, network, ledger.ledger_index, ledger.close_time)
            past = await outgoing.held_past(db, network, ledger.ledger_index)
        expired = Expired(last_ledger=ledger.ledger_index)
        late = [End(transaction=each, outcome=expired, at=ledger.close_time) for each in past]
        for ended in _chunks(late):
            async with self._database.transaction() as db:
                await close_all(db, self._makers, ended)
        self._on_processed(ledger.ledger_index)


async def close_all(db: AsyncSession, makers: Makers, ends: Sequence[End]) -> None:
    """End transactions and let their makers write what that means, in this one transaction.

    Those that somebody else ended before are passed over.
    """
    closed = await outgoing.close_all(db, ends)
    closed.sort(key=lambda entry: entry.transaction.purpose)
    for purpose, entries in groupby(closed, key=lambda entry: entry.transaction.purpose):
        await makers[purpose].transactions_closed(db, list(entries))


def _ended(ledger: ValidatedLedger, ours: dict[str, OutgoingTransaction]) -> Iterator[End]:
    for transaction in ledger.transactions:
        own = ours.get(transaction.hash)
        if own is None:
            continue
        if own.state in (OutgoingState.EXPIRED, OutgoingState.HELD, OutgoingState.WITHDRAWN):
            # Cannot be, unless a node lied about an earlier ledger: somebody must look.
            log.critical("%s stands in ledger %s but is %s", own.tx_hash, ledger.ledger_index, own.state)
        if own.state in LIVE:
            outcome: Outcome = outcome_in(transaction.result, ledger.ledger_index, transaction.fee_drops)
            if isinstance(outcome, Settled) and transaction.tx_json["TransactionType"] == "Batch":
                outcome = msgspec.structs.replace(outcome, inner=_inner_results(ledger, transaction.hash))
            yield End(transaction=own, outcome=outcome, at=ledger.close_time)


def _inner_results(ledger: ValidatedLedger, batch_hash: str) -> dict[str, str]:
    """Hash → result of what a Batch carried, each from its own metadata."""
    return {
        inner.hash: inner.result
        for inner in ledger.transactions
        if inner.meta.get("ParentBatchID") == batch_hash
    }


def _moved(
    ledger: ValidatedLedger, owners: dict[str, str], ours: dict[str, OutgoingTransaction]
) -> Iterator[Moved]:
    for transaction in ledger.transactions:
        for movement in movements(transaction, owners):
            yield Moved(
                movement=movement,
                owner=owners[movement.account],
                tx_hash=transaction.hash,
                ledger_index=ledger.ledger_index,
                close_time=ledger.close_time,
                own=ours.get(transaction.hash),
            )


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
