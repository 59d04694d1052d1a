"""What a person knows: payment PIN and recovery code, checked in the worker alone.

Stored as Argon2id of HMAC-SHA-256 over the secret with a pepper derived from the key-encryption
key, so a copy of the database is worth nothing without that key. Every try is counted and
committed before it is judged, so tries made at the same moment, or cut off by a crash, all count;
a right one sets the count back. After `TRIES_MAX` misses the next try is heard only after a delay,
which doubles with each further miss. A PIN that was right within the last minutes is known again from
memory (`_Memory`); its tries are counted all the same.
"""

import asyncio
import hashlib
import hmac
import os
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type
from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.envelope import KeyEncryptionKey
from talktalk.custody.schemas import Verdict, VerifierKind
from talktalk.custody.tables import VerifierRow
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database

TRIES_MAX = 5
DELAY_S_FIRST = 30
DELAY_S_MAX = 24 * 3600
HASHES_AT_A_TIME = 2
"""Argon2 fills memory and a core; more at once only slows each down."""
REMEMBERED_S = 300.0
"""For so long a right PIN is known again without Argon2, from the moment it was judged by it."""
REMEMBERED_MAX = 20_000

# OWASP's recommendation for Argon2id; the pepper carries what six digits cannot.
HASHER = PasswordHasher(
    time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)


class _Memory:
    """PINs that were right a moment ago, so that who pays often is not hashed for each payment.

    Kept in this process alone, as a hash under a key that dies with it, bound to the person and to the
    very verifier: a PIN that was changed, or set anew by recovery, is not known, and a try that was
    wrong, or not heard, is forgotten with what was right before. It shortens judging, not counting.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = os.urandom(32)
        self._kept: dict[UUID, tuple[bytes, float]] = {}

    def knows(self, kind: VerifierKind, row: VerifierRow, peppered: bytes) -> bool:
        """Whether this was right for this very verifier within `REMEMBERED_S`."""
        digest, until = self._kept.get(row.user_id, (b"", 0.0))
        if kind is not VerifierKind.PIN or until <= self._clock.monotonic():
            return False
        return hmac.compare_digest(digest, self._digest(row, peppered))

    def keep(self, kind: VerifierKind, row: VerifierRow, peppered: bytes) -> None:
        """It was right."""
        if kind is not VerifierKind.PIN:
            return
        self._kept.pop(row.user_id, None)
        self._kept[row.user_id] = self._digest(row, peppered), self._clock.monotonic() + REMEMBERED_S
        if len(self._kept) > REMEMBERED_MAX:
            del self._kept[next(iter(self._kept))]

    def forget(self, kind: VerifierKind, user_id: UUID) -> None:
        """It was wrong, or not to be heard."""
        if kind is VerifierKind.PIN:
            self._kept.pop(user_id, None)

    def _digest(self, row: VerifierRow, peppered: bytes) -> bytes:
        return hmac.digest(self._key, row.user_id.bytes + peppered + row.hash.encode(), hashlib.sha256)


class Verifiers:
    """Sets and checks secrets of persons."""

    def __init__(
        self, database: Database, kek: KeyEncryptionKey, clock: Clock, *, hasher: PasswordHasher = HASHER
    ) -> None:
        """`hasher` is for the simulation alone, which has thousands of PINs judged."""
        self._database = database
        self._hasher = hasher
        self._pepper = kek.derive(b"talktalk/pepper")
        self._clock = clock
        self._slots = asyncio.Semaphore(HASHES_AT_A_TIME)
        self._memory = _Memory(clock)

    async def hash(self, kind: VerifierKind, user_id: UUID, secret: bytes) -> str:
        """What may be stored of a secret."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, self._peppered(kind, user_id, secret))

    async def check(self, kind: VerifierKind, user_id: UUID, secret: bytes) -> Verdict:
        """Judge one try, in transactions of its own: the count stands whatever the caller does."""
        return (await self.check_all(kind, {user_id: secret}))[user_id]

    async def check_all(self, kind: VerifierKind, tries: Mapping[UUID, bytes]) -> dict[UUID, Verdict]:
        """Judge one try of each of these people, in transactions of its own, as `check` does."""
        now = self._clock.now()
        async with self._database.transaction() as db:
            rows = {row.user_id: row for row in await _lock(db, kind, tries)}
            heard = [row for row in rows.values() if row.locked_until is None or row.locked_until <= now]
            for row in heard:
                row.failures += 1
                row.locked_until = now + delay_after(row.failures) if row.failures >= TRIES_MAX else None
        judged = await asyncio.gather(*(self._judge(kind, row, tries[row.user_id]) for row in heard))
        right = {row.user_id: row.hash for row, is_right in zip(heard, judged, strict=True) if is_right}
        if right:
            async with self._database.transaction() as db:
                for row in await _lock(db, kind, right):
                    if row.hash == right[row.user_id]:  # else it was changed meanwhile
                        row.failures, row.locked_until = 0, None
        verdicts = {}
        for row in heard:
            verdicts[row.user_id] = (
                Verdict(right=True)
                if row.user_id in right
                else Verdict(
                    right=False,
                    reason="wrong",
                    tries_left=max(0, TRIES_MAX - row.failures),
                    retry_at=row.locked_until,
                )
            )
        for user_id in tries.keys() - verdicts.keys():
            verdicts[user_id] = self._unheard(kind, user_id, rows.get(user_id))
        return verdicts

    def _unheard(self, kind: VerifierKind, user_id: UUID, row: VerifierRow | None) -> Verdict:
        self._memory.forget(kind, user_id)
        if row is None:
            return Verdict(right=False, reason="missing")
        return Verdict(right=False, reason="locked", tries_left=0, retry_at=row.locked_until)

    async def _judge(self, kind: VerifierKind, row: VerifierRow, secret: bytes) -> bool:
        peppered = self._peppered(kind, row.user_id, secret)
        if self._memory.knows(kind, row, peppered):
            return True
        if await self._matches(row.hash, peppered):
            self._memory.keep(kind, row, peppered)
            return True
        self._memory.forget(kind, row.user_id)
        return False

    async def _matches(self, hashed: str, peppered: bytes) -> bool:
        async with self._slots:
            try:
                return await asyncio.to_thread(self._hasher.verify, hashed, peppered)
            except (VerificationError, InvalidHashError):
                return False

    def _peppered(self, kind: VerifierKind, user_id: UUID, secret: bytes) -> bytes:
        return hmac.digest(self._pepper, kind.encode() + b":" + user_id.bytes + b":" + secret, hashlib.sha256)


