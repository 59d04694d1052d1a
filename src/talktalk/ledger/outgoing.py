"""Our own signed transactions: numbers, storing, claiming for work, closing.

A transaction is stored `signed` in the transaction that signed it, becomes `submitted` when a
node took it, and ends `settled`, `failed` or `expired` (`close_all`). Every write takes the row's
lock and looks at its state again, so any number of workers may see the same outcome and one of
them writes it.

Numbers: the next one is the lowest, from the account's own `Sequence` on, that no live
transaction holds. So a number whose transaction expired is used again first, and who abandons a
draft holds nothing. The account's row lock makes this safe across processes, and a unique index
makes it true even against a mistake.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger.schemas import (
    LIVE,
    Closed,
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


class Live(msgspec.Struct, frozen=True):
    """What the live transactions of one account hold."""

    numbers: set[int]
    spend_drops: int
    """Promised to them, fees included."""


async def live_of(db: AsyncSession, network: str, addresses: Collection[str]) -> dict[str, Live]:
    """What the live transactions of each of these accounts hold."""
    found = await db.execute(
        select(OutgoingRow.account, OutgoingRow.sequence, OutgoingRow.spend_drops).where(
            OutgoingRow.network == network,
            OutgoingRow.account.in_(addresses),
            OutgoingRow.state.in_(LIVE),
        )
    )
    numbers: dict[str, set[int]] = {address: set() for address in addresses}
    spends = dict.fromkeys(addresses, 0)
    for account, sequence, spend_drops in found:
        numbers[account].add(sequence)
        spends[account] += spend_drops
    return {address: Live(numbers[address], spends[address]) for address in addresses}


def next_number(sequence: int, live: Collection[int]) -> int:
    """The lowest number from `sequence` on that is not in `live`."""
    while sequence in live:
        sequence += 1
    return sequence


class ToStore(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that was just signed, and whose it is."""

    draft: Draft
    signed: Signed
    spend_drops: int
    """Drops that leave the account if it applies, fee included."""
    purpose: str
    ref: UUID


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
    """Write one signed transaction down, as `store_all` does."""
    made = ToStore(draft=draft, signed=signed, spend_drops=spend_drops, purpose=purpose, ref=ref)
    return (await store_all(db, network, [made], now))[0]


async def store_all(
    db: AsyncSession, network: str, made: Sequence[ToStore], now: datetime
) -> list[OutgoingTransaction]:
    """Write signed transactions down; only after this commits may a node see them.

    The caller holds the lock of each account and has chosen each `draft.sequence` by `next_number`.
    """
    rows = [
        OutgoingRow(
            id=uuid7(),
            network=network,
            account=each.draft.account,
            sequence=each.draft.sequence,
            first_ledger=each.draft.first_ledger,
            last_ledger=each.draft.last_ledger,
            tx_hash=each.signed.tx_hash,
            blob=each.signed.blob,
            spend_drops=each.spend_drops,
            purpose=each.purpose,
            ref=each.ref,
            state=OutgoingState.SIGNED,
            uncertain=False,
            attempts=0,
            next_look_at=now,
            created_at=now,
        )
        for each in made
    ]
    db.add_all(rows)
    await db.flush()
    return [view(row) for row in rows]


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
    if rows:
        await db.execute(
            update(OutgoingRow)
            .where(OutgoingRow.id.in_([row.id for row in rows]))
            .values(next_look_at=now + timedelta(seconds=CLAIM_S), attempts=OutgoingRow.attempts + 1)
        )
    return rows


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a transaction after a submission or a search that ended nothing."""

    outgoing_id: UUID
    taken: bool
    """A node answered the submission, or knows the transaction."""
    engine_result: str | None
    """What it said, kept for people."""
    uncertain: bool
    """Nobody could say what became of it."""
    next_look_at: datetime


async def note_answers(db: AsyncSession, answers: Sequence[Answer]) -> list[OutgoingTransaction]:
    """Write down what is known of transactions that have not ended.

    No account is locked: an answer changes no number.

    Returns:
        Those whose `state` or `uncertain` differs from before. What has ended meanwhile is passed over.
    """
    by_id = {answer.outgoing_id: answer for answer in answers}
    changed = []
    for row in await _lock_live(db, by_id):
        answer = by_id[row.id]
        before = (row.state, row.uncertain)
        if answer.taken:
            row.state = OutgoingState.SUBMITTED
        if answer.engine_result is not None:
            row.engine_result = answer.engine_result
        row.uncertain = answer.uncertain
        row.next_look_at = answer.next_look_at
        if (row.state, row.uncertain) != before:
            changed.append(row)
    await db.flush()
    return [view(row) for row in changed]


class End(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a transaction, and when."""

    transaction: OutgoingTransaction
    outcome: Outcome
    at: datetime


async def close_all(db: AsyncSession, ends: Sequence[End]) -> list[Closed]:
    """Write the ends of transactions; those that were written before are passed over.

    Accounts are locked first, in the order of their addresses, as signing does; then the transactions.
    """
    by_id = {end.transaction.id: end for end in ends}
    accounts = await _lock_accounts(db, {end.transaction.account for end in ends})
    closed = []
    for row in await _lock_live(db, by_id):
        end = by_id[row.id]
        _close(row, accounts[row.network, row.account], end)
        closed.append((row, end))
    await db.flush()
    return [Closed(transaction=view(row), outcome=end.outcome, at=end.at) for row, end in closed]


def _close(row: OutgoingRow, account: AccountRow, end: End) -> None:
    match end.outcome:
        case Settled() | Failed():
            row.state = OutgoingState.SETTLED if isinstance(end.outcome, Settled) else OutgoingState.FAILED
            row.result = end.outcome.result
            row.ledger_index = end.outcome.ledger_index
            row.fee_charged_drops = end.outcome.fee_drops
            if row.ticket_sequence is None:
                # The account's own row may be refreshed a little later; the number is gone now.
                account.sequence = max(account.sequence, row.sequence + 1)
        case Expired():
            row.state = OutgoingState.EXPIRED
            row.fee_charged_drops = 0
    row.uncertain = False
    row.closed_at = end.at


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


async def _lock_accounts(db: AsyncSession, addresses: Collection[str]) -> dict[tuple[str, str], AccountRow]:
    """The accounts under their locks, taken in the order of their addresses."""
    found = await db.execute(
        select(AccountRow)
        .where(AccountRow.address.in_(addresses))
        .order_by(AccountRow.address, AccountRow.network)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(row.network, row.address): row for row in found.scalars()}


async def _lock_live(db: AsyncSession, ids: Collection[UUID]) -> list[OutgoingRow]:
    """Those of the rows that are still live, under their locks, in the order of their ids."""
    found = await db.execute(
        select(OutgoingRow)
        .where(OutgoingRow.id.in_(ids))
        .order_by(OutgoingRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [row for row in found.scalars() if row.state in LIVE]
