"""Reconciliation: every watched account against the ledger, daily in slices and whenever somebody asks.

The daily job goes on from where it stopped (`ledger_reconciliations`: up to which ledger an account was
compared, and the ledger's balance then), a bounded number of transactions at a time, so that it may die
anywhere. Asked by hand, an account's whole history is compared from its first transaction on.

Only ledgers that processing has wholly written are compared: the cursor is read first, then the nodes, then
our rows. What is found is written down once (`ledger_differences`), told to the log and the audit log, and
counted in the metrics; an orphan is `critical`. A difference that a later whole comparison no longer finds
is marked as resolved, never removed.

What the nodes say is not proved here, as processing proves its ledgers: a lying node can raise a false
alarm, which a person looks into, or hide what processing has seen anyway.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger import accounts
from talktalk.ledger.comparing import Difference, Kind, Sent, Stories, compare
from talktalk.ledger.history import read_slice
from talktalk.ledger.ports import Books
from talktalk.ledger.schemas import OutgoingState
from talktalk.ledger.service import Ledger
from talktalk.ledger.tables import AccountRow, DifferenceRow, OutgoingRow, ReconciliationRow
from talktalk.platform import audit
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database
from talktalk.platform.ids import uuid7

SLICE_TRANSACTIONS = 1000
"""Transactions of one account compared at a time."""
log = logging.getLogger(__name__)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One account, compared."""

    address: str
    owner: str
    network: str
    after: int
    """Exclusive; 0: from the account's first transaction on."""
    until: int
    transactions: int
    opening_drops: int
    closing_drops: int
    booked_drops: int | None
    is_complete: bool
    """Whether it reaches the newest ledger that was processed; else there is more to compare."""
    differences: list[Difference]
    at: datetime


