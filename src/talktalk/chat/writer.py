"""Group commit: every message that arrives while the last commit is under way shares the next one.

`Writer.send` takes a message, and its `done` is called once the message is committed or refused. A
room always goes through the same lane, and a lane has one batch under way, so a room's messages keep
the order in which they were taken.

A batch is one transaction of two statements:

1. lock the rooms' rows in id order. Whoever else changes a room (membership, cards, blocks) takes the
   same lock, so what the second statement sees of a room stays true until the commit;
2. judge each message (member? blocked? sent before?), number the good ones from their room's head,
   insert them and their keys, move the heads.

(sender, client_id) is unique for ever: a repeat takes no `seq` and is answered with what the first one
got. Two processes that race with one key end in a unique violation, which rolls the batch back; on the
second run one of them is a repeat. A batch that fails for a reason of its own is run again message by
message, so that the bad one is answered alone. A connection lost under way says nothing about the
outcome; the batch is run again on a new one, and its keys tell what had been committed.
"""

import asyncio
import logging
import struct
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Final
from uuid import UUID

from psycopg import pq

from talktalk.chat.pipe import Pipe, PipeError, PipeLost, texts, uuids
from talktalk.platform.ids import uuid7
from talktalk.platform.tasks import together

BATCH_MAX: Final = 512
"""Messages of one commit."""
QUEUE_MAX: Final = 20_000
"""Messages waiting for one lane; more are refused as `busy`."""
UNAVAILABLE_AFTER_S: Final = 10.0
"""A message that could not be tried for so long is answered `unavailable`: its sender asks again."""
LANES: Final = 1
"""Measured: two make batches smaller, which costs 8 % more CPU time a message. Where a flush takes much
longer than the work of a batch (slow disks), a second lane works while the first one waits."""
CONNECT_TIMEOUT_S: Final = 5.0
RECONNECT_S: Final = 0.25
RETRIES_MAX: Final = 3
"""Runs of a whole batch after collisions before it is taken apart."""

_RETRIED_STATES: Final = frozenset({"23505", "40001", "40P01"})
"""Unique violation, serialization failure, deadlock: another run sees what it collided with."""
_LOCK_TIMEOUT: Final = "55P03"
"""On a room: somebody holds it for long. On a key: another process is writing the same one."""
_PASSING_CLASSES: Final = frozenset({"53", "55", "57", "58"})
"""SQLSTATE classes that say nothing of the message: resources, a lock not got, an operator, the disk."""
_SETTINGS: Final = {
    "TimeZone": "UTC",
    "statement_timeout": "15000",
    "lock_timeout": "500",
    "idle_in_transaction_session_timeout": "15000",
    # A batch is a handful of keys in tables of any size: always by index, planned once.
    "plan_cache_mode": "force_generic_plan",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
}
_LOCK: Final = b"""
    SELECT id FROM rooms WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
# Each lookup is a subquery with a limit, which the planner can neither turn round nor read as a whole: the
# plan is made once, perhaps while the tables are empty, and has to hold when they are not. Rooms are
# updated by ctid, which stays what it is while we hold their locks.
_POST: Final = b"""
    WITH input AS MATERIALIZED (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
            WITH ORDINALITY AS i (message_id, room_id, sender_id, client_id, body, n)
    ), judged AS MATERIALIZED (
        SELECT i.*, r.head_seq, k.room_id AS first_room_id, k.seq AS first_seq,
            CASE
                WHEN k.seq IS NOT NULL THEN 1
                WHEN m.user_id IS NULL OR m.left_seq IS NOT NULL THEN 2
                WHEN b.low_id IS NOT NULL THEN 3
                WHEN r.request_by IS NOT NULL THEN 4
                ELSE 0
            END AS verdict
        FROM input i
        LEFT JOIN LATERAL (
            SELECT head_seq, pair_low, pair_high, request_by FROM rooms WHERE id = i.room_id LIMIT 1
        ) r ON TRUE
        LEFT JOIN LATERAL (
            SELECT user_id, left_seq FROM room_members
            WHERE room_id = i.room_id AND user_id = i.sender_id LIMIT 1
        ) m ON TRUE
        LEFT JOIN LATERAL (
            SELECT low_id FROM blocked_pairs WHERE low_id = r.pair_low AND high_id = r.pair_high LIMIT 1
        ) b ON TRUE
        LEFT JOIN LATERAL (
            SELECT room_id, seq FROM message_keys
            WHERE sender_id = i.sender_id AND client_id = i.client_id LIMIT 1
        ) k ON TRUE
    ), good AS MATERIALIZED (
        SELECT *, head_seq + row_number() OVER (PARTITION BY room_id ORDER BY n) AS seq
        FROM judged WHERE verdict = 0
    ), keyed AS (
        INSERT INTO message_keys (sender_id, client_id, room_id, seq)
        -- In one order everywhere, so that two batches with the same keys never wait for each other.
        SELECT sender_id, client_id, room_id, seq FROM good ORDER BY sender_id, client_id
    ), posted AS (
        INSERT INTO room_events
            (room_id, seq, created_at, kind, message_id, sender_id, client_id, message_kind, body)
        SELECT room_id, seq, statement_timestamp(), 'posted', message_id, sender_id, client_id,
            'text', body
        FROM good
    ), moved AS (
        UPDATE rooms r
        SET head_seq = h.seq, last_message_seq = h.seq, active_at = statement_timestamp()
        FROM (SELECT room_id, max(seq) AS seq FROM good GROUP BY room_id) h
        CROSS JOIN LATERAL (SELECT ctid FROM rooms WHERE id = h.room_id LIMIT 1) g
        WHERE r.ctid = g.ctid
    )
    SELECT n, 0, seq, statement_timestamp(), NULL, NULL FROM good
    UNION ALL
    SELECT j.n, j.verdict, j.first_seq, e.created_at, j.first_room_id, e.message_id
    FROM judged j
    LEFT JOIN LATERAL (
        SELECT created_at, message_id FROM room_events
        WHERE room_id = j.first_room_id AND seq = j.first_seq LIMIT 1
    ) e ON TRUE
    WHERE j.verdict <> 0
