"""Ending tasks for certain.

Before Python 3.12 `asyncio.wait_for` may lose a cancellation that arrives as its own wait ends
(python/cpython#86296), and database drivers and connection pools wait with it. `asyncio.TaskGroup` cancels
once, so a group of such tasks may never end; what is here cancels again.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, TypeVar

T = TypeVar("T")
AGAIN_S: Final = 5.0
"""Longer than any part takes to end in good order, jobs' grace included."""


async def end(tasks: Iterable[asyncio.Task[Any]], *, again_s: float = AGAIN_S) -> None:
    """Cancel tasks and wait until the last has ended; what they raised stays with them.

    What has not ended after `again_s` seconds is cancelled again. Cancelled itself, it still waits for all
    of them, and raises then.
    """
    left = list(tasks)
    cancelled: asyncio.CancelledError | None = None
    while left:
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=again_s)
        except asyncio.CancelledError as error:
            cancelled = error
        left = [task for task in left if not task.done()]
    if cancelled is not None:
        raise cancelled


async def until_enough(
    parts: Iterable[Coroutine[Any, Any, T]],
    is_enough: Callable[[Sequence[T | None]], bool],
    *,
    patience_s: float = 0.0,
) -> list[T | None]:
    """Run all parts until what some of them gave is enough; the others are ended `patience_s` seconds later.

    Args:
        parts: Must not fail.
        is_enough: Judges what there is so far, in the order of the parts, None where one has not ended.
        patience_s: How long the others may still take.

    Returns:
        What each gave; None of those that were ended.
    """
    running = [asyncio.create_task(part) for part in parts]

    def given() -> list[T | None]:
        return [task.result() if task.done() else None for task in running]

    try:
        while left := [task for task in running if not task.done()]:
            if is_enough(given()):
                if patience_s:
                    await asyncio.wait(left, timeout=patience_s)
                break
            await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        return given()
    finally:
        if left := [task for task in running if not task.done()]:
            await end(left)


async def together(*parts: Coroutine[Any, Any, None], again_s: float = AGAIN_S) -> None:
    """Run all parts; when one fails, or this is cancelled, `end` the others.

    Raises:
        BaseException: What the first of the failed parts, in the order given, raised.
    """
    running = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        await end((task for task in running if not task.done()), again_s=again_s)
    failures = [error for task in running if not task.cancelled() and (error := task.exception())]
    if failures:
        raise failures[0]
