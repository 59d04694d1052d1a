"""Numbers and tickets of one account, taken by two processes at once: none twice, none left out."""

import asyncio
import multiprocessing
import random
import secrets
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from talktalk.ledger import accounts, outgoing
from talktalk.ledger.outgoing import End
from talktalk.ledger.schemas import Draft, Expired, OutgoingState, Signed
from talktalk.ledger.tables import OutgoingRow
from talktalk.platform.database import Database

pytestmark = pytest.mark.integration
NETWORK, ADDRESS = "test", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROCESSES, TASKS, ROUNDS = 2, 4, 8
GIVEN_UP, EXPIRED = 0.2, 0.2


class _GivenUp(Exception):
    """A worker that dies before its commit."""


def _work(database_url: str, seed: int) -> None:
    asyncio.run(_sign_at_once(database_url, random.Random(seed)))


async def _sign_at_once(database_url: str, chance: random.Random) -> None:
    database = Database(database_url, pool_size=TASKS)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(TASKS):
                group.create_task(_sign_some(database, chance))
    finally:
        await database.close()


async def _sign_some(database: Database, chance: random.Random) -> None:
    for _ in range(ROUNDS):
        try:
            await _sign_one(database, chance)
        except _GivenUp:
            continue


async def _sign_one(database: Database, chance: random.Random) -> None:
    """As signing does: lock the account, take the next free numbers, store; sometimes all in vain."""
    numbers = chance.choice((1, 1, 1, 3))
    async with database.transaction() as db:
        account = await accounts.read(db, NETWORK, ADDRESS, lock=True)
        assert account is not None
        taken = await outgoing.taken(db, NETWORK, ADDRESS)
        await asyncio.sleep(chance.random() / 500)  # others run meanwhile
        stored = await outgoing.store(
            db,
            network=NETWORK,
            draft=_draft(outgoing.next_number(account.sequence, taken, numbers), numbers),
            signed=Signed(blob=b"\x00", tx_hash=secrets.token_hex(32)),
            spend_drops=1,
            purpose="test.numbers",
            ref=uuid4(),
            now=NOW,
        )
        if chance.random() < GIVEN_UP:
            raise _GivenUp
    if chance.random() < EXPIRED:
        async with database.transaction() as db:
            await outgoing.close_all(db, [End(transaction=stored, outcome=Expired(last_ledger=9), at=NOW)])


def _draft(sequence: int, numbers: int) -> Draft:
    return Draft(
        blob=b"\x00",
        signing_hash="",
        account=ADDRESS,
        sequence=sequence,
        numbers=numbers,
        first_ledger=1,
        last_ledger=9,
        fee_drops=1,
    )


def _in_processes(database_url: str, seed: int) -> None:
    context: Any = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_work, args=(database_url, seed + turn)) for turn in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESSES


@pytest.mark.parametrize("seed", [1, 2])
async def test_two_processes_take_every_number_once(database_url: str, seed: int) -> None:
    database = Database(database_url)
    try:
        async with database.transaction() as db:
            await accounts.watch(db, network=NETWORK, address=ADDRESS, owner="operator:test", public_key="")
        await asyncio.to_thread(_in_processes, database_url, seed * 100)
        async with database.transaction() as db:
            rows = (await db.execute(select(OutgoingRow))).scalars().all()
        held = sorted(
            number
            for row in rows
            if row.state != OutgoingState.EXPIRED
            for number in range(row.sequence, row.sequence + row.numbers)
        )
        assert len(rows) > PROCESSES * TASKS * ROUNDS // 2
        assert any(row.state == OutgoingState.EXPIRED for row in rows)
        assert len(held) == len(set(held))
        # What expired, and what never was committed, was used again: signing goes on from the lowest.
        async with database.transaction() as db:
            taken = await outgoing.taken(db, NETWORK, ADDRESS)
        lowest = outgoing.next_number(0, taken)
        assert set(range(lowest)) <= set(held)
        assert lowest not in held
    finally:
        await database.close()