"""
_STATEMENTS: Final = {b"chat_lock": _LOCK, b"chat_post": _POST}

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_int8 = struct.Struct("!q").unpack
_int4 = struct.Struct("!i").unpack
_REPEAT: Final = 1
_REFUSALS: Final = {2: "not_a_member", 3: "blocked", 4: "request"}

_seq = attrgetter("seq")

_log = logging.getLogger("talktalk.chat.writer")


class Send:
    """One message on its way to the disk, and then what became of it."""

    __slots__ = (
        "body", "client_id", "created_at", "done", "is_answered", "is_repeat", "message_id", "refusal", "room_id",
        "sender_id", "seq", "taken_at",
    )  # fmt: skip

    def __init__(
        self, room_id: UUID, sender_id: UUID, client_id: str, body: str, done: Callable[["Send"], None]
    ) -> None:
        self.room_id = room_id
        self.sender_id = sender_id
        self.client_id = client_id
        self.body = body
        self.done = done
        """Called once, from the event loop, when `refusal` or the rest below is known."""
        self.taken_at = 0.0
        self.is_answered = False
        self.refusal = ""
        """Why nothing was written: `not_a_member`, `blocked`, `request` (the room waits in a request
        folder, which the group commit leaves to `service.post_request`), `busy`, `unavailable`."""
        self.is_repeat = False
        """The key was used before; room, id, `seq` and time are the first message's."""
        self.message_id: UUID
        self.seq = 0
        self.created_at: datetime


Published = Callable[[UUID, list[Send]], None]
"""Called once for each room of a commit with its new messages, ascending and without gaps, before
their `done`."""
Seen = Callable[[UUID, int], None]
"""Called where a room is known to have come to a position that may not have been published."""


