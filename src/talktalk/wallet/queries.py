"""Every statement over the wallet's tables."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.platform.ids import uuid7
from talktalk.wallet.rules import OPEN_RECOVERIES
from talktalk.wallet.schemas import ActivityEntry, ActivityFilter
from talktalk.wallet.tables import ActivityRow, RecoveryRow, ShownTokenRow, WalletDeviceRow, WalletRow
from talktalk_wire.wallet import RecoveryState, WalletState

UNFINISHED = (WalletState.CREATING, WalletState.FUNDING, WalletState.UNFUNDED)


async def insert_wallet(
    db: AsyncSession, *, user_id: UUID, network: str, device_id: UUID, address_prefix: str, now: datetime
) -> bool:
    """A new wallet without an account; False if the person has one."""
    made = await db.execute(
        insert(WalletRow)
        .values(
            user_id=user_id,
            network=network,
            state=WalletState.CREATING,
            custody="sealed",
            first_device_id=device_id,
            address_prefix=address_prefix,
            funding_tries=0,
            next_funding_at=now,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(WalletRow.user_id)
    )
    return made.first() is not None


async def wallet(db: AsyncSession, user_id: UUID, *, lock: bool = False) -> WalletRow | None:
    """A person's wallet; with `lock`, under its row lock."""
    return await db.get(WalletRow, user_id, populate_existing=True, with_for_update=True if lock else None)


async def wallets(db: AsyncSession, user_ids: Collection[UUID]) -> list[WalletRow]:
    """The wallets of these people."""
    if not user_ids:
        return []
    found = await db.execute(select(WalletRow).where(WalletRow.user_id.in_(user_ids)))
    return list(found.scalars())


