"""The memory store and PostgreSQL say the same: random statements, alone and in two sessions that meet.

Each example is run on both, from empty tables. Compared are answers, errors by class, who is blocked by
whom, and every row at the end. A shape the store has not learned fails the test with its text.
"""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from talktalk.platform.database import Base
from talktalk.simulation.memory.store import Row, Table
from tests.simulation.memory.databases import BLOCKED, TABLES, Memory, Postgres, Session
from tests.simulation.memory.statements import any_step

pytestmark = [pytest.mark.integration, pytest.mark.simulation, pytest.mark.timeout(600)]

Taken = tuple[str, tuple[Any, ...]]
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failing schedule is short enough to read, and shrinking one takes minutes of a real server."""
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
endings = st.sampled_from((("commit", ()), ("rollback", ())))
steps = st.one_of(any_step(), any_step(), any_step(), any_step(), endings)


@settings(max_examples=40, deadline=None, phases=PHASES, suppress_health_check=QUIET)
@given(taken=st.lists(st.tuples(steps, st.booleans()), min_size=4, max_size=30))
def test_one_session(database_url: str, taken: list[tuple[Taken, bool]]) -> None:
    schedule = [(0, step, inside) for step, inside in taken]
    _agree(database_url, schedule)


@settings(max_examples=60, deadline=None, phases=PHASES, suppress_health_check=QUIET)
@given(
    taken=st.lists(
        st.tuples(st.integers(0, 1), steps, st.booleans()),
        min_size=6,
        max_size=24,
    )
)
def test_two_sessions(database_url: str, taken: list[tuple[int, Taken, bool]]) -> None:
    _agree(database_url, taken)


def _agree(url: str, schedule: list[tuple[int, Taken, bool]]) -> None:
    # Somebody to quarrel about.
    prepared = [
        (0, ("watch", ("ra", 0)), False),
        (0, ("watch", ("rb", 1)), False),
        (0, ("commit", ()), False),
    ]
    asyncio.run(_compare(url, prepared + schedule))


async def _compare(url: str, schedule: list[tuple[int, Taken, bool]]) -> None:
    memory, postgres = Memory(), Postgres(url)
    try:
        await postgres.empty()
        ours = await _perform(memory, schedule)
        theirs = await _perform(postgres, schedule)
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            assert one == other, (schedule[number] if number < len(schedule) else "end", ours, theirs)
        assert await _rows(memory) == await _rows(postgres)
        _no_remains(memory)
    finally:
        await memory.engine.dispose()
        await postgres.engine.dispose()


async def _perform(database: Memory | Postgres, schedule: list[tuple[int, Taken, bool]]) -> list[Any]:
    seen: list[Any] = []
    async with Session(database).open() as first, Session(database).open() as second:
        sessions = (first, second)
        for who, (name, arguments), inside in schedule:
            session, other = sessions[who], sessions[1 - who]
            if not session.is_idle:
                seen.append("waits")  # for the other: it is the other's turn
                continue
            if name in ("commit", "rollback"):
                await session.end(commit=name == "commit")
                seen.append(name)
            else:
                seen.append(await session.take(name, arguments, inside=inside))
            if not other.is_idle or other.was_blocked:
                # What it was blocked by may be gone now, by an end or by an error.
                outcome = await other.outcome()
                other.was_blocked = outcome == BLOCKED
                seen[-1] = (seen[-1], outcome)
            session.was_blocked = not session.is_idle
        for session, other in ((first, second), (second, first)):
            if session.is_idle:
                await session.end(commit=True)
                if other.was_blocked:
                    seen.append(await other.outcome())
                    other.was_blocked = False
    return seen


async def _rows(database: Memory | Postgres) -> dict[str, list[str]]:
    found = {}
    async with database.engine.connect() as connection:
        for name in TABLES.split(", "):
            table = Base.metadata.tables[name]
            # Times of the server's own differ.
            columns = [column for column in table.columns if column.server_default is None]
            result = await connection.execute(table.select().with_only_columns(*columns))
            found[name] = sorted(repr(tuple(row)) for row in result)
    return found


def _no_remains(memory: Memory) -> None:
    """When everybody has ended, no lock, no pending version and no stray key is left."""
    for table in memory.store.tables.values():
        for row in table.rows:
            assert not row.locks
            assert row.owner is None
            assert row.committed is not None
        for index in table.indexes:
            expected: dict[Any, dict[Row, None]] = {}
            for row in table.rows:
                assert row.committed is not None
                key = index.key_of(row.committed)
                if key is not None:
                    expected.setdefault(key, {})[row] = None
            assert {key: set(rows) for key, rows in index.rows.items()} == {
                key: set(rows) for key, rows in expected.items()
            }, (table.name, index.name)


async def test_constraints_are_those_of_a_migrated_database(database_url: str) -> None:
    """Unique and foreign keys: what only migrations made would be missing in memory."""
    memory, postgres = Memory(), Postgres(database_url)
    async with postgres.engine.connect() as connection:
        unique = await connection.execute(
            text(
                "SELECT t.relname, array_agg(a.attname::text ORDER BY a.attname) FROM pg_index i"
                " JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace"
                " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey)"
                " WHERE i.indisunique AND n.nspname = 'public' AND t.relname NOT LIKE 'procrastinate%'"
                " GROUP BY i.indexrelid, t.relname"
            )
        )
        theirs = {(name, tuple(columns)) for name, columns in unique if name in memory.store.tables}
        foreign = await connection.execute(
            text(
                "SELECT c.conrelid::regclass::text, c.confrelid::regclass::text FROM pg_constraint c"
                " WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace"
            )
        )
        named = {(one, other) for one, other in foreign if one in memory.store.tables}
    ours = {
        (table.name, tuple(sorted(index.columns)))
        for table in memory.store.tables.values()
        for index in table.indexes
        if index.unique
    }
    assert ours == theirs
    assert _foreign(memory.store.tables) == named
    await postgres.engine.dispose()


def _foreign(tables: dict[str, Table]) -> set[tuple[str, str]]:
    return {(table.name, key.target.name) for table in tables.values() for key in table.foreign_keys}
