"""Tasks are ended even when a cancellation is lost."""

import asyncio

from talktalk.platform import tasks


async def test_lost_cancellation_is_given_again() -> None:
    lost = 0

    async def careless() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1
                if lost > 1:
                    raise

    task = asyncio.create_task(careless())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await tasks.end([task], again_s=0.01)
    assert task.cancelled()
    assert lost == 2


async def test_what_ended_before_is_left_with_its_error() -> None:
    async def failing() -> None:
        raise ValueError("earlier")

    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    await tasks.end([task])
    assert isinstance(task.exception(), ValueError)
    await tasks.end([])
