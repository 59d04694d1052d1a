"""What a person knows: payment PIN and recovery code, checked in the worker alone.

Stored as Argon2id of HMAC-SHA-256 over the secret with a pepper derived from the key-encryption
key, so a copy of the database is worth nothing without that key. Every try is counted and
committed before it is judged, so tries made at the same moment, or cut off by a crash, all count;
a right one sets the count back. After `TRIES_MAX` misses the next try is heard only after a delay,
which doubles with each further miss.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type
from sqlalchemy import delete, exists, or_, select, update
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

# OWASP's recommendation for Argon2id; the pepper carries what six digits cannot.
HASHER = PasswordHasher(
    time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)


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

    async def hash(self, kind: VerifierKind, user_id: UUID, secret: bytes) -> str:
        """What may be stored of a secret."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, self._peppered(kind, user_id, secret))

    async def check(self, kind: VerifierKind, user_id: UUID, secret: bytes) -> Verdict:
        """Judge one try, in transactions of its own: the count stands whatever the caller does."""
        now = self._clock.now()
        async with self._database.transaction() as db:
            counted = await db.execute(
                update(VerifierRow)
                .where(
                    VerifierRow.user_id == user_id,
                    VerifierRow.kind == kind,
                    or_(VerifierRow.locked_until.is_(None), VerifierRow.locked_until <= now),
                )
                .values(failures=VerifierRow.failures + 1)
                .returning(VerifierRow.hash, VerifierRow.failures)
            )
            row = counted.one_or_none()
            if row is None:
                return await self._unheard(db, kind, user_id)
            locked_until = now + delay_after(row.failures) if row.failures >= TRIES_MAX else None
            if locked_until is not None:
                await db.execute(
                    update(VerifierRow)
                    .where(VerifierRow.user_id == user_id, VerifierRow.kind == kind)
                    .values(locked_until=locked_until)
                )
        if await self._matches(row.hash, self._peppered(kind, user_id, secret)):
            async with self._database.transaction() as db:
                await db.execute(
                    update(VerifierRow)
                    .where(
                        VerifierRow.user_id == user_id,
                        VerifierRow.kind == kind,
                        VerifierRow.hash == row.hash,
                    )
                    .values(failures=0, locked_until=None)
                )
            return Verdict(right=True)
        return Verdict(
            right=False, reason="wrong", tries_left=max(0, TRIES_MAX - row.failures), retry_at=locked_until
        )

    async def _unheard(self, db: AsyncSession, kind: VerifierKind, user_id: UUID) -> Verdict:
        found = await db.execute(
            select(VerifierRow.locked_until).where(VerifierRow.user_id == user_id, VerifierRow.kind == kind)
        )
        row = found.one_or_none()
        if row is None:
            return Verdict(right=False, reason="missing")
        return Verdict(right=False, reason="locked", tries_left=0, retry_at=row.locked_until)

    async def _matches(self, hashed: str, peppered: bytes) -> bool:
        async with self._slots:
            try:
                return await asyncio.to_thread(self._hasher.verify, hashed, peppered)
            except (VerificationError, InvalidHashError):
                return False

    def _peppered(self, kind: VerifierKind, user_id: UUID, secret: bytes) -> bytes:
        return hmac.digest(self._pepper, kind.encode() + b":" + user_id.bytes + b":" + secret, hashlib.sha256)


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


async def locked_until(db: AsyncSession, kind: VerifierKind, user_id: UUID, now: datetime) -> datetime | None:
    """When the next try is heard, if not now."""
    found = await db.execute(
        select(VerifierRow.locked_until).where(
            VerifierRow.user_id == user_id, VerifierRow.kind == kind, VerifierRow.locked_until > now
        )
    )
    return found.scalar_one_or_none()
