"""Every statement over the tables of requests."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.transfers.requests.tables import CreditRow, RequestRow, ShareRow
from talktalk.transfers.tables import TransferRow
from talktalk_wire.requests import MoneyRequestState
from talktalk_wire.transfers import TransferState

LIVE = (TransferState.SIGNING, TransferState.SIGNED, TransferState.SUBMITTED)
"""Approved, and not yet decided by the ledger. A draft holds nothing: the first approved has it."""


async def by_key(db: AsyncSession, requester_id: UUID, idempotency_key: str) -> RequestRow | None:
    """The request this key made."""
    found = await db.execute(
        select(RequestRow).where(
            RequestRow.requester_id == requester_id, RequestRow.idempotency_key == idempotency_key
        )
    )
    return found.scalar_one_or_none()


async def insert_new(db: AsyncSession, values: Mapping[str, Any]) -> RequestRow | None:
    """A new request; None if its key has made one, at this very moment perhaps."""
    made = await db.execute(
        insert(RequestRow)
        .values(**values)
        .on_conflict_do_nothing(constraint="uq_money_requests_requester_id_idempotency_key")
        .returning(RequestRow)
    )
    return made.scalar_one_or_none()


async def locked(db: AsyncSession, ids: Collection[UUID]) -> list[RequestRow]:
    """These requests under their locks, in the order of their ids."""
    if not ids:
        return []
    found = await db.execute(
        select(RequestRow)
        .where(RequestRow.id.in_(ids))
        .order_by(RequestRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def due(db: AsyncSession, now: datetime, limit: int) -> list[RequestRow]:
    """Open requests whose end has come, under their locks."""
    found = await db.execute(
        select(RequestRow)
        .where(RequestRow.state == MoneyRequestState.OPEN, RequestRow.expires_at <= now)
        .order_by(RequestRow.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return sorted(found.scalars(), key=lambda row: row.id)


async def one_seen_by(db: AsyncSession, request_id: UUID, user_id: UUID) -> RequestRow | None:
    """One request, if the person made it or is asked by it."""
    asked = select(ShareRow.request_id).where(ShareRow.debtor_id == user_id)
    found = await db.execute(
        select(RequestRow)
        .where(
            RequestRow.id == request_id,
            or_(RequestRow.requester_id == user_id, RequestRow.id.in_(asked)),
        )
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def shares_of(db: AsyncSession, request_ids: Collection[UUID]) -> dict[UUID, list[ShareRow]]:
    """The shares of each request, in the order in which people were named."""
    if not request_ids:
        return {}
    found = await db.execute(
        select(ShareRow)
        .where(ShareRow.request_id.in_(request_ids))
        .order_by(ShareRow.request_id, ShareRow.position)
        .execution_options(populate_existing=True)
    )
    by_request: dict[UUID, list[ShareRow]] = {request_id: [] for request_id in request_ids}
    for share in found.scalars():
        by_request[share.request_id].append(share)
    return by_request


async def count_open(db: AsyncSession, requester_id: UUID) -> int:
    """How many requests of a person are open."""
    found = await db.execute(
        select(func.count()).where(
            RequestRow.requester_id == requester_id, RequestRow.state == MoneyRequestState.OPEN
        )
    )
    return found.scalar_one()


async def page(
    db: AsyncSession, user_id: UUID, *, made: bool | None, is_open: bool, before: UUID | None, limit: int
) -> list[RequestRow]:
    """Requests a person made (`made`), is asked by (not), or both (None), newest first."""
    asked = RequestRow.id.in_(select(ShareRow.request_id).where(ShareRow.debtor_id == user_id))
    mine = RequestRow.requester_id == user_id
    statement = select(RequestRow).where(or_(mine, asked) if made is None else mine if made else asked)
    if is_open:
        statement = statement.where(RequestRow.state == MoneyRequestState.OPEN)
    if before is not None:
        statement = statement.where(RequestRow.id < before)
    found = await db.execute(statement.order_by(RequestRow.id.desc()).limit(limit))
    return list(found.scalars())


async def credit(db: AsyncSession, transfer_id: UUID, units_by_share: Mapping[UUID, int]) -> None:
    """Write what a new transfer is to pay."""
    await db.execute(
        insert(CreditRow),
        [
            {"transfer_id": transfer_id, "share_id": share_id, "units": units}
            for share_id, units in sorted(units_by_share.items())
        ],
    )


async def credits_of(db: AsyncSession, transfer_ids: Collection[UUID]) -> list[CreditRow]:
    """What transfers pay."""
    found = await db.execute(select(CreditRow).where(CreditRow.transfer_id.in_(transfer_ids)))
    return list(found.scalars())


async def requests_paid_by(db: AsyncSession, transfer_ids: Collection[UUID]) -> set[UUID]:
    """The requests whose shares these transfers pay."""
    found = await db.execute(
        select(ShareRow.request_id)
        .join(CreditRow, CreditRow.share_id == ShareRow.id)
        .where(CreditRow.transfer_id.in_(transfer_ids))
        .distinct()
    )
    return set(found.scalars())


async def sums(db: AsyncSession, share_ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """Of each share what is paid and what is on its way, of the transfers as they are now."""
    found = await db.execute(
        select(CreditRow.share_id, TransferRow.state, func.sum(CreditRow.units))
        .join(TransferRow, TransferRow.id == CreditRow.transfer_id)
        .where(CreditRow.share_id.in_(share_ids), TransferRow.state.in_([*LIVE, TransferState.SETTLED]))
        .group_by(CreditRow.share_id, TransferRow.state)
    )
    counted: dict[UUID, tuple[int, int]] = dict.fromkeys(share_ids, (0, 0))
    for share_id, state, units in found:
        paid, live = counted[share_id]
        is_paid = state == TransferState.SETTLED
        counted[share_id] = (paid + int(units), live) if is_paid else (paid, live + int(units))
    return counted


async def of_room(db: AsyncSession, room_id: UUID) -> list[tuple[RequestRow, ShareRow]]:
    """Every share whose card stands in a room, with its request."""
    found = await db.execute(
        select(RequestRow, ShareRow)
        .join(ShareRow, ShareRow.request_id == RequestRow.id)
        .where(or_(RequestRow.room_id == room_id, ShareRow.room_id == room_id))
        .order_by(RequestRow.id, ShareRow.position)
        .execution_options(populate_existing=True)
    )
    return [(request, share) for request, share in found]


async def settled_of(
    db: AsyncSession, share_ids: Sequence[UUID]
) -> list[tuple[UUID, UUID, UUID | None, str, str]]:
    """Settled transfers that paid any of these shares: id, sender, recipient, amount and asset."""
    if not share_ids:
        return []
    paying = select(CreditRow.transfer_id).where(CreditRow.share_id.in_(share_ids))
    found = await db.execute(
        select(
            TransferRow.id,
            TransferRow.sender_id,
            TransferRow.recipient_id,
            TransferRow.amount_value,
            TransferRow.amount_asset,
        ).where(TransferRow.id.in_(paying), TransferRow.state == TransferState.SETTLED)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in found]
