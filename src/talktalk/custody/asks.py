"""Asks: how web hands the worker what it may not read itself.

Web writes an ask with sealed secrets and its context, in the transaction of the fact it belongs
to, and wakes the worker. A worker takes pending asks one by one under their row lock, so an ask
is decided once, and one that a dying worker held is free at once. The secrets are emptied when the
ask is decided. A granted approval is used up by the one signature it allows.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.errors import WorkerKeyOld
from talktalk.custody.schemas import Ask, AskPurpose, AskState
from talktalk.custody.tables import AskRow, WorkerKeyRow
from talktalk.platform.ids import uuid7
from talktalk.platform.wake import Wake, notify

WAKE_KIND = "ask"
KEY_ID = re.compile(r"[0-9a-f]{16}")


async def write(
    db: AsyncSession,
    *,
    purpose: AskPurpose,
    user_id: UUID,
    device_id: UUID,
    session_id: UUID,
    subject_id: UUID | None,
    context: bytes,
    worker_key_id: str,
    sealed: Mapping[str, str],
    now: datetime,
) -> UUID:
    """Write an ask and wake a worker once this commits.

    Raises:
        WorkerKeyOld: The secrets are sealed to a key no worker has published.
    """
    if not KEY_ID.fullmatch(worker_key_id) or await db.get(WorkerKeyRow, worker_key_id) is None:
        raise WorkerKeyOld
    ask_id = uuid7()
    db.add(
        AskRow(
            id=ask_id,
            purpose=purpose,
            user_id=user_id,
            device_id=device_id,
            session_id=session_id,
            subject_id=subject_id,
            context=context,
            worker_key_id=worker_key_id,
            sealed=dict(sealed),
            state=AskState.PENDING,
            created_at=now,
        )
    )
    await db.flush()
    await notify(db, Wake(WAKE_KIND, ask_id, 0))
    return ask_id


async def take_next(db: AsyncSession, skip: set[UUID]) -> AskRow | None:
    """The oldest pending ask nobody else holds, under its lock until the transaction ends."""
    found = await db.execute(
        select(AskRow)
        .where(AskRow.state == AskState.PENDING, AskRow.id.not_in(skip))
        .order_by(AskRow.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return found.scalar_one_or_none()


async def read(db: AsyncSession, ask_id: UUID) -> Ask | None:
    """An ask without its secrets."""
    row = await db.get(AskRow, ask_id, populate_existing=True)
    return None if row is None else view(row)


async def withdraw(db: AsyncSession, ask_id: UUID) -> bool:
    """Take back a pending ask; False if it is decided. Waits for a worker that is deciding it."""
    return await _withdraw(db, AskRow.id == ask_id)


async def withdraw_about(db: AsyncSession, subject_id: UUID, user_id: UUID) -> bool:
    """Take back the person's pending asks about something; False if there are none."""
    return await _withdraw(db, (AskRow.subject_id == subject_id) & (AskRow.user_id == user_id))


async def _withdraw(db: AsyncSession, which: ColumnElement[bool]) -> bool:
    changed = await db.execute(
        update(AskRow)
        .where(which, AskRow.state == AskState.PENDING)
        .values(state=AskState.WITHDRAWN, sealed={})
        .returning(AskRow.id)
    )
    return changed.first() is not None


async def use(
    db: AsyncSession, *, ask_id: UUID, user_id: UUID, purpose: AskPurpose, context: bytes, now: datetime
) -> bool:
    """Use up a granted approval; False if it is not granted, is somebody else's, is for something
    else, or was used before."""
    changed = await db.execute(
        update(AskRow)
        .where(
            AskRow.id == ask_id,
            AskRow.user_id == user_id,
            AskRow.context == context,
            AskRow.purpose == purpose,
            AskRow.state == AskState.GRANTED,
            AskRow.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(AskRow.id)
    )
    return changed.first() is not None


def view(row: AskRow) -> Ask:
    """A row without its secrets."""
    return Ask(
        id=row.id,
        purpose=AskPurpose(row.purpose),
        user_id=row.user_id,
        device_id=row.device_id,
        session_id=row.session_id,
        subject_id=row.subject_id,
        context=row.context,
        state=AskState(row.state),
        reason=row.reason,
        tries_left=row.tries_left,
        retry_at=row.retry_at,
    )
