"""Limits that all web processes share, kept in PostgreSQL.

Two kinds, each one row a key:

- `Rate`: so many at once and so many in a period (the generic cell rate algorithm). A row holds the
  moment at which the key would be idle; taking one moves it on by `period / count`.
- `Patience`: the first few are free, then each must wait longer than the one before, up to a longest
  wait: delay, never a ban. It is forgotten after a quiet while.

`Limiter.take` takes from several keys at once, all or none, in a transaction of its own: what an
attempt costs stays spent even if the request it belongs to fails. What it tells to wait is the truth.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.clock import Clock
from talktalk.platform.database import Base, Database
from talktalk.platform.problems import TooMany

FORGET_BATCH = 1_000
CLOCKS_APART_MAX = timedelta(milliseconds=100)
"""Machines that share a limit may disagree about the time by so much; nobody is refused for that."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """At most `burst` at once and, over time, `count` in `period`."""

    count: int
    period: timedelta
    burst: int


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """`free` uses only `spacing` apart, then waits that double from `first_wait` to `longest_wait`."""

    free: int
    spacing: timedelta
    first_wait: timedelta
    longest_wait: timedelta
    forget: timedelta
    """A key left alone for so long starts afresh."""


Rule = Rate | Patience


class LimitRow(Base):
    """How much of a key is spent."""

    __tablename__ = "limits"

    key: Mapped[str] = mapped_column(primary_key=True)
    ready_at: Mapped[datetime]
    """`Rate`: when the key would be idle. `Patience`: when the next use is allowed."""
    uses: Mapped[int]
    """`Patience`: uses since it was last forgotten."""
    forget_at: Mapped[datetime] = mapped_column(index=True)


class Limiter:
    """Takes from limits, or says how long to wait."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def take(self, wanted: Mapping[str, Rule]) -> datetime:
        """Take one from every key, or nothing from any.

        Returns:
            When the slowest of the keys can be used again.

        Raises:
            TooMany: A key is spent; `retry_after_s` says when all of them have something left.
        """
        async with self._database.transaction() as db:
            rows = await _lock(db, wanted, self._clock.now())
            now = self._clock.now()  # only now: we may have waited for another taker
            for row in rows.values():
                if row.forget_at <= now:
                    row.uses, row.ready_at = 0, now
            ready_at = max((_allowed_at(rule, rows[key]) for key, rule in wanted.items()), default=now)
            _refuse_before(ready_at, now)
            for key, rule in wanted.items():
                _spend(rule, rows[key], now)
            await db.flush()
            return max((_allowed_at(rule, rows[key]) for key, rule in wanted.items()), default=now)

    async def look(self, wanted: Mapping[str, Rule]) -> None:
        """Refuse as `take` would, and spend nothing.

        Raises:
            TooMany: As `take`.
        """
        now = self._clock.now()
        async with self._database.transaction() as db:
            found = await db.execute(select(LimitRow).where(LimitRow.key.in_(wanted)))
            rows = {row.key: row for row in found.scalars()}
            ready_at = max(
                (_allowed_at(wanted[key], row) for key, row in rows.items() if row.forget_at > now),
                default=now,
            )
            _refuse_before(ready_at, now)


def _refuse_before(ready_at: datetime, now: datetime) -> None:
    if ready_at > now + CLOCKS_APART_MAX:
        raise TooMany(retry_after_s=max(1, ceil((ready_at - now).total_seconds())))


async def _lock(db: AsyncSession, wanted: Mapping[str, Rule], now: datetime) -> dict[str, LimitRow]:
    """The rows of all keys, made where missing, locked in key order so that takers cannot deadlock."""
    if not wanted:
        return {}
    fresh = insert(LimitRow).values(
        [{"key": key, "ready_at": now, "uses": 0, "forget_at": now} for key in sorted(wanted)]
    )
    # The update changes nothing; it is what locks a row that was there already.
    locked = fresh.on_conflict_do_update(index_elements=[LimitRow.key], set_={"key": fresh.excluded.key})
    found = await db.execute(select(LimitRow).from_statement(locked.returning(LimitRow)))
    return {row.key: row for row in found.scalars()}


def _allowed_at(rule: Rule, row: LimitRow) -> datetime:
    if isinstance(rule, Rate):
        return row.ready_at - (rule.burst - 1) * (rule.period / rule.count)
    return row.ready_at


def _spend(rule: Rule, row: LimitRow, now: datetime) -> None:
    if isinstance(rule, Rate):
        row.ready_at = max(row.ready_at, now) + rule.period / rule.count
        row.forget_at = row.ready_at
        return
    row.uses += 1
    row.ready_at = now + wait_after(rule, row.uses)
    row.forget_at = now + max(rule.forget, rule.longest_wait)


def wait_after(rule: Patience, uses: int) -> timedelta:
    """How long to wait after the `uses`-th use."""
    if uses < rule.free:
        return rule.spacing
    doublings = min(uses - rule.free, 30)
    wait: timedelta = rule.first_wait * float(2**doublings)
    return min(rule.longest_wait, wait)


async def forget_idle(db: AsyncSession, now: datetime) -> int:
    """Remove rows that say nothing any more; returns how many (at most `FORGET_BATCH`)."""
    idle = (
        select(LimitRow.key)
        .where(LimitRow.forget_at <= now)
        .limit(FORGET_BATCH)
        .with_for_update(skip_locked=True)
    )
    removed = await db.execute(delete(LimitRow).where(LimitRow.key.in_(idle)).returning(LimitRow.key))
    return len(removed.all())
