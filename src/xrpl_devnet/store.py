"""The journal: every closed ledger in one SQLite database, or in memory.

A close is one transaction, so a killed node has each ledger whole or not at all; write-ahead logging keeps
readers and the writer apart and a restart quick.

| table | what |
|---|---|
| `ledger` | index → hash and header |
| `tx` | (ledger, position) → id, blob, metadata; indexed by id |
| `account_tx` | (account, ledger, position): the order of an account's history |
| `state` | the newest bytes of each entry |
| `undo` | (ledger, entry) → what the entry held before that ledger, so that older ledgers can be read |
| `setting` | what the data belongs to: network id, rules, fees |
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xrpl_devnet.ledger.closed import ClosedTransaction
from xrpl_devnet.ledger.header import Header

SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, header BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS ledger_by_hash ON ledger (hash);
CREATE TABLE IF NOT EXISTS tx (
    seq INTEGER NOT NULL, position INTEGER NOT NULL, id BLOB NOT NULL,
    blob BLOB NOT NULL, meta BLOB NOT NULL, PRIMARY KEY (seq, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tx_by_id ON tx (id);
CREATE TABLE IF NOT EXISTS account_tx (
    account BLOB NOT NULL, seq INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (account, seq, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (key BLOB PRIMARY KEY, blob BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS undo (
    seq INTEGER NOT NULL, key BLOB NOT NULL, blob BLOB, PRIMARY KEY (seq, key)
) WITHOUT ROWID;
"""


class StoreError(Exception):
    """The data cannot be used; the text is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    """A transaction of the journal and where it stands."""

    ledger_index: int
    transaction: ClosedTransaction


@dataclass(frozen=True, slots=True)
class AccountPosition:
    """A place in an account's history."""

    ledger_index: int
    position: int