async def _lock(db: AsyncSession, kind: VerifierKind, user_ids: Collection[UUID]) -> list[VerifierRow]:
    """These people's verifiers under their locks, taken in the order of the ids."""
    found = await db.execute(
        select(VerifierRow)
        .where(VerifierRow.user_id.in_(user_ids), VerifierRow.kind == kind)
        .order_by(VerifierRow.user_id)
        .with_for_update()
    )
    return list(found.scalars())


def delay_after(failures: int) -> timedelta:
    """How long the next try waits after so many misses in a row."""
    doubled = DELAY_S_FIRST * 2 ** min(failures - TRIES_MAX, 20)
    return timedelta(seconds=min(doubled, DELAY_S_MAX))


async def is_set(db: AsyncSession, kind: VerifierKind, user_id: UUID) -> bool:
    """Whether the person has one."""
    found = await db.execute(select(exists().where(VerifierRow.user_id == user_id, VerifierRow.kind == kind)))
    return bool(found.scalar_one())


async def set_by(db: AsyncSession, user_ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Those of the people who have set a PIN, and those who have a recovery code."""
    found = await db.execute(
        select(VerifierRow.user_id, VerifierRow.kind).where(VerifierRow.user_id.in_(user_ids))
    )
    pins: set[UUID] = set()
    codes: set[UUID] = set()
    for user_id, kind in found:
        (pins if kind == VerifierKind.PIN else codes).add(user_id)
    return pins, codes


async def put_hash(db: AsyncSession, kind: VerifierKind, user_id: UUID, hashed: str, now: datetime) -> None:
    """Store a hash made by `Verifiers.hash`; it replaces the old one and forgives its misses."""
    values = {"hash": hashed, "failures": 0, "locked_until": None, "set_at": now}
    await db.execute(
        insert(VerifierRow)
        .values(user_id=user_id, kind=kind, **values)
        .on_conflict_do_update(index_elements=["user_id", "kind"], set_=values)
    )


async def forget(db: AsyncSession, kind: VerifierKind, user_id: UUID) -> None:
    """Void a secret: nobody knows it any more."""
    await db.execute(delete(VerifierRow).where(VerifierRow.user_id == user_id, VerifierRow.kind == kind))


async def hearing(db: AsyncSession, kind: VerifierKind, user_id: UUID) -> tuple[bool, datetime | None]:
    """Whether the person has one, and from when the next try is heard if there were too many."""
    found = await db.execute(
        select(VerifierRow.locked_until).where(VerifierRow.user_id == user_id, VerifierRow.kind == kind)
    )
    row = found.one_or_none()
    return (False, None) if row is None else (True, row.locked_until)
