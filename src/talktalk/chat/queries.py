"""Every statement over chat's tables that runs in a caller's session. The hot ways have their own:
`writer`, `reader`, `cursors`."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import DateTime, and_, exists, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.chat.events import COLUMNS
from talktalk.chat.tables import BLOCKED_PAIRS, EventRow, KeyRow, MemberRow, RoomRow

_EVENT_COLUMNS = tuple(getattr(EventRow, name) for name in COLUMNS.split(", "))


class MyRoom(NamedTuple):
    """A room, my membership, and whether a block stands in it."""

    room: RoomRow
    mine: MemberRow
    is_blocked: bool


async def lock_room(db: AsyncSession, room_id: UUID) -> RoomRow | None:
    """The room, locked until the transaction ends: nobody else writes to it or changes who may."""
    found = await db.execute(
        select(RoomRow)
        .where(RoomRow.id == room_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def lock_rooms(db: AsyncSession, room_ids: Collection[UUID]) -> dict[UUID, RoomRow]:
    """These rooms, locked in the order of their ids, as `lock_room` locks one."""
    found = await db.execute(
        select(RoomRow)
        .where(RoomRow.id.in_(room_ids))
        .order_by(RoomRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {room.id: room for room in found.scalars()}


async def clock(db: AsyncSession) -> datetime:
    """The database's clock now, not at the transaction's start: what is written under a lock is later
    than what was written under it before."""
    found = await db.execute(select(func.clock_timestamp(type_=DateTime(timezone=True))))
    return found.scalar_one()


async def insert_direct(db: AsyncSession, room_id: UUID, low: UUID, high: UUID, by: UUID) -> bool:
    """Make the room of a pair; false if there is one, even if it is being made just now."""
    made = await db.execute(
        insert(RoomRow)
        .values(id=room_id, kind="direct", pair_low=low, pair_high=high, created_by=by)
        .on_conflict_do_nothing(index_elements=[RoomRow.pair_low, RoomRow.pair_high])
        .returning(RoomRow.id)
    )
    return made.scalar_one_or_none() is not None


async def direct_room_id(db: AsyncSession, low: UUID, high: UUID) -> UUID | None:
    """The room of a pair."""
    found = await db.execute(select(RoomRow.id).where(RoomRow.pair_low == low, RoomRow.pair_high == high))
    return found.scalar_one_or_none()


async def direct_room_ids(
    db: AsyncSession, pairs: Collection[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], UUID]:
    """(low, high) → room, of those pairs that have one."""
    if not pairs:
        return {}
    found = await db.execute(
        select(RoomRow.pair_low, RoomRow.pair_high, RoomRow.id).where(
            RoomRow.pair_low.in_({low for low, _ in pairs}),
            RoomRow.pair_high.in_({high for _, high in pairs}),
        )
    )
    rooms = {(low, high): room_id for low, high, room_id in found if low is not None and high is not None}
    return {pair: rooms[pair] for pair in pairs if pair in rooms}


async def count_requests(db: AsyncSession, user_id: UUID) -> int:
    """How many rooms of this person wait for a stranger's answer."""
    found = await db.execute(select(func.count()).where(RoomRow.request_by == user_id))
    return found.scalar_one()


