"""Limits shared by processes: rates, patience, honesty, all or none."""

import asyncio
from datetime import timedelta

import pytest
from tests.clocks import TurnedClock

from talktalk.platform.database import Database
from talktalk.platform.limits import Limiter, Patience, Rate, forget_idle
from talktalk.platform.problems import TooMany

MINUTE = timedelta(minutes=1)
TEN_A_MINUTE = Rate(count=10, period=MINUTE, burst=3)


async def test_a_rate_gives_its_burst_and_then_its_share(database_url: str) -> None:
    database, clock = Database(database_url), TurnedClock()
    limiter = Limiter(database, clock)
    for _ in range(3):
        await limiter.take({"k": TEN_A_MINUTE})
    with pytest.raises(TooMany) as refused:
        await limiter.take({"k": TEN_A_MINUTE})
    assert refused.value.retry_after_s == 6
    clock.turn(seconds=5.5)
    with pytest.raises(TooMany):
        await limiter.take({"k": TEN_A_MINUTE})
    clock.turn(seconds=0.6)
    await limiter.take({"k": TEN_A_MINUTE})
    clock.turn(minutes=10)
    for _ in range(3):
        await limiter.take({"k": TEN_A_MINUTE})
    await database.close()


async def test_takers_at_the_same_moment_share_one_limit(database_url: str) -> None:
    """Two processes, as far as the database can tell, and twenty takers who name keys in both orders."""
    databases = [Database(database_url, pool_size=4) for _ in range(2)]
    clock = TurnedClock()
    limiters = [Limiter(database, clock) for database in databases]
    orders = [{"a": TEN_A_MINUTE, "b": TEN_A_MINUTE}, {"b": TEN_A_MINUTE, "a": TEN_A_MINUTE}]

    async def take(number: int) -> bool:
        try:
            await limiters[number % 2].take(orders[number // 2 % 2])
        except TooMany:
            return False
        return True

    assert sum(await asyncio.gather(*(take(number) for number in range(20)))) == 3
    for database in databases:
        await database.close()


async def test_where_one_key_is_spent_nothing_is_taken_from_the_others(database_url: str) -> None:
    database, clock = Database(database_url), TurnedClock()
    limiter = Limiter(database, clock)
    for _ in range(3):
        await limiter.take({"spent": TEN_A_MINUTE})
    for _ in range(5):
        with pytest.raises(TooMany):
            await limiter.take({"spent": TEN_A_MINUTE, "whole": TEN_A_MINUTE})
    for _ in range(3):
        await limiter.take({"whole": TEN_A_MINUTE})
    await database.close()


async def test_patience_is_forgotten_after_a_quiet_while(database_url: str) -> None:
    database, clock = Database(database_url), TurnedClock()
    limiter = Limiter(database, clock)
    rule = Patience(
        free=1, spacing=timedelta(), first_wait=MINUTE, longest_wait=4 * MINUTE, forget=10 * MINUTE
    )
    waits = []
    for _ in range(5):
        ready_at = await limiter.take({"k": rule})
        waits.append((ready_at - clock.now()) / MINUTE)
        clock.turn(seconds=(ready_at - clock.now()).total_seconds())
    assert waits == [1, 2, 4, 4, 4]
    clock.turn(minutes=10)
    assert (await limiter.take({"k": rule}) - clock.now()) / MINUTE == 1
    await database.close()


async def test_looking_costs_nothing(database_url: str) -> None:
    database, clock = Database(database_url), TurnedClock()
    limiter = Limiter(database, clock)
    for _ in range(20):
        await limiter.look({"k": TEN_A_MINUTE})
    for _ in range(3):
        await limiter.take({"k": TEN_A_MINUTE})
    with pytest.raises(TooMany):
        await limiter.look({"k": TEN_A_MINUTE})
    await database.close()


async def test_idle_keys_are_swept_while_others_take(database_url: str) -> None:
    database, clock = Database(database_url), TurnedClock()
    limiter = Limiter(database, clock)
    for number in range(10):
        await limiter.take({f"k{number}": TEN_A_MINUTE})
    async with database.transaction() as db:
        assert await forget_idle(db, clock.now()) == 0
    clock.turn(minutes=5)

    async def sweep() -> None:
        async with database.transaction() as db:
            await forget_idle(db, clock.now())

    await asyncio.gather(*(limiter.take({f"k{number}": TEN_A_MINUTE}) for number in range(5)), sweep())
    clock.turn(minutes=5)
    async with database.transaction() as db:
        await forget_idle(db, clock.now())
        assert await forget_idle(db, clock.now()) == 0
    await database.close()
