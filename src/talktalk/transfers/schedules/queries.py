"""Every statement over the tables of schedules."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.transfers.rules import Pays
from talktalk.transfers.schedules.tables import RunRow, ScheduleRow
from talktalk.transfers.tables import TransferRow
from talktalk_wire.schedules import RUNS_SHOWN_MAX, RunState, ScheduleState
from talktalk_wire.transfers import TransferState

LIVE = (TransferState.SIGNING, TransferState.SIGNED, TransferState.SUBMITTED)


async def by_key(db: AsyncSession, owner_id: UUID, idempotency_key: str) -> ScheduleRow | None:
    """The schedule this key made."""
    found = await db.execute(
        select(ScheduleRow).where(
            ScheduleRow.owner_id == owner_id, ScheduleRow.idempotency_key == idempotency_key
        )
    )
    return found.scalar_one_or_none()


async def insert_new(db: AsyncSession, values: Mapping[str, Any]) -> ScheduleRow | None:
    """A new schedule; None if its key has made one, at this very moment perhaps."""
    made = await db.execute(
        insert(ScheduleRow)
        .values(**values)
        .on_conflict_do_nothing(constraint="uq_schedules_owner_id_idempotency_key")
        .returning(ScheduleRow)
    )
    return made.scalar_one_or_none()


async def one(
    db: AsyncSession, schedule_id: UUID, owner_id: UUID, *, lock: bool = False
) -> ScheduleRow | None:
    """One schedule of a person; with `lock`, under its row lock."""
    statement = select(ScheduleRow).where(ScheduleRow.id == schedule_id, ScheduleRow.owner_id == owner_id)
    if lock:
        statement = statement.with_for_update()
    found = await db.execute(statement.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def page(db: AsyncSession, owner_id: UUID, *, before: UUID | None, limit: int) -> list[ScheduleRow]:
    """A person's schedules, newest first."""
    statement = select(ScheduleRow).where(ScheduleRow.owner_id == owner_id)
    if before is not None:
        statement = statement.where(ScheduleRow.id < before)
    found = await db.execute(statement.order_by(ScheduleRow.id.desc()).limit(limit))
    return list(found.scalars())


async def count_running(db: AsyncSession, owner_id: UUID) -> int:
    """How many schedules of a person are not over."""
    running = (ScheduleState.ACTIVE, ScheduleState.PAUSED)
    found = await db.execute(
        select(func.count()).where(ScheduleRow.owner_id == owner_id, ScheduleRow.state.in_(running))
    )
    return found.scalar_one()


async def to_look_at(db: AsyncSession, now: datetime, limit: int) -> list[ScheduleRow]:
    """Schedules whose moment has come, under their locks, in the order of their ids."""
    found = await db.execute(
        select(ScheduleRow)
        .where(ScheduleRow.next_look_at <= now)
        .order_by(ScheduleRow.next_look_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return sorted(found.scalars(), key=lambda row: row.id)


async def with_missed(db: AsyncSession, before: datetime, limit: int) -> list[ScheduleRow]:
    """Schedules with a payment that is due since before then, under their locks."""
    due = (
        select(RunRow.schedule_id)
        .where(RunRow.state == RunState.DUE, RunRow.due_at <= before)
        .order_by(RunRow.due_at)
        .limit(limit)
    )
    found = await db.execute(
        select(ScheduleRow)
        .where(ScheduleRow.id.in_(due))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return sorted(found.scalars(), key=lambda row: row.id)


async def schedules_of_runs(db: AsyncSession, run_ids: Collection[UUID]) -> list[ScheduleRow]:
    """The schedules of these runs under their locks, in the order of their ids."""
    ids = select(RunRow.schedule_id).where(RunRow.id.in_(run_ids))
    found = await db.execute(
        select(ScheduleRow)
        .where(ScheduleRow.id.in_(ids))
        .order_by(ScheduleRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def runs(db: AsyncSession, run_ids: Collection[UUID]) -> list[RunRow]:
    """These runs as they are now."""
    found = await db.execute(
        select(RunRow).where(RunRow.id.in_(run_ids)).execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def open_runs(db: AsyncSession, schedule_id: UUID) -> list[RunRow]:
    """The runs of a schedule that may still turn, the earliest first."""
    states = (RunState.COMING, RunState.DUE, RunState.PAYING)
    found = await db.execute(
        select(RunRow)
        .where(RunRow.schedule_id == schedule_id, RunRow.state.in_(states))
        .order_by(RunRow.number)
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def newest_runs(db: AsyncSession, schedule_ids: Collection[UUID]) -> dict[UUID, list[RunRow]]:
    """The newest runs of each schedule, the latest first."""
    if not schedule_ids:
        return {}
    rank = (
        func.row_number().over(partition_by=RunRow.schedule_id, order_by=RunRow.number.desc()).label("rank")
    )
    ranked = select(RunRow.id, rank).where(RunRow.schedule_id.in_(schedule_ids)).subquery()
    found = await db.execute(
        select(RunRow)
        .join(ranked, ranked.c.id == RunRow.id)
        .where(ranked.c.rank <= RUNS_SHOWN_MAX)
        .order_by(RunRow.schedule_id, RunRow.number.desc())
        .execution_options(populate_existing=True)
    )
    by_schedule: dict[UUID, list[RunRow]] = {schedule_id: [] for schedule_id in schedule_ids}
    for run in found.scalars():
        by_schedule[run.schedule_id].append(run)
    return by_schedule


async def states_of_payments(db: AsyncSession, run_ids: Collection[UUID]) -> dict[UUID, set[str]]:
    """The states of the approved transfers that pay each run."""
    found = await db.execute(
        select(TransferRow.pays_id, TransferRow.state).where(
            TransferRow.pays_kind == Pays.RUN,
            TransferRow.pays_id.in_(run_ids),
            TransferRow.state.in_([*LIVE, TransferState.SETTLED]),
        )
    )
    states: dict[UUID, set[str]] = {run_id: set() for run_id in run_ids}
    for run_id, state in found:
        if run_id is not None:
            states[run_id].add(state)
    return states
