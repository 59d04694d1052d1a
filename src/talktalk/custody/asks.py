"""Asks: how web hands the worker what it may not read itself.

Web writes an ask with sealed secrets and its context, in the transaction of the fact it belongs
to, and wakes the worker. A worker takes pending asks under their row locks, so an ask
is decided once, and one that a dying worker held is free at once. The secrets are emptied when the
ask is decided. A granted approval is used up by the one signature it allows.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.errors import WorkerKeyOld
from talktalk.custody.schemas import Approval, Ask, AskPurpose, AskState
from talktalk.custody.tables import AskRow, WorkerKeyRow
from talktalk.platform.ids import uuid7
from talktalk.platform.wake import Wake, notify

WAKE_KIND = "ask"
PURPOSES = list(AskPurpose)
"""A wake-up's position says of which purpose the ask is."""
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
    await notify(db, Wake(WAKE_KIND, ask_id, PURPOSES.index(purpose)))
    return ask_id


async def take(
    db: AsyncSession, purposes: Collection[AskPurpose], skip: Collection[UUID], limit: int
) -> list[AskRow]:
    """The oldest pending asks of these purposes nobody else holds, under their locks until the
    transaction ends."""
    found = await db.execute(
        select(AskRow)
        .where(AskRow.state == AskState.PENDING, AskRow.purpose.in_(purposes), AskRow.id.not_in(skip))
        .order_by(AskRow.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(found.scalars())


async def reopen(db: AsyncSession, ask_id: UUID, sealed: Mapping[str, str]) -> None:
    """Take back a decision of this very transaction: the ask is pending as before."""
    await db.execute(
        update(AskRow)
        .where(AskRow.id == ask_id)
        .values(
            state=AskState.PENDING,
            reason=None,
            tries_left=None,
            retry_at=None,
            sealed=dict(sealed),
            decided_at=None,
            used_at=None,
        )
    )


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


async def use_all(db: AsyncSession, approvals: Sequence[Approval], now: datetime) -> set[UUID]:
    """Use up granted approvals.

    Returns:
        The asks that allow their signature: not one that is not granted, is somebody else's, is for
        something else, or was used before.
    """
    by_id = {approval.ask_id: approval for approval in approvals}
    found = await db.execute(
        select(AskRow.id, AskRow.user_id, AskRow.purpose, AskRow.context)
        .where(AskRow.id.in_(by_id), AskRow.state == AskState.GRANTED, AskRow.used_at.is_(None))
        .order_by(AskRow.id)
        .with_for_update()
    )
    used = {
        row.id
        for row in found
        if (row.user_id, row.purpose, row.context)
        == (by_id[row.id].user_id, by_id[row.id].purpose, bytes.fromhex(by_id[row.id].signing_hash))
    }
    await db.execute(update(AskRow).where(AskRow.id.in_(used)).values(used_at=now))
    return used


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


def purpose_of(wake: Wake) -> AskPurpose | None:
    """Of what purpose the ask is that a wake-up tells of; None if it is one this process does not know."""
    return PURPOSES[wake.position] if 0 <= wake.position < len(PURPOSES) else None
