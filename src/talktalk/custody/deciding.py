"""The worker's side of asks: take, open, decide, once each.

Who knows what an ask means registers a `Decider` for its purpose. Deciding happens in the
transaction that holds the ask's lock, so the decision and all its effects commit together. A
decider that fails for a reason of ours (database gone, ledger not reachable) leaves the ask
pending, to be taken again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
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
SET_MAX = 50
"""Asks decided in one transaction."""
SETS_AT_A_TIME = 2
"""While one waits for slow PINs, another goes on."""
GATHER_S = 0.05
"""Where several came together, more are on their way: the next set waits so long to grow. Who is alone
never waits."""
CAREFUL_S = 5.0
"""For so long asks are taken one by one after a set has failed."""

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


class SetDecider(Protocol):
    """Who decides many asks of one purpose in one transaction; no two of them are the same person's."""

    async def decide_all(self, db: AsyncSession, asked: Sequence[tuple[Ask, Secrets]]) -> list[Decision]:
        """Decide each, in the order given; what is wrong with one is its refusal, and touches no other.

        Raises:
            Unavailable: A part all of them need is down; they stay pending.
        """
        ...

    async def follow(self, db: AsyncSession, decided: Sequence[Ask]) -> Mapping[UUID, CustodyError]:
        """The decisions are in the rows; write what follows from all of them.

        Returns:
            Asks that were granted and cannot be carried out, nothing of which was written: they become
            pending again, and somebody must look.
        """
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
        sets: Mapping[AskPurpose, SetDecider],
        on_decided: Callable[[], None],
    ) -> None:
        """`sets` decide many at once what `deciders` decide one by one. `on_decided` is called once a
        decision is committed: something may have to be sent."""
        self._database = database
        self._key = key
        self._deciders = deciders
        self._sets = sets
        self._clock = clock
        self._on_decided = on_decided
        self._put_off: dict[UUID, float] = {}
        self._careful_until = 0.0
        self._wakes: list[tuple[AskPurpose | None, asyncio.Event]] = []

    def wake(self, purpose: AskPurpose | None = None) -> None:
        """Something may be pending, of that purpose if it is known: whoever is idle and takes it looks."""
        for of_set, event in self._wakes:
            if purpose is None or of_set == (purpose if purpose in self._sets else None):
                event.set()

    async def run(self) -> None:
        """Take asks until cancelled: a few of the single ones at a time, and sets of the others."""
        loops = [self._keep_taking(self.take_once, None) for _ in range(AT_A_TIME)]
        for purpose in self._sets:
            take = partial(self.take_set, purpose)
            loops += [self._keep_taking(take, purpose) for _ in range(SETS_AT_A_TIME)]
        await together(*loops)

    async def take_once(self) -> int:
        """Decide one ask; 0 if none is pending."""
        now = self._begin()
        ask_id: UUID | None = None
        try:
            async with self._database.transaction() as db:
                rows = await asks.take(db, list(self._deciders), list(self._put_off), 1)
                if not rows:
                    return 0
                ask_id = rows[0].id
                await self._decide(db, rows[0])
        except Unavailable as error:
            # Not its fault: it stays pending, and others go first for a while.
            log.warning("ask %s waits: %s", ask_id, error)
            self._put_off_until([ask_id], now + IDLE_S)
        except CustodyError:
            # A key that does not open, or bytes nobody may sign: somebody must look.
            log.exception("ask %s cannot be decided", ask_id)
            self._put_off_until([ask_id], now + BROKEN_AGAIN_S)
        else:
            self._on_decided()
        return 1

    async def take_set(self, purpose: AskPurpose) -> int:
        """Decide pending asks of one purpose together; how many there were.

        A set that fails as a whole is taken again ask by ask, so that one nobody can decide does not
        stand in the way of the others.
        """
        now = self._begin()
        limit = 1 if self._careful_until > now else SET_MAX
        ids: list[UUID] = []
        try:
            async with self._database.transaction() as db:
                rows = _one_each(await asks.take(db, [purpose], list(self._put_off), limit))
                if not rows:
                    return 0
                ids = [row.id for row in rows]
                undone = await self._decide_set(db, self._sets[purpose], rows)
        except Unavailable as error:
            log.warning("%s asks wait: %s", len(ids), error)
            self._put_off_until(ids, now + IDLE_S)
            return len(ids)
        except Exception:
            self._careful_until = now + CAREFUL_S
            if len(ids) == 1:
                self._put_off_until(ids, now + CAREFUL_S)
            raise
        for ask_id, why in undone.items():
            log.error("ask %s cannot be decided", ask_id, exc_info=why)
        self._put_off_until(undone, now + BROKEN_AGAIN_S)
        self._on_decided()
        return len(ids)

    def _begin(self) -> float:
        now = asyncio.get_running_loop().time()
        self._put_off = {ask_id: until for ask_id, until in self._put_off.items() if until > now}
        return now

    def _put_off_until(self, ask_ids: Iterable[UUID | None], until: float) -> None:
        for ask_id in ask_ids:
            if ask_id is not None:
                self._put_off[ask_id] = until

    async def _keep_taking(self, take: Callable[[], Awaitable[int]], of_set: AskPurpose | None) -> None:
        woken = (of_set, asyncio.Event())
        self._wakes.append(woken)
        try:
            while True:
                woken[1].clear()
                while count := await take():
                    if count > 1:
                        await asyncio.sleep(GATHER_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_S):
                        await woken[1].wait()
        finally:
            self._wakes.remove(woken)

    async def _decide_set(
        self, db: AsyncSession, decider: SetDecider, rows: Sequence[AskRow]
    ) -> Mapping[UUID, CustodyError]:
        sealed = {row.id: dict(row.sealed) for row in rows}
        asked = [(asks.view(row), Secrets(self._key, row)) for row in rows]
        for row, decision in zip(rows, await decider.decide_all(db, asked), strict=True):
            self._note(row, decision)
        await db.flush()
        undone = await decider.follow(db, [asks.view(row) for row in rows])
        for ask_id in undone:
            await asks.reopen(db, ask_id, sealed[ask_id])
        return undone

    def _note(self, row: AskRow, decision: Decision) -> None:
        row.state = AskState.GRANTED if decision.granted else AskState.REFUSED
        row.reason = decision.reason
        row.tries_left = decision.tries_left
        row.retry_at = decision.retry_at
        row.sealed = {}
        row.decided_at = self._clock.now()

    async def _decide(self, db: AsyncSession, row: AskRow) -> None:
        decider = self._deciders[AskPurpose(row.purpose)]
        try:
            async with db.begin_nested():  # what a decider wrote before it raised goes with it
                decision = await decider.decide(db, asks.view(row), Secrets(self._key, row))
        except Unavailable:
            raise
        except (Trouble, Unreadable) as error:
            decision = refusal_of(error)
        self._note(row, decision)
        await db.flush()
        if decision.granted:
            await decider.granted(db, asks.view(row))
        else:
            await decider.refused(db, asks.view(row))


def refusal_of(error: Trouble | Unreadable) -> Decision:
    """The refusal that an error means."""
    if isinstance(error, Unreadable):
        return Decision(granted=False, reason="worker_key_old" if error.key_is_old else "sealed_unreadable")
    return Decision(granted=False, reason=error.code)


def _one_each(rows: Sequence[AskRow]) -> list[AskRow]:
    """The oldest ask of each person; what they asked after it waits for the next set."""
    first: dict[UUID, AskRow] = {}
    for row in rows:
        first.setdefault(row.user_id, row)
    return list(first.values())
