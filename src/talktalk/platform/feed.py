"""A user's own sequence: what concerns one person and stands in no room.

Friends, own cursors, drafts, wallet: each change is an event at the next gap-free `seq` of that
user, written in the transaction of the fact it tells. `append` locks the user's head row until
commit, so positions become visible in order. Who appends for several users does so through one
`append` call, which takes the locks in id order.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, ForeignKey, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id
from talktalk.platform.wake import Wake, notify_all


class FeedHead(Base):
    """The newest position of each user."""

    __tablename__ = "feed_heads"

    user_id: Mapped[Id]
    seq: Mapped[int] = mapped_column(BigInteger)


class FeedEvent(Base):
    """One event at one position of one user."""

    __tablename__ = "feed_events"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("feed_heads.user_id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


async def append(db: AsyncSession, kind: str, data_by_user: Mapping[UUID, object]) -> None:
    """Write one event of `kind` for each user, and wake whoever serves them.

    Args:
        db: The transaction of the fact.
        kind: `subject.past_action`, as listed in the wire module of the slice.
        data_by_user: The event's data for each user, a JSON object as msgspec would write it.
    """
    await append_all(db, [(user_id, kind, data) for user_id, data in data_by_user.items()])


async def append_all(db: AsyncSession, events: Sequence[tuple[UUID, str, object]]) -> None:
    """Write events of several kinds for several users: (user, kind, data), each user's in the order given.

    Use it wherever one transaction tells different users different things: users are taken in id order,
    so that two such transactions cannot wait for each other. Whatever the number of events it takes
    three statements: heads, events, wake-ups.
    """
    if not events:
        return
    counts = Counter(user_id for user_id, _, _ in events)
    fresh = insert(FeedHead)
    moved = fresh.on_conflict_do_update(
        index_elements=[FeedHead.user_id], set_={"seq": FeedHead.seq + fresh.excluded.seq}
    ).returning(FeedHead.user_id, FeedHead.seq)
    found = await db.execute(
        moved, [{"user_id": user_id, "seq": counts[user_id]} for user_id in sorted(counts)]
    )
    heads = {row.user_id: row.seq for row in found}
    following = {user_id: heads[user_id] - count for user_id, count in counts.items()}
    rows = []
    for user_id, kind, data in events:
        following[user_id] += 1
        rows.append(
            {"user_id": user_id, "seq": following[user_id], "kind": kind, "data": msgspec.to_builtins(data)}
        )
    await db.execute(insert(FeedEvent), rows)
    await notify_all(db, [Wake("user", user_id, seq) for user_id, seq in heads.items()])


async def head(db: AsyncSession, user_id: UUID) -> int:
    """The user's newest position; 0 before the first event."""
    found = await db.execute(select(FeedHead.seq).where(FeedHead.user_id == user_id))
    return found.scalar_one_or_none() or 0


async def after(db: AsyncSession, user_id: UUID, seq: int, limit: int) -> list[FeedEvent]:
    """At most `limit` events after `seq`, ascending."""
    found = await db.execute(
        select(FeedEvent)
        .where(FeedEvent.user_id == user_id, FeedEvent.seq > seq)
        .order_by(FeedEvent.seq)
        .limit(limit)
    )
    return list(found.scalars())
