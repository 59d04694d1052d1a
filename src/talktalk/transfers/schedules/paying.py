"""What transfers ask of schedules: may this run be paid, and what has become of it.

A run is paid by one transfer at most: the approval takes its schedule's lock and holds it from `signing`
on. Locks: transfers first, then schedules in the order of their ids.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.transfers.schedules import queries, views
from talktalk.transfers.schedules.errors import RunMismatch, RunNotDue, RunNotFound
from talktalk.wallet.announcements import Announcements
from talktalk_wire.common import Amount
from talktalk_wire.schedules import RunState
from talktalk_wire.transfers import TransferState


async def check(
    db: AsyncSession,
    run_id: UUID,
    *,
    payer_id: UUID,
    payee_id: UUID | None,
    address: str | None,
    destination_tag: int | None,
    amount: Amount,
) -> None:
    """See that a payment is the scheduled one, and waited for.

    Args:
        db: The caller's transaction.
        run_id: The run it names.
        payer_id: Who pays.
        payee_id: The person named; None with an address.
        address: The address named; None with a person.
        destination_tag: With an address.
        amount: How much.

    Raises:
        RunNotFound, RunMismatch, RunNotDue: As named.
    """
    found = await queries.runs(db, [run_id])
    schedule = await queries.one(db, found[0].schedule_id, payer_id) if found else None
    if schedule is None:
        raise RunNotFound
    asked = Amount(value=schedule.amount_value, asset=schedule.amount_asset)
    to = (schedule.payee_id, schedule.address, schedule.destination_tag)
    if amount != asked or to != (payee_id, address, destination_tag):
        raise RunMismatch
    if found[0].state != RunState.DUE:
        raise RunNotDue


async def hold(db: AsyncSession, run_id: UUID) -> None:
    """Take the lock and see that the run is still waited for. It is held once the transfer is `signing`.

    Raises:
        RunNotDue: It is not.
    """
    await queries.schedules_of_runs(db, [run_id])
    (run,) = await queries.runs(db, [run_id])
    if run.state != RunState.DUE:
        raise RunNotDue


async def recount(
    db: AsyncSession, run_ids: Collection[UUID], announcements: Announcements, now: datetime
) -> None:
    """Bring runs in line with the transfers that pay them; those have been flushed."""
    schedules = {row.id: row for row in await queries.schedules_of_runs(db, run_ids)}
    states = await queries.states_of_payments(db, run_ids)
    changed = {}
    for run in await queries.runs(db, run_ids):
        following = _after(RunState(run.state), states[run.id])
        if following is not RunState(run.state):
            run.state = following.value
            schedule = schedules[run.schedule_id]
            schedule.version += 1
            schedule.updated_at = now
            changed[schedule.id] = schedule
    await db.flush()
    await views.tell(db, list(changed.values()), announcements)


def _after(state: RunState, payments: set[str]) -> RunState:
    if TransferState.SETTLED in payments:
        return RunState.PAID
    if payments:
        return RunState.PAYING
    return RunState.DUE if state is RunState.PAYING else state
