"""Custody's door for other slices: public halves, what is set, waiting for the worker.

Opening anything is `deciding`, `verifiers` and `sealed`, which the worker's composition alone
puts together.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody import asks, verifiers
from talktalk.custody.errors import (
    DeviceNotTrusted,
    KeyUnreadable,
    PinLocked,
    PinMalformed,
    PinNeeded,
    PinWrong,
    RecoveryCodeMalformed,
    SealedUnreadable,
    WorkerKeyOld,
    WorkerSilent,
)
from talktalk.custody.schemas import Ask, AskState, VerifierKind
from talktalk.custody.sealed_secrets import WorkerKey
from talktalk.custody.tables import SealedKeyRow, WorkerKeyRow
from talktalk.platform.database import Database
from talktalk.platform.problems import Trouble

ANSWER_WITHIN_S = 5.0
LOOK_EVERY_S = 0.03

_BY_REASON: dict[str, type[Trouble]] = {
    "pin_wrong": PinWrong,
    "pin_locked": PinLocked,
    "pin_needed": PinNeeded,
    "pin_malformed": PinMalformed,
    "recovery_code_malformed": RecoveryCodeMalformed,
    "device_not_trusted": DeviceNotTrusted,
    "worker_key_old": WorkerKeyOld,
    "sealed_unreadable": SealedUnreadable,
}


async def publish_worker_key(db: AsyncSession, key: WorkerKey, now: datetime) -> None:
    """Let devices seal to this key from now on."""
    await db.execute(
        insert(WorkerKeyRow)
        .values(id=key.id, public_key=key.public_key, published_at=now)
        .on_conflict_do_update(index_elements=[WorkerKeyRow.id], set_={"published_at": now})
    )


async def worker_key(db: AsyncSession) -> tuple[str, str]:
    """Id and public key (base64url) to seal to.

    Raises:
        WorkerSilent: No worker has ever published one.
    """
    found = await db.execute(
        select(WorkerKeyRow.id, WorkerKeyRow.public_key).order_by(WorkerKeyRow.published_at.desc()).limit(1)
    )
    row = found.one_or_none()
    if row is None:
        raise WorkerSilent("no worker has started yet")
    return row.id, row.public_key


async def has_pin(db: AsyncSession, user_id: UUID) -> bool:
    """Whether the person has set a payment PIN."""
    return await verifiers.is_set(db, VerifierKind.PIN, user_id)


async def has_recovery_code(db: AsyncSession, user_id: UUID) -> bool:
    """Whether the person has a recovery code that was not used up."""
    return await verifiers.is_set(db, VerifierKind.RECOVERY_CODE, user_id)


async def secrets_set(db: AsyncSession, user_ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Those of the people who have a PIN, and those who have a recovery code."""
    return await verifiers.set_by(db, user_ids)


async def check_pin_open(db: AsyncSession, user_id: UUID, now: datetime) -> None:
    """Refuse early what the worker would refuse: no PIN, or its tries are spent.

    Raises:
        PinNeeded: None is set.
        PinLocked: The next try is not heard yet.
    """
    is_set, until = await verifiers.hearing(db, VerifierKind.PIN, user_id)
    if not is_set:
        raise PinNeeded
    if until is not None and until > now:
        raise PinLocked(retry_after_s=_seconds(until, now))


async def require_kek(db: AsyncSession, kek_id: str) -> None:
    """See that the sealed keys are this key-encryption key's.

    Raises:
        KeyUnreadable: Another one wrapped them; nothing could be signed.
    """
    other = select(SealedKeyRow.kek_id).where(SealedKeyRow.kek_id != kek_id).limit(1)
    found = (await db.execute(other)).scalar_one_or_none()
    if found is not None:
        raise KeyUnreadable(f"keys were sealed under key-encryption key {found}, not under {kek_id}")


async def answer(database: Database, ask_id: UUID) -> Ask:
    """Wait until the worker has decided an ask; one it does not come to in time is withdrawn.

    Raises:
        WorkerSilent: No answer within `ANSWER_WITHIN_S`; nothing will come of it any more.
    """
    deadline = asyncio.get_running_loop().time() + ANSWER_WITHIN_S
    while True:
        async with database.transaction() as db:
            ask = await asks.read(db, ask_id)
        assert ask is not None
        if ask.state is not AskState.PENDING:
            return ask
        if asyncio.get_running_loop().time() > deadline:
            async with database.transaction() as db:
                is_withdrawn = await asks.withdraw(db, ask_id)
            if is_withdrawn:  # raised only now: the withdrawal must be committed
                raise WorkerSilent
            continue
        await asyncio.sleep(LOOK_EVERY_S)


async def answer_or_leave(database: Database, ask_id: UUID) -> None:
    """Wait a while for the worker to decide an ask; one it does not come to in time stays pending."""
    deadline = asyncio.get_running_loop().time() + ANSWER_WITHIN_S
    while asyncio.get_running_loop().time() < deadline:
        async with database.transaction() as db:
            ask = await asks.read(db, ask_id)
        if ask is None or ask.state is not AskState.PENDING:
            return
        await asyncio.sleep(LOOK_EVERY_S)


def raise_if_refused(ask: Ask, now: datetime, *own: type[Trouble]) -> None:
    """Turn a refusal into the problem its reason names: one of custody's, or of the caller's `own`."""
    if ask.state is AskState.GRANTED:
        return
    by_reason = _BY_REASON | {kind.code: kind for kind in own}
    kind = by_reason.get(ask.reason or "", SealedUnreadable)
    detail = f"{ask.tries_left} tries left" if ask.tries_left is not None else ""
    retry_after_s = _seconds(ask.retry_at, now) if ask.retry_at is not None else None
    raise kind(detail, retry_after_s=retry_after_s)


def _seconds(until: datetime, now: datetime) -> int:
    return max(1, round((until - now).total_seconds()))
