"""What `/readyz` asks before it says yes: the database, its schema, and one XRPL node.

An answer is kept for a moment, so that a busy prober cannot load what it probes.
"""

import asyncio
from pathlib import Path

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from talktalk.platform.clock import Clock
from talktalk.platform.database import Database

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
"""Named here and not in `platform.migrate`, which brings Alembic with it."""
KEPT_S = 1.0
TIMEOUT_S = 2.0


class Health(msgspec.Struct, frozen=True):
    """Each part, and whether it answers."""

    database: bool
    migrations: bool
    ledger: bool
    """True as well where no node is configured."""

    @property
    def ready(self) -> bool:
        """Whether requests can be served."""
        return self.database and self.migrations and self.ledger


class HealthCheck:
    """Looks at the parts, one looker at a time."""

    def __init__(self, database: Database, ledger_urls: tuple[str, ...], clock: Clock) -> None:
        self._database = database
        self._ledger_urls = ledger_urls
        self._clock = clock
        self._revision = newest_revision(VERSIONS)
        self._lock = asyncio.Lock()
        self._last: Health | None = None
        self._looked_at = 0.0

    async def look(self) -> Health:
        """The state now, or of at most `KEPT_S` ago. Never raises."""
        async with self._lock:
            now = self._clock.monotonic()
            if self._last is None or now - self._looked_at > KEPT_S:
                (database, migrations), ledger = await asyncio.gather(
                    self._look_at_database(), self._look_at_ledger()
                )
                self._last = Health(database, migrations, ledger)
                self._looked_at = now
            return self._last

    async def _look_at_database(self) -> tuple[bool, bool]:
        try:
            async with asyncio.timeout(TIMEOUT_S), self._database.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
                exists = await connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
                if not exists:
                    return True, False
                revision = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        except (SQLAlchemyError, OSError, TimeoutError):
            return False, False
        return True, revision == self._revision

    async def _look_at_ledger(self) -> bool:
        if not self._ledger_urls:
            return True
        return any(await asyncio.gather(*(_node_answers(url) for url in self._ledger_urls)))


def newest_revision(folder: Path) -> str:
    """The id of the last migration: files are named by it and numbered in order."""
    return max(path.stem for path in folder.glob("[0-9]*.py"))


async def _node_answers(url: str) -> bool:
    try:
        async with asyncio.timeout(TIMEOUT_S), connect(url, compression=None) as socket:
            await socket.send('{"id":1,"command":"ping"}')
            await socket.recv()
    except (OSError, TimeoutError, WebSocketException):
        return False
    return True
