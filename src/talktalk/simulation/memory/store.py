"""Rows, versions, locks and transactions: PostgreSQL's READ COMMITTED, without its file.

A row has one committed version and at most one pending version, which belongs to the transaction
that wrote it. A statement runs without interruption except where it waits for a lock, so what it
reads is one moment. Whoever waits goes on when the transaction it waits for has ended, and looks
again at the newest version, as PostgreSQL does. A ring of waiters is a deadlock: the one that would
close it fails. A statement that waits longer than `STATEMENT_TIMEOUT_S` fails too.

What a transaction did is undone from its log: wholly by `rollback`, down to a mark by
`rollback_to`. A transaction in which a statement failed refuses everything until then.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from sqlalchemy.util import await_

from talktalk.simulation.memory.errors import ConnectionLost, UnknownShape

STATEMENT_TIMEOUT_S: Final = 15.0

KEY_SHARE: Final = 1
SHARE: Final = 2
NO_KEY_UPDATE: Final = 3
UPDATE: Final = 4
"""Strengths of row locks, weakest first."""
_CONFLICTS: Final = {
    KEY_SHARE: frozenset({UPDATE}),
    SHARE: frozenset({NO_KEY_UPDATE, UPDATE}),
    NO_KEY_UPDATE: frozenset({SHARE, NO_KEY_UPDATE, UPDATE}),
    UPDATE: frozenset({KEY_SHARE, SHARE, NO_KEY_UPDATE, UPDATE}),
}

Version = dict[str, Any]
Key = tuple[Any, ...]


class Row:
    """One row: what is committed, what is pending, and who holds it."""

    __slots__ = ("committed", "locks", "owner", "pending")

    def __init__(self) -> None:
        self.committed: Version | None = None
        self.pending: Version | None = None
        self.owner: Transaction | None = None
        """Whose `pending` it is."""
        self.locks: dict[Transaction, int] = {}

    def seen_by(self, tx: "Transaction") -> Version | None:
        """The version a transaction sees; None if there is none for it."""
        return self.pending if self.owner is tx else self.committed

    def versions(self) -> Iterable[Version]:
        """Every version that may come to count."""
        if self.committed is not None:
            yield self.committed
        if self.owner is not None and self.pending is not None:
            yield self.pending


class Index:
    """A hash index; unique ones are constraints. Holds every row of which some version has the key."""

    def __init__(
        self,
        name: str,
        columns: Sequence[str],
        *,
        unique: bool,
        key: Callable[[Version], Key] | None = None,
        where: Callable[[Version], bool] | None = None,
    ) -> None:
        """Args:
        name: The constraint's name.
        columns: Whose values make the key.
        unique: Whether two rows may not have one key.
        key: Computes the key where it is more than columns.
        where: Of a partial index: which rows are in it.
        """
        self.name = name
        self.columns = tuple(columns)
        self.unique = unique
        self.is_plain = key is None and where is None
        self._key = key
        self._where = where
        self.rows: dict[Key, dict[Row, None]] = {}

    def key_of(self, version: Version) -> Key | None:
        """The key of a version; None where it is not in the index, or is null and so equals nothing."""
        if self._where is not None and not self._where(version):
            return None
        key = self._key(version) if self._key else tuple([version[name] for name in self.columns])
        return None if None in key else key

    def add(self, key: Key, row: Row) -> None:
        """Note that some version of the row has this key."""
        self.rows.setdefault(key, {})[row] = None

    def drop(self, key: Key, row: Row) -> None:
        """Forget it, unless another version of the row still has the key."""
        if any(self.key_of(version) == key for version in row.versions()):
            return
        bucket = self.rows[key]
        del bucket[row]
        if not bucket:
            del self.rows[key]


class ForeignKey:
    """These columns name a row of another table."""

    def __init__(
        self, name: str, columns: Sequence[str], target: "Table", target_columns: Sequence[str]
    ) -> None:
        self.name = name
        self.columns = tuple(columns)
        self.target = target
        self.target_columns = tuple(target_columns)


class Table:
    """Rows of one table, in the order in which they were first written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[Row, None] = {}
        self.indexes: list[Index] = []
        self.foreign_keys: list[ForeignKey] = []
        self.unlearned = ""
        """Why it cannot be used, if so."""
        self.required: tuple[str, ...] = ()
        """Columns that are never null."""
        self.key_columns: frozenset[str] = frozenset()
        """Columns other tables may name: who changes one takes the strongest lock."""

    def index_over(self, columns: Iterable[str]) -> Index | None:
        """The index of exactly these columns, whatever their order."""
        wanted = frozenset(columns)
        return next((each for each in self.indexes if each.is_plain and wanted == set(each.columns)), None)


