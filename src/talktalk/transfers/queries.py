"""Every statement over the transfers table."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.transfers.tables import TransferRow
from talktalk_wire.transfers import TransferState


async def by_key(db: AsyncSession, sender_id: UUID, idempotency_key: str) -> TransferRow | None:
    """The intent this key made."""
    found = await db.execute(
        select(TransferRow).where(
            TransferRow.sender_id == sender_id, TransferRow.idempotency_key == idempotency_key
        )
    )
    return found.scalar_one_or_none()


async def insert_new(db: AsyncSession, values: dict[str, Any]) -> TransferRow | None:
    """A new intent; None if its key has made one, at this very moment perhaps."""
    made = await db.execute(
        insert(TransferRow)
        .values(**values)
        .on_conflict_do_nothing(constraint="uq_transfers_sender_id_idempotency_key")
        .returning(TransferRow)
    )
    return made.scalar_one_or_none()


async def one(
    db: AsyncSession, transfer_id: UUID, *, sender_id: UUID | None = None, lock: bool = False
) -> TransferRow | None:
    """One transfer, of that sender if named; with `lock`, under its row lock."""
    statement = select(TransferRow).where(TransferRow.id == transfer_id)
    if sender_id is not None:
        statement = statement.where(TransferRow.sender_id == sender_id)
    if lock:
        statement = statement.with_for_update()
    found = await db.execute(statement.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def seen_by(db: AsyncSession, transfer_id: UUID, user_id: UUID) -> TransferRow | None:
    """One transfer, if the person sent it, or receives it and it was approved."""
    found = await db.execute(
        select(TransferRow).where(
            TransferRow.id == transfer_id,
            or_(
                TransferRow.sender_id == user_id,
                (TransferRow.recipient_id == user_id) & TransferRow.tx_hash.is_not(None),
            ),
        )
    )
    return found.scalar_one_or_none()


async def locked(db: AsyncSession, ids: Collection[UUID]) -> list[TransferRow]:
    """These transfers under their locks, taken in the order of their ids."""
    found = await db.execute(
        select(TransferRow)
        .where(TransferRow.id.in_(ids))
        .order_by(TransferRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def live_spends(db: AsyncSession, network: str, account: str, asset: str) -> list[str]:
    """How much of a token each signed, unsettled transfer of the account takes at most."""
    found = await db.execute(
        select(TransferRow.spend_value).where(
            TransferRow.network == network,
            TransferRow.account == account,
            TransferRow.spend_asset == asset,
            TransferRow.state.in_((TransferState.SIGNED, TransferState.SUBMITTED)),
        )
    )
    return [value for value in found.scalars() if value is not None]


async def page(db: AsyncSession, sender_id: UUID, *, before: UUID | None, limit: int) -> list[TransferRow]:
    """A person's transfers, newest first, older than `before`."""
    statement = select(TransferRow).where(TransferRow.sender_id == sender_id)
    if before is not None:
        statement = statement.where(TransferRow.id < before)
    found = await db.execute(statement.order_by(TransferRow.id.desc()).limit(limit))
    return list(found.scalars())


async def quotes_lapsed(db: AsyncSession, now: datetime, limit: int) -> list[TransferRow]:
    """Drafts whose price has expired, under their locks."""
    found = await db.execute(
        select(TransferRow)
        .where(TransferRow.state == TransferState.DRAFTED, TransferRow.quote_expires_at < now)
        .order_by(TransferRow.quote_expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(found.scalars())


async def lapsed(db: AsyncSession, before: datetime, limit: int) -> list[TransferRow]:
    """Drafts made before then, under their locks."""
    found = await db.execute(
        select(TransferRow)
        .where(TransferRow.state == TransferState.DRAFTED, TransferRow.created_at < before)
        .order_by(TransferRow.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(found.scalars())
