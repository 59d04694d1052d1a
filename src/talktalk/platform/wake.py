"""Wake-ups between processes by LISTEN/NOTIFY: ids and positions only, never contents.

The rows are the truth. A notification says "room R has come to seq 12" or "user U to 7"; whoever
hears it reads the rows it lacks. Notifications ride the writer's transaction, so they come only
after its commit. They are never used for chat messages (a commit with NOTIFY takes a lock that
all such commits share). After a reconnect `on_reset` is called: everything may have changed.

Payload: `<kind>:<uuid hex>:<position>`.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
import psycopg
from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.platform.connection import ListeningConnection

CHANNEL = "talktalk"
RECONNECT_S = 0.5
# The count keeps the answer to one row.
_NOTIFY = text(
    "SELECT count(pg_notify(:channel, payload)) FROM unnest(:payloads) AS each (payload)"
).bindparams(bindparam("channel", type_=Text), bindparam("payloads", type_=ARRAY(Text)))


class Wake(msgspec.Struct, frozen=True):
    """Something has come to a position."""

    kind: str
    """`room`, `user`, or a slice's own word."""
    id: UUID
    position: int


async def notify(db: AsyncSession, wake: Wake) -> None:
    """Tell every listener once this transaction commits."""
    await notify_all(db, [wake])


async def notify_all(db: AsyncSession, wakes: Sequence[Wake]) -> None:
    """Tell every listener of all of these once this transaction commits; one statement whatever their number."""
    if not wakes:
        return
    payloads = [f"{wake.kind}:{wake.id.hex}:{wake.position}" for wake in wakes]
    await db.execute(_NOTIFY, {"channel": CHANNEL, "payloads": payloads})


class Listener:
    """Hears wake-ups on a connection of its own, for as long as `run` runs."""

    def __init__(
        self,
        conninfo: str,
        on_wake: Callable[[Wake], None],
        on_reset: Callable[[], None],
    ) -> None:
        self._conninfo = conninfo
        self._on_wake = on_wake
        self._on_reset = on_reset
        self.listening = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made again."""
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                await self._listen()
            self.listening.clear()
            await asyncio.sleep(RECONNECT_S)

    async def _listen(self) -> None:
        connection = await ListeningConnection.open(self._conninfo)
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            self._on_reset()
            self.listening.set()
            async for notification in connection.notifies():
                wake = parse(notification.payload)
                if wake is not None:
                    self._on_wake(wake)


def parse(payload: str) -> Wake | None:
    """Read a payload; None if it is not one of ours."""
    try:
        kind, hexes, position = payload.split(":")
        return Wake(kind, UUID(hex=hexes), int(position))
    except ValueError:
        return None
