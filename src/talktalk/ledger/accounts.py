"""The accounts we keep fresh, and the cursor of processed ledgers: statements over both tables.

An account's row always shows it as one validated ledger left it: it is written from the metadata
of each processed ledger, never from a guess. What left no account (deleted) has balance 0 and no
ledger index.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger.schemas import (
    AccountChange,
    AccountState,
    LedgerHead,
    LedgerTransaction,
    Reserves,
    Scanned,
    ValidatedLedger,
)
from talktalk.ledger.tables import AccountRow, HeadRow


class WatchedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A watched account, and its state if it exists."""

    address: str
    owner: str
    public_key: str
    balance_drops: int
    sequence: int
    owner_count: int
    flags: int
    ledger_index: int | None

    @property
    def exists(self) -> bool:
        """Whether the ledger holds it."""
        return self.ledger_index is not None

    def spendable_drops(self, reserves: Reserves) -> int:
        """What may leave it without touching the reserve, never below zero."""
        return max(0, self.balance_drops - reserves.of(self.owner_count)) if self.exists else 0


async def read_head(db: AsyncSession, network: str) -> LedgerHead | None:
    """The cursor; None before the first ledger was processed."""
    row = await db.get(HeadRow, network, populate_existing=True)
    if row is None:
        return None
    return LedgerHead(
        network=row.network,
        ledger_index=row.ledger_index,
        close_time=row.close_time,
        fee_drops=row.fee_drops,
        reserves=Reserves(base_drops=row.reserve_base_drops, increment_drops=row.reserve_increment_drops),
        close_interval_ms=row.close_interval_ms,
        network_id=row.network_id,
    )


async def read_cursor(db: AsyncSession, network: str) -> tuple[int, str] | None:
    """Index and hash of the last processed ledger."""
    found = await db.execute(
        select(HeadRow.ledger_index, HeadRow.ledger_hash).where(HeadRow.network == network)
    )
    row = found.one_or_none()
    return None if row is None else (row.ledger_index, row.ledger_hash)


async def read_scanned(db: AsyncSession, network: str) -> Scanned | None:
    """The ledgers that were read without a gap; None before the first."""
    found = await db.execute(
        select(HeadRow.scanned_from, HeadRow.ledger_index).where(HeadRow.network == network)
    )
    row = found.one_or_none()
    return None if row is None else Scanned(first=row.scanned_from, last=row.ledger_index)


async def write_head(db: AsyncSession, head: LedgerHead, ledger_hash: str) -> None:
    """Move the cursor; it never moves back."""
    values = {
        "ledger_index": head.ledger_index,
        "ledger_hash": ledger_hash,
        "close_time": head.close_time,
        "fee_drops": head.fee_drops,
        "reserve_base_drops": head.reserves.base_drops,
        "reserve_increment_drops": head.reserves.increment_drops,
        "close_interval_ms": head.close_interval_ms,
        "network_id": head.network_id,
    }
    await db.execute(
        insert(HeadRow)
        .values(network=head.network, scanned_from=head.ledger_index, **values)
        .on_conflict_do_update(
            index_elements=[HeadRow.network],
            set_=values,
            where=HeadRow.ledger_index < head.ledger_index,
        )
    )


async def watch(db: AsyncSession, *, network: str, address: str, owner: str, public_key: str) -> None:
    """Keep this account fresh from now on; it may not exist yet. Repeating changes nothing."""
    await db.execute(
        insert(AccountRow)
        .values(
            network=network,
            address=address,
            owner=owner,
            public_key=public_key,
            balance_drops=0,
            sequence=0,
            owner_count=0,
            flags=0,
            ledger_index=None,
        )
        .on_conflict_do_nothing()
    )


async def read(db: AsyncSession, network: str, address: str, *, lock: bool = False) -> WatchedAccount | None:
    """A watched account; with `lock`, under its row lock until the transaction ends."""
    statement = select(AccountRow).where(AccountRow.network == network, AccountRow.address == address)
    if lock:
        statement = statement.with_for_update()
    found = await db.execute(statement.execution_options(populate_existing=True))
    row = found.scalar_one_or_none()
    return None if row is None else _watched(row)


