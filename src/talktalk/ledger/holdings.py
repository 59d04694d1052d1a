"""What watched accounts hold besides XRP: statements over `ledger_holdings`.

A row is written from the metadata of each processed ledger, and from whole readings (`census`).
News of a ledger that is not newer than the row's is dropped, so that any of it may be repeated and
come in any order.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger.lines import Holding
from talktalk.ledger.tables import AccountRow, HoldingRow

_VALUES = ("balance", "locked", "limit", "peer_limit", "flags", "present", "ledger_index")


async def write(db: AsyncSession, network: str, holdings: Sequence[Holding]) -> set[str]:
    """Write how these holdings stand.

    Returns:
        The accounts for which any of it was news.
    """
    if not holdings:
        return set()
    ordered = sorted(holdings, key=lambda holding: (holding.account, holding.asset))
    statement = insert(HoldingRow).values([{"network": network, **_columns(holding)} for holding in ordered])
    written = await db.execute(
        statement.on_conflict_do_update(
            index_elements=[HoldingRow.network, HoldingRow.account, HoldingRow.asset],
            set_={name: statement.excluded[name] for name in _VALUES},
            where=HoldingRow.ledger_index < statement.excluded.ledger_index,
        ).returning(HoldingRow.account)
    )
    return set(written.scalars())


async def read(db: AsyncSession, network: str, accounts: Collection[str]) -> list[Holding]:
    """What these accounts hold now, by account and asset."""
    if not accounts:
        return []
    found = await db.execute(
        select(HoldingRow)
        .where(HoldingRow.network == network, HoldingRow.account.in_(accounts), HoldingRow.present.is_(True))
        .order_by(HoldingRow.account, HoldingRow.asset)
        .execution_options(populate_existing=True)
    )
    return [view(row) for row in found.scalars()]


async def one(db: AsyncSession, network: str, account: str, asset: str) -> Holding | None:
    """One holding of an account; None if it has none."""
    row = await db.get(HoldingRow, (network, account, asset), populate_existing=True)
    return view(row) if row is not None and row.present else None


async def written_before(db: AsyncSession, network: str, account: str, ledger_index: int) -> list[Holding]:
    """The account's holdings as rows of that ledger or an earlier one have them."""
    found = await db.execute(
        select(HoldingRow)
        .where(
            HoldingRow.network == network,
            HoldingRow.account == account,
            HoldingRow.present.is_(True),
            HoldingRow.ledger_index <= ledger_index,
        )
        .order_by(HoldingRow.asset)
        .execution_options(populate_existing=True)
    )
    return [view(row) for row in found.scalars()]


async def written_after(db: AsyncSession, network: str, account: str, ledger_index: int) -> set[str]:
    """The assets of the account of which a later ledger has told."""
    found = await db.execute(
        select(HoldingRow.asset).where(
            HoldingRow.network == network,
            HoldingRow.account == account,
            HoldingRow.ledger_index > ledger_index,
        )
    )
    return set(found.scalars())


async def unread(db: AsyncSession, network: str, limit: int) -> list[str]:
    """Accounts that exist and whose holdings were never read whole."""
    found = await db.execute(
        select(AccountRow.address)
        .where(
            AccountRow.network == network,
            AccountRow.ledger_index.is_not(None),
            AccountRow.holdings_ledger.is_(None),
        )
        .order_by(AccountRow.address)
        .limit(limit)
    )
    return list(found.scalars())


async def mark_read(db: AsyncSession, network: str, account: str, ledger_index: int) -> None:
    """The account's holdings were read whole at that ledger."""
    await db.execute(
        update(AccountRow)
        .where(AccountRow.network == network, AccountRow.address == account)
        .values(holdings_ledger=ledger_index)
    )


def view(row: HoldingRow) -> Holding:
    """What other slices may know of a row."""
    return Holding(
        account=row.account,
        asset=row.asset,
        balance=row.balance,
        locked=row.locked,
        limit=row.limit,
        peer_limit=row.peer_limit,
        flags=row.flags,
        present=row.present,
        ledger_index=row.ledger_index,
    )


def _columns(holding: Holding) -> dict[str, Any]:
    return {
        "account": holding.account,
        "asset": holding.asset,
        **{name: getattr(holding, name) for name in _VALUES},
    }
