"""The worker's side of asks: take, open, decide, once each.

Who knows what an ask means registers a `Decider` for its purpose. Deciding happens in the
transaction that holds the ask's lock, so the decision and all its effects commit together. A
decider that fails for a reason of ours (database gone, ledger not reachable) leaves the ask
pending, to be taken again.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody import asks
from talktalk.custody.errors import CustodyError, Unreadable
from talktalk.custody.schemas import Ask, AskPurpose, AskState
from talktalk.custody.sealed_secrets import WorkerKey
from talktalk.custody.tables import AskRow
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database
from talktalk.platform.problems import Trouble, Unavailable
from talktalk.platform.tasks import together

IDLE_S = 1.0
BROKEN_AGAIN_S = 60.0
AT_A_TIME = 4

log = logging.getLogger(__name__)


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a decider says. `reason` names a refusal."""

    granted: bool
    reason: str | None = None
    tries_left: int | None = None
    retry_at: datetime | None = None


class Secrets:
    """The sealed secrets of one ask; each opens for its purpose and context alone."""

    def __init__(self, key: WorkerKey, row: AskRow) -> None:
        self._key = key
        self._key_id = row.worker_key_id
        self._sealed = dict(row.sealed)

    def __repr__(self) -> str:
        return f"<Secrets {sorted(self._sealed)}>"

    def has(self, name: str) -> bool:
        """Whether the device sent it."""
        return name in self._sealed

    def open(self, name: str, purpose: str, context: bytes) -> bytes:
        """The plaintext.

        Raises:
            Unreadable: Not sent, or does not open.
        """
        if name not in self._sealed:
            raise Unreadable
        return self._key.open(str(self._sealed[name]), self._key_id, purpose, context)


class Decider(Protocol):
    """Who knows what asks of one purpose mean."""

    async def decide(self, db: AsyncSession, ask: Ask, secrets: Secrets) -> Decision:
        """Decide, and write what follows from a refusal or a grant.

        Raises:
            Unreadable: A secret does not open; `refused` is called next, as for any `Trouble`.
            Unavailable: A part it needs is down; the ask stays pending.
        """
        ...

    async def granted(self, db: AsyncSession, ask: Ask) -> None:
        """The grant is in the row; do what needs it there (sign)."""
        ...

    async def refused(self, db: AsyncSession, ask: Ask) -> None:
        """The refusal is in the row; write what follows from it."""
        ...


class AskTaker:
    """Decides pending asks for as long as `run` runs."""

    def __init__(
        self,
        database: Database,
        key: WorkerKey,
        deciders: Mapping[AskPurpose, Decider],
        clock: Clock,
        *,
        on_decided: Callable[[], None],
    ) -> None:
        """`on_decided` is called once a decision is committed: something may have to be sent."""
        self._database = database
        self._key = key
        self._deciders = deciders
        self._clock = clock
        self._on_decided = on_decided
        self._put_off: dict[UUID, float] = {}
        self._wakes = [asyncio.Event() for _ in range(AT_A_TIME)]

    def wake(self) -> None:
        """Something may be pending: whoever is idle looks."""
        for event in self._wakes:
            event.set()

    async def run(self) -> None:
        """Take asks until cancelled, a few at a time."""
        await together(*(self._run_one(event) for event in self._wakes))

    async def take_once(self) -> bool:
        """Decide one ask; False if none is pending."""
        now = asyncio.get_running_loop().time()
        self._put_off = {ask_id: until for ask_id, until in self._put_off.items() if until > now}
        ask_id: UUID | None = None
        try:
            async with self._database.transaction() as db:
                row = await asks.take_next(db, set(self._put_off))
                if row is None:
                    return False
                ask_id = row.id
                await self._decide(db, row)
        except Unavailable as error:
            # Not its fault: it stays pending, and others go first for a while.
            log.warning("ask %s waits: %s", ask_id, error)
            self._put_off_until(ask_id, now + IDLE_S)
        except CustodyError:
            # A key that does not open, or bytes nobody may sign: somebody must look.
            log.exception("ask %s cannot be decided", ask_id)
            self._put_off_until(ask_id, now + BROKEN_AGAIN_S)
        else:
            self._on_decided()
        return True

    def _put_off_until(self, ask_id: UUID | None, until: float) -> None:
        if ask_id is not None:
            self._put_off[ask_id] = until

    async def _run_one(self, event: asyncio.Event) -> None:
        while True:
            event.clear()
            while await self.take_once():
                pass
            try:
                async with asyncio.timeout(IDLE_S):
                    await event.wait()
            except TimeoutError:
                continue

    async def _decide(self, db: AsyncSession, row: AskRow) -> None:
        decider = self._deciders[AskPurpose(row.purpose)]
        try:
            async with db.begin_nested():  # what a decider wrote before it raised goes with it
                decision = await decider.decide(db, asks.view(row), Secrets(self._key, row))
        except Unreadable as error:
            reason = "worker_key_old" if error.key_is_old else "sealed_unreadable"
            decision = Decision(granted=False, reason=reason)
        except Unavailable:
            raise
        except Trouble as trouble:
            decision = Decision(granted=False, reason=trouble.code)
        row.state = AskState.GRANTED if decision.granted else AskState.REFUSED
        row.reason = decision.reason
        row.tries_left = decision.tries_left
        row.retry_at = decision.retry_at
        row.sealed = {}
        row.decided_at = self._clock.now()
        await db.flush()
        if decision.granted:
            await decider.granted(db, asks.view(row))
        else:
            await decider.refused(db, asks.view(row))
