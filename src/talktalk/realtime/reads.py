"""Connections for what is read often: one statement a transaction, rows without an ORM.

The gateway asks with every `hello`, and history is read in pages. Both cost several times less this way
than through sessions.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from talktalk.platform.problems import Unavailable

CONNECTIONS: Final = 4
WAIT_S: Final = 10.0
LIFETIME_S: Final = 300.0
"""A connection's prepared plans are as old as it is; tables may have grown a lot since."""

_SETTINGS: Final = {
    "TimeZone": "UTC",
    "statement_timeout": "15000",
    # Every read is of a few rows out of tables of any size: always by index.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}

Row = tuple[Any, ...]
Connection = psycopg.AsyncConnection[Row]


class ReadPool:
    """A few connections, shared by who reads."""

    def __init__(self, conninfo: str) -> None:
        """`conninfo` is libpq's form of the database's address."""
        self._pool = AsyncConnectionPool(
            conninfo,
            open=False,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=WAIT_S,
            max_lifetime=LIFETIME_S,
            configure=_configure,
            kwargs={
                "autocommit": True,
                "prepare_threshold": 1,
                "options": " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items()),
            },
        )

    async def open(self) -> None:
        """Begin connecting; does not wait for it."""
        await self._pool.open()

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for several statements, each a transaction of its own.

        Raises:
            Unavailable: The database does not answer.
        """
        try:
            # A server that dies with a query unread is not always noticed by the event loop.
            async with asyncio.timeout(WAIT_S), self._pool.connection() as connection:
                yield connection
        except (TimeoutError, PoolTimeout, psycopg.OperationalError) as error:
            raise Unavailable(retry_after_s=2) from error

    async def rows(self, query: LiteralString, parameters: Sequence[object]) -> list[Row]:
        """All rows of one statement.

        Raises:
            Unavailable: The database does not answer.
        """
        async with self.connection() as connection:
            return await rows(connection, query, parameters)


async def rows(connection: Connection, query: LiteralString, parameters: Sequence[object]) -> list[Row]:
    """All rows of one statement on a connection that is held."""
    return await (await connection.execute(query, parameters, binary=True)).fetchall()


async def _configure(connection: Connection) -> None:
    set_json_loads(msgspec.json.decode, connection)