class Reconciler:
    """Compares accounts with the ledger."""

    def __init__(self, database: Database, ledger: Ledger, books: Books, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._books = books
        self._clock = clock

    async def addresses(self, *, after: str = "", limit: int = 1000) -> list[str]:
        """Watched accounts in the order of their addresses."""
        async with self._database.transaction() as db:
            found = await db.execute(
                select(AccountRow.address)
                .where(AccountRow.network == self._ledger.network, AccountRow.address > after)
                .order_by(AccountRow.address)
                .limit(limit)
            )
            return list(found.scalars())

    async def whole(self, address: str) -> Report | None:
        """Compare an account's whole history, slice by slice; None if it is not watched.

        Raises:
            LedgerGap: No node has all of it: nothing is known.
            NodeUnavailable: No node answered.
        """
        reports: list[Report] = []
        begun = self._clock.now()
        after, opening = 0, 0
        while True:
            report = await self._compare(address, after, opening)
            if report is None:
                break
            reports.append(report)
            if report.is_complete:
                break
            after, opening = report.until, report.closing_drops
        if not reports:
            return None
        whole = _joined(reports)
        await self._write(whole, resolve_before=begun)
        return whole

    async def onward(self, address: str) -> Report | None:
        """Compare the next slice of an account; None if there is nothing new, or it is not watched.

        Raises:
            LedgerGap, NodeUnavailable: As `whole`; the account stays where it was.
        """
        async with self._database.transaction() as db:
            row = await db.get(ReconciliationRow, (self._ledger.network, address))
        after, opening = (row.checked_index, row.balance_drops) if row is not None else (0, 0)
        report = await self._compare(address, after, opening)
        if report is not None:
            await self._write(report)
        return report

    async def _compare(self, address: str, after: int, opening: int) -> Report | None:
        network = self._ledger.network
        async with self._database.transaction() as db:
            cursor = await accounts.read_cursor(db, network)
            known = await accounts.read(db, network, address)
        if cursor is None or known is None or cursor[0] <= after:
            return None
        told = await read_slice(
            self._ledger.pool, address, after=after, until=cursor[0], enough=SLICE_TRANSACTIONS
        )
        async with self._database.transaction() as db:
            account = await accounts.read(db, network, address)
            assert account is not None, "who is watched stays watched"
            is_of_then = account.ledger_index is None or account.ledger_index <= told.until
            hashes = [each.transaction.hash for each in told.found]
            stories = Stories(
                address=address,
                opening_drops=opening,
                closing_drops=told.balance_drops,
                shown_drops=account.balance_drops if is_of_then and told.until == cursor[0] else None,
                found=told.found,
                sent=await self._sent(db, address, hashes, after=after, until=told.until),
                told=await self._books.told(db, account.owner, after=after, until=told.until),
            )
        verdict = compare(stories)
        return Report(
            address=address,
            owner=account.owner,
            network=network,
            after=after,
            until=told.until,
            transactions=verdict.transactions,
            opening_drops=opening,
            closing_drops=told.balance_drops,
            booked_drops=verdict.booked_drops,
            is_complete=told.until >= cursor[0],
            differences=verdict.differences,
            at=self._clock.now(),
        )

    async def _sent(
        self, db: AsyncSession, address: str, hashes: Sequence[str], *, after: int, until: int
    ) -> list[Sent]:
        """Our rows among these hashes, and those that say they stand in these ledgers."""
        found = await db.execute(
            select(OutgoingRow).where(
                OutgoingRow.network == self._ledger.network,
                OutgoingRow.account == address,
                or_(
                    OutgoingRow.tx_hash.in_(hashes),
                    (OutgoingRow.ledger_index > after) & (OutgoingRow.ledger_index <= until),
                ),
            )
        )
        return [
            Sent(
                tx_hash=row.tx_hash,
                state=OutgoingState(row.state),
                ledger_index=row.ledger_index,
                fee_drops=row.fee_charged_drops,
            )
            for row in found.scalars()
        ]

    async def _write(self, report: Report, *, resolve_before: datetime | None = None) -> None:
        """Write down how far it came and what was found; tell what is new."""
        async with self._database.transaction() as db:
            await self._move_on(db, report)
            fresh = await self._note(db, report)
            if resolve_before is not None:
                await self._resolve(db, report)
            for each in fresh:
                await audit.record(
                    db,
                    self._clock,
                    "ledger.orphan_found" if each.kind is Kind.ORPHAN else "ledger.difference_found",
                    difference=each.kind,
                    account=report.address,
                    tx_hash=each.tx_hash,
                    ledger_index=each.ledger_index,
                    detail=each.detail,
                )
        for each in fresh:
            level = logging.CRITICAL if each.kind is Kind.ORPHAN else logging.ERROR
            log.log(level, "%s of %s: %s %s", each.kind, report.address, each.tx_hash, each.detail)

    async def _move_on(self, db: AsyncSession, report: Report) -> None:
        values = {
            "checked_index": report.until,
            "balance_drops": report.closing_drops,
            "checked_at": report.at,
        }
        await db.execute(
            insert(ReconciliationRow)
            .values(network=report.network, address=report.address, **values)
            .on_conflict_do_update(
                index_elements=[ReconciliationRow.network, ReconciliationRow.address],
                set_=values,
                where=ReconciliationRow.checked_index <= report.until,
            )
        )

    async def _note(self, db: AsyncSession, report: Report) -> list[Difference]:
        """Write differences; those that were not open yet."""
        fresh = []
        for each in report.differences:
            written = await db.execute(
                insert(DifferenceRow)
                .values(
                    id=uuid7(),
                    network=report.network,
                    address=report.address,
                    kind=each.kind,
                    tx_hash=each.tx_hash,
                    ledger_index=each.ledger_index,
                    drops=each.drops,
                    detail=each.detail,
                    found_at=report.at,
                )
                .on_conflict_do_nothing()
                .returning(DifferenceRow.id)
            )
            if written.first() is not None:
                fresh.append(each)
        return fresh

    async def _resolve(self, db: AsyncSession, report: Report) -> None:
        """Mark what a whole comparison no longer finds."""
        found = {(each.kind.value, each.tx_hash) for each in report.differences}
        open_rows = await db.execute(
            select(DifferenceRow.id, DifferenceRow.kind, DifferenceRow.tx_hash).where(
                DifferenceRow.network == report.network,
                DifferenceRow.address == report.address,
                DifferenceRow.resolved_at.is_(None),
            )
        )
        gone = [row.id for row in open_rows if (row.kind, row.tx_hash) not in found]
        if gone:
            await db.execute(
                update(DifferenceRow).where(DifferenceRow.id.in_(gone)).values(resolved_at=report.at)
            )


async def count_open(db: AsyncSession) -> dict[Kind, int]:
    """Differences nobody has resolved, by kind."""
    found = await db.execute(
        select(DifferenceRow.kind, func.count())
        .where(DifferenceRow.resolved_at.is_(None))
        .group_by(DifferenceRow.kind)
    )
    counts: dict[Kind, int] = dict.fromkeys(Kind, 0)
    for kind, count in found:
        counts[Kind(kind)] = count
    return counts


def _joined(reports: Sequence[Report]) -> Report:
    """Slices of one account as one report."""
    first, last = reports[0], reports[-1]
    return msgspec.structs.replace(
        last,
        after=first.after,
        opening_drops=first.opening_drops,
        transactions=sum(report.transactions for report in reports),
        differences=[each for report in reports for each in report.differences],
    )
