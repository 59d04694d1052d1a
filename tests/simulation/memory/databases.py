"""The two databases of the shared suite, and sessions that take steps one at a time on either.

A step ends, fails, or is blocked by the other session; which of the three must be the same on both.
On PostgreSQL "blocked" is what `pg_blocking_pids` says; in memory it is who waits for whom.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

import talktalk.app  # noqa: F401 - every table is in the metadata
from talktalk.platform.database import Base
from talktalk.simulation.memory.dialect import memory_engine, memory_store
from tests.simulation.memory.statements import take

TABLES = (
    "outgoing_transactions, ledger_accounts, ledger_heads, feed_events, feed_heads, friend_pairs,"
    " room_members, room_events, rooms"
)
DEADLOCK_S = 0.02
BLOCKED = "blocked"


class Both(Protocol):
    """One of the two."""

    engine: AsyncEngine

    async def is_blocked(self, session: "Session") -> bool:
        """Whether a session's step waits for the other one."""
        ...


class Memory:
    """The store."""

    def __init__(self) -> None:
        self.store = memory_store(Base.metadata, lambda: datetime.now(UTC))
        self.engine = memory_engine(self.store)

    async def is_blocked(self, session: "Session") -> bool:
        """Whoever waits does so for another's end."""
        await asyncio.sleep(0)
        transaction = session.dbapi.transaction
        return transaction is not None and transaction.waits_for is not None


class Postgres:
    """The real one."""

    def __init__(self, url: str) -> None:
        self.engine = create_async_engine(
            url,
            connect_args={
                "options": f"-c timezone=UTC -c deadlock_timeout={int(DEADLOCK_S * 1000)}"
                " -c synchronous_commit=off"
            },
        )

    async def empty(self) -> None:
        """Begin again."""
        async with self.engine.begin() as connection:
            for name in TABLES.split(", "):
                await connection.execute(text(f"DELETE FROM {name}"))

    async def is_blocked(self, session: "Session") -> bool:
        """As the server says."""
        await asyncio.sleep(0.002)
        async with self.engine.connect() as connection:
            blockers = await connection.execute(
                text("SELECT cardinality(pg_blocking_pids(:pid))"), {"pid": session.pid}
            )
            if not blockers.scalar_one():
                return False
        # So that a ring of waiters is found by the last to join it, as in memory.
        await asyncio.sleep(3 * DEADLOCK_S)
        return not session.is_idle


class Session:
    """One session that takes steps."""

    def __init__(self, database: Memory | Postgres) -> None:
        self._database = database
        self._step: asyncio.Task[Any] | None = None
        self.db: AsyncSession
        self.dbapi: Any = None
        self.pid = 0
        self.was_blocked = False

    @property
    def is_idle(self) -> bool:
        """Whether no step is under way."""
        return self._step is None or self._step.done()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Session"]:
        """Open it, and leave nothing behind."""
        async with AsyncSession(self._database.engine, expire_on_commit=False) as self.db:
            yield self
            if self._step is not None:
                await asyncio.wait([self._step])
            await self.db.rollback()

    async def take(self, name: str, arguments: tuple[Any, ...], *, inside: bool) -> Any:
        """Take a step; `inside` a savepoint, an error undoes only the step."""
        assert self.is_idle
        self._step = asyncio.create_task(self._take(name, arguments, inside=inside))
        return await self.outcome()

    async def outcome(self) -> Any:
        """What came of the step, or that it is blocked."""
        assert self._step is not None
        while not self._step.done():
            await asyncio.wait([self._step], timeout=0.002 if isinstance(self._database, Postgres) else 0)
            if not self._step.done() and await self._database.is_blocked(self):
                return BLOCKED
        return self._step.result()

    async def end(self, *, commit: bool) -> None:
        """End the transaction."""
        if commit:
            await self.db.commit()
        else:
            await self.db.rollback()
        self.db.expunge_all()

    async def _take(self, name: str, arguments: tuple[Any, ...], *, inside: bool) -> Any:
        await self._know_connection()
        try:
            if inside:
                async with self.db.begin_nested():
                    return await take(self.db, name, arguments)
            return await take(self.db, name, arguments)
        except DBAPIError as error:
            if not inside or self.db.get_nested_transaction() is not None:
                await self.db.rollback()
                self.db.expunge_all()
            return type(error.orig).__name__

    async def _know_connection(self) -> None:
        connection = await self.db.connection()
        raw = await connection.get_raw_connection()
        self.dbapi = raw.dbapi_connection
        if isinstance(self._database, Postgres):
            assert raw.driver_connection is not None
            self.pid = raw.driver_connection.info.backend_pid
