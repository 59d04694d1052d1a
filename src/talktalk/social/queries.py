"""Every statement over social's tables."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.social.rules import ordered
from talktalk.social.tables import Pair, RequestRow
from talktalk_wire.social import RequestState

OPEN = RequestState.OPEN.value


async def lock_pair(db: AsyncSession, one: UUID, other: UUID) -> Pair:
    """The pair's row, made if there is none, locked until the transaction ends."""
    low, high = ordered(one, other)
    # The update changes nothing; it is what locks a row that was there already.
    made = insert(Pair).values(low_id=low, high_id=high)
    locked = made.on_conflict_do_update(index_elements=[Pair.low_id, Pair.high_id], set_={"low_id": low})
    statement = select(Pair).from_statement(locked.returning(Pair))
    found = await db.execute(statement.execution_options(populate_existing=True))
    row: Pair = found.scalar_one()
    return row


async def pair(db: AsyncSession, one: UUID, other: UUID) -> Pair | None:
    """The pair's row as it is, unlocked."""
    low, high = ordered(one, other)
    found = await db.execute(select(Pair).where(Pair.low_id == low, Pair.high_id == high))
    return found.scalar_one_or_none()


async def pairs(db: AsyncSession, one: UUID, others: Collection[UUID]) -> list[Pair]:
    """The rows there are of one person and each of these others, unlocked."""
    if not others:
        return []
    found = await db.execute(
        select(Pair).where(
            or_(
                (Pair.low_id == one) & Pair.high_id.in_(others),
                (Pair.high_id == one) & Pair.low_id.in_(others),
            )
        )
    )
    return list(found.scalars())


async def open_request(db: AsyncSession, one: UUID, other: UUID) -> RequestRow | None:
    """The open request between two people."""
    low, high = ordered(one, other)
    found = await db.execute(
        select(RequestRow).where(
            RequestRow.low_id == low, RequestRow.high_id == high, RequestRow.state == OPEN
        )
    )
    return found.scalar_one_or_none()


async def request(db: AsyncSession, request_id: UUID) -> RequestRow | None:
    """A request by its id, as it is now."""
    found = await db.execute(
        select(RequestRow).where(RequestRow.id == request_id).execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def open_requests(db: AsyncSession, user_id: UUID, limit: int) -> list[RequestRow]:
    """The open requests from and to a person, newest first."""
    found = await db.execute(
        select(RequestRow)
        .where(
            or_(RequestRow.sender_id == user_id, RequestRow.receiver_id == user_id), RequestRow.state == OPEN
        )
        .order_by(RequestRow.id.desc())
        .limit(limit)
    )
    return list(found.scalars())


async def count_open_sent(db: AsyncSession, user_id: UUID) -> int:
    """How many requests of a person wait for an answer."""
    found = await db.execute(
        select(func.count()).where(RequestRow.sender_id == user_id, RequestRow.state == OPEN)
    )
    return found.scalar_one()


async def close_request(
    db: AsyncSession, request_id: UUID, state: RequestState, now: datetime
) -> RequestRow | None:
    """End an open request; None if it has ended already."""
    found = await db.execute(
        update(RequestRow)
        .where(RequestRow.id == request_id, RequestRow.state == OPEN)
        .values(state=state.value, closed_at=now)
        .returning(RequestRow)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def listed(db: AsyncSession, user_id: UUID, limit: int) -> list[tuple[UUID, datetime, bool]]:
    """Whom a person lists: id, since when, and whether the other lists them too."""
    as_low = select(Pair.high_id, Pair.low_listed_at, Pair.high_listed_at.is_not(None)).where(
        Pair.low_id == user_id, Pair.low_listed_at.is_not(None)
    )
    as_high = select(Pair.low_id, Pair.high_listed_at, Pair.low_listed_at.is_not(None)).where(
        Pair.high_id == user_id, Pair.high_listed_at.is_not(None)
    )
    found = await db.execute(as_low.union_all(as_high).limit(limit))
    return [(row[0], row[1], row[2]) for row in found if row[1] is not None]


async def count_listed(db: AsyncSession, user_id: UUID) -> int:
    """How many friends a person lists."""
    found = await db.execute(
        select(func.count()).where(
            or_(
                and_(Pair.low_id == user_id, Pair.low_listed_at.is_not(None)),
                and_(Pair.high_id == user_id, Pair.high_listed_at.is_not(None)),
            )
        )
    )
    return found.scalar_one()


async def blocked(db: AsyncSession, user_id: UUID, limit: int) -> list[tuple[UUID, datetime]]:
    """Whom a person blocks, and since when, newest first."""
    other = case((Pair.low_id == user_id, Pair.high_id), else_=Pair.low_id)
    since = case((Pair.low_id == user_id, Pair.low_blocked_at), else_=Pair.high_blocked_at)
    found = await db.execute(
        select(other, since)
        .where(
            or_(
                and_(Pair.low_id == user_id, Pair.low_blocked_at.is_not(None)),
                and_(Pair.high_id == user_id, Pair.high_blocked_at.is_not(None)),
            )
        )
        .order_by(since.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in found]


async def mutual_ids(db: AsyncSession, user_id: UUID) -> list[UUID]:
    """Everyone with whom a person is on each other's lists."""
    other = case((Pair.low_id == user_id, Pair.high_id), else_=Pair.low_id)
    found = await db.execute(
        select(other).where(
            or_(Pair.low_id == user_id, Pair.high_id == user_id),
            Pair.low_listed_at.is_not(None),
            Pair.high_listed_at.is_not(None),
        )
    )
    return list(found.scalars())
