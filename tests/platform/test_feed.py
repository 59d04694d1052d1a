"""Users' own sequences: gap-free, in the order told, whoever writes for whom at the same moment."""

import asyncio
import random
from uuid import UUID

import pytest

from talktalk.platform import feed
from talktalk.platform.database import Database
from talktalk.platform.ids import uuid7
from talktalk.platform.wake import Listener, Wake

pytestmark = pytest.mark.integration


async def test_events_of_many_users_keep_each_users_order(database_url: str) -> None:
    database = Database(database_url)
    one, other = uuid7(), uuid7()
    async with database.transaction() as db:
        await feed.append_all(
            db, [(one, "a.first", {"n": 1}), (other, "a.first", {"n": 2}), (one, "a.second", {"n": 3})]
        )
        await feed.append(db, "a.third", {other: {"n": 4}})
        await feed.append_all(db, [])
    async with database.transaction() as db:
        mine = [(event.seq, event.kind, event.data) for event in await feed.after(db, one, 0, 10)]
        theirs = [(event.seq, event.kind, event.data) for event in await feed.after(db, other, 0, 10)]
        heads = [await feed.head(db, one), await feed.head(db, other)]
    await database.close()
    assert mine == [(1, "a.first", {"n": 1}), (2, "a.second", {"n": 3})]
    assert theirs == [(1, "a.first", {"n": 2}), (2, "a.third", {"n": 4})]
    assert heads == [2, 2]


async def test_crossing_writers_wait_in_one_order_and_leave_no_gap(database_url: str) -> None:
    """Users named in any order: locks taken as named would deadlock."""
    database = Database(database_url)
    users = [uuid7() for _ in range(6)]
    chance = random.Random(7)  # a seed, no secret

    async def write() -> None:
        for _ in range(10):
            told = chance.sample(users, 4)
            async with database.transaction() as db:
                await feed.append_all(db, [(user_id, "a.told", {}) for user_id in told])

    await asyncio.gather(*(write() for _ in range(5)))
    async with database.transaction() as db:
        stored = {user_id: [each.seq for each in await feed.after(db, user_id, 0, 100)] for user_id in users}
        heads = {user_id: await feed.head(db, user_id) for user_id in users}
    await database.close()
    assert sum(heads.values()) == 200
    for user_id in users:
        assert stored[user_id] == list(range(1, heads[user_id] + 1))


async def test_each_user_is_woken_once_with_the_newest_position(database_url: str) -> None:
    database = Database(database_url)
    heard: asyncio.Queue[Wake] = asyncio.Queue()
    listener = Listener(database.conninfo, heard.put_nowait, lambda: None)
    listening = asyncio.create_task(listener.run())
    await listener.listening.wait()
    users: list[UUID] = sorted(uuid7() for _ in range(3))
    async with database.transaction() as db:
        await feed.append_all(db, [(user_id, "a.told", {}) for user_id in [*users, users[0]]])
    async with asyncio.timeout(10):
        told = [await heard.get() for _ in users]
    assert heard.empty()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await database.close()
    assert sorted((wake.id, wake.position) for wake in told) == [
        (users[0], 2),
        (users[1], 1),
        (users[2], 1),
    ]
