"""Every statement over the tables of orders."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.transfers.orders.tables import ItemRow, OrderRow, StepRow
from talktalk_wire.orders import OrderState


async def by_key(db: AsyncSession, sender_id: UUID, idempotency_key: str) -> OrderRow | None:
    """The order this key made."""
    found = await db.execute(
        select(OrderRow).where(OrderRow.sender_id == sender_id, OrderRow.idempotency_key == idempotency_key)
    )
    return found.scalar_one_or_none()


async def insert_new(db: AsyncSession, values: dict[str, Any]) -> OrderRow | None:
    """A new order; None if its key has made one, at this very moment perhaps."""
    made = await db.execute(
        insert(OrderRow)
        .values(**values)
        .on_conflict_do_nothing(constraint="uq_orders_sender_id_idempotency_key")
        .returning(OrderRow)
    )
    return made.scalar_one_or_none()


async def one(
    db: AsyncSession, order_id: UUID, *, sender_id: UUID | None = None, lock: bool = False
) -> OrderRow | None:
    """One order, of that sender if named; with `lock`, under its row lock."""
    statement = select(OrderRow).where(OrderRow.id == order_id)
    if sender_id is not None:
        statement = statement.where(OrderRow.sender_id == sender_id)
    if lock:
        statement = statement.with_for_update()
    found = await db.execute(statement.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def locked(db: AsyncSession, ids: Collection[UUID]) -> list[OrderRow]:
    """These orders under their locks, taken in the order of their ids."""
    found = await db.execute(
        select(OrderRow)
        .where(OrderRow.id.in_(ids))
        .order_by(OrderRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def orders_of_steps(db: AsyncSession, step_ids: Collection[UUID]) -> set[UUID]:
    """Whose these steps are."""
    found = await db.execute(select(StepRow.order_id).where(StepRow.id.in_(step_ids)).distinct())
    return set(found.scalars())


async def steps(db: AsyncSession, order_ids: Collection[UUID]) -> dict[UUID, list[StepRow]]:
    """The steps of these orders, each order's in their order. The orders are locked by who writes."""
    found = await db.execute(
        select(StepRow)
        .where(StepRow.order_id.in_(order_ids))
        .order_by(StepRow.order_id, StepRow.index)
        .execution_options(populate_existing=True)
    )
    by_order: dict[UUID, list[StepRow]] = {order_id: [] for order_id in order_ids}
    for row in found.scalars():
        by_order[row.order_id].append(row)
    return by_order


async def items(db: AsyncSession, order_ids: Collection[UUID]) -> dict[UUID, list[ItemRow]]:
    """Whom these orders pay, each order's in their order."""
    found = await db.execute(
        select(ItemRow)
        .where(ItemRow.order_id.in_(order_ids))
        .order_by(ItemRow.order_id, ItemRow.index)
        .execution_options(populate_existing=True)
    )
    by_order: dict[UUID, list[ItemRow]] = {order_id: [] for order_id in order_ids}
    for row in found.scalars():
        by_order[row.order_id].append(row)
    return by_order


async def clear_plan(db: AsyncSession, order_id: UUID) -> None:
    """Take away the steps and items of an order nothing of which is signed."""
    await db.execute(delete(StepRow).where(StepRow.order_id == order_id))
    await db.execute(delete(ItemRow).where(ItemRow.order_id == order_id))


async def write_plan(db: AsyncSession, steps_: Sequence[StepRow], items_: Sequence[ItemRow]) -> None:
    """Write a plan's steps and items."""
    db.add_all([*steps_, *items_])
    await db.flush()


async def page(db: AsyncSession, sender_id: UUID, *, before: UUID | None, limit: int) -> list[OrderRow]:
    """A person's orders, newest first, older than `before`."""
    statement = select(OrderRow).where(OrderRow.sender_id == sender_id)
    if before is not None:
        statement = statement.where(OrderRow.id < before)
    found = await db.execute(statement.order_by(OrderRow.id.desc()).limit(limit))
    return list(found.scalars())


async def lapsed(db: AsyncSession, before: datetime, limit: int) -> list[OrderRow]:
    """Drafts made before then, under their locks."""
    found = await db.execute(
        select(OrderRow)
        .where(OrderRow.state == OrderState.DRAFTED, OrderRow.created_at < before)
        .order_by(OrderRow.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(found.scalars())


async def due(db: AsyncSession, now: datetime, limit: int) -> list[UUID]:
    """Working orders with a held step whose time has come, oldest first. Nothing is locked."""
    found = await db.execute(
        select(StepRow.order_id)
        .join(OrderRow, OrderRow.id == StepRow.order_id)
        .where(StepRow.state == "held", StepRow.not_before <= now, OrderRow.state == OrderState.WORKING)
        .distinct()
        .limit(limit)
    )
    return list(found.scalars())
