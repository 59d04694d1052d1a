"""Every statement over the invitations table."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.transfers.invitations.rules import JOINED
from talktalk.transfers.invitations.tables import InvitationRow
from talktalk.transfers.tables import TransferRow
from talktalk_wire.invitations import InvitationState

OPEN = (InvitationState.WAITING, JOINED, InvitationState.READY, InvitationState.PAYING)
LAPSING = (InvitationState.WAITING, JOINED, InvitationState.READY)
"""What expires; a payment on its way is waited for."""


async def by_key(db: AsyncSession, sender_id: UUID, idempotency_key: str) -> InvitationRow | None:
    """The invitation this key made."""
    found = await db.execute(
        select(InvitationRow).where(
            InvitationRow.sender_id == sender_id, InvitationRow.idempotency_key == idempotency_key
        )
    )
    return found.scalar_one_or_none()


async def insert_new(db: AsyncSession, values: dict[str, Any]) -> InvitationRow | None:
    """A new invitation; None if its key has made one, or one to this number is open."""
    made = await db.execute(
        insert(InvitationRow).values(**values).on_conflict_do_nothing().returning(InvitationRow)
    )
    return made.scalar_one_or_none()


async def count_open(db: AsyncSession, sender_id: UUID) -> int:
    """Open invitations of a person."""
    found = await db.execute(
        select(func.count()).where(InvitationRow.sender_id == sender_id, InvitationRow.state.in_(OPEN))
    )
    return found.scalar_one()


async def one(
    db: AsyncSession, invitation_id: UUID, sender_id: UUID, *, lock: bool = False
) -> InvitationRow | None:
    """One invitation of a person; with `lock`, under its row lock."""
    statement = select(InvitationRow).where(
        InvitationRow.id == invitation_id, InvitationRow.sender_id == sender_id
    )
    if lock:
        statement = statement.with_for_update()
    found = await db.execute(statement.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def page(db: AsyncSession, sender_id: UUID, *, before: UUID | None, limit: int) -> list[InvitationRow]:
    """A person's invitations, newest first, older than `before`."""
    statement = select(InvitationRow).where(InvitationRow.sender_id == sender_id)
    if before is not None:
        statement = statement.where(InvitationRow.id < before)
    found = await db.execute(statement.order_by(InvitationRow.id.desc()).limit(limit))
    return list(found.scalars())


async def note_message(db: AsyncSession, invitation_id: UUID, fate: str) -> None:
    """What became of the text message."""
    await db.execute(update(InvitationRow).where(InvitationRow.id == invitation_id).values(message=fate))


async def note_joined(db: AsyncSession, phone: str, person_id: UUID, now: datetime) -> None:
    """The number has signed up."""
    await db.execute(
        update(InvitationRow)
        .where(
            InvitationRow.phone == phone,
            InvitationRow.state == InvitationState.WAITING,
            InvitationRow.expires_at > now,
        )
        .values(state=JOINED, person_id=person_id, updated_at=now)
    )


async def joined(db: AsyncSession, limit: int) -> list[tuple[UUID, UUID]]:
    """(invitation, person) of those whose wallet is waited for, longest waiting first."""
    found = await db.execute(
        select(InvitationRow.id, InvitationRow.person_id)
        .where(InvitationRow.state == JOINED, InvitationRow.person_id.is_not(None))
        .order_by(InvitationRow.updated_at)
        .limit(limit)
    )
    return [(row.id, row.person_id) for row in found]


async def locked(db: AsyncSession, ids: Collection[UUID], state: str) -> list[InvitationRow]:
    """Those of the invitations that are in this state, under their locks, in the order of their ids."""
    if not ids:
        return []
    found = await db.execute(
        select(InvitationRow)
        .where(InvitationRow.id.in_(ids), InvitationRow.state == state)
        .order_by(InvitationRow.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def ended_transfers(db: AsyncSession, terminal: Collection[str], limit: int) -> dict[UUID, str]:
    """Invitation → the end of its transfer, of those being paid."""
    found = await db.execute(
        select(InvitationRow.id, TransferRow.state)
        .join(TransferRow, TransferRow.id == InvitationRow.transfer_id)
        .where(InvitationRow.state == InvitationState.PAYING, TransferRow.state.in_(terminal))
        .limit(limit)
    )
    return {row.id: row.state for row in found}


async def lapsed(db: AsyncSession, now: datetime, limit: int) -> list[InvitationRow]:
    """Open invitations whose time has passed, under their locks."""
    found = await db.execute(
        select(InvitationRow)
        .where(InvitationRow.state.in_(LAPSING), InvitationRow.expires_at <= now)
        .order_by(InvitationRow.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(found.scalars())
