"""The way between a process and the database: slow, cut, or cut at a commit."""

import asyncio
from collections.abc import Callable
from random import Random

from talktalk.simulation.loop import Process
from talktalk.simulation.memory.dialect import MemoryConnection
from talktalk.simulation.memory.errors import ConnectionLost
from talktalk.simulation.profiles import Profile
from talktalk.simulation.trace import Trace


class SeededGate:
    """`memory.dialect.Gate` of one process."""

    def __init__(
        self,
        process: Process,
        profile: Profile,
        chance: Random,
        trace: Trace,
        kill: Callable[[Process, str], None],
    ) -> None:
        self._process = process
        self._profile = profile
        self._chance = chance
        self._trace = trace
        self._kill = kill
        self.is_calm = False
        self._connections: dict[MemoryConnection, None] = {}

    def cut_all(self) -> None:
        """The process has died: the server notices at once."""
        for connection in self._connections:
            connection.drop()
        self._connections.clear()

    async def connecting(self) -> None:
        """A connection takes a little time."""
        self._check()
        await asyncio.sleep(self._chance.random() * 0.005)
        self._check()

    def connected(self, connection: MemoryConnection) -> None:
        """Remember it, for the day the process dies."""
        self._connections = {each: None for each in self._connections if not each.broken}
        self._connections[connection] = None

    async def asking(self, what: str) -> None:
        """Perhaps a pause, perhaps a cut."""
        self._check()
        if self._chance.random() < self._profile.pause:
            await asyncio.sleep(self._chance.random() * 0.004)
            self._check()
        if not self.is_calm and self._chance.random() < self._profile.database_cut:
            self._trace.note(self._process.name, f"loses the database at: {what[:60]!r}")
            raise ConnectionLost("cut")

    async def answering(self) -> None:
        """The dead hear nothing."""
        self._check()

    async def committing(self) -> None:
        """Before a commit is durable."""
        await asyncio.sleep(self._chance.random() * 0.004)
        self._check()
        self._strike("before")

    async def committed(self) -> None:
        """After it is."""
        self._check()
        self._strike("after")

    def _strike(self, when: str) -> None:
        if self.is_calm:
            return
        if self._chance.random() < self._profile.crash / 2:
            self._kill(self._process, f"{when} a commit was durable")
            self._check()
        if self._chance.random() < self._profile.commit_lost / 2:
            self._trace.note(self._process.name, f"loses the database {when} a commit was durable")
            raise ConnectionLost("cut at a commit")

    def _check(self) -> None:
        if not self._process.alive:
            raise ConnectionLost("the process is dead")
