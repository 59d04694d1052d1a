"""Stored answers: a repeated write gets the answer of the first, and happens once.

A signed-in caller may send `Idempotency-Key` with any POST, PUT, PATCH or DELETE whose handler uses
the request's transaction. The key's row is written in that transaction, first thing: a second request
with the key waits for the first to end, and then gets its stored answer. If the first failed, its row
went with it, and the second runs. The same key with another input is 409. Answers are kept for a day.

Transfers keep their keys for ever on their own rows and opt out with `opt={"idempotency": "own"}`.
"""

import hashlib
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base
from talktalk.platform.problems import Trouble

KEY_LENGTH_MAX = 128
REPLAY_HEADER = "Idempotency-Replayed"
"""`true` on an answer to a request that was answered before."""
KEEP = timedelta(days=1)
BODY_BYTES_MAX = 256 * 1024
FORGET_BATCH = 1_000


class StoredAnswer(Base):
    """The answer to a keyed write; without status while the write is under way."""

    __tablename__ = "stored_answers"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    input_hash: Mapped[bytes]
    status: Mapped[int | None]
    media_type: Mapped[str | None]
    body: Mapped[bytes | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class IdempotencyKeyReused(Trouble):
    """The key was used for another request."""

    status, code, title = 409, "idempotency_key_reused", "This key was used for another request"


class IdempotencyKeyInvalid(Trouble):
    """The key is empty or too long."""

    status, code, title = 400, "idempotency_key_invalid", "The idempotency key is empty or too long"


class Replay(Exception):
    """Not an error: the write was done before, and this was its answer."""

    def __init__(self, status: int, media_type: str, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.media_type = media_type
        self.body = body


class KeyedWrite:
    """One request that carries a key, from its start to its stored answer."""

    current: ClassVar[ContextVar["KeyedWrite | None"]] = ContextVar("keyed_write", default=None)

    def __init__(self, user_id: UUID, key: str, input_hash: bytes, now: datetime) -> None:
        if not 0 < len(key) <= KEY_LENGTH_MAX:
            raise IdempotencyKeyInvalid
        self._user_id = user_id
        self._key = key
        self._input_hash = input_hash
        self._now = now
        self._answer: tuple[int, str, bytes] | None = None

    async def begin(self, db: AsyncSession) -> None:
        """Claim the key in the write's transaction; waits for another request that holds it.

        Raises:
            Replay: The write was done; this is its answer.
            IdempotencyKeyReused: It was done for another input.
        """
        mine = {"user_id": self._user_id, "key": self._key}
        claim = insert(StoredAnswer).values(**mine, input_hash=self._input_hash, expires_at=self._now + KEEP)
        # An expired answer counts as none: it is taken over in place.
        taken_over = claim.on_conflict_do_update(
            index_elements=[StoredAnswer.user_id, StoredAnswer.key],
            set_={
                "input_hash": claim.excluded.input_hash,
                "expires_at": claim.excluded.expires_at,
                "status": None,
                "media_type": None,
                "body": None,
            },
            where=StoredAnswer.expires_at <= self._now,
        )
        if (await db.execute(taken_over.returning(StoredAnswer.key))).scalar_one_or_none() is not None:
            return
        found = await db.execute(select(StoredAnswer).filter_by(**mine))
        row = found.scalar_one()
        if row.input_hash != self._input_hash:
            raise IdempotencyKeyReused
        raise Replay(row.status or 204, row.media_type or "application/json", row.body or b"")

    def answered(self, status: int, media_type: str, body: bytes) -> None:
        """Note the answer; `finish` stores it."""
        self._answer = (status, media_type, body)

    async def finish(self, db: AsyncSession) -> None:
        """Store the answer in the write's transaction. One too large to keep is answered empty on repeat."""
        if self._answer is None:
            return
        status, media_type, body = self._answer
        if len(body) > BODY_BYTES_MAX:
            status, body = 204, b""
        await db.execute(
            update(StoredAnswer)
            .where(StoredAnswer.user_id == self._user_id, StoredAnswer.key == self._key)
            .values(status=status, media_type=media_type, body=body)
        )


def hash_input(method: str, target: str, body: bytes) -> bytes:
    """What must be equal for a request to be a repetition."""
    return hashlib.sha256(f"{method} {target}\0".encode() + body).digest()


async def forget_expired(db: AsyncSession, now: datetime) -> int:
    """Remove expired answers; returns how many (at most `FORGET_BATCH`)."""
    old = (
        select(StoredAnswer.user_id, StoredAnswer.key)
        .where(StoredAnswer.expires_at <= now)
        .limit(FORGET_BATCH)
    )
    rows = (await db.execute(old)).all()
    for user_id, key in rows:
        await db.execute(
            delete(StoredAnswer).where(
                StoredAnswer.user_id == user_id, StoredAnswer.key == key, StoredAnswer.expires_at <= now
            )
        )
    return len(rows)
