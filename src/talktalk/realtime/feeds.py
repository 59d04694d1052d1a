"""The users' own sequences (`platform.feed`) as the gateway reads them."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from talktalk.platform import feed
from talktalk.platform.database import Database
from talktalk.realtime import protocol
from talktalk.realtime.ports import FeedItem
from talktalk_wire.realtime import UserEvent


class StoredFeeds:
    """`ports.Feeds` over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def heads_of(self, user_ids: Iterable[UUID]) -> dict[UUID, int]:
        """The newest position of each user who has one."""
        async with self._database.transaction() as db:
            found = await db.execute(
                select(feed.FeedHead.user_id, feed.FeedHead.seq).where(
                    feed.FeedHead.user_id.in_(list(user_ids))
                )
            )
            return {row.user_id: row.seq for row in found}

    async def events_after(self, user_id: UUID, seq: int, limit: int) -> list[FeedItem]:
        """At most `limit` events after `seq`, ascending."""
        async with self._database.transaction() as db:
            rows = await feed.after(db, user_id, seq, limit)
        return [
            FeedItem(
                row.seq,
                row.kind,
                row.data,
                row.created_at,
                protocol.push(
                    "user.event",
                    UserEvent(seq=row.seq, kind=row.kind, data=row.data, created_at=row.created_at),
                ),
            )
            for row in rows
        ]
