"""Every statement over the tables of webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.platform.feed import FeedHead
from talktalk.webhooks.tables import AttemptRow, DeliveryRow, EndpointRow
from talktalk_wire.webhooks import DeliveryState

FORGET_BATCH = 1_000


async def lock_owner(db: AsyncSession, user_id: UUID) -> None:
    """Hold one lock a person until commit: what is counted for them meanwhile stays counted."""
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"webhooks {user_id}", 0))))


async def endpoints(db: AsyncSession, user_id: UUID) -> list[EndpointRow]:
    """A person's endpoints, newest first."""
    found = await db.execute(
        select(EndpointRow).where(EndpointRow.user_id == user_id).order_by(EndpointRow.id.desc())
    )
    return list(found.scalars())


async def endpoint_of(
    db: AsyncSession, user_id: UUID, endpoint_id: UUID, *, lock: bool = False
) -> EndpointRow | None:
    """A person's endpoint; with `lock`, under its row lock."""
    statement = select(EndpointRow).where(EndpointRow.id == endpoint_id, EndpointRow.user_id == user_id)
    if lock:
        statement = statement.with_for_update()
    found = await db.execute(statement.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def endpoint(db: AsyncSession, endpoint_id: UUID) -> EndpointRow | None:
    """An endpoint under its row lock."""
    found = await db.execute(
        select(EndpointRow)
        .where(EndpointRow.id == endpoint_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def delete_endpoint(db: AsyncSession, user_id: UUID, endpoint_id: UUID) -> bool:
    """Remove an endpoint with its deliveries; False if there is none."""
    removed = await db.execute(
        delete(EndpointRow)
        .where(EndpointRow.id == endpoint_id, EndpointRow.user_id == user_id)
        .returning(EndpointRow.id)
    )
    return removed.scalar_one_or_none() is not None


async def endpoint_behind(db: AsyncSession) -> EndpointRow | None:
    """An enabled endpoint whose owner has events it was not told of, under its lock; another worker's is
    left alone."""
    found = await db.execute(
        select(EndpointRow)
        .join(FeedHead, FeedHead.user_id == EndpointRow.user_id)
        .where(EndpointRow.enabled, FeedHead.seq > EndpointRow.feed_seq)
        .order_by(EndpointRow.id)
        .limit(1)
        .with_for_update(of=EndpointRow, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def insert_deliveries(db: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """New deliveries."""
    if rows:
        await db.execute(insert(DeliveryRow), list(rows))


async def delivery(db: AsyncSession, delivery_id: UUID) -> DeliveryRow | None:
    """One delivery under its lock."""
    found = await db.execute(
        select(DeliveryRow)
        .where(DeliveryRow.id == delivery_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def endpoint_id_of(db: AsyncSession, delivery_id: UUID) -> UUID | None:
    """Where a delivery goes."""
    found = await db.execute(select(DeliveryRow.endpoint_id).where(DeliveryRow.id == delivery_id))
    return found.scalar_one_or_none()


async def delivery_of(
    db: AsyncSession, endpoint_id: UUID, delivery_id: UUID, *, lock: bool = False
) -> DeliveryRow | None:
    """One delivery of an endpoint."""
    statement = select(DeliveryRow).where(
        DeliveryRow.id == delivery_id, DeliveryRow.endpoint_id == endpoint_id
    )
    if lock:
        statement = statement.with_for_update()
    found = await db.execute(statement.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def deliveries(
    db: AsyncSession,
    endpoint_id: UUID,
    *,
    state: DeliveryState | None,
    event_type: str | None,
    before: UUID | None,
    limit: int,
) -> list[DeliveryRow]:
    """An endpoint's deliveries, newest first, older than `before`."""
    statement = select(DeliveryRow).where(DeliveryRow.endpoint_id == endpoint_id)
    if state is not None:
        statement = statement.where(DeliveryRow.state == state)
    if event_type is not None:
        statement = statement.where(DeliveryRow.event_type == event_type)
    if before is not None:
        statement = statement.where(DeliveryRow.id < before)
    found = await db.execute(statement.order_by(DeliveryRow.id.desc()).limit(limit))
    return list(found.scalars())


async def ended_between(
    db: AsyncSession, endpoint_id: UUID, since: datetime, until: datetime, *, only_failed: bool, limit: int
) -> list[DeliveryRow]:
    """Deliveries of a time range that are not on their way, oldest first, under their locks."""
    ended = (DeliveryState.FAILED,) if only_failed else (DeliveryState.FAILED, DeliveryState.DELIVERED)
    found = await db.execute(
        select(DeliveryRow)
        .where(
            DeliveryRow.endpoint_id == endpoint_id,
            DeliveryRow.created_at >= since,
            DeliveryRow.created_at < until,
            DeliveryRow.state.in_(ended),
        )
        .order_by(DeliveryRow.created_at, DeliveryRow.id)
        .limit(limit)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def give_up_pending(db: AsyncSession, endpoint_id: UUID) -> None:
    """End what is on its way to an endpoint that is told nothing any more."""
    await db.execute(
        update(DeliveryRow)
        .where(DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.state == DeliveryState.PENDING)
        .values(state=DeliveryState.FAILED, next_attempt_at=None, last_error="disabled")
    )


async def attempts(db: AsyncSession, delivery_id: UUID, limit: int) -> list[AttemptRow]:
    """A delivery's tries, newest first."""
    found = await db.execute(
        select(AttemptRow)
        .where(AttemptRow.delivery_id == delivery_id)
        .order_by(AttemptRow.id.desc())
        .limit(limit)
    )
    return list(found.scalars())


async def overdue(db: AsyncSession, before: datetime, limit: int) -> list[UUID]:
    """Deliveries that should have been tried before then: their jobs were lost."""
    found = await db.execute(
        select(DeliveryRow.id)
        .where(DeliveryRow.next_attempt_at < before)
        .order_by(DeliveryRow.next_attempt_at)
        .limit(limit)
    )
    return list(found.scalars())


async def forget(db: AsyncSession, before: datetime) -> int:
    """Remove ended deliveries of events before then; returns how many (at most `FORGET_BATCH`)."""
    old = (
        select(DeliveryRow.id)
        .where(DeliveryRow.created_at < before, DeliveryRow.next_attempt_at.is_(None))
        .limit(FORGET_BATCH)
        .with_for_update(skip_locked=True)
    )
    removed = await db.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(old)).returning(DeliveryRow.id))
    return len(removed.all())
