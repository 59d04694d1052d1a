"""What becomes of signed orders: `ledger.ports.Maker`, and the releasing of what waits for a time.

Every change of an order is written with its card, the activity and the events, in the transaction of
the ledger slice that found it out. Accounts and outgoing transactions are locked by then; orders are
locked in the order of their ids, then rooms, then the users' sequences. Steps of an order are written
under the order's lock. What is released or withdrawn in consequence is of the same account, whose
lock is held already.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger import accounts, outgoing
from talktalk.ledger.schemas import Closed, Failed, OutgoingState, OutgoingTransaction, Settled
from talktalk.platform import audit
from talktalk.platform.database import Database
from talktalk.transfers.orders import queries, rules, views
from talktalk.transfers.orders.rules import ITEM_OF_STEP, Cause, StepView
from talktalk.transfers.orders.service import OrderDesk
from talktalk.transfers.orders.tables import ItemRow, OrderRow, StepRow
from talktalk.transfers.views import DETAILS as LEDGER_DETAILS
from talktalk.wallet.announcements import Announcements
from talktalk_wire.orders import ItemState, OrderState, StepState

PURPOSE = "orders.step"
DUE_BATCH = 20
_STATES = {
    OutgoingState.SETTLED: StepState.SETTLED,
    OutgoingState.FAILED: StepState.FAILED,
    OutgoingState.EXPIRED: StepState.EXPIRED,
    OutgoingState.WITHDRAWN: StepState.WITHDRAWN,
}


class OrderMaker:
    """Turns orders as their transactions go."""

    def __init__(self, desk: OrderDesk) -> None:
        self._desk = desk

    async def transactions_progressed(
        self, db: AsyncSession, transactions: Sequence[OutgoingTransaction]
    ) -> None:
        """A node took it, or nobody can say, or somebody can say again."""
        by_ref = {transaction.ref: transaction for transaction in transactions}
        rows = await queries.locked(db, await queries.orders_of_steps(db, by_ref))
        all_steps = await queries.steps(db, [row.id for row in rows])
        all_items = await queries.items(db, [row.id for row in rows])
        changed = []
        for row in rows:
            steps, items = all_steps[row.id], all_items[row.id]
            before = _look(steps)
            for step in steps:
                transaction = by_ref.get(step.id)
                if transaction is None or step.state in rules.STEP_ENDS or step.state == StepState.HELD:
                    continue
                if transaction.state is OutgoingState.SUBMITTED:
                    step.state = StepState.SUBMITTED
                step.uncertain = transaction.uncertain
            if _look(steps) != before and row.state == OrderState.WORKING:
                self._touch(row, steps, items)
                changed.append(row)
        await db.flush()
        # A node's having taken a transaction shows only to the sender; recipients see ends.
        await self._desk.show(db, changed, Announcements(), all_items)

    async def transactions_closed(self, db: AsyncSession, closed: Sequence[Closed]) -> None:
        """Steps have ended: what follows is released, what cannot follow any more is withdrawn."""
        by_ref: dict[UUID, Closed] = {each.transaction.ref: each for each in closed}
        rows = await queries.locked(db, await queries.orders_of_steps(db, by_ref))
        await self._advance(db, rows, by_ref)

    async def release_due(self, db: AsyncSession, order_ids: Sequence[UUID]) -> None:
        """Release what waited for a time that has come. Accounts are locked first, by their addresses."""
        known = [row for each in order_ids if (row := await queries.one(db, each)) is not None]
        for address in sorted({row.account for row in known}):
            await accounts.read(db, self._desk.ledger.network, address, lock=True)
        await self._advance(db, await queries.locked(db, order_ids), {})

    async def _advance(
        self, db: AsyncSession, rows: Sequence[OrderRow], closed: Mapping[UUID, Closed]
    ) -> None:
        """Write ends into steps and items, move what follows, and show it."""
        all_steps = await queries.steps(db, [row.id for row in rows])
        all_items = await queries.items(db, [row.id for row in rows])
        told, changed = Announcements(), []
        for row in rows:
            if row.state != OrderState.WORKING:
                continue
            paid_before = {item.index for item in all_items[row.id] if item.state == ItemState.PAID}
            await self._follow(db, row, all_steps[row.id], all_items[row.id], closed)
            changed.append(row)
            await self._tell_paid(db, row, all_items[row.id], paid_before, told)
        await db.flush()
        await audit.record_all(
            db, self._desk.clock, [_ended(row) for row in changed if row.state in rules.TERMINAL]
        )
        await self._desk.show(db, changed, told, all_items)

    async def _follow(
        self,
        db: AsyncSession,
        row: OrderRow,
        steps: Sequence[StepRow],
        items: Sequence[ItemRow],
        closed: Mapping[UUID, Closed],
    ) -> None:
        now = self._desk.clock.now()
        for step in steps:
            end = closed.get(step.id)
            if end is not None and step.state not in rules.STEP_ENDS:
                _end_step(row, step, end)
        _write_items(steps, items)
        kind = self._desk.kind(row.kind)
        decided = await kind.followed(db, row, steps, items, closed, now)
        moves = rules.moves([_view(step) for step in steps], await self._ledger_time(db), decided)
        head = await self._desk.ledger.head(db)
        released = await outgoing.release(
            db,
            row.network,
            row.account,
            [steps[index].id for index in moves.release],
            first_ledger=head.ledger_index,
            now=now,
        )
        withdrawn = await outgoing.withdraw(
            db, row.network, row.account, [steps[index].id for index in moves.withdraw], now=now
        )
        signed = {each.ref for each in released}
        gone = {each.ref for each in withdrawn}
        for step in steps:
            if step.id in signed:
                step.state = StepState.SIGNED
            elif step.id in gone:
                step.state = StepState.WITHDRAWN
        _write_items(steps, items)
        self._touch(row, steps, items)
        self._conclude(row, steps, items, now)

    def _touch(self, row: OrderRow, steps: Sequence[StepRow], items: Sequence[ItemRow]) -> None:
        _write_items(steps, items)
        row.uncertain = any(step.uncertain for step in steps)
        row.version += 1
        row.updated_at = self._desk.clock.now()

    def _conclude(
        self, row: OrderRow, steps: Sequence[StepRow], items: Sequence[ItemRow], now: datetime
    ) -> None:
        cause = rules.verdict(
            [ItemState(item.state) for item in items], [StepState(step.state) for step in steps]
        )
        if cause is None:
            return
        self._desk.turn(row, cause, now)
        row.look_again_at = None
        if cause in (Cause.NONE, Cause.NONE_IN_TIME):
            failed = [step.result for step in steps if step.state == StepState.FAILED]
            codes = [item.failure_code for item in items if item.failure_code is not None]
            row.failure_code = next((code for code in (*failed, *codes) if code is not None), "expired")
            row.failure_detail = (
                views.DETAILS.get(row.failure_code)
                or LEDGER_DETAILS.get(row.failure_code)
                or "The ledger did not carry it out"
            )

    async def _tell_paid(
        self,
        db: AsyncSession,
        row: OrderRow,
        items: Sequence[ItemRow],
        before: set[int],
        told: Announcements,
    ) -> None:
        news = [item for item in items if item.state == ItemState.PAID and item.index not in before]
        entries = [entry for item in news for entry in views.activities_of(row, item)]
        await self._desk.wallets.put_activity(db, entries, told)

    async def _ledger_time(self, db: AsyncSession) -> datetime:
        """Of the newest processed ledger: what waits for a time waits for the ledger's."""
        return (await self._desk.ledger.head(db)).close_time