async def read_many(
    db: AsyncSession, network: str, addresses: Collection[str], *, lock: bool = False
) -> list[WatchedAccount]:
    """Those of the addresses that are watched; with `lock`, under their locks, taken in order."""
    if not addresses:
        return []
    if lock:
        return [_watched(row) for row in await _lock_many(db, network, addresses)]
    found = await db.execute(
        select(AccountRow).where(AccountRow.network == network, AccountRow.address.in_(addresses))
    )
    return [_watched(row) for row in found.scalars()]


async def write_states(
    db: AsyncSession, network: str, states: Mapping[str, AccountState | None]
) -> list[AccountChange]:
    """Write what one ledger made of watched accounts; older news than the row's is dropped.

    Args:
        db: The transaction.
        network: The network's name.
        states: Watched address → its new state, None where the account is gone.
    """
    changes = []
    rows = await _lock_many(db, network, list(states))
    for row in rows:
        address, state = row.address, states[row.address]
        if state is not None and row.ledger_index is not None and row.ledger_index >= state.ledger_index:
            continue
        existed = row.ledger_index is not None
        if state is None:
            row.balance_drops, row.owner_count, row.flags, row.ledger_index = 0, 0, 0, None
        else:
            row.balance_drops = state.balance_drops
            row.sequence = max(row.sequence, state.sequence) if existed else state.sequence
            row.owner_count = state.owner_count
            row.flags = state.flags
            row.ledger_index = state.ledger_index
        changes.append(
            AccountChange(
                address=address,
                owner=row.owner,
                exists=state is not None,
                became_funded=state is not None and not existed,
            )
        )
    await db.flush()
    return changes


async def watched_owners(db: AsyncSession, network: str, addresses: Collection[str]) -> dict[str, str]:
    """Address → owner of those that are watched."""
    if not addresses:
        return {}
    found = await db.execute(
        select(AccountRow.address, AccountRow.owner).where(
            AccountRow.network == network, AccountRow.address.in_(addresses)
        )
    )
    return {row.address: row.owner for row in found}


def states_after(ledger: ValidatedLedger) -> dict[str, AccountState | None]:
    """Every account a ledger touched, as the ledger leaves it; None where it was deleted."""
    states: dict[str, AccountState | None] = {}
    for transaction in ledger.transactions:
        for address, fields in account_roots(transaction):
            if fields is None:
                states[address] = None
                continue
            states[address] = AccountState(
                address=address,
                balance_drops=int(fields.get("Balance", 0)),
                sequence=int(fields.get("Sequence", 0)),
                owner_count=int(fields.get("OwnerCount", 0)),
                flags=int(fields.get("Flags", 0)),
                ledger_index=ledger.ledger_index,
            )
    return states


def account_roots(transaction: LedgerTransaction) -> Iterable[tuple[str, dict[str, Any] | None]]:
    """Each AccountRoot the transaction touched with its fields afterwards; None if deleted."""
    for entry in transaction.meta.get("AffectedNodes", []):
        ((kind, node),) = entry.items()
        if node.get("LedgerEntryType") != "AccountRoot":
            continue
        fields = node.get("NewFields") if kind == "CreatedNode" else node.get("FinalFields")
        if not fields or "Account" not in fields:
            continue
        yield fields["Account"], None if kind == "DeletedNode" else fields


async def _lock_many(db: AsyncSession, network: str, addresses: Collection[str]) -> list[AccountRow]:
    """The rows of these addresses under their locks, taken in the order of the addresses."""
    found = await db.execute(
        select(AccountRow)
        .where(AccountRow.network == network, AccountRow.address.in_(addresses))
        .order_by(AccountRow.address)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


def _watched(row: AccountRow) -> WatchedAccount:
    return WatchedAccount(
        address=row.address,
        owner=row.owner,
        public_key=row.public_key,
        balance_drops=row.balance_drops,
        sequence=row.sequence,
        owner_count=row.owner_count,
        flags=row.flags,
        ledger_index=row.ledger_index,
    )
