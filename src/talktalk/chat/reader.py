"""Rooms as the gateway follows them, and history in pages, over the connections of `realtime.reads`."""

# ruff: noqa: S608 - statements are built from constants of ours

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from talktalk.chat.errors import RoomNotFound
from talktalk.chat.events import COLUMNS, event_of
from talktalk.chat.rules import CURSORS_SHOWN_MAX
from talktalk.realtime import protocol
from talktalk.realtime.ports import RoomState, Stored
from talktalk.realtime.reads import ReadPool, Row, rows
from talktalk_wire.chat import RoomEvent
from talktalk_wire.realtime import ReadMoved

_QUIET: Final = """
    (r.request_by IS NOT NULL OR (
        SELECT TRUE FROM blocked_pairs b WHERE b.low_id = r.pair_low AND b.high_id = r.pair_high LIMIT 1
    ) IS NOT NULL)
"""
_ROOMS_OF: Final = f"""
    SELECT r.id, r.head_seq, {_QUIET}
    FROM room_members m JOIN rooms r ON r.id = m.room_id
    WHERE m.user_id = %s AND m.left_seq IS NULL AND NOT m.hidden
        AND NOT (m.folder = 'requests' AND r.head_seq = 0)
"""
_STATES_OF: Final = f"SELECT r.id, r.head_seq, {_QUIET} FROM rooms r WHERE r.id = ANY (%s::uuid[])"
_AFTER: Final = f"""
    SELECT e.* FROM unnest(%s::uuid[], %s::bigint[]) AS p (room_id, seq)
    CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM room_events x
        WHERE x.room_id = p.room_id AND x.seq > p.seq ORDER BY x.seq LIMIT %s
    ) e
    ORDER BY e.room_id, e.seq
"""
_FEW: Final = f"""
    (SELECT count(*) FROM room_members c WHERE c.room_id = o.room_id AND c.left_seq IS NULL)
        <= {CURSORS_SHOWN_MAX}
"""
_CURSORS_OF: Final = f"""
    SELECT o.room_id, o.user_id, o.read_seq
    FROM room_members m
    JOIN rooms r ON r.id = m.room_id
    JOIN room_members o ON o.room_id = m.room_id AND o.left_seq IS NULL AND o.read_seq > 0
    WHERE m.user_id = %s AND m.left_seq IS NULL AND NOT m.hidden AND NOT {_QUIET} AND {_FEW}
    ORDER BY o.room_id
"""
_CURSORS_IN: Final = f"""
    SELECT o.room_id, o.user_id, o.read_seq
    FROM room_members o JOIN rooms r ON r.id = o.room_id
    WHERE o.room_id = %s AND o.left_seq IS NULL AND o.read_seq > 0 AND NOT {_QUIET} AND {_FEW}
"""
_VIEW: Final = """
    SELECT r.head_seq, m.joined_seq, m.left_seq
    FROM room_members m JOIN rooms r ON r.id = m.room_id WHERE m.room_id = %s AND m.user_id = %s
"""
_PAGE_UP: Final = f"""
    SELECT {COLUMNS} FROM room_events
    WHERE room_id = %s AND seq > %s AND seq <= %s ORDER BY seq LIMIT %s
"""
_PAGE_DOWN: Final = f"""
    SELECT {COLUMNS} FROM room_events
    WHERE room_id = %s AND seq > %s AND seq < %s ORDER BY seq DESC LIMIT %s
"""


class Reader:
    """Reads rooms; implements `realtime.ports.Rooms`."""

    def __init__(self, reads: ReadPool) -> None:
        self._reads = reads

    async def rooms_of(self, user_id: UUID) -> dict[UUID, RoomState]:
        """Every room this user may follow now."""
        found = await self._reads.rows(_ROOMS_OF, (user_id,))
        return {room_id: RoomState(head, is_quiet) for room_id, head, is_quiet in found}

    async def states_of(self, room_ids: Sequence[UUID]) -> dict[UUID, RoomState]:
        """These rooms; one that does not exist is left out."""
        found = await self._reads.rows(_STATES_OF, (list(room_ids),))
        return {room_id: RoomState(head, is_quiet) for room_id, head, is_quiet in found}

    async def events_after(self, positions: Mapping[UUID, int], limit: int) -> list[Stored]:
        """At most `limit` events after each room's position, ascending within each room."""
        found = await self._reads.rows(_AFTER, (list(positions), list(positions.values()), limit))
        return [Stored(row[0], row[1], protocol.room_event(event_of(row))) for row in found]

    async def cursors_of(self, user_id: UUID) -> list[bytes]:
        """`read.moved` frames with the present cursors of this user's rooms."""
        return _cursor_frames(await self._reads.rows(_CURSORS_OF, (user_id,)))

    async def cursors_in(self, room_id: UUID) -> list[bytes]:
        """The `read.moved` frame of one room, if any is pushed there."""
        return _cursor_frames(await self._reads.rows(_CURSORS_IN, (room_id,)))

    async def page(
        self, user_id: UUID, room_id: UUID, *, after: int | None, before: int | None, limit: int
    ) -> tuple[list[RoomEvent], int]:
        """A run of a room's events as this user may see them, ascending, and the head.

        Args:
            user_id: Who asks.
            room_id: The room.
            after: The events that follow this position; wins over `before`.
            before: The newest events before this position; with neither, the newest of all.
            limit: At most so many.

        Raises:
            RoomNotFound: No such room, or this user was never in it.
        """
        async with self._reads.connection() as connection:
            found = await rows(connection, _VIEW, (room_id, user_id))
            if not found:
                raise RoomNotFound
            head, floor, ceiling = found[0]
            if ceiling is not None:
                head = min(head, ceiling)
            if after is not None:
                query, parameters = _PAGE_UP, (room_id, max(min(after, head), floor), head, limit)
            else:
                top = head + 1 if before is None else min(before, head + 1)
                query, parameters = _PAGE_DOWN, (room_id, floor, top, limit)
            events = [event_of(row) for row in await rows(connection, query, parameters)]
        return (events if after is not None else events[::-1]), head


def _cursor_frames(found: Sequence[Row]) -> list[bytes]:
    rooms: dict[UUID, dict[UUID, int]] = {}
    for room_id, member_id, read_seq in found:
        rooms.setdefault(room_id, {})[member_id] = read_seq
    return [
        protocol.push("read.moved", ReadMoved(room_id=room_id, cursors=cursors))
        for room_id, cursors in rooms.items()
    ]
