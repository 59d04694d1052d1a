"""Bringing the wallet to a new device: by the recovery code, or by a trusted device's consent.

    code:     checking → waiting → done          consent:  asked → waiting → done
    and from each of the first three → refused

The worker judges code and PIN (`deciders`). From then on every device of the person has been told
twice, and for `delay_s` any trusted device can veto. Spending, and a PIN that was set anew, begin
only when the delay has passed (`complete_due`). Account and address never change: what moves is
which devices may ask for signatures. A code is used up by the recovery it grants.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody import asks, verifiers
from talktalk.custody import service as custody
from talktalk.custody.schemas import AskPurpose, VerifierKind
from talktalk.identity import service as identity
from talktalk.identity.schemas import Caller
from talktalk.platform import audit
from talktalk.platform.clock import Clock
from talktalk.wallet import queries
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.errors import (
    DeviceAlreadyTrusted,
    NoRecoveryCode,
    NoTrustedDevice,
    RecoveryClosed,
    RecoveryNotFound,
    SealedMissing,
)
from talktalk.wallet.rules import OPEN_RECOVERIES
from talktalk.wallet.service import WalletDesk
from talktalk.wallet.tables import RecoveryRow
from talktalk_wire.wallet import ConsentAsk, Recovery, RecoveryAsk, RecoveryMethod, RecoveryState

LIST_MAX = 50
DUE_BATCH = 20


async def start(db: AsyncSession, clock: Clock, caller: Caller, ask: RecoveryAsk) -> tuple[UUID, UUID | None]:
    """Begin a recovery on the caller's device; one that is open is answered again.

    Returns:
        The recovery's id, and the ask the worker has to decide, if the method needs it.

    Raises:
        DeviceAlreadyTrusted, NoRecoveryCode, NoTrustedDevice, SealedMissing, WorkerKeyOld: As named.
    """
    device = await queries.device(db, caller.user_id, caller.device_id)
    if device is not None and device.trusted_since is not None:
        raise DeviceAlreadyTrusted
    by_code = ask.method is RecoveryMethod.CODE
    if by_code and not await custody.has_recovery_code(db, caller.user_id):
        raise NoRecoveryCode
    if not by_code and await queries.trusted_count(db, caller.user_id) == 0:
        raise NoTrustedDevice
    state = RecoveryState.CHECKING if by_code else RecoveryState.ASKED
    now = clock.now()
    row = await queries.insert_recovery(
        db, user_id=caller.user_id, device_id=caller.device_id, method=ask.method, state=state, now=now
    )
    if row is None:
        row = await queries.open_recovery(db, caller.user_id, caller.device_id, lock=True)
        if row is None:
            raise RecoveryClosed
        if not (by_code and row.state == RecoveryState.ASKED):
            return row.id, None
        # Nobody consents, and the code was found: the same recovery goes on by the code.
        row.method, row.state = ask.method, RecoveryState.CHECKING
    ask_id = None
    if by_code:
        if ask.sealed_code is None or ask.worker_key_id is None:
            raise SealedMissing("sealed_code and worker_key_id")
        sealed = {"code": ask.sealed_code}
        if ask.sealed_new_pin is not None:
            sealed["new_pin"] = ask.sealed_new_pin
        ask_id = await asks.write(
            db,
            purpose=AskPurpose.RECOVERY_USE,
            user_id=caller.user_id,
            device_id=caller.device_id,
            session_id=caller.session_id,
            subject_id=row.id,
            context=caller.user_id.bytes + caller.device_id.bytes,
            worker_key_id=ask.worker_key_id,
            sealed=sealed,
            now=now,
        )
    await _tell(db, clock, row, "recovery.started")
    return row.id, ask_id


async def ask_consent(
    db: AsyncSession, desk: WalletDesk, caller: Caller, recovery_id: UUID, ask: ConsentAsk
) -> UUID:
    """A trusted device agrees, with its PIN; the worker decides the returned ask.

    Raises:
        DeviceNotTrusted, PinNeeded, PinLocked, RecoveryNotFound, RecoveryClosed, WorkerKeyOld: As named.
    """
    await desk.access_as_trusted(db, caller.user_id, caller.device_id)
    row = await queries.recovery(db, recovery_id, user_id=caller.user_id)
    if row is None:
        raise RecoveryNotFound
    if row.state != RecoveryState.ASKED:
        raise RecoveryClosed
    await custody.check_pin_open(db, caller.user_id, desk.clock.now())
    return await asks.write(
        db,
        purpose=AskPurpose.RECOVERY_CONSENT,
        user_id=caller.user_id,
        device_id=caller.device_id,
        session_id=caller.session_id,
        subject_id=row.id,
        context=caller.user_id.bytes + row.id.bytes,
        worker_key_id=ask.worker_key_id,
        sealed={"pin": ask.sealed_pin},
        now=desk.clock.now(),
    )


async def veto(db: AsyncSession, desk: WalletDesk, caller: Caller, recovery_id: UUID) -> Recovery:
    """A trusted device forbids a recovery that has not ended; no PIN is needed to say no.

    Raises:
        DeviceNotTrusted, RecoveryNotFound, RecoveryClosed: As named.
    """
    await desk.access_as_trusted(db, caller.user_id, caller.device_id)
    row = await queries.recovery(db, recovery_id, user_id=caller.user_id, lock=True)
    if row is None:
        raise RecoveryNotFound
    if row.state not in OPEN_RECOVERIES:
        raise RecoveryClosed
    return await refuse(db, desk.clock, row, "vetoed")


async def read(db: AsyncSession, user_id: UUID, recovery_id: UUID) -> Recovery:
    """One recovery of the person.

    Raises:
        RecoveryNotFound: None such.
    """
    row = await queries.recovery(db, recovery_id, user_id=user_id)
    if row is None:
        raise RecoveryNotFound
    return await wire(db, row)


async def read_all(db: AsyncSession, user_id: UUID) -> list[Recovery]:
    """The person's recoveries, newest first."""
    return [await wire(db, row) for row in await queries.recoveries(db, user_id, LIST_MAX)]