class Transaction:
    """One transaction of one session."""

    __slots__ = (
        "_locked",
        "_log",
        "ended",
        "failed",
        "notifications",
        "over",
        "started_at",
        "store",
        "waits_for",
    )

    def __init__(self, store: "Store") -> None:
        self.store = store
        self.started_at = store.now()
        """What `now()` says throughout."""
        self.ended: asyncio.Future[None] | None = None
        """Made by the first who waits for the end, or for locks to be given back."""
        self.failed = False
        self.over = False
        """Whether it has ended; a client that was cut off may not know."""
        self.notifications: dict[str, None] = {}
        self.waits_for: Transaction | None = None
        self._log: list[tuple[Any, ...]] = []
        self._locked: dict[Row, None] = {}

    # --- writing ---

    def write(self, table: Table, row: Row, version: Version | None) -> None:
        """Make `version` the row's pending one (None deletes it). The lock is held."""
        self._alive()
        before_owner, before = row.owner, row.pending
        row.owner, row.pending = self, version
        keys = []
        if version is not None:
            for index in table.indexes:
                key = index.key_of(version)
                if key is not None:
                    index.add(key, row)
                    keys.append((index, key))
        self._log.append(("wrote", table, row, before_owner, before, keys))

    def insert(self, table: Table, version: Version) -> Row:
        """A new row, locked by being ours."""
        self._alive()
        row = Row()
        table.rows[row] = None
        row.locks[self] = UPDATE
        self._locked[row] = None
        self._log.append(("made", table, row))
        self.write(table, row, version)
        return row

    # --- locks ---

    def lock(self, row: Row, strength: int, *, skip: bool = False, nowait: bool = False) -> bool:
        """Hold the row until the end; waits for whoever holds it in conflict.

        Args:
            row: Which.
            strength: How.
            skip: Give up instead of waiting, and return False.
            nowait: Fail instead of waiting.
        """
        held = row.locks.get(self, 0)
        if held >= strength:
            return True
        conflicts = _CONFLICTS[strength]
        while True:
            holder = next(
                (tx for tx, theirs in row.locks.items() if tx is not self and theirs in conflicts), None
            )
            if holder is None:
                break
            if skip:
                return False
            if nowait:
                raise psycopg.errors.LockNotAvailable("could not obtain lock on row")
            self.wait_for(holder)
        self._alive()
        self._log.append(("locked", row, held))
        row.locks[self] = strength
        self._locked[row] = None
        return True

    def wait_for(self, other: "Transaction") -> None:
        """Stand still until another transaction has ended.

        Raises:
            psycopg.errors.DeadlockDetected: It waits, perhaps through others, for this one.
            psycopg.errors.QueryCanceled: It took too long.
        """
        self._alive()
        seen = other
        while seen.waits_for is not None:
            seen = seen.waits_for
            if seen is self:
                raise psycopg.errors.DeadlockDetected("deadlock detected")
        self.store.waits += 1
        loop = asyncio.get_running_loop()
        if other.ended is None:
            other.ended = loop.create_future()
        self.waits_for = other
        try:
            await_(_until(other.ended))
        finally:
            self.waits_for = None

    # --- savepoints and ends ---

    def mark(self) -> int:
        """A place to come back to."""
        return len(self._log)

    def rollback_to(self, mark: int) -> None:
        """Undo what was done since, locks included."""
        log = self._log
        while len(log) > mark:
            match log.pop():
                case ("wrote", table, row, before_owner, before, keys):
                    row.owner, row.pending = before_owner, before
                    for index, key in keys:
                        index.drop(key, row)
                case ("made", table, row):
                    del table.rows[row]
                    row.locks.pop(self, None)
                    self._locked.pop(row, None)
                case ("locked", row, held):
                    if held:
                        row.locks[self] = held
                    else:
                        row.locks.pop(self, None)
                        self._locked.pop(row, None)
                case ("notified", payload):
                    self.notifications.pop(payload, None)
        self.failed = False
        self._wake_waiters()  # what they wait for may be free now; they look again

    def notify(self, payload: str) -> None:
        """Tell listeners once this commits; the same payload is told once."""
        if payload not in self.notifications:
            self.notifications[payload] = None
            self._log.append(("notified", payload))

    def commit(self) -> None:
        """Make everything visible at once."""
        last: dict[Row, Table] = {}
        for entry in self._log:
            if entry[0] == "wrote":
                last[entry[2]] = entry[1]
        for row, table in last.items():
            if row.owner is not self:
                continue  # written and undone
            old, new = row.committed, row.pending
            row.committed, row.pending, row.owner = new, None, None
            if old is not None:
                for index in table.indexes:
                    key = index.key_of(old)
                    if key is not None and (new is None or index.key_of(new) != key):
                        index.drop(key, row)
            if new is None:
                table.rows.pop(row, None)
        # Versions between the first and the last left their keys too.
        for entry in self._log:
            if entry[0] == "wrote":
                for index, key in entry[5]:
                    if key in index.rows and entry[2] in index.rows[key]:
                        index.drop(key, entry[2])
        self._end()
        if self.notifications:
            self.store.told(list(self.notifications))

    def rollback(self) -> None:
        """As if it had never been."""
        self.rollback_to(0)
        self._end()

    def _alive(self) -> None:
        if self.over:
            raise ConnectionLost("the server has ended this transaction")

    def _end(self) -> None:
        self.over = True
        for row in self._locked:
            row.locks.pop(self, None)
        self._locked.clear()
        self._log.clear()
        self._wake_waiters()

    def _wake_waiters(self) -> None:
        if self.ended is not None:
            if not self.ended.done():
                self.ended.set_result(None)
            self.ended = None


