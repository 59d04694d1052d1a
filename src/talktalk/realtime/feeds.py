"""The users' own sequences (`platform.feed`) as the gateway reads them."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from talktalk.realtime import protocol
from talktalk.realtime.ports import FeedItem
from talktalk.realtime.reads import ReadPool
from talktalk_wire.realtime import UserEvent

_HEADS: Final = "SELECT user_id, seq FROM feed_heads WHERE user_id = ANY (%s::uuid[])"
_AFTER: Final = """
    SELECT seq, kind, data, created_at FROM feed_events
    WHERE user_id = %s AND seq > %s ORDER BY seq LIMIT %s
"""


class StoredFeeds:
    """`ports.Feeds` over the database."""

    def __init__(self, reads: ReadPool) -> None:
        self._reads = reads

    async def heads_of(self, user_ids: Iterable[UUID]) -> dict[UUID, int]:
        """The newest position of each user who has one."""
        return {row[0]: row[1] for row in await self._reads.rows(_HEADS, (list(user_ids),))}

    async def events_after(self, user_id: UUID, seq: int, limit: int) -> list[FeedItem]:
        """At most `limit` events after `seq`, ascending."""
        found = await self._reads.rows(_AFTER, (user_id, seq, limit))
        events = [UserEvent(seq=row[0], kind=row[1], data=row[2], created_at=row[3]) for row in found]
        return [
            FeedItem(each.seq, each.kind, each.data, each.created_at, protocol.push("user.event", each))
            for each in events
        ]
