"""Tasks are ended even when a cancellation is lost."""

import asyncio
from collections.abc import Callable

import pytest

from talktalk.platform import tasks


def _careless(on_lost: Callable[[], None]) -> asyncio.Task[None]:
    return asyncio.create_task(_lose_one(on_lost))


async def _lose_one(on_lost: Callable[[], None]) -> None:
    """Waits for ever; the first cancellation is lost on it."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        on_lost()
    await asyncio.Event().wait()


async def test_lost_cancellation_is_given_again() -> None:
    lost: list[None] = []
    task = _careless(lambda: lost.append(None))
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await tasks.end([task], again_s=0.01)
    assert task.cancelled()
    assert len(lost) == 1


async def test_who_ends_others_waits_for_them_even_when_cancelled() -> None:
    lost = asyncio.Event()
    task = _careless(lost.set)
    await asyncio.sleep(0)
    ending = asyncio.create_task(tasks.end([task], again_s=60))
    await lost.wait()
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert task.cancelled()


async def test_one_part_failing_ends_the_others() -> None:
    async def fail() -> None:
        await asyncio.sleep(0.01)
        raise ValueError("first")

    lost = asyncio.Event()
    with pytest.raises(ValueError, match="first"):
        async with asyncio.timeout(10):
            await tasks.together(_lose_one(lost.set), fail(), again_s=0.01)
    assert lost.is_set()
    assert len(asyncio.all_tasks()) == 1


async def test_parts_end_with_what_runs_them() -> None:
    lost = asyncio.Event()
    running = asyncio.create_task(tasks.together(_lose_one(lost.set), again_s=0.01))
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(10):
            await running
    assert lost.is_set()
    assert len(asyncio.all_tasks()) == 1


async def test_what_ended_before_is_left_with_its_error() -> None:
    async def failing() -> None:
        raise ValueError("earlier")

    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    await tasks.end([task])
    assert isinstance(task.exception(), ValueError)
    await tasks.end([])


async def test_what_is_enough_ends_the_rest() -> None:
    never = asyncio.Event()
    ended: list[str] = []

    async def say(word: str, after: asyncio.Event | None = None) -> str:
        try:
            if after is not None:
                await after.wait()
        finally:
            ended.append(word)
        return word

    parts = (say("silent", never), say("one"), say("two"))
    assert await tasks.until_enough(parts, lambda given: len(given) - given.count(None) >= 2) == [
        None,
        "one",
        "two",
    ]
    assert ended == ["one", "two", "silent"]
    # Nothing is enough: everybody is heard.
    assert await tasks.until_enough((say("a"), say("b")), lambda _: False) == ["a", "b"]


async def test_others_may_take_a_little_longer() -> None:
    late = asyncio.Event()

    async def first() -> int:
        asyncio.get_running_loop().call_soon(late.set)
        return 1

    async def second() -> int:
        await late.wait()
        return 2

    assert await tasks.until_enough((first(), second()), any, patience_s=30) == [1, 2]
