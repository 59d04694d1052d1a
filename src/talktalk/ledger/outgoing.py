"""Our own signed transactions: numbers, storing, claiming for work, closing.

A transaction is stored `signed` in the transaction that signed it, becomes `submitted` when a
node took it, and ends `settled`, `failed` or `expired` (`close_all`). Every write takes the row's
lock and looks at its state again, so any number of workers may see the same outcome and one of
them writes it.

What must wait for something is stored `held`: signed, and never sent before `release` makes it
`signed`. `withdraw` ends it as `withdrawn` instead; as the two exclude each other under the row's
lock, no node has ever seen what was withdrawn.

Numbers: the next one is the lowest, from the account's own `Sequence` on, that no open
transaction holds. So a number whose transaction expired is used again first, and who abandons a
draft holds nothing. A transaction may hold a span: TicketCreate for n tickets at number s makes
tickets s+1 to s+n, a Batch of n inner transactions uses s to s+n. The account's row lock makes this
safe across processes, and a unique index makes it true even against a mistake.

Tickets (`tickets`) stand outside this order, and outside a node's queue of ten an account.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger.schemas import (
    LIVE,
    OPEN,
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
"""A node queues at most ten transactions of one account by number; tickets do not count."""
CLAIM_S = 2
"""How long a claimed transaction is left to its worker; another may take it afterwards, which is
safe: sending the same blob twice changes nothing."""
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""When a held transaction is due."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What open transactions of an account hold of it."""

    spans: tuple[tuple[int, int], ...] = ()
    """First number and how many, of each that uses numbers."""
    tickets: frozenset[int] = frozenset()
    live_count: int = 0
    """How many of those that use numbers a node may have."""
    spend_drops: int = 0
    """Drops promised, fees included. Of alternatives that wait for one ticket only the dearest
    counts: no two of them can apply."""

    @property
    def is_full(self) -> bool:
        """Whether a node might not queue another by number."""
        return self.live_count >= LIVE_PER_ACCOUNT_MAX


def view(row: OutgoingRow) -> OutgoingTransaction:
    """What other slices may know of a row."""
    return OutgoingTransaction(
        id=row.id,
        account=row.account,
        sequence=row.sequence,
        ticket_sequence=row.ticket_sequence,
        tx_hash=row.tx_hash,
        purpose=row.purpose,
        ref=row.ref,
        state=OutgoingState(row.state),
        uncertain=row.uncertain,
        last_ledger=row.last_ledger,
    )


async def taken(db: AsyncSession, network: str, address: str) -> Taken:
    """What transactions of ours that may still apply hold of an account."""
    return (await taken_of(db, network, [address]))[address]


async def taken_of(db: AsyncSession, network: str, addresses: Collection[str]) -> dict[str, Taken]:
    """What transactions of ours that may still apply hold of each of these accounts."""
    found = await db.execute(
        select(
            OutgoingRow.account,
            OutgoingRow.sequence,
            OutgoingRow.numbers,
            OutgoingRow.ticket_sequence,
            OutgoingRow.spend_drops,
            OutgoingRow.state,
        ).where(
            OutgoingRow.network == network,
            OutgoingRow.account.in_(addresses),
            OutgoingRow.state.in_(OPEN),
        )
    )
    by_address: dict[str, list[_Open]] = {address: [] for address in addresses}
    for account, sequence, numbers, ticket, spend_drops, state in found:
        by_address[account].append(_Open(sequence, numbers, ticket, spend_drops, state in LIVE))
    return {address: _taken_by(transactions) for address, transactions in by_address.items()}


class _Open(msgspec.Struct, frozen=True):
    """What one open transaction holds."""

    sequence: int
    numbers: int
    ticket_sequence: int | None
    spend_drops: int
    is_live: bool


def _taken_by(transactions: Sequence[_Open]) -> Taken:
    numbered = [each for each in transactions if each.ticket_sequence is None]
    by_ticket: dict[int, int] = {}
    for each in transactions:
        if each.ticket_sequence is not None:
            dearest = by_ticket.get(each.ticket_sequence, 0)
            by_ticket[each.ticket_sequence] = max(dearest, each.spend_drops)
    return Taken(
        spans=tuple((each.sequence, each.numbers) for each in numbered),
        tickets=frozenset(by_ticket),
        live_count=sum(each.is_live for each in numbered),
        spend_drops=sum(each.spend_drops for each in numbered) + sum(by_ticket.values()),
    )


def next_number(sequence: int, taken: Taken, numbers: int = 1) -> int:
    """The lowest number from `sequence` on where `numbers` of them in a row are not taken."""
    for first, count in sorted(taken.spans):
        if sequence + numbers <= first:
            break
        sequence = max(sequence, first + count)
    return sequence


