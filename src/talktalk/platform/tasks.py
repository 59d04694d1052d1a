"""Ending tasks for certain."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

AGAIN_S: Final = 5.0
"""Longer than any part takes to end in good order, jobs' grace included."""


async def end(tasks: Iterable[asyncio.Task[Any]], *, again_s: float = AGAIN_S) -> None:
    """Cancel tasks and wait until the last has ended; what they raised stays with them.

    Before Python 3.12 `asyncio.wait_for` may lose a cancellation that arrives as its own wait ends
    (python/cpython#86296), and connection pools wait with it: what has not ended is cancelled again.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again_s)
