"""The group commit by itself: one bad message, one locked room or one lost database is nobody else's trouble."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg

from talktalk.chat.writer import Send, Writer
from talktalk.platform.ids import uuid7
from talktalk.supervisor.postgres import plain_url


@contextlib.asynccontextmanager
async def writing(
    database_url: str, *, lanes: int = 2
) -> AsyncIterator[tuple[Writer, psycopg.AsyncConnection[Any]]]:
    """A writer at work, and a connection to look at what it does."""
    conninfo = plain_url(database_url)
    writer = Writer(conninfo, lanes=lanes)
    running = asyncio.create_task(writer.run())
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as db:
        try:
            yield writer, db
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def room_of(db: psycopg.AsyncConnection[Any], *members: UUID) -> UUID:
    """A room of these people."""
    room_id = uuid7()
    await db.execute(
        "INSERT INTO rooms (id, kind, created_by) VALUES (%s, 'group', %s)", (room_id, members[0])
    )
    for member in members:
        await db.execute("INSERT INTO room_members (room_id, user_id) VALUES (%s, %s)", (room_id, member))
    return room_id


async def test_a_message_the_database_cannot_store_is_answered_alone(database_url: str) -> None:
    user_id = uuid7()
    async with writing(database_url) as (writer, db):
        room_id = await room_of(db, user_id)
        sends = await asyncio.gather(
            *(writer.post(room_id, user_id, f"key-{n:05}", "\x00" if n == 7 else "text") for n in range(30))
        )
    assert [send.refusal for send in sends] == ["unavailable" if n == 7 else "" for n in range(30)]
    assert [send.seq for send in sends if not send.refusal] == list(range(1, 30))


async def test_a_room_locked_for_long_holds_up_its_own_messages_only(database_url: str) -> None:
    user_id = uuid7()
    async with writing(database_url, lanes=1) as (writer, db):
        locked, free = await room_of(db, user_id), await room_of(db, user_id)
        async with db.transaction():
            await db.execute("SELECT FROM rooms WHERE id = %s FOR UPDATE", (locked,))
            in_locked, in_free = await asyncio.gather(
                asyncio.gather(*(writer.post(locked, user_id, f"locked-{n:03}", "x") for n in range(5))),
                asyncio.gather(*(writer.post(free, user_id, f"free-{n:05}", "x") for n in range(5))),
            )
        assert {send.refusal for send in in_locked} == {"unavailable"}
        assert sorted(send.seq for send in in_free) == [1, 2, 3, 4, 5]
        again = [await writer.post(locked, user_id, f"locked-{n:03}", "x") for n in range(5)]
        assert [(send.seq, send.is_repeat) for send in again] == [(n, False) for n in range(1, 6)]


async def test_a_membership_that_ends_while_the_message_waits_counts(database_url: str) -> None:
    user_id = uuid7()
    async with writing(database_url) as (writer, db):
        room_id = await room_of(db, user_id)
        async with db.transaction():
            await db.execute("SELECT FROM rooms WHERE id = %s FOR UPDATE", (room_id,))
            waiting = asyncio.create_task(writer.post(room_id, user_id, "too-late-now", "x"))
            await _until_waiting(db)
            await db.execute("UPDATE room_members SET left_seq = 0 WHERE room_id = %s", (room_id,))
        assert (await waiting).refusal == "not_a_member"


async def test_listeners_that_fail_do_not_stop_the_writer(database_url: str) -> None:
    user_id = uuid7()

    def fail(*_: object) -> None:
        raise RuntimeError

    async with writing(database_url) as (writer, db):
        room_id = await room_of(db, user_id)
        writer.on_posted = fail
        writer.send(Send(room_id, user_id, "answer-fails", "x", fail))
        assert (await writer.post(room_id, user_id, "still-works-1", "x")).seq == 2


async def test_what_waits_when_the_writer_stops_is_answered(database_url: str) -> None:
    user_id = uuid7()
    async with writing(database_url) as (writer, db):
        room_id = await room_of(db, user_id)
        await db.execute("BEGIN")
        await db.execute("SELECT FROM rooms WHERE id = %s FOR UPDATE", (room_id,))
        waiting = [
            asyncio.create_task(writer.post(room_id, user_id, f"stopped-{n:03}", "x")) for n in range(3)
        ]
        await _until_waiting(db)
    assert [(await each).refusal for each in waiting] == ["unavailable"] * 3


async def _until_waiting(db: psycopg.AsyncConnection[Any]) -> None:
    """Until the writer waits for a lock (another session's state can only be asked for)."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(10):
        while True:
            await db.execute("SELECT pg_stat_clear_snapshot()")
            found = await (await db.execute(asked)).fetchone()
            if found and found[0]:
                return
