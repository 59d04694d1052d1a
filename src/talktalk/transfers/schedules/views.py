"""What the wire shows of schedules, and telling their people."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import service as identity
from talktalk.transfers.schedules import queries
from talktalk.transfers.schedules.tables import ScheduleRow
from talktalk.wallet.announcements import Announcements
from talktalk_wire.common import Amount
from talktalk_wire.schedules import Repeat, Run, RunState, Schedule, ScheduleState


async def schedules_of(db: AsyncSession, rows: Sequence[ScheduleRow]) -> list[Schedule]:
    """The wire form."""
    runs = await queries.newest_runs(db, [row.id for row in rows])
    ids = {row.payee_id for row in rows if row.payee_id is not None}
    people = await identity.people(db, ids) if ids else {}
    return [
        Schedule(
            id=row.id,
            state=ScheduleState(row.state),
            version=row.version,
            payee=people.get(row.payee_id) if row.payee_id is not None else None,
            address=row.address,
            destination_tag=row.destination_tag,
            amount=Amount(value=row.amount_value, asset=row.amount_asset),
            note=row.note,
            repeat=Repeat(row.repeat),
            starts_on=row.starts_on,
            at=f"{row.minute // 60:02d}:{row.minute % 60:02d}",
            zone=row.zone,
            count=row.count,
            ends_on=row.ends_on,
            next_due_at=row.next_due_at,
            runs=[
                Run(id=run.id, number=run.number, due_at=run.due_at, state=RunState(run.state))
                for run in runs[row.id]
            ],
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


async def tell(
    db: AsyncSession, rows: Sequence[ScheduleRow], announcements: Announcements, kind: str = "schedule.turned"
) -> list[Schedule]:
    """Gather the events of schedules that were flushed, and their wire form."""
    shown = await schedules_of(db, rows)
    for row, schedule in zip(rows, shown, strict=True):
        announcements.add(row.owner_id, kind, {"schedule": schedule})
    return shown