class Writer:
    """The group commit of one process."""

    def __init__(self, conninfo: str, *, lanes: int = LANES) -> None:
        """Connections are made by `run`.

        Args:
            conninfo: libpq's form of the database's address.
            lanes: Connections; more only help where flushing to disk is slow.
        """
        self.on_posted: Published = _ignore
        self.on_seen: Seen = _ignore
        self._lanes = [Lane(conninfo, self) for _ in range(lanes)]

    async def run(self) -> None:
        """Serve until cancelled; what is then unanswered is answered `unavailable`."""
        await together(*(lane.run() for lane in self._lanes))

    def send(self, send: Send) -> None:
        """Take a message; its `done` is called later, never from here unless the queue is full."""
        self._lanes[send.room_id.int % len(self._lanes)].take(send)

    async def post(self, room_id: UUID, sender_id: UUID, client_id: str, body: str) -> Send:
        """`send`, awaited."""
        answer: asyncio.Future[Send] = asyncio.get_running_loop().create_future()

        def done(send: Send) -> None:
            if not answer.done():
                answer.set_result(send)

        self.send(Send(room_id, sender_id, client_id, body, done))
        return await answer

    @property
    def backend_pids(self) -> list[int]:
        """The server processes of the lanes that are connected."""
        return [lane.pipe.backend_pid for lane in self._lanes if lane.pipe]