async def _until(ended: asyncio.Future[None]) -> None:
    try:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S):
            await asyncio.shield(ended)
    except TimeoutError:
        raise psycopg.errors.QueryCanceled("canceling statement due to statement timeout") from None


class Store:
    """All tables of one database, and who listens."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """`now` is the server's clock."""
        self.now = now
        self.tables: dict[str, Table] = {}
        self.views: dict[str, Callable[[Transaction], list[Version]]] = {}
        self.listeners: list[Callable[[list[str]], None]] = []
        """Called with the payloads of each commit that notified."""
        self.waits = 0
        """How often somebody had to wait for a lock."""
        self.attached: dict[str, Any] = {}
        """What is kept for as long as the store lives."""
        self._holders: dict[str, asyncio.Lock] = {}

    def clear(self) -> None:
        """Empty every table, and forget everybody."""
        for table in self.tables.values():
            table.rows.clear()
            for index in table.indexes:
                index.rows.clear()
        self.listeners.clear()
        self._holders.clear()
        self.waits = 0

    def table(self, name: str) -> Table:
        """A table by its name.

        Raises:
            UnknownShape: There is something about it that the store has not learned.
        """
        found = self.tables[name]
        if found.unlearned:
            raise UnknownShape(f"table {name}: {found.unlearned}")
        return found

    def told(self, payloads: list[str]) -> None:
        """Hand payloads to every listener."""
        for listener in list(self.listeners):
            listener(payloads)

    def hold(self, name: str) -> asyncio.Lock:
        """The session-wide lock of a name."""
        return self._holders.setdefault(name, asyncio.Lock())

    def lost(self) -> ConnectionLost:
        """What a client hears whose connection is gone."""
        return ConnectionLost("server closed the connection unexpectedly")
