"""Counting tries: before they are judged, whatever happens, and forgiven only by a right one."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Literal
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from talktalk.custody.envelope import KeyEncryptionKey
from talktalk.custody.schemas import VerifierKind
from talktalk.custody.verifiers import (
    DELAY_S_MAX,
    REMEMBERED_S,
    TRIES_MAX,
    Verifiers,
    delay_after,
    forget,
    put_hash,
)
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


class _CountingHasher(PasswordHasher):
    """Argon2, and how often it was asked."""

    asked = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - its name there
        self.asked += 1
        return super().verify(hash, password)


@asynccontextmanager
async def _remembering(url: str) -> AsyncIterator[tuple[Verifiers, _CountingHasher, Database, TurnedClock]]:
    database, clock = Database(url), TurnedClock()
    hasher = _CountingHasher(time_cost=1, memory_cost=64, parallelism=1)
    try:
        kek = KeyEncryptionKey(os.urandom(32))
        yield Verifiers(database, kek, clock, hasher=hasher), hasher, database, clock
    finally:
        await database.close()


async def _set(
    verifiers: Verifiers, database: Database, clock: TurnedClock, user: UUID, secret: bytes
) -> None:
    hashed = await verifiers.hash(PIN, user, secret)
    async with database.transaction() as db:
        await put_hash(db, PIN, user, hashed, clock.now())


@pytest.mark.integration
async def test_a_right_pin_is_known_again_for_a_while_and_a_wrong_one_never(database_url: str) -> None:
    async with _remembering(database_url) as (verifiers, hasher, database, clock):
        user = uuid7()
        await _set(verifiers, database, clock, user, RIGHT)
        for _ in range(3):
            assert (await verifiers.check(PIN, user, RIGHT)).right
        assert hasher.asked == 1
        verdict = await verifiers.check(PIN, user, WRONG)
        assert (verdict.right, verdict.tries_left, hasher.asked) == (False, TRIES_MAX - 1, 2)
        assert (await verifiers.check(PIN, user, RIGHT)).right
        assert hasher.asked == 3, "what was right is forgotten with a wrong try"
        clock.turn(seconds=REMEMBERED_S)
        assert (await verifiers.check(PIN, user, RIGHT)).right
        assert hasher.asked == 4, "only for a while"


@pytest.mark.integration
async def test_a_remembered_pin_dies_with_its_verifier_its_lock_and_its_person(database_url: str) -> None:
    async with _remembering(database_url) as (verifiers, hasher, database, clock):
        user, other = uuid7(), uuid7()
        for each in (user, other):
            await _set(verifiers, database, clock, each, RIGHT)
        assert (await verifiers.check(PIN, user, RIGHT)).right
        await _set(verifiers, database, clock, user, b"112233")
        assert not (await verifiers.check(PIN, user, RIGHT)).right, "the old one after a change"
        await _set(verifiers, database, clock, user, RIGHT)
        before = hasher.asked
        assert (await verifiers.check(PIN, user, RIGHT)).right
        assert (await verifiers.check(PIN, other, RIGHT)).right
        assert hasher.asked == before + 2, "the same PIN under another verifier, or of another person"
        for _ in range(TRIES_MAX):
            await verifiers.check(PIN, user, WRONG)
        before = hasher.asked
        assert (await verifiers.check(PIN, user, RIGHT)).reason == "locked"
        assert hasher.asked == before
        async with database.transaction() as db:
            await forget(db, PIN, other)
        assert (await verifiers.check(PIN, other, RIGHT)).reason == "missing"


@pytest.mark.integration
async def test_tries_of_many_at_once_are_counted_each_for_its_own(database_url: str) -> None:
    async with _remembering(database_url) as (verifiers, _, database, clock):
        users = [uuid7() for _ in range(6)]
        for each in users:
            await _set(verifiers, database, clock, each, RIGHT)
        missing = uuid7()
        tries = dict.fromkeys(users[:3], RIGHT) | dict.fromkeys(users[3:], WRONG) | {missing: RIGHT}
        # Crossing sets of the same people: locks taken in any order would wait for each other.
        verdicts = await asyncio.gather(
            *(
                verifiers.check_all(PIN, dict(sorted(tries.items(), reverse=turn % 2 == 1)))
                for turn in range(4)
            )
        )
        for found in verdicts:
            assert [found[each].right for each in users] == [True] * 3 + [False] * 3
            assert found[missing].reason == "missing"
        last = await verifiers.check_all(PIN, dict.fromkeys(users, WRONG))
        assert [last[each].tries_left for each in users] == [TRIES_MAX - 1] * 3 + [0] * 3
