"""PostgreSQL through SQLAlchemy and psycopg 3: the engine, the base of all tables, one gate.

One request or job is one transaction: `Database.transaction()` opens a session, commits when the
block ends and rolls back when it raises. Services flush; the edge commits.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Uuid
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column

from talktalk.platform.connection import (
    KEEPALIVES,
    STATEMENT_TIMEOUT_S,
    Connection,
    ListeningConnection,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Id = Annotated[UUID, mapped_column(Uuid, primary_key=True)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Base(DeclarativeBase):
    """Every table's base: constraint names and time zones come from here."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012 - SQLAlchemy's form


class Database:
    """The engine and its sessions."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        engine: AsyncEngine | None = None,
        connection: type[Connection] = Connection,
    ) -> None:
        """Connect lazily to `postgresql+psycopg://…` with at most `pool_size` connections.

        Args:
            url: Where the rows are.
            pool_size: Connections at most.
            engine: What to use in place of one made here, by the simulation.
            connection: Whose waiting always ends.
        """
        self.url = url
        self.engine: AsyncEngine = engine or create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=False,
            connect_args={
                "async_creator_fn": connection.connect,
                "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_S * 1000}",
                **KEEPALIVES,
            },
        )

    @property
    def conninfo(self) -> str:
        """The same address in libpq's form, for plain psycopg connections."""
        return self.url.replace("postgresql+psycopg://", "postgresql://", 1)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end of the block, rolled back if it raises."""
        async with (
            AsyncSession(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @asynccontextmanager
    async def holding(self, name: str) -> AsyncIterator[None]:
        """Be the only holder of a name among all processes, for as long as the block runs.

        Waits for whoever holds it. The hold is a session's: it goes with a process that dies.
        """
        connection = await ListeningConnection.open(self.conninfo)
        async with connection:
            await connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (name,))
            yield

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()
