"""Views: how transactions see and change a ledger.

- `ReadView` is what everything can be asked: entries, rules, fees, the parent's close time.
- `OpenView` lays changes over a closed ledger: the open ledger, and a ledger being built.
- `Sandbox` lays one transaction's changes over a view, with an undo: dropping it. Sandboxes nest (an
  attempt inside a transaction is `Sandbox(view)` and `attempt.commit()`), and the outermost one is turned
  into metadata.

`Sandbox.read` is for looking, `peek` for changing: it returns the transaction's own copy. After changing an
entry call `update`; a change without it is found too, but an entry that was updated and ends as it began
still counts as touched, as in rippled.
"""

from bisect import bisect_right, insort
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

from xrpl_devnet.amendments import Rules
from xrpl_devnet.ledger import keylets
from xrpl_devnet.ledger.entry import Entry


@dataclass(frozen=True, slots=True)
class Fees:
    """What the ledger charges, in drops."""

    base: int = 10
    reserve_base: int = 1_000_000
    reserve_increment: int = 200_000

    def account_reserve(self, owner_count: int) -> int:
        """What an account with so many owned objects must keep."""
        return self.reserve_base + owner_count * self.reserve_increment


class ReadView(Protocol):
    """What can be asked of any ledger, closed or open."""

    @property
    def rules(self) -> Rules:
        """The amendments in force."""

    @property
    def fees(self) -> Fees:
        """What the ledger charges."""

    @property
    def index(self) -> int:
        """The ledger index."""

    @property
    def parent_close_time(self) -> int:
        """The close time of the parent, against which all time rules are checked."""

    @property
    def is_open(self) -> bool:
        """Whether this is the open ledger: fees are checked there, metadata is not made."""

    def read(self, key: bytes) -> Entry | None:
        """The entry of an index, not to be changed."""

    def exists(self, key: bytes) -> bool:
        """Whether an entry stands at an index."""

    def after(self, key: bytes) -> bytes | None:
        """The next greater index that holds an entry."""

    def has_transaction(self, transaction_id: bytes) -> bool:
        """Whether this ledger holds a transaction."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of an `OpenView` at one moment. Entries in it are never changed in place."""

    changes: dict[bytes, Entry | None]
    transaction_ids: dict[bytes, int]
    destroyed_drops: int
    inserted: list[bytes]


class OpenView:
    """Changes over a closed ledger. Keeps the ids of what was applied, in order."""

    def __init__(self, base: ReadView, *, parent_close_time: int, is_open: bool) -> None:
        self.base = base
        self.rules = base.rules
        self.fees = base.fees
        self.index = base.index + 1
        self.parent_close_time = parent_close_time
        self.is_open = is_open
        self.changes: dict[bytes, Entry | None] = {}
        self.transaction_ids: dict[bytes, int] = {}
        """Id → position in this ledger."""
        self.destroyed_drops = 0
        self.fee_factor = 1
        """How many times the base fee this ledger asks for, while it is open."""
        self._inserted: list[bytes] = []

    def read(self, key: bytes) -> Entry | None:
        """The entry of an index, not to be changed."""
        try:
            return self.changes[key]
        except KeyError:
            return self.base.read(key)

    def exists(self, key: bytes) -> bool:
        """Whether an entry stands at an index."""
        if key in self.changes:
            return self.changes[key] is not None
        return self.base.exists(key)

    def after(self, key: bytes) -> bytes | None:
        """The next greater index that holds an entry."""
        found = self.base.after(key)
        while found is not None and self.changes.get(found, self) is None:
            found = self.base.after(found)
        at = bisect_right(self._inserted, key)
        if at < len(self._inserted) and (found is None or self._inserted[at] < found):
            return self._inserted[at]
        return found

    def has_transaction(self, transaction_id: bytes) -> bool:
        """Whether this ledger holds a transaction."""
        return transaction_id in self.transaction_ids

    def checkpoint(self) -> "Checkpoint":
        """What `restore` needs to undo everything that comes after."""
        return Checkpoint(
            dict(self.changes), dict(self.transaction_ids), self.destroyed_drops, list(self._inserted)
        )

    def restore(self, checkpoint: "Checkpoint") -> None:
        """Undo everything since a checkpoint."""
        self.changes = checkpoint.changes
        self.transaction_ids = checkpoint.transaction_ids
        self.destroyed_drops = checkpoint.destroyed_drops
        self._inserted = checkpoint.inserted

    def raw_put(self, entry: Entry) -> None:
        """Insert or replace an entry."""
        key = entry.key
        if self.changes.get(key) is None and (key in self.changes or not self.base.exists(key)):
            insort(self._inserted, key)
        self.changes[key] = entry

    def raw_erase(self, key: bytes) -> None:
        """Take an entry out."""
        at = bisect_right(self._inserted, key) - 1
        if at >= 0 and self._inserted[at] == key:
            del self._inserted[at]
            if not self.base.exists(key):
                del self.changes[key]
                return
        self.changes[key] = None


