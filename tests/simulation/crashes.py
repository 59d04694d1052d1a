"""Crash points: every place where the worker commits, and every request it makes to a ledger node.

A place is a file and a line of the worker's code, with *before* or *after*. `Places` records the ones
a run passes; armed with one of them, it ends the worker there: nothing is committed or sent any more,
as if the process had been killed at that moment.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.worker import Worker

SOURCE = str(Path(__file__).parent.parent.parent / "src" / "talktalk")
IGNORED = ("worker.py", "wallet/funding.py")
"""Idle loops that have no part in a payment."""
PLUMBING = ("platform/database.py", "ledger/nodes.py")


class Crashed(BaseException):
    """The process is dead; nothing may catch this."""


class Places:
    """Notes places; dies at one."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.deadly: str | None = None
        self.died = asyncio.Event()

    def arm(self, place: str | None) -> None:
        """From now on note what is passed, and die at `place`."""
        self.passed.clear()
        self.deadly = place

    def come_to(self, place: str | None, when: str) -> None:
        """Pass a place, or die."""
        if place is None:
            return
        name = f"{place} {when}"
        if self.died.is_set():
            raise Crashed
        self.passed.append(name)
        if name == self.deadly:
            self.died.set()
            raise Crashed

    def watch(self, worker: Worker) -> None:
        """Let the worker pass here."""
        database, transaction = worker.database, worker.database.transaction

        @asynccontextmanager
        async def watched() -> AsyncIterator[AsyncSession]:
            place = _caller()
            async with transaction() as session:
                yield session
                self.come_to(place, "before commit")
            self.come_to(place, "after commit")

        setattr(database, "transaction", watched)  # noqa: B010 - a method is replaced
        for node in worker.pool.nodes:
            self._watch_node(node)

    def _watch_node(self, node: Any) -> None:
        request = node.request

        async def watched(command: str, **parameters: Any) -> dict[str, Any]:
            place = f"{command} request" if command in ("submit", "tx", "ledger") else None
            self.come_to(place, "before")
            answer: dict[str, Any] = await request(command, **parameters)
            self.come_to(place, "after")
            return answer

        node.request = watched


def _caller() -> str | None:
    """The nearest line of a slice that opened the transaction."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(SOURCE):
            name = path[len(SOURCE) + 1 :]
            if name in IGNORED:
                return None
            if name not in PLUMBING:
                return f"{name}:{frame.f_lineno} {frame.f_code.co_name}"
        frame = frame.f_back
    return None
