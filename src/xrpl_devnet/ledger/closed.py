"""A closed ledger: its header, its entries, its transactions. Immutable."""

from dataclasses import dataclass, field

from xrpl_devnet.amendments import Rules
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.header import Header
from xrpl_devnet.ledger.shamap import StateMap
from xrpl_devnet.ledger.views import Fees


@dataclass(frozen=True, slots=True)
class ClosedTransaction:
    """A transaction with its metadata, as a ledger holds them."""

    id: bytes
    blob: bytes
    meta_blob: bytes
    position: int
    """`TransactionIndex`: its place in the order of execution."""


@dataclass(frozen=True, slots=True)
class ClosedLedger:
    """One closed ledger, which is at once a view to read from."""

    header: Header
    hash: bytes
    state: StateMap
    rules: Rules
    fees: Fees
    transaction_ids: frozenset[bytes] = field(default_factory=frozenset)

    @property
    def index(self) -> int:
        """The ledger index."""
        return self.header.index

    @property
    def parent_close_time(self) -> int:
        """The close time of the parent."""
        return self.header.parent_close_time

    @property
    def close_time(self) -> int:
        """When it closed, in seconds of the ripple epoch."""
        return self.header.close_time

    @property
    def is_open(self) -> bool:
        """A closed ledger is not open."""
        return False

    def read(self, key: bytes) -> Entry | None:
        """The entry of an index, not to be changed."""
        return self.state.read(key)

    def exists(self, key: bytes) -> bool:
        """Whether an entry stands at an index."""
        return self.state.exists(key)

    def after(self, key: bytes) -> bytes | None:
        """The next greater index that holds an entry."""
        return self.state.after(key)

    def has_transaction(self, transaction_id: bytes) -> bool:
        """Whether this ledger holds a transaction."""
        return transaction_id in self.transaction_ids