async def lock_wallets(db: AsyncSession, user_ids: Collection[UUID]) -> list[WalletRow]:
    """The wallets of these people under their locks, taken in the order of their ids."""
    if not user_ids:
        return []
    found = await db.execute(
        select(WalletRow)
        .where(WalletRow.user_id.in_(user_ids))
        .order_by(WalletRow.user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def users_of_addresses(db: AsyncSession, network: str, addresses: Collection[str]) -> dict[str, UUID]:
    """Address → person, of those addresses that are somebody's here."""
    if not addresses:
        return {}
    found = await db.execute(
        select(WalletRow.address, WalletRow.user_id).where(
            WalletRow.network == network, WalletRow.address.in_(addresses)
        )
    )
    return {address: user_id for address, user_id in found if address is not None}


async def due_unfinished(db: AsyncSession, network: str, now: datetime, limit: int) -> list[WalletRow]:
    """Wallets that wait for a key or their first reserve, under their locks."""
    found = await db.execute(
        select(WalletRow)
        .where(
            WalletRow.network == network,
            WalletRow.state.in_(UNFINISHED),
            WalletRow.next_funding_at <= now,
        )
        .order_by(WalletRow.next_funding_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(found.scalars())


async def funded_since(db: AsyncSession, since: datetime, address_prefix: str | None = None) -> int:
    """How many wallets were funded after `since`, all or of one prefix."""
    statement = select(func.count()).select_from(WalletRow).where(WalletRow.funded_at > since)
    if address_prefix is not None:
        statement = statement.where(WalletRow.address_prefix == address_prefix)
    return int((await db.execute(statement)).scalar_one())


async def see_device(
    db: AsyncSession, user_id: UUID, device_id: UUID, now: datetime, *, trusted: bool
) -> WalletDeviceRow:
    """The device's row, made if it is new."""
    await db.execute(
        insert(WalletDeviceRow)
        .values(user_id=user_id, device_id=device_id, seen_at=now, trusted_since=now if trusted else None)
        .on_conflict_do_nothing()
    )
    return await db.get_one(WalletDeviceRow, (user_id, device_id), populate_existing=True)


async def device(db: AsyncSession, user_id: UUID, device_id: UUID) -> WalletDeviceRow | None:
    """The device's row."""
    return await db.get(WalletDeviceRow, (user_id, device_id), populate_existing=True)


async def trusted_among(db: AsyncSession, devices: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those of the (person, device) that may spend."""
    found = await db.execute(
        select(WalletDeviceRow.user_id, WalletDeviceRow.device_id).where(
            WalletDeviceRow.user_id.in_({user_id for user_id, _ in devices}),
            WalletDeviceRow.device_id.in_({device_id for _, device_id in devices}),
            WalletDeviceRow.trusted_since.is_not(None),
        )
    )
    return {(row.user_id, row.device_id) for row in found}


async def trust_device(db: AsyncSession, user_id: UUID, device_id: UUID, now: datetime) -> None:
    """Let the device spend from now on."""
    await see_device(db, user_id, device_id, now, trusted=False)
    await db.execute(
        update(WalletDeviceRow)
        .where(WalletDeviceRow.user_id == user_id, WalletDeviceRow.device_id == device_id)
        .values(trusted_since=func.coalesce(WalletDeviceRow.trusted_since, now))
    )


async def trusted_count(db: AsyncSession, user_id: UUID) -> int:
    """How many devices of the person may spend."""
    found = await db.execute(
        select(func.count())
        .select_from(WalletDeviceRow)
        .where(WalletDeviceRow.user_id == user_id, WalletDeviceRow.trusted_since.is_not(None))
    )
    return int(found.scalar_one())


async def users_with_untrusted_devices(db: AsyncSession, user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the people who have looked at the wallet from a device that may not spend."""
    found = await db.execute(
        select(WalletDeviceRow.user_id)
        .where(WalletDeviceRow.user_id.in_(user_ids), WalletDeviceRow.trusted_since.is_(None))
        .distinct()
    )
    return set(found.scalars())


async def shown_tokens(
    db: AsyncSession, network: str, user_ids: Collection[UUID]
) -> dict[UUID, dict[str, bool]]:
    """What these people decided about tokens: person → asset → whether it is shown."""
    decided: dict[UUID, dict[str, bool]] = {user_id: {} for user_id in user_ids}
    if decided:
        found = await db.execute(
            select(ShownTokenRow.user_id, ShownTokenRow.asset, ShownTokenRow.shown).where(
                ShownTokenRow.network == network, ShownTokenRow.user_id.in_(user_ids)
            )
        )
        for user_id, asset, shown in found:
            decided[user_id][asset] = shown
    return decided


async def show_token(
    db: AsyncSession, *, user_id: UUID, network: str, asset: str, shown: bool, now: datetime
) -> None:
    """Write a person's decision about a token."""
    decision = {"shown": shown, "decided_at": now}
    await db.execute(
        insert(ShownTokenRow)
        .values(user_id=user_id, network=network, asset=asset, **decision)
        .on_conflict_do_update(
            index_elements=[ShownTokenRow.user_id, ShownTokenRow.network, ShownTokenRow.asset], set_=decision
        )
    )


async def insert_recovery(
    db: AsyncSession, *, user_id: UUID, device_id: UUID, method: str, state: RecoveryState, now: datetime
) -> RecoveryRow | None:
    """A new recovery; None if this device has one that is open."""
    made = await db.execute(
        insert(RecoveryRow)
        .values(id=uuid7(), user_id=user_id, device_id=device_id, method=method, state=state, created_at=now)
        .on_conflict_do_nothing()
        .returning(RecoveryRow)
    )
    return made.scalar_one_or_none()


async def open_recovery(
    db: AsyncSession, user_id: UUID, device_id: UUID, *, lock: bool = False
) -> RecoveryRow | None:
    """This device's recovery that has not ended."""
    statement = select(RecoveryRow).where(
        RecoveryRow.user_id == user_id,
        RecoveryRow.device_id == device_id,
        RecoveryRow.state.in_(OPEN_RECOVERIES),
    )
    if lock:
        statement = statement.with_for_update()
    found = await db.execute(statement.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def recovery(
    db: AsyncSession, recovery_id: UUID, *, user_id: UUID | None = None, lock: bool = False
) -> RecoveryRow | None:
    """One recovery, of that person if named."""
    statement = select(RecoveryRow).where(RecoveryRow.id == recovery_id)
    if user_id is not None:
        statement = statement.where(RecoveryRow.user_id == user_id)
    if lock:
        statement = statement.with_for_update()
    found = await db.execute(statement.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def recoveries(db: AsyncSession, user_id: UUID, limit: int) -> list[RecoveryRow]:
    """The person's recoveries, newest first."""
    found = await db.execute(
        select(RecoveryRow).where(RecoveryRow.user_id == user_id).order_by(RecoveryRow.id.desc()).limit(limit)
    )
    return list(found.scalars())


async def due_recoveries(db: AsyncSession, now: datetime, limit: int) -> list[RecoveryRow]:
    """Recoveries whose delay has passed, under their locks."""
    found = await db.execute(
        select(RecoveryRow)
        .where(RecoveryRow.state == RecoveryState.WAITING, RecoveryRow.spend_after <= now)
        .order_by(RecoveryRow.spend_after)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(found.scalars())


def activity_key(entry: ActivityEntry) -> tuple[UUID, str, bool, str]:
    """What a movement is known by, and the order in which movements are locked."""
    return entry.user_id, entry.tx_hash, entry.incoming, entry.amount.asset


async def put_activities(
    db: AsyncSession, network: str, entries: Iterable[ActivityEntry]
) -> list[ActivityRow]:
    """Write movements, or bring those of the same transaction, asset and direction up to date.

    Returns:
        The rows that are new or have changed.
    """
    wanted = {activity_key(entry): entry for entry in sorted(entries, key=activity_key)}
    known = await _lock_activities(db, network, wanted)
    fresh = [_activity(network, entry) for key, entry in wanted.items() if key not in known]
    changed: list[ActivityRow] = []
    if fresh:
        made = await db.execute(
            insert(ActivityRow).on_conflict_do_nothing(index_elements=_ACTIVITY_KEY).returning(ActivityRow),
            fresh,
        )
        changed += made.scalars()
        raced = wanted.keys() - known.keys() - {_key_of(row) for row in changed}
        known |= await _lock_activities(db, network, raced)
    for key, row in known.items():
        entry = wanted[key]
        # What came from our own transfer knows more than what a ledger tells of the same transaction.
        if entry.transfer_id is None and row.transfer_id is not None:
            continue
        values = _changing(entry)
        if any(getattr(row, name) != value for name, value in values.items()):
            changed.append(row)
        for name, value in values.items():
            setattr(row, name, value)
        row.note = entry.note or row.note
    await db.flush()
    return changed


_ACTIVITY_KEY = (
    ActivityRow.network,
    ActivityRow.tx_hash,
    ActivityRow.user_id,
    ActivityRow.incoming,
    ActivityRow.amount_asset,
)


def _key_of(row: ActivityRow) -> tuple[UUID, str, bool, str]:
    return row.user_id, row.tx_hash, row.incoming, row.amount_asset


def _changing(entry: ActivityEntry) -> dict[str, Any]:
    return {
        "state": entry.state,
        "uncertain": entry.uncertain,
        "transfer_id": entry.transfer_id,
        "ledger_index": entry.ledger_index,
        "settled_at": entry.settled_at,
    }


def _activity(network: str, entry: ActivityEntry) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "user_id": entry.user_id,
        "network": network,
        "tx_hash": entry.tx_hash,
        "incoming": entry.incoming,
        "amount_value": entry.amount.value,
        "amount_asset": entry.amount.asset,
        "address": entry.address,
        "counterparty_id": entry.counterparty_id,
        "destination_tag": entry.destination_tag,
        "note": entry.note,
        "memo": entry.memo,
        "kind": entry.kind,
        "created_at": entry.at,
        **_changing(entry),
    }


async def _lock_activities(
    db: AsyncSession, network: str, keys: Collection[tuple[UUID, str, bool, str]]
) -> dict[tuple[UUID, str, bool, str], ActivityRow]:
    """Those of the movements that are known, under their locks."""
    if not keys:
        return {}
    found = await db.execute(
        select(ActivityRow)
        .where(
            ActivityRow.network == network,
            ActivityRow.tx_hash.in_({key[1] for key in keys}),
            ActivityRow.user_id.in_({key[0] for key in keys}),
        )
        .order_by(ActivityRow.user_id, ActivityRow.tx_hash, ActivityRow.incoming, ActivityRow.amount_asset)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    rows = {_key_of(row): row for row in found.scalars()}
    return {key: rows[key] for key in keys if key in rows}


async def activities(
    db: AsyncSession,
    user_id: UUID,
    wanted: ActivityFilter,
    *,
    named: Collection[UUID],
    before: UUID | None,
    limit: int,
) -> Sequence[ActivityRow]:
    """The person's movements that fit, newest first, older than `before`.

    A text is found in the row itself, or by `named`: the people whose names hold it.
    """
    statement = select(ActivityRow).where(ActivityRow.user_id == user_id)
    if before is not None:
        statement = statement.where(ActivityRow.id < before)
    if wanted.incoming is not None:
        statement = statement.where(ActivityRow.incoming.is_(wanted.incoming))
    if wanted.state is not None:
        statement = statement.where(ActivityRow.state == wanted.state)
    if wanted.asset is not None:
        statement = statement.where(ActivityRow.amount_asset == wanted.asset)
    if wanted.person_id is not None:
        statement = statement.where(ActivityRow.counterparty_id == wanted.person_id)
    if wanted.since is not None:
        statement = statement.where(ActivityRow.created_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(ActivityRow.created_at < wanted.until)
    if wanted.text:
        columns = (ActivityRow.note, ActivityRow.address, ActivityRow.tx_hash, ActivityRow.amount_value)
        statement = statement.where(
            or_(
                *(column.icontains(wanted.text, autoescape=True) for column in columns),
                ActivityRow.counterparty_id.in_(named),
            )
        )
    found = await db.execute(statement.order_by(ActivityRow.id.desc()).limit(limit))
    return found.scalars().all()


async def activity(db: AsyncSession, user_id: UUID, activity_id: UUID) -> ActivityRow | None:
    """One movement of the person's."""
    found = await db.execute(
        select(ActivityRow).where(ActivityRow.user_id == user_id, ActivityRow.id == activity_id)
    )
    return found.scalar_one_or_none()


async def counterparties(db: AsyncSession, user_id: UUID) -> set[UUID]:
    """Everyone here the person has paid or been paid by."""
    found = await db.execute(
        select(ActivityRow.counterparty_id)
        .where(ActivityRow.user_id == user_id, ActivityRow.counterparty_id.is_not(None))
        .distinct()
    )
    return {each for each in found.scalars() if each is not None}


async def paid_before(db: AsyncSession, user_id: UUID, addresses: Collection[str]) -> set[str]:
    """Those of the addresses the person has ever paid."""
    found = await db.execute(
        select(ActivityRow.address)
        .where(
            ActivityRow.user_id == user_id,
            ActivityRow.address.in_(addresses),
            ActivityRow.incoming.is_(False),
            ActivityRow.state == "settled",
        )
        .distinct()
    )
    return set(found.scalars())


async def has_paid(db: AsyncSession, user_id: UUID, address: str) -> bool:
    """Whether the person has ever paid this address."""
    found = await db.execute(
        select(ActivityRow.id)
        .where(
            ActivityRow.user_id == user_id,
            ActivityRow.address == address,
            ActivityRow.incoming.is_(False),
            ActivityRow.state == "settled",
        )
        .limit(1)
    )
    return found.first() is not None


async def paid_like(db: AsyncSession, user_id: UUID, *, begin: str, end: str) -> list[str]:
    """Addresses the person has paid that begin with one text or end with the other."""
    found = await db.execute(
        select(ActivityRow.address)
        .where(
            ActivityRow.user_id == user_id,
            ActivityRow.incoming.is_(False),
            ActivityRow.state == "settled",
            or_(ActivityRow.address.like(f"{begin}%"), ActivityRow.address.like(f"%{end}")),
        )
        .distinct()
    )
    return list(found.scalars())


async def push_funding(db: AsyncSession, user_id: UUID, state: WalletState, **values: object) -> bool:
    """Change a wallet that is not ready; False if it has become so meanwhile."""
    changed: CursorResult[Any] = await db.execute(  # type: ignore[assignment]  # an UPDATE gives a cursor
        update(WalletRow)
        .where(WalletRow.user_id == user_id, WalletRow.state.in_(UNFINISHED))
        .values(state=state, **values)
    )
    return changed.rowcount == 1


async def settled_between(
    db: AsyncSession, network: str, user_id: UUID, *, after: int, until: int
) -> Sequence[ActivityRow]:
    """The person's movements that say they stand in ledgers after `after` up to `until`."""
    found = await db.execute(
        select(ActivityRow).where(
            ActivityRow.network == network,
            ActivityRow.user_id == user_id,
            ActivityRow.state == "settled",
            ActivityRow.ledger_index > after,
            ActivityRow.ledger_index <= until,
        )
    )
    return found.scalars().all()