class Lane:
    """One connection, one batch under way, one queue."""

    def __init__(self, conninfo: str, writer: Writer) -> None:
        self._conninfo = conninfo
        self._writer = writer
        self._queue: deque[Send] = deque()
        self._arrived = asyncio.Event()
        self._batch: list[Send] = []
        self.pipe: Pipe | None = None

    def take(self, send: Send) -> None:
        if len(self._queue) >= QUEUE_MAX:
            _refuse([send], "busy")
            return
        send.taken_at = asyncio.get_running_loop().time()
        self._queue.append(send)
        self._arrived.set()

    async def run(self) -> None:
        try:
            while True:
                await self._arrived.wait()
                while self._queue:
                    await self._gather()
                    self._batch = self._cut()
                    try:
                        await self._write(self._batch)
                    except Exception:  # noqa: BLE001 - the lane must go on
                        # A bug of ours: whether it was written shows when the sender asks again.
                        _log.exception("chat.writer.failed")
                        self._drop_pipe()
                        _refuse(self._batch, "unavailable")
                    self._batch = []
                self._arrived.clear()
        finally:
            self._drop_pipe()
            _refuse([*self._batch, *self._queue], "unavailable")
            self._batch = []
            self._queue.clear()

    async def _gather(self) -> None:
        """Let turns of the event loop pass while each brings more: what is there to be read joins the batch,
        and nothing is waited for."""
        count = 0
        while count < len(self._queue) < BATCH_MAX:
            count = len(self._queue)
            await asyncio.sleep(0)

    def _cut(self) -> list[Send]:
        """The next batch: no key twice, since one statement cannot see its own rows."""
        batch: list[Send] = []
        keys: set[tuple[UUID, str]] = set()
        while self._queue and len(batch) < BATCH_MAX:
            send = self._queue[0]
            key = (send.sender_id, send.client_id)
            if key in keys:
                break
            keys.add(key)
            batch.append(self._queue.popleft())
        return batch

    async def _write(self, batch: list[Send]) -> None:
        for send in batch:
            send.message_id = uuid7()
        collisions = 0
        was_lost = False
        while batch:
            try:
                pipe = await self._connected()
                results = await pipe.submit(_calls(batch))
            except PipeLost as error:
                _log.warning("chat.writer.connection_lost", extra={"reason": str(error), "sends": len(batch)})
                self._drop_pipe()
                was_lost = True
                batch = self._give_up_late(batch)
                await asyncio.sleep(RECONNECT_S)
            except PipeError as error:
                collisions += 1
                is_collision = error.state in _RETRIED_STATES or (
                    error.call > 0 and error.state == _LOCK_TIMEOUT
                )
                if is_collision and collisions <= RETRIES_MAX:
                    continue
                _log.warning("chat.writer.batch_failed", extra={"reason": str(error), "sends": len(batch)})
                await self._take_apart(batch, error)
                return
            else:
                self._answer(batch, results[1], was_lost=was_lost)
                return

    async def _take_apart(self, batch: list[Send], error: PipeError) -> None:
        """Run what failed together room by room, then message by message, so that the bad one is alone."""
        rooms: dict[UUID, list[Send]] = {}
        for send in batch:
            rooms.setdefault(send.room_id, []).append(send)
        if len(rooms) > 1:
            for sends in rooms.values():
                await self._write(sends)
        elif len(batch) == 1 or error.state[:2] in _PASSING_CLASSES:
            _refuse(batch, "unavailable")
        else:
            for send in batch:
                await self._write([send])

    async def _connected(self) -> Pipe:
        if self.pipe is None:
            self.pipe = await Pipe.connect(
                self._conninfo, _STATEMENTS, _SETTINGS, timeout_s=CONNECT_TIMEOUT_S
            )
        return self.pipe

    def _drop_pipe(self) -> None:
        if self.pipe is not None:
            self.pipe.close()
            self.pipe = None

    def _give_up_late(self, batch: list[Send]) -> list[Send]:
        """Answer what has waited too long; it may have been committed, so only a resend can tell."""
        limit = asyncio.get_running_loop().time() - UNAVAILABLE_AFTER_S
        waiting = [send for send in batch if send.taken_at > limit]
        late = [send for send in batch if send.taken_at <= limit]
        while self._queue and self._queue[0].taken_at <= limit:
            late.append(self._queue.popleft())
        _refuse(late, "unavailable")
        return waiting

    def _answer(self, batch: list[Send], result: pq.abc.PGresult, *, was_lost: bool) -> None:
        posted: dict[UUID, list[Send]] = {}
        seen: dict[UUID, int] = {}
        stamps: dict[bytes, datetime] = {}
        value = result.get_value
        for row in range(result.ntuples):
            send = batch[_int8(value(row, 0) or b"")[0] - 1]
            verdict = _int4(value(row, 1) or b"")[0]
            if verdict in _REFUSALS:
                send.refusal = _REFUSALS[verdict]
                continue
            send.seq = _int8(value(row, 2) or b"")[0]
            stamp = value(row, 3) or b""
            created_at = stamps.get(stamp)
            if created_at is None:
                created_at = stamps[stamp] = _EPOCH + timedelta(microseconds=_int8(stamp)[0])
            send.created_at = created_at
            if verdict == _REPEAT:
                send.is_repeat = True
                send.room_id = UUID(bytes=value(row, 4))
                send.message_id = UUID(bytes=value(row, 5))
                seen[send.room_id] = max(send.seq, seen.get(send.room_id, 0))
            else:
                posted.setdefault(send.room_id, []).append(send)
        for room_id, sends in posted.items():
            sends.sort(key=_seq)
            try:
                self._writer.on_posted(room_id, sends)
            except Exception:  # noqa: BLE001 - it is committed, whatever the listener does
                _log.exception("chat.writer.not_published")
        if was_lost:
            # Our own commit may have gone unheard: whoever serves the room fetches what it lacks.
            for room_id, seq in seen.items():
                self._writer.on_seen(room_id, seq)
        for send in batch:
            _finish(send)


def _refuse(sends: Sequence[Send], refusal: str) -> None:
    """Answer those that have no answer yet."""
    for send in sends:
        if not send.is_answered:
            send.refusal = refusal
            _finish(send)


def _finish(send: Send) -> None:
    send.is_answered = True
    try:
        send.done(send)
    except Exception:  # noqa: BLE001 - the others of the batch want their answers too
        _log.exception("chat.writer.answer_failed")


def _calls(batch: Sequence[Send]) -> list[tuple[bytes, Sequence[bytes]]]:
    rooms = [send.room_id.bytes for send in batch]
    return [
        (b"chat_lock", (uuids(list(set(rooms))),)),
        (
            b"chat_post",
            (
                uuids([send.message_id.bytes for send in batch]),
                uuids(rooms),
                uuids([send.sender_id.bytes for send in batch]),
                texts(send.client_id.encode() for send in batch),
                texts(send.body.encode() for send in batch),
            ),
        ),
    ]


def _ignore(*_: object) -> None:
    """What nobody listens to."""
