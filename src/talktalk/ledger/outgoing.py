"""Our own signed transactions: numbers, storing, claiming for work, closing.

A transaction is stored `signed` in the transaction that signed it, becomes `submitted` when a
node took it, and ends `settled`, `failed` or `expired` (`close`). Every write takes the row's
lock and looks at its state again, so any number of workers may see the same outcome and one of
them writes it.

Numbers: the next one is the lowest, from the account's own `Sequence` on, that no live
transaction holds. So a number whose transaction expired is used again first, and who abandons a
draft holds nothing. The account's row lock makes this safe across processes, and a unique index
makes it true even against a mistake.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger.schemas import (
    LIVE,
    Draft,
    Expired,
    Failed,
    Outcome,
    OutgoingState,
    OutgoingTransaction,
    Settled,
    Signed,
)
from talktalk.ledger.tables import AccountRow, OutgoingRow
from talktalk.platform.ids import uuid7

LIVE_PER_ACCOUNT_MAX = 8
"""A node queues at most ten transactions of one account."""
CLAIM_S = 2
"""How long a claimed transaction is left to its worker; another may take it afterwards, which is
safe: sending the same blob twice changes nothing."""


def view(row: OutgoingRow) -> OutgoingTransaction:
    """What other slices may know of a row."""
    return OutgoingTransaction(
        id=row.id,
        account=row.account,
        sequence=row.sequence,
        tx_hash=row.tx_hash,
        purpose=row.purpose,
        ref=row.ref,
        state=OutgoingState(row.state),
        uncertain=row.uncertain,
        last_ledger=row.last_ledger,
    )


async def live_numbers(db: AsyncSession, network: str, address: str) -> set[int]:
    """Numbers of the account that a transaction of ours may still use."""
    found = await db.execute(
        select(OutgoingRow.sequence).where(
            OutgoingRow.network == network,
            OutgoingRow.account == address,
            OutgoingRow.state.in_(LIVE),
        )
    )
    return set(found.scalars())


async def live_spend_drops(db: AsyncSession, network: str, address: str) -> int:
    """Drops already promised to live transactions of the account, fees included."""
    found = await db.execute(
        select(func.coalesce(func.sum(OutgoingRow.spend_drops), 0)).where(
            OutgoingRow.network == network,
            OutgoingRow.account == address,
            OutgoingRow.state.in_(LIVE),
        )
    )
    return int(found.scalar_one())


def next_number(sequence: int, live: Collection[int]) -> int:
    """The lowest number from `sequence` on that is not in `live`."""
    while sequence in live:
        sequence += 1
    return sequence


async def store(
    db: AsyncSession,
    *,
    network: str,
    draft: Draft,
    signed: Signed,
    spend_drops: int,
    purpose: str,
    ref: UUID,
    now: datetime,
) -> OutgoingTransaction:
    """Write a signed transaction down; only after this commits may a node see it.

    The caller holds the account's lock and has chosen `draft.sequence` by `next_number`.
    """
    row = OutgoingRow(
        id=uuid7(),
        network=network,
        account=draft.account,
        sequence=draft.sequence,
        first_ledger=draft.first_ledger,
        last_ledger=draft.last_ledger,
        tx_hash=signed.tx_hash,
        blob=signed.blob,
        spend_drops=spend_drops,
        purpose=purpose,
        ref=ref,
        state=OutgoingState.SIGNED,
        uncertain=False,
        attempts=0,
        next_look_at=now,
        created_at=now,
    )
    db.add(row)
    await db.flush()
    return view(row)


async def claim_due(db: AsyncSession, network: str, now: datetime, limit: int) -> list[OutgoingRow]:
    """Take live transactions that are due, oldest number first, for `CLAIM_S` seconds."""
    found = await db.execute(
        select(OutgoingRow)
        .where(
            OutgoingRow.network == network,
            OutgoingRow.state.in_(LIVE),
            OutgoingRow.next_look_at <= now,
        )
        .order_by(OutgoingRow.account, OutgoingRow.sequence)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(found.scalars())
    for row in rows:
        row.next_look_at = now + timedelta(seconds=CLAIM_S)
        row.attempts += 1
    return rows


async def note_answer(
    db: AsyncSession,
    outgoing_id: UUID,
    *,
    taken: bool,
    engine_result: str | None,
    uncertain: bool,
    next_look_at: datetime,
) -> tuple[OutgoingTransaction, bool] | None:
    """Write down what is known after a submission or a search that ended nothing.

    Args:
        db: The transaction.
        outgoing_id: Whose.
        taken: A node answered the submission, or knows the transaction.
        engine_result: What it said, kept for people.
        uncertain: Nobody could say what became of it.
        next_look_at: When to look again.

    Returns:
        The transaction as it now stands and whether that differs from before; None if it has
        ended meanwhile.
    """
    row = await _lock(db, outgoing_id)
    if row is None:
        return None
    before = (row.state, row.uncertain)
    if taken:
        row.state = OutgoingState.SUBMITTED
    if engine_result is not None:
        row.engine_result = engine_result
    row.uncertain = uncertain
    row.next_look_at = next_look_at
    await db.flush()
    return view(row), (row.state, row.uncertain) != before


async def close(
    db: AsyncSession, outgoing_id: UUID, outcome: Outcome, now: datetime
) -> OutgoingTransaction | None:
    """Write the end of a transaction; None if it was written before."""
    row = await _lock(db, outgoing_id)
    if row is None:
        return None
    match outcome:
        case Settled() | Failed():
            row.state = OutgoingState.SETTLED if isinstance(outcome, Settled) else OutgoingState.FAILED
            row.result = outcome.result
            row.ledger_index = outcome.ledger_index
            row.fee_charged_drops = outcome.fee_drops
            if row.ticket_sequence is None:
                # The account's own row may be refreshed a little later; the number is gone now.
                await db.execute(
                    update(AccountRow)
                    .where(
                        AccountRow.network == row.network,
                        AccountRow.address == row.account,
                        AccountRow.sequence <= row.sequence,
                    )
                    .values(sequence=row.sequence + 1)
                )
        case Expired():
            row.state = OutgoingState.EXPIRED
            row.fee_charged_drops = 0
    row.uncertain = False
    row.closed_at = now
    await db.flush()
    return view(row)


async def among(db: AsyncSession, network: str, hashes: Collection[str]) -> list[OutgoingRow]:
    """Our own transactions among these hashes, whatever their state."""
    if not hashes:
        return []
    found = await db.execute(
        select(OutgoingRow).where(OutgoingRow.network == network, OutgoingRow.tx_hash.in_(hashes))
    )
    return list(found.scalars())


async def make_due(db: AsyncSession, network: str, last_ledger: int, now: datetime) -> None:
    """Have every live transaction looked at now whose window `last_ledger` ends."""
    await db.execute(
        update(OutgoingRow)
        .where(
            OutgoingRow.network == network,
            OutgoingRow.state.in_(LIVE),
            OutgoingRow.last_ledger <= last_ledger,
        )
        .values(next_look_at=now)
    )


async def _lock(db: AsyncSession, outgoing_id: UUID) -> OutgoingRow | None:
    """The row under its lock, if it is still live. The account is locked first, as signing does."""
    known = await db.get_one(OutgoingRow, outgoing_id)
    await db.execute(
        select(AccountRow.address)
        .where(AccountRow.network == known.network, AccountRow.address == known.account)
        .with_for_update()
    )
    found = await db.execute(
        select(OutgoingRow)
        .where(OutgoingRow.id == outgoing_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = found.scalar_one()
    return row if row.state in LIVE else None