async def grant(db: AsyncSession, desk: WalletDesk, row: RecoveryRow, *, delay_s: int) -> None:
    """Let the delay begin; with none, the device may spend at once. The row is locked."""
    now = desk.clock.now()
    row.state = RecoveryState.WAITING
    row.spend_after = now + timedelta(seconds=delay_s)
    if row.method == RecoveryMethod.CODE:
        await verifiers.forget(db, VerifierKind.RECOVERY_CODE, row.user_id)
    await db.flush()
    await audit.record(
        db, desk.clock, "recovery.granted", actor_id=row.user_id, subject_id=row.id, method=row.method
    )
    await _tell(db, desk.clock, row, "recovery.started")
    if row.spend_after <= now:
        await _complete(db, desk, row, now)


async def refuse(db: AsyncSession, clock: Clock, row: RecoveryRow, reason: str) -> Recovery:
    """End a recovery; the device stays untrusted. The row is locked."""
    row.state, row.reason, row.closed_at = RecoveryState.REFUSED, reason, clock.now()
    row.new_pin_hash = None
    await db.flush()
    await audit.record(db, clock, "recovery.refused", actor_id=row.user_id, subject_id=row.id, reason=reason)
    return await _tell(db, clock, row, "recovery.closed")


async def complete_due(db: AsyncSession, desk: WalletDesk) -> int:
    """End every recovery whose delay has passed: the device is trusted, a new PIN takes effect."""
    now = desk.clock.now()
    rows = await queries.due_recoveries(db, now, DUE_BATCH)
    for row in sorted(rows, key=lambda row: row.user_id):
        await _complete(db, desk, row, now)
    return len(rows)


async def wire(db: AsyncSession, row: RecoveryRow) -> Recovery:
    """What the person's devices see of it."""
    return Recovery(
        id=row.id,
        device_id=row.device_id,
        device_name=await identity.device_name(db, row.device_id),
        method=RecoveryMethod(row.method),
        state=RecoveryState(row.state),
        reason=row.reason,
        created_at=row.created_at,
        spend_after=row.spend_after,
    )


async def _complete(db: AsyncSession, desk: WalletDesk, row: RecoveryRow, now: datetime) -> None:
    row.state, row.closed_at = RecoveryState.DONE, now
    await queries.trust_device(db, row.user_id, row.device_id, now)
    if row.new_pin_hash is not None:
        await verifiers.put_hash(db, VerifierKind.PIN, row.user_id, row.new_pin_hash, now)
        row.new_pin_hash = None
    await db.flush()
    await audit.record(
        db, desk.clock, "device.trusted", actor_id=row.user_id, subject_id=row.device_id, recovery=row.id
    )
    announcements = Announcements()
    announcements.add(row.user_id, "recovery.closed", {"recovery": await wire(db, row)})
    announcements.add(row.user_id, "device.trusted", {"device_id": row.device_id})
    await desk.announce_wallets(db, [row.user_id], announcements)
    await announcements.flush(db)


async def _tell(db: AsyncSession, clock: Clock, row: RecoveryRow, kind: str) -> Recovery:
    recovery = await wire(db, row)
    announcements = Announcements()
    announcements.add(row.user_id, kind, {"recovery": recovery})
    await announcements.flush(db)
    if kind == "recovery.started" and row.state != RecoveryState.WAITING:
        await audit.record(
            db, clock, "recovery.started", actor_id=row.user_id, subject_id=row.id, method=row.method
        )
    return recovery