async def member(db: AsyncSession, room_id: UUID, user_id: UUID) -> MemberRow | None:
    """Someone who is in the room now."""
    found = await db.execute(
        select(MemberRow)
        .where(MemberRow.room_id == room_id, MemberRow.user_id == user_id, MemberRow.left_seq.is_(None))
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def members_at(
    db: AsyncSession, places: Collection[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], MemberRow]:
    """(room, person) → membership, of those who are in the room now."""
    found = await db.execute(
        select(MemberRow)
        .where(
            MemberRow.room_id.in_({room_id for room_id, _ in places}),
            MemberRow.user_id.in_({user_id for _, user_id in places}),
            MemberRow.left_seq.is_(None),
        )
        .execution_options(populate_existing=True)
    )
    return {(row.room_id, row.user_id): row for row in found.scalars()}


async def keys_of(
    db: AsyncSession, keys: Collection[tuple[UUID, str]]
) -> dict[tuple[UUID, str], tuple[UUID, int]]:
    """(sender, client id) → room and position of what it made, of those that were used before."""
    found = await db.execute(
        select(KeyRow.sender_id, KeyRow.client_id, KeyRow.room_id, KeyRow.seq).where(
            KeyRow.sender_id.in_({sender_id for sender_id, _ in keys}),
            KeyRow.client_id.in_({client_id for _, client_id in keys}),
        )
    )
    return {(row.sender_id, row.client_id): (row.room_id, row.seq) for row in found}


async def member_ids(db: AsyncSession, room_id: UUID) -> list[UUID]:
    """Everyone who is in the room now."""
    found = await db.execute(
        select(MemberRow.user_id).where(MemberRow.room_id == room_id, MemberRow.left_seq.is_(None))
    )
    return list(found.scalars())


async def key(db: AsyncSession, sender_id: UUID, client_id: str) -> KeyRow | None:
    """What this client id made, if it was used before."""
    return await db.get(KeyRow, (sender_id, client_id))


async def event(db: AsyncSession, room_id: UUID, seq: int) -> Sequence[Any]:
    """One position, in the order of `events.COLUMNS`."""
    found = await db.execute(select(*_EVENT_COLUMNS).where(EventRow.room_id == room_id, EventRow.seq == seq))
    return found.one()


async def rooms_showing(db: AsyncSession, refs: Collection[UUID]) -> set[UUID]:
    """The rooms in which a message with one of these `ref`s stands."""
    found = await db.execute(select(EventRow.room_id).where(EventRow.ref.in_(refs)).distinct())
    return set(found.scalars())


async def showing(db: AsyncSession, refs: Collection[UUID]) -> list[EventRow]:
    """Every message with one of these `ref`s, in the order of rooms and positions."""
    found = await db.execute(
        select(EventRow)
        .where(EventRow.ref.in_(refs))
        .order_by(EventRow.room_id, EventRow.seq)
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def my_rooms(
    db: AsyncSession, user_id: UUID, *, room_id: UUID | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[MyRoom]:
    """Rooms in my list, the most recently active first.

    Args:
        db: The transaction.
        user_id: Who asks.
        room_id: This room only, hidden or not.
        before: `active_at` and id of the last room of the page before.
        limit: At most so many.
    """
    query = (
        select(
            RoomRow,
            MemberRow,
            exists().where(
                BLOCKED_PAIRS.c.low_id == RoomRow.pair_low, BLOCKED_PAIRS.c.high_id == RoomRow.pair_high
            ),
        )
        .join(MemberRow, MemberRow.room_id == RoomRow.id)
        .where(MemberRow.user_id == user_id, MemberRow.left_seq.is_(None))
        .order_by(RoomRow.active_at.desc(), RoomRow.id.desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    if room_id is not None:
        query = query.where(RoomRow.id == room_id)
    else:
        # A stranger's room shows once there is something in it.
        waits_empty = and_(MemberRow.folder == "requests", RoomRow.head_seq == 0)
        query = query.where(~MemberRow.hidden, ~waits_empty)
    if before is not None:
        query = query.where(
            tuple_(RoomRow.active_at, RoomRow.id) < tuple_(literal(before[0]), literal(before[1]))
        )
    return [MyRoom(*row) for row in await db.execute(query)]


async def members_of(db: AsyncSession, room_ids: Iterable[UUID]) -> list[MemberRow]:
    """Who is in these rooms now, in the order they came."""
    found = await db.execute(
        select(MemberRow)
        .where(MemberRow.room_id.in_(list(room_ids)), MemberRow.left_seq.is_(None))
        .order_by(MemberRow.joined_at, MemberRow.user_id)
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def events_at(db: AsyncSession, places: Iterable[tuple[UUID, int]]) -> list[Sequence[Any]]:
    """These positions, in the order of `events.COLUMNS`."""
    found = await db.execute(
        select(*_EVENT_COLUMNS).where(tuple_(EventRow.room_id, EventRow.seq).in_(list(places)))
    )
    return [tuple(row) for row in found]


async def unread_of(db: AsyncSession, user_id: UUID, room_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Messages of others after my cursor, of the rooms that have any."""
    found = await db.execute(
        select(MemberRow.room_id, func.count())
        .join(
            EventRow,
            and_(
                EventRow.room_id == MemberRow.room_id,
                EventRow.seq > func.greatest(MemberRow.read_seq, MemberRow.joined_seq),
            ),
        )
        .where(
            MemberRow.user_id == user_id,
            MemberRow.room_id.in_(list(room_ids)),
            EventRow.kind == "posted",
            EventRow.sender_id != user_id,
        )
        .group_by(MemberRow.room_id)
    )
    return {row[0]: row[1] for row in found}
