"""Counting tries: before they are judged, whatever happens, and forgiven only by a right one."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktalk.custody.envelope import KeyEncryptionKey
from talktalk.custody.schemas import VerifierKind
from talktalk.custody.verifiers import DELAY_S_MAX, TRIES_MAX, Verifiers, delay_after, put_hash
from talktalk.platform.database import Database
from talktalk.platform.ids import uuid7
from tests.clocks import TurnedClock

PIN = VerifierKind.PIN
RIGHT, WRONG = b"402817", b"000000"


@asynccontextmanager
async def _verifiers(url: str) -> AsyncIterator[tuple[Verifiers, Database, TurnedClock]]:
    database, clock = Database(url), TurnedClock()
    try:
        yield Verifiers(database, KeyEncryptionKey(os.urandom(32)), clock), database, clock
    finally:
        await database.close()


@given(st.integers(min_value=TRIES_MAX, max_value=10_000))
def test_delay_grows_up_to_a_day(failures: int) -> None:
    assert delay_after(failures) <= delay_after(failures + 1) <= timedelta(seconds=DELAY_S_MAX)
    assert delay_after(TRIES_MAX) == timedelta(seconds=30)


@pytest.mark.integration
async def test_each_further_miss_waits_twice_as_long(database_url: str) -> None:
    async with _verifiers(database_url) as (verifiers, database, clock):
        user = uuid7()
        assert (await verifiers.check(PIN, user, RIGHT)).reason == "missing"
        async with database.transaction() as db:
            await put_hash(db, PIN, user, await verifiers.hash(PIN, user, RIGHT), clock.now())
        for left in (4, 3, 2, 1):
            verdict = await verifiers.check(PIN, user, WRONG)
            assert (verdict.right, verdict.tries_left, verdict.retry_at) == (False, left, None)
        for wait_s in (30, 60, 120):
            verdict = await verifiers.check(PIN, user, WRONG)
            assert verdict.retry_at == clock.now() + timedelta(seconds=wait_s)
            clock.turn(seconds=wait_s - 1)
            # Not even the right one is looked at.
            assert (await verifiers.check(PIN, user, RIGHT)).reason == "locked"
            clock.turn(seconds=1)
        assert (await verifiers.check(PIN, user, RIGHT)).right
        assert (await verifiers.check(PIN, user, WRONG)).tries_left == 4


@pytest.mark.integration
async def test_try_cut_off_while_it_is_judged_is_counted(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _verifiers(database_url) as (verifiers, database, clock):
        user = uuid7()
        async with database.transaction() as db:
            await put_hash(db, PIN, user, await verifiers.hash(PIN, user, RIGHT), clock.now())

        async def die(*_: object) -> bool:
            raise asyncio.CancelledError

        with monkeypatch.context() as patched:
            patched.setattr(verifiers, "_matches", die)
            for _ in range(TRIES_MAX):
                with pytest.raises(asyncio.CancelledError):
                    await verifiers.check(PIN, user, WRONG)
        assert (await verifiers.check(PIN, user, RIGHT)).reason == "locked"


@pytest.mark.integration
async def test_same_pin_of_two_people_or_kinds_is_stored_differently(database_url: str) -> None:
    async with _verifiers(database_url) as (verifiers, database, clock):
        one, other = uuid7(), uuid7()
        hashed = await verifiers.hash(PIN, one, RIGHT)
        async with database.transaction() as db:
            # A row that was copied to another person, or another kind, knows nothing.
            await put_hash(db, PIN, other, hashed, clock.now())
            await put_hash(db, VerifierKind.RECOVERY_CODE, one, hashed, clock.now())
            await put_hash(db, PIN, one, hashed, clock.now())
        assert (await verifiers.check(PIN, one, RIGHT)).right
        assert not (await verifiers.check(PIN, other, RIGHT)).right
        assert not (await verifiers.check(VerifierKind.RECOVERY_CODE, one, RIGHT)).right
        # Nor does any hash open under another key-encryption key.
        strange = Verifiers(database, KeyEncryptionKey(os.urandom(32)), clock)
        assert not (await strange.check(PIN, one, RIGHT)).right