class ToStore(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that was just signed, and whose it is."""

    draft: Draft
    signed: Signed
    spend_drops: int
    """Drops that leave the account if it applies, fee included."""
    purpose: str
    ref: UUID
    held: bool = False
    """Not to be sent before it is released."""


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

    The caller holds the lock of each account and has chosen numbers by `next_number` and tickets that
    are free.
    """
    rows = [
        OutgoingRow(
            id=uuid7(),
            network=network,
            account=each.draft.account,
            sequence=each.draft.sequence,
            ticket_sequence=each.draft.ticket_sequence,
            numbers=each.draft.numbers,
            first_ledger=each.draft.first_ledger,
            last_ledger=each.draft.last_ledger,
            tx_hash=each.signed.tx_hash,
            blob=each.signed.blob,
            spend_drops=each.spend_drops,
            purpose=each.purpose,
            ref=each.ref,
            state=OutgoingState.HELD if each.held else OutgoingState.SIGNED,
            uncertain=False,
            attempts=0,
            next_look_at=NEVER if each.held else now,
            created_at=now,
        )
        for each in made
    ]
    db.add_all(rows)
    await db.flush()
    return [view(row) for row in rows]


async def release(
    db: AsyncSession, network: str, address: str, refs: Collection[UUID], *, first_ledger: int, now: datetime
) -> list[OutgoingTransaction]:
    """Have held transactions of one account sent; those that are not held any more are passed over.

    Args:
        db: The transaction; it takes the account's lock.
        network: The account's network.
        address: The account.
        refs: Whose transactions.
        first_ledger: The newest processed ledger: what was never sent stands in none up to it.
        now: The time.

    Returns:
        Those that will be sent. One whose window has passed stays held, and ends with it.
    """
    rows = await _lock_held(db, network, address, refs)
    released = [row for row in rows if row.last_ledger > first_ledger]
    for row in released:
        row.state, row.first_ledger, row.next_look_at = OutgoingState.SIGNED, first_ledger, now
    await db.flush()
    return [view(row) for row in released]


async def withdraw(
    db: AsyncSession, network: str, address: str, refs: Collection[UUID], *, now: datetime
) -> list[OutgoingTransaction]:
    """End held transactions of one account, which no node has ever seen; their numbers are free again.

    Those that are not held any more are passed over. Takes the account's lock.
    """
    rows = await _lock_held(db, network, address, refs)
    for row in rows:
        row.state, row.closed_at, row.fee_charged_drops = OutgoingState.WITHDRAWN, now, 0
    await db.flush()
    return [view(row) for row in rows]


async def held_past(db: AsyncSession, network: str, last_ledger: int) -> list[OutgoingTransaction]:
    """Held transactions whose window `last_ledger` ends: never sent, they can never apply."""
    found = await db.execute(
        select(OutgoingRow).where(
            OutgoingRow.network == network,
            OutgoingRow.state == OutgoingState.HELD,
            OutgoingRow.last_ledger <= last_ledger,
        )
    )
    return [view(row) for row in found.scalars()]


async def claim_due(db: AsyncSession, network: str, now: datetime, limit: int) -> list[OutgoingRow]:
    """Take live transactions that are due, oldest number first, for `CLAIM_S` seconds."""
    found = await db.execute(
        select(OutgoingRow)
        .where(
            OutgoingRow.network == network,
            OutgoingRow.state.in_(LIVE),
            OutgoingRow.next_look_at <= now,
        )
        .order_by(OutgoingRow.account, OutgoingRow.sequence, OutgoingRow.ticket_sequence)
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
    for row in await _lock_open(db, by_id):
        if row.state == OutgoingState.HELD:
            continue
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

    So is one that was held when its end was found and has been released since: that it was never sent is
    all that was known of it.

    Accounts are locked first, in the order of their addresses, as signing does; then the transactions.
    """
    by_id = {end.transaction.id: end for end in ends}
    accounts = await _lock_accounts(db, {end.transaction.account for end in ends})
    closed = []
    for row in await _lock_open(db, by_id):
        end = by_id[row.id]
        if (end.transaction.state == OutgoingState.HELD) != (row.state == OutgoingState.HELD):
            continue
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
                # The account's own row may be refreshed a little later; the number is gone now. How many
                # more a Batch used, or a TicketCreate that failed did not, only the ledger tells.
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


async def make_due(db: AsyncSession, network: str, last_ledger: int, at: datetime) -> None:
    """Have every live transaction looked at whose window `last_ledger` ends, at that ledger's close or when
    it is due anyway: a close time may be ahead of our clock, and each ledger's is further ahead."""
    await db.execute(
        update(OutgoingRow)
        .where(
            OutgoingRow.network == network,
            OutgoingRow.state.in_(LIVE),
            OutgoingRow.last_ledger <= last_ledger,
        )
        .values(next_look_at=func.least(OutgoingRow.next_look_at, at))
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


async def _lock_held(
    db: AsyncSession, network: str, address: str, refs: Collection[UUID]
) -> list[OutgoingRow]:
    """Held transactions of one account, under its lock and theirs."""
    if not refs:
        return []
    await _lock_accounts(db, [address])
    found = await db.execute(
        select(OutgoingRow)
        .where(
            OutgoingRow.network == network,
            OutgoingRow.account == address,
            OutgoingRow.ref.in_(refs),
            OutgoingRow.state == OutgoingState.HELD,
        )
        .order_by(OutgoingRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found.scalars())


async def _lock_open(db: AsyncSession, ids: Collection[UUID]) -> list[OutgoingRow]:
    """Those of the rows that are still open, under their locks, in the order of their ids."""
    found = await db.execute(
        select(OutgoingRow)
        .where(OutgoingRow.id.in_(ids))
        .order_by(OutgoingRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [row for row in found.scalars() if row.state in OPEN]