class Store:
    """The journal of one node. Not shared between threads."""

    def __init__(self, folder: Path | None) -> None:
        """Open or make the journal.

        Args:
            folder: Where `devnet.sqlite` lies; None keeps everything in memory.

        Raises:
            StoreError: The folder cannot be written, or holds what is no journal of this version.
        """
        try:
            if folder is None:
                self._db = sqlite3.connect(":memory:", isolation_level=None)
            else:
                folder.mkdir(parents=True, exist_ok=True)
                self._db = sqlite3.connect(folder / "devnet.sqlite", isolation_level=None, timeout=1.0)
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
                # One node at a time: a second one would close other ledgers over the same data.
                self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"The ledger data in {folder} cannot be opened: {error}.") from error
        version = self.setting("version")
        if version is None:
            self.set_setting("version", str(SCHEMA_VERSION))
        elif version != str(SCHEMA_VERSION):
            raise StoreError(f"The ledger data in {folder} has version {version}.")

    def close(self) -> None:
        """Let go of the files."""
        self._db.close()

    # --- settings ---

    def setting(self, name: str) -> str | None:
        """A remembered setting."""
        row = self._db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_setting(self, name: str, value: str) -> None:
        """Remember a setting."""
        self._db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    # --- writing ---

    def append(
        self,
        header: Header,
        ledger_hash: bytes,
        transactions: Iterable[tuple[ClosedTransaction, Iterable[bytes]]],
        changes: Iterable[tuple[bytes, bytes | None, bytes | None]],
    ) -> None:
        """Write a closed ledger, whole or not at all.

        Args:
            header: Its header.
            ledger_hash: Its hash.
            transactions: Each with the accounts whose history it belongs to.
            changes: (index, bytes before, bytes after) of each entry; None where there is none.
        """
        index = header.index
        db = self._db
        rows: list[tuple[int, int, bytes, bytes, bytes]] = []
        mentions: list[tuple[bytes, int, int]] = []
        for tx, accounts in transactions:
            rows.append((index, tx.position, tx.id, tx.blob, tx.meta_blob))
            mentions.extend((account, index, tx.position) for account in accounts)
        put: list[tuple[bytes, bytes]] = []
        gone: list[tuple[bytes]] = []
        undo: list[tuple[int, bytes, bytes | None]] = []
        for key, before, after in changes:
            undo.append((index, key, before))
            if after is None:
                gone.append((key,))
            else:
                put.append((key, after))
        db.execute("BEGIN IMMEDIATE")
        try:
            db.execute("INSERT INTO ledger VALUES (?, ?, ?)", (index, ledger_hash, header.blob()))
            db.executemany("INSERT INTO tx VALUES (?, ?, ?, ?, ?)", rows)
            db.executemany("INSERT INTO account_tx VALUES (?, ?, ?)", mentions)
            db.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", put)
            db.executemany("DELETE FROM state WHERE key = ?", gone)
            db.executemany("INSERT INTO undo VALUES (?, ?, ?)", undo)
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise

    def prune(self, before: int) -> None:
        """Forget ledgers with an index below `before`; the newest state stays."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        for table in ("ledger", "tx", "account_tx"):
            db.execute(f"DELETE FROM {table} WHERE seq < ?", (before,))  # noqa: S608 (own names)
        db.execute("DELETE FROM undo WHERE seq <= ?", (before,))
        db.execute("COMMIT")

    # --- reading ---

    def state(self) -> Iterator[tuple[bytes, bytes]]:
        """The newest state: (index, bytes) of each entry."""
        return iter(self._db.execute("SELECT key, blob FROM state"))

    def entry_at(self, ledger_index: int, key: bytes) -> tuple[bool, bytes | None]:
        """What an entry held in an older ledger.

        Returns:
            Whether it has changed since, and if so what it held (None: it did not exist).
        """
        row = self._db.execute(
            "SELECT blob FROM undo WHERE key = ? AND seq > ? ORDER BY seq LIMIT 1",
            (key, ledger_index),
        ).fetchone()
        return (False, None) if row is None else (True, row[0])

    def undo_since(self, ledger_index: int) -> Iterator[tuple[bytes, bytes | None]]:
        """What to put back, newest change first, to get the state of an older ledger."""
        return iter(
            self._db.execute("SELECT key, blob FROM undo WHERE seq > ? ORDER BY seq DESC", (ledger_index,))
        )

    def range(self) -> tuple[int, int] | None:
        """The first and last ledger index; the ledgers between are all there."""
        low, high = self._db.execute("SELECT min(seq), max(seq) FROM ledger").fetchone()
        return None if low is None else (int(low), int(high))

    def header(self, ledger_index: int) -> tuple[Header, bytes] | None:
        """A ledger's header and hash."""
        row = self._db.execute("SELECT header, hash FROM ledger WHERE seq = ?", (ledger_index,)).fetchone()
        return None if row is None else (Header.from_blob(row[0]), bytes(row[1]))

    def index_of(self, ledger_hash: bytes) -> int | None:
        """The index of the ledger with a hash."""
        row = self._db.execute("SELECT seq FROM ledger WHERE hash = ?", (ledger_hash,)).fetchone()
        return None if row is None else int(row[0])

    def transactions(self, ledger_index: int) -> list[ClosedTransaction]:
        """A ledger's transactions in order of execution."""
        rows = self._db.execute(
            "SELECT id, blob, meta, position FROM tx WHERE seq = ? ORDER BY position",
            (ledger_index,),
        )
        return [ClosedTransaction(*row) for row in rows]

    def ledgers_with_transactions(self, first: int, last: int) -> int:
        """How many ledgers of a range, ends included, have transactions."""
        row = self._db.execute(
            "SELECT count(DISTINCT seq) FROM tx WHERE seq BETWEEN ? AND ?", (first, last)
        ).fetchone()
        return int(row[0])

    def transaction_count(self, ledger_index: int) -> int:
        """How many transactions a ledger has."""
        row = self._db.execute("SELECT count(*) FROM tx WHERE seq = ?", (ledger_index,)).fetchone()
        return int(row[0])

    def transaction(self, transaction_id: bytes) -> StoredTransaction | None:
        """A transaction by its id."""
        row = self._db.execute(
            "SELECT seq, id, blob, meta, position FROM tx WHERE id = ?", (transaction_id,)
        ).fetchone()
        return None if row is None else StoredTransaction(row[0], ClosedTransaction(*row[1:]))

    def transaction_at(self, ledger_index: int, position: int) -> StoredTransaction | None:
        """A transaction by its place."""
        row = self._db.execute(
            "SELECT seq, id, blob, meta, position FROM tx WHERE seq = ? AND position = ?",
            (ledger_index, position),
        ).fetchone()
        return None if row is None else StoredTransaction(row[0], ClosedTransaction(*row[1:]))

    def newest_transactions(self, skip: int, limit: int) -> list[StoredTransaction]:
        """Some of the newest transactions of all, newest first, after `skip` newer ones."""
        rows = self._db.execute(
            "SELECT seq, id, blob, meta, position FROM tx ORDER BY seq DESC, position DESC LIMIT ? OFFSET ?",
            (limit, skip),
        )
        return [StoredTransaction(row[0], ClosedTransaction(*row[1:])) for row in rows]

    def account_history(
        self,
        account: bytes,
        low: int,
        high: int,
        *,
        forward: bool,
        limit: int,
        start: AccountPosition | None = None,
    ) -> list[StoredTransaction]:
        """A page of an account's transactions.

        Args:
            account: Whose.
            low: First ledger index, inclusive.
            high: Last ledger index, inclusive.
            forward: Oldest first.
            limit: At most so many.
            start: The first place of the page, inclusive.
        """
        compare, order = (">=", "ASC") if forward else ("<=", "DESC")
        if start is None:
            start = AccountPosition(low, 0) if forward else AccountPosition(high, 2**62)
        rows = self._db.execute(
            "SELECT t.seq, t.id, t.blob, t.meta, t.position FROM account_tx AS a "  # noqa: S608
            "JOIN tx AS t ON t.seq = a.seq AND t.position = a.position "
            f"WHERE a.account = ? AND a.seq BETWEEN ? AND ? AND (a.seq, a.position) {compare} (?, ?) "
            f"ORDER BY a.seq {order}, a.position {order} LIMIT ?",
            (account, low, high, start.ledger_index, start.position, limit),
        )
        return [StoredTransaction(row[0], ClosedTransaction(*row[1:])) for row in rows]
