"""What becomes of signed transfers: `ledger.ports.Maker`.

Every change of a row is written with its card, both sides' activity and the events, in the
transaction of the ledger slice that found it out. Rows are locked in the order of their ids, then
rooms in the order of theirs, then the users' sequences.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger.schemas import (
    Closed,
    Expired,
    Failed,
    OutgoingState,
    OutgoingTransaction,
    Settled,
)
from talktalk.platform import audit
from talktalk.transfers import queries, rules, views
from talktalk.transfers.rules import Cause
from talktalk.transfers.service import TransferDesk
from talktalk.transfers.tables import TransferRow
from talktalk.wallet.announcements import Announcements
from talktalk_wire.transfers import TransferState

PURPOSE = "transfers.payment"


class TransferMaker:
    """Turns transfers as their transactions go."""

    def __init__(self, desk: TransferDesk) -> None:
        self._desk = desk

    async def transactions_progressed(
        self, db: AsyncSession, transactions: Sequence[OutgoingTransaction]
    ) -> None:
        """A node took it, or nobody can say, or somebody can say again."""
        by_ref = {transaction.ref: transaction for transaction in transactions}
        now = self._desk.clock.now()
        changed = []
        for row in await queries.locked(db, by_ref):
            transaction = by_ref[row.id]
            if row.tx_hash != transaction.tx_hash or row.state in rules.TERMINAL:
                continue
            sent = transaction.state is OutgoingState.SUBMITTED and row.state == TransferState.SIGNED
            if sent:
                self._desk.turn(row, Cause.SENT, now)
            elif row.uncertain != transaction.uncertain:
                row.version += 1
                row.updated_at = now
            else:
                continue
            row.uncertain = transaction.uncertain
            changed.append(row)
        await self._show(db, changed)

    async def transactions_closed(self, db: AsyncSession, closed: Sequence[Closed]) -> None:
        """The end: settled, failed or expired."""
        by_ref: dict[UUID, Closed] = {each.transaction.ref: each for each in closed}
        changed = []
        for row in await queries.locked(db, by_ref):
            end = by_ref[row.id]
            if row.tx_hash != end.transaction.tx_hash or row.state in rules.TERMINAL:
                continue
            self._close(row, end)
            changed.append(row)
        await audit.record_all(db, self._desk.clock, [_ended(row) for row in changed])
        await self._show(db, changed)

    def _close(self, row: TransferRow, end: Closed) -> None:
        now = self._desk.clock.now()
        row.uncertain = False
        match end.outcome:
            case Settled(ledger_index=ledger_index, fee_drops=fee_drops):
                self._desk.turn(row, Cause.FOUND_SUCCESS, now)
                row.ledger_index, row.fee_charged_drops, row.settled_at = ledger_index, fee_drops, end.at
            case Failed(ledger_index=ledger_index, fee_drops=fee_drops, result=result):
                self._desk.turn(row, Cause.FOUND_FAILURE, now)
                row.ledger_index, row.fee_charged_drops = ledger_index, fee_drops
                row.failure_code = result
                row.failure_detail = views.DETAILS.get(result, "The ledger did not carry it out")
            case Expired():
                self._desk.turn(row, Cause.WINDOW_PASSED, now)
                row.fee_charged_drops = 0
                row.failure_code, row.failure_detail = "expired", views.DETAILS["expired"]

    async def _show(self, db: AsyncSession, rows: Sequence[TransferRow]) -> None:
        if not rows:
            return
        await db.flush()
        announcements = Announcements()
        own = {row.id: views.card_of(row) for row in rows if row.wants_card}
        await self._desk.turn_cards(db, rows, announcements, own)
        entries = [entry for row in rows for entry in views.activities_of(row, row.address)]
        await self._desk.wallets.put_activity(db, entries, announcements)
        await self._desk.announce_all(db, rows, announcements)


def _ended(row: TransferRow) -> audit.Happening:
    return audit.Happening(
        kind=f"transfer.{row.state}",
        actor_id=row.sender_id,
        subject_id=row.id,
        data={"tx_hash": row.tx_hash, "ledger_index": row.ledger_index},
    )