class Releaser:
    """Releases held steps whose time has come, for as long as somebody calls `work_once`."""

    def __init__(self, database: Database, desk: OrderDesk, maker: OrderMaker) -> None:
        self._database = database
        self._desk = desk
        self._maker = maker

    async def work_once(self) -> int:
        """Release what is due; the number of orders touched."""
        async with self._database.transaction() as db:
            head = await accounts.read_head(db, self._desk.ledger.network)
            due = await queries.due(db, head.close_time, DUE_BATCH) if head is not None else []
        for order_id in due:
            async with self._database.transaction() as db:
                await self._maker.release_due(db, [order_id])
        return len(due)


def _end_step(row: OrderRow, step: StepRow, end: Closed) -> None:
    step.state = _STATES[end.transaction.state]
    step.uncertain = False
    if isinstance(end.outcome, Settled | Failed):
        step.ledger_index, step.result = end.outcome.ledger_index, end.outcome.result
        row.fee_charged_drops += end.outcome.fee_drops


def _write_items(steps: Sequence[StepRow], items: Sequence[ItemRow]) -> None:
    """Bring items up to date whose step is a payment of their own."""
    for item in items:
        step = steps[item.step_index]
        if step.role != "payment" and step.state == StepState.SETTLED:
            continue  # what it came to is its kind's to say
        item.state = ITEM_OF_STEP[StepState(step.state)]
        if step.role == "payment":
            item.tx_hash, item.ledger_index = step.tx_hash, step.ledger_index
        if step.state == StepState.FAILED:
            item.failure_code = step.result
        elif step.state == StepState.EXPIRED:
            item.failure_code = "expired"


def _view(step: StepRow) -> StepView:
    return StepView(
        index=step.index,
        state=StepState(step.state),
        ticket_sequence=step.ticket_sequence,
        needs=tuple(step.needs),
        waits=tuple(step.waits),
        not_before=step.not_before,
        by_decision=step.by_decision,
    )


def _look(steps: Sequence[StepRow]) -> list[tuple[str, bool]]:
    return [(step.state, step.uncertain) for step in steps]


def _ended(row: OrderRow) -> audit.Happening:
    return audit.Happening(
        kind=f"order.{row.state}",
        actor_id=row.sender_id,
        subject_id=row.id,
        data={"fee_charged_drops": row.fee_charged_drops},
    )
