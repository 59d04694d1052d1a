"""Read cursors: gathered, written together, told at most twice a second a room.

A cursor only moves forward and never beyond its room's head, so of several moves the furthest counts.
What was gathered is one transaction: member rows in id order, then for each user whose cursor really
moved an event `cursor.moved` {room_id, seq} in the user's own sequence, for their other devices. Then
`read.moved` goes to the room. In a room that waits in a request folder, or across a block, nobody else
is told (the gateway keeps such rooms quiet). Above `CURSORS_SHOWN_MAX` members cursors are not pushed.
"""

import asyncio
import logging
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.chat.errors import Busy
from talktalk.chat.rules import CURSORS_SHOWN_MAX
from talktalk.platform.database import Database
from talktalk.platform.wake import CHANNEL
from talktalk.realtime import protocol
from talktalk.realtime.bus import Bus
from talktalk_wire.realtime import ReadMoved, UserEvent

GATHER_S: Final = 0.05
"""A first move waits so long for company."""
PAUSE_S: Final = 0.5
"""Between two writings: the two frames a second."""
MOVES_MAX: Final = 10_000
"""Moves gathered; more are told to come back."""

_LOCK = text(
    """
    SELECT m.room_id, m.user_id, least(t.seq, r.head_seq) AS seq,
        (SELECT count(*) FROM room_members c WHERE c.room_id = m.room_id AND c.left_seq IS NULL) AS members
    FROM unnest(CAST(:rooms AS uuid[]), CAST(:users AS uuid[]), CAST(:seqs AS bigint[]))
        AS t (room_id, user_id, seq)
    JOIN room_members m ON m.room_id = t.room_id AND m.user_id = t.user_id AND m.left_seq IS NULL
    JOIN rooms r ON r.id = m.room_id
    WHERE least(t.seq, r.head_seq) > m.read_seq
    ORDER BY m.room_id, m.user_id
    FOR UPDATE OF m
    """
)
_MOVE = text(
    """
    UPDATE room_members m SET read_seq = t.seq
    FROM unnest(CAST(:rooms AS uuid[]), CAST(:users AS uuid[]), CAST(:seqs AS bigint[]))
        AS t (room_id, user_id, seq)
    WHERE m.room_id = t.room_id AND m.user_id = t.user_id AND m.read_seq < t.seq
    """
)
# The same as `feed.append` once for each move, in three statements instead of three a move.
_HEADS = text(
    """
    INSERT INTO feed_heads (user_id, seq)
    SELECT user_id, count(*) FROM unnest(CAST(:users AS uuid[])) AS t (user_id)
    GROUP BY user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET seq = feed_heads.seq + excluded.seq
    RETURNING user_id, seq
    """
)
_EVENTS = text(
    """
    INSERT INTO feed_events (user_id, seq, kind, data)
    SELECT t.user_id, t.seq, 'cursor.moved', t.data
    FROM unnest(CAST(:users AS uuid[]), CAST(:seqs AS bigint[]), CAST(:data AS jsonb[]))
        AS t (user_id, seq, data)
    RETURNING created_at
    """
)
_WAKE = text(
    """
    SELECT pg_notify(:channel, t.payload) FROM unnest(CAST(:payloads AS text[])) AS t (payload)
    """
)
_log = logging.getLogger("talktalk.chat.cursors")


class _Told(msgspec.Struct, frozen=True):
    """A move that was written."""

    room_id: UUID
    user_id: UUID
    seq: int
    is_shown: bool
    user_seq: int
    at: datetime


class Cursors:
    """The moves of one process."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._moves: dict[tuple[UUID, UUID], int] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._arrived = asyncio.Event()

    def move(self, user_id: UUID, room_id: UUID, seq: int) -> asyncio.Future[None]:
        """Note that someone has read up to `seq`; what is answered is done once that is written.

        Raises:
            Busy: Too many moves wait.
        """
        if len(self._waiting) >= MOVES_MAX:
            raise Busy(retry_after_s=1)
        key = (room_id, user_id)
        self._moves[key] = max(seq, self._moves.get(key, 0))
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(written)
        self._arrived.set()
        return written

    async def run(self) -> None:
        """Write what was gathered, until cancelled."""
        while True:
            await self._arrived.wait()
            await asyncio.sleep(GATHER_S)
            moves, self._moves = self._moves, {}
            waiting, self._waiting = self._waiting, []
            self._arrived.clear()
            try:
                await self.write(moves)
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                _log.warning("chat.cursors.not_written", extra={"reason": str(error), "moves": len(moves)})
                for key, seq in moves.items():
                    self._moves[key] = max(seq, self._moves.get(key, 0))
                self._waiting += waiting
                self._arrived.set()
            else:
                for written in waiting:
                    if not written.done():
                        written.set_result(None)
            await asyncio.sleep(PAUSE_S)

    async def write(self, moves: dict[tuple[UUID, UUID], int]) -> None:
        """Write moves by (room, user) and tell those who may know."""
        async with self._database.transaction() as db:
            told = await self._write(db, moves)
        cursors: dict[UUID, dict[UUID, int]] = {}
        for each in told:
            event = UserEvent(
                seq=each.user_seq,
                kind="cursor.moved",
                data={"room_id": each.room_id, "seq": each.seq},
                created_at=each.at,
            )
            self._bus.user_moved(each.user_id, each.user_seq, [protocol.push("user.event", event)])
            if each.is_shown:
                cursors.setdefault(each.room_id, {})[each.user_id] = each.seq
        for room_id, moved in cursors.items():
            frame = protocol.push("read.moved", ReadMoved(room_id=room_id, cursors=moved))
            self._bus.room_passing(room_id, frame, None)

    @staticmethod
    async def _write(db: AsyncSession, moves: dict[tuple[UUID, UUID], int]) -> list[_Told]:
        asked = {
            "rooms": [room_id for room_id, _ in moves],
            "users": [user_id for _, user_id in moves],
            "seqs": list(moves.values()),
        }
        moved = list(await db.execute(_LOCK, asked))
        if not moved:
            return []
        users = [row.user_id for row in moved]
        real = {"rooms": [row.room_id for row in moved], "users": users, "seqs": [row.seq for row in moved]}
        await db.execute(_MOVE, real)
        heads: dict[UUID, int] = {row.user_id: row.seq for row in await db.execute(_HEADS, {"users": users})}
        # Someone with several moves gets as many positions, the last of which is the head.
        following = {user_id: head - users.count(user_id) for user_id, head in heads.items()}
        seqs: list[int] = []
        for user_id in users:
            following[user_id] += 1
            seqs.append(following[user_id])
        data = [msgspec.json.encode({"room_id": row.room_id, "seq": row.seq}).decode() for row in moved]
        written = await db.execute(_EVENTS, {"users": users, "seqs": seqs, "data": data})
        at: datetime = written.scalars().all()[0]
        payloads = [f"user:{user_id.hex}:{head}" for user_id, head in heads.items()]
        await db.execute(_WAKE, {"channel": CHANNEL, "payloads": payloads})
        return [
            _Told(row.room_id, row.user_id, row.seq, row.members <= CURSORS_SHOWN_MAX, user_seq, at)
            for row, user_seq in zip(moved, seqs, strict=True)
        ]