class Action(IntEnum):
    """What a sandbox has done to an entry."""

    CACHED = 0
    """Copied for a possible change."""
    MODIFIED = 1
    """Declared changed."""
    INSERTED = 2
    """Not in the parent view."""
    ERASED = 3
    """In the parent view, and gone."""


_MISSING: Final = object()


class Item:
    """A sandbox's hold on one entry."""

    __slots__ = ("action", "entry")

    def __init__(self, action: Action, entry: Entry) -> None:
        self.action = action
        self.entry = entry


class ViewError(AssertionError):
    """A transactor broke the rules of a view: a defect here, never a client's doing."""


class Sandbox:
    """One transaction's changes, or one attempt within it."""

    def __init__(self, parent: "OpenView | Sandbox") -> None:
        self.parent = parent
        self.rules: Rules = parent.rules
        self.fees: Fees = parent.fees
        self.index: int = parent.index
        self.parent_close_time: int = parent.parent_close_time
        self.is_open: bool = parent.is_open
        self.items: dict[bytes, Item] = {}

    def read(self, key: bytes) -> Entry | None:
        """The entry of an index, not to be changed."""
        item = self.items.get(key)
        if item is None:
            return self.parent.read(key)
        return None if item.action is Action.ERASED else item.entry

    def exists(self, key: bytes) -> bool:
        """Whether an entry stands at an index."""
        item = self.items.get(key)
        if item is None:
            return self.parent.exists(key)
        return item.action is not Action.ERASED

    def after(self, key: bytes) -> bytes | None:
        """The next greater index that holds an entry."""
        found = self.parent.after(key)
        while found is not None and not self.exists(found):
            found = self.parent.after(found)
        for candidate, item in self.items.items():
            if item.action is Action.INSERTED and candidate > key and (found is None or candidate < found):
                found = candidate
        return found

    def has_transaction(self, transaction_id: bytes) -> bool:
        """Whether this ledger holds a transaction."""
        return self.parent.has_transaction(transaction_id)

    def peek(self, key: bytes) -> Entry | None:
        """A copy of the entry that may be changed; the same copy every time."""
        item = self.items.get(key)
        if item is not None:
            return None if item.action is Action.ERASED else item.entry
        entry = self.parent.read(key)
        if entry is None:
            return None
        copy = entry.duplicate()
        self.items[key] = Item(Action.CACHED, copy)
        return copy

    def peek_account(self, account: bytes) -> Entry | None:
        """The AccountRoot of an account, to be changed."""
        return self.peek(keylets.account(account))

    def read_account(self, account: bytes) -> Entry | None:
        """The AccountRoot of an account, to look at."""
        return self.read(keylets.account(account))

    def insert(self, entry: Entry) -> None:
        """Add an entry that does not exist yet."""
        item = self.items.get(entry.key)
        if item is None:
            if self.parent.exists(entry.key):
                raise ViewError("insert of an existing entry")
            self.items[entry.key] = Item(Action.INSERTED, entry)
        elif item.action is Action.ERASED:
            item.action = Action.MODIFIED
            item.entry = entry
        else:
            raise ViewError("insert of an existing entry")

    def update(self, entry: Entry) -> None:
        """Declare a peeked entry changed."""
        item = self.items.get(entry.key)
        if item is None or item.entry is not entry or item.action is Action.ERASED:
            raise ViewError("update of an entry that was not peeked")
        if item.action is Action.CACHED:
            item.action = Action.MODIFIED

    def erase(self, entry: Entry) -> None:
        """Take a peeked entry out; its last fields stand in the metadata."""
        item = self.items.get(entry.key)
        if item is None or item.action is Action.ERASED:
            raise ViewError("erase of an entry that was not peeked")
        if item.action is Action.INSERTED:
            del self.items[entry.key]
        else:
            item.action = Action.ERASED
            item.entry = entry

    def changed(self) -> dict[bytes, Item]:
        """What this sandbox did, with undeclared changes declared."""
        for key, item in self.items.items():
            if item.action is Action.CACHED and item.entry != self.parent.read(key):
                item.action = Action.MODIFIED
        return self.items

    def discard(self) -> None:
        """Undo everything."""
        self.items = {}

    def commit(self) -> None:
        """Hand everything to the sandbox below.

        Raises:
            ViewError: The parent is no sandbox; a transaction's outermost changes go through the metadata
                builder.
        """
        below = self.parent
        if not isinstance(below, Sandbox):
            raise ViewError("commit into a ledger")
        for key, item in self.changed().items():
            if item.action is Action.CACHED:
                continue
            held = below.items.get(key)
            if held is None:
                below.items[key] = Item(item.action, item.entry)
            elif item.action is Action.ERASED:
                if held.action is Action.INSERTED:
                    del below.items[key]
                else:
                    held.action = Action.ERASED
                    held.entry = item.entry
            elif item.action is Action.INSERTED:
                # Erased below and made again here: for the ledger it was only changed.
                held.action = Action.MODIFIED
                held.entry = item.entry
            else:
                held.entry = item.entry
                if held.action is Action.CACHED:
                    held.action = Action.MODIFIED
        self.items = {}
