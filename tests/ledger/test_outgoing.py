"""Rows of signed transactions: numbers, spans and tickets they hold, and what is held back."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger import accounts, outgoing, tickets
from talktalk.ledger.outgoing import End, Taken, ToStore, next_number
from talktalk.ledger.schemas import (
    AccountState,
    Closed,
    Draft,
    Expired,
    Outcome,
    OutgoingState,
    OutgoingTransaction,
    Settled,
    Signed,
)
from talktalk.ledger.tickets import TicketChange
from talktalk.platform.database import Database
from talktalk.platform.ids import uuid7

NETWORK, ADDRESS = "devnet", "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def _rows(url: str) -> AsyncIterator[AsyncSession]:
    database = Database(url)
    try:
        async with database.transaction() as db:
            owner = f"user:{uuid7()}"
            await accounts.watch(db, network=NETWORK, address=ADDRESS, owner=owner, public_key="ED")
            state = AccountState(
                address=ADDRESS, balance_drops=9, sequence=10, owner_count=0, flags=0, ledger_index=1
            )
            await accounts.write_states(db, NETWORK, {ADDRESS: state})
            yield db
    finally:
        await database.close()


def _one(
    sequence: int = 0,
    *,
    ticket: int | None = None,
    numbers: int = 1,
    held: bool = False,
    last: int = 20,
    spend: int = 5,
) -> ToStore:
    draft = Draft(
        blob=b"",
        signing_hash="",
        account=ADDRESS,
        sequence=sequence,
        ticket_sequence=ticket,
        numbers=numbers,
        first_ledger=1,
        last_ledger=last,
        fee_drops=1,
    )
    signed = Signed(blob=b"", tx_hash=secrets.token_hex(32).upper())
    return ToStore(draft=draft, signed=signed, spend_drops=spend, purpose="test", ref=uuid7(), held=held)


async def _store(db: AsyncSession, *transactions: ToStore) -> list[OutgoingTransaction]:
    return await outgoing.store_all(db, NETWORK, transactions, NOW)


async def _close(db: AsyncSession, transaction: OutgoingTransaction, outcome: Outcome) -> list[Closed]:
    return await outgoing.close_all(db, [End(transaction=transaction, outcome=outcome, at=NOW)])


async def _release(db: AsyncSession, *refs: UUID, first_ledger: int = 3) -> list[OutgoingTransaction]:
    return await outgoing.release(db, NETWORK, ADDRESS, refs, first_ledger=first_ledger, now=NOW)


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 9)), max_size=8),
    st.integers(1, 60),
    st.integers(1, 9),
)
def test_next_number_is_the_lowest_that_fits(
    spans: list[tuple[int, int]], sequence: int, numbers: int
) -> None:
    held = {number for first, count in spans for number in range(first, first + count)}

    def fits(number: int) -> bool:
        return held.isdisjoint(range(number, number + numbers))

    found = next_number(sequence, Taken(spans=tuple(spans)), numbers)
    assert found == next(number for number in range(sequence, 200) if fits(number))


@pytest.mark.integration
async def test_held_is_not_due_before_it_is_released(database_url: str) -> None:
    async with _rows(database_url) as db:
        (held,) = await _store(db, _one(ticket=11, held=True))
        assert not await outgoing.claim_due(db, NETWORK, NOW + timedelta(days=900), 9)
        (released,) = await _release(db, held.ref)
        assert released.state is OutgoingState.SIGNED
        (due,) = await outgoing.claim_due(db, NETWORK, NOW, 9)
        assert (due.id, due.first_ledger) == (held.id, 3)
        # Both again: what was released cannot be withdrawn, and is released once.
        assert not await _release(db, held.ref)
        assert not await outgoing.withdraw(db, NETWORK, ADDRESS, [held.ref], now=NOW)


@pytest.mark.integration
async def test_withdrawn_is_never_sent_and_frees_what_it_held(database_url: str) -> None:
    async with _rows(database_url) as db:
        by_number, by_ticket = await _store(db, _one(10, numbers=4, held=True), _one(ticket=7, held=True))
        taken = await outgoing.taken(db, NETWORK, ADDRESS)
        assert (next_number(10, taken), taken.tickets, taken.live_count) == (14, frozenset({7}), 0)
        await outgoing.withdraw(db, NETWORK, ADDRESS, [by_number.ref, by_ticket.ref], now=NOW)
        assert await outgoing.taken(db, NETWORK, ADDRESS) == Taken()
        assert not await _release(db, by_number.ref, by_ticket.ref)
        assert not await outgoing.claim_due(db, NETWORK, NOW + timedelta(days=900), 9)
        assert not await _close(db, by_ticket, Expired(last_ledger=20))


@pytest.mark.integration
async def test_alternatives_wait_for_one_ticket_and_one_is_sent(database_url: str) -> None:
    async with _rows(database_url) as db:
        one, other = await _store(db, _one(ticket=7, held=True, spend=5), _one(ticket=7, held=True, spend=8))
        assert (await outgoing.taken(db, NETWORK, ADDRESS)).spend_drops == 8
        await _release(db, one.ref)
        with pytest.raises(IntegrityError):
            async with db.begin_nested():
                await _release(db, other.ref)


@pytest.mark.integration
async def test_held_past_its_window_expires_unless_it_was_released(database_url: str) -> None:
    async with _rows(database_url) as db:
        early, late = await _store(db, _one(ticket=7, held=True, last=5), _one(ticket=8, held=True, last=9))
        assert not await outgoing.held_past(db, NETWORK, 4)
        (past,) = await outgoing.held_past(db, NETWORK, 5)
        assert past.id == early.id
        assert not await _release(db, early.ref, first_ledger=5)
        (ended,) = await _close(db, past, Expired(last_ledger=5))
        assert ended.transaction.state is OutgoingState.EXPIRED
        # Released between the finding and the writing: what was believed of a held one holds no more.
        await _release(db, late.ref)
        assert not await _close(db, late, Expired(last_ledger=9))


@pytest.mark.integration
async def test_what_makes_tickets_moves_the_account_by_one_until_its_ledger_tells(database_url: str) -> None:
    async with _rows(database_url) as db:
        (made,) = await _store(db, _one(10, numbers=4))
        assert next_number(10, await outgoing.taken(db, NETWORK, ADDRESS)) == 14
        await _close(db, made, Settled(ledger_index=4, fee_drops=1))
        account = await accounts.read(db, NETWORK, ADDRESS)
        assert account is not None
        assert account.sequence == 11


@pytest.mark.integration
async def test_tickets_are_known_from_ledgers_read_twice(database_url: str) -> None:
    made = [TicketChange(account=ADDRESS, ticket_sequence=each, is_used=False) for each in (11, 12, 13)]
    used = [TicketChange(account=ADDRESS, ticket_sequence=12, is_used=True)]
    async with _rows(database_url) as db:
        for _ in range(2):
            await tickets.write(db, NETWORK, made, 5)
            await tickets.write(db, NETWORK, used, 6)
        assert await tickets.unused(db, NETWORK, ADDRESS, taken=()) == [11, 13]
        await _store(db, _one(ticket=11, held=True))
        taken = await outgoing.taken(db, NETWORK, ADDRESS)
        assert await tickets.unused(db, NETWORK, ADDRESS, taken.tickets) == [13]
