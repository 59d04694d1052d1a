"""The node: one open ledger, the closed ones, and what moves transactions from the one to the others.

Everything here is synchronous and runs on one thread; sockets and timers are outside. The life of a
transaction:

1. `submit` tries it on the open ledger. Whatever the result, without `fail_hard` it is kept
(`LocalTransactions`); a `ter`
   is also held for the next close.
2. `close` takes what the open ledger holds, sorts it (`canonical_order`), applies it to the last closed
ledger in up to
   three passes, and writes the new closed ledger to the journal.
3. A new open ledger is made on top: what was left over is tried again, then all that is kept.

Order and passes are those of rippled's `RCLConsensus::doAccept`, `BuildLedger` and `OpenLedger::accept`.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from xrpl_codec.keys import KeyPair, genesis_key
from xrpl_devnet.amendments import Rules
from xrpl_devnet.clock import Clock, SystemClock
from xrpl_devnet.ledger import keylets
from xrpl_devnet.ledger.closed import ClosedLedger, ClosedTransaction
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.header import (
    CLOSE_TIME_RESOLUTION_S,
    Header,
    effective_close_time,
    round_close_time,
)
from xrpl_devnet.ledger.shamap import (
    ZERO_HASH,
    StateMap,
    Tree,
    transaction_leaf,
    transaction_set_hash,
)
from xrpl_devnet.ledger.views import OpenView
from xrpl_devnet.local import LocalTransactions
from xrpl_devnet.results import Ter, is_claim, is_failure, is_retry, is_success
from xrpl_devnet.settings import Settings
from xrpl_devnet.store import Store
from xrpl_devnet.tx.base import ApplyFlags
from xrpl_devnet.tx.engine import Applied, apply_inner, apply_transaction
from xrpl_devnet.tx.transaction import SeqProxy, Transaction

log = logging.getLogger(__name__)

GENESIS_DROPS: Final = 100_000_000_000 * 1_000_000
TOTAL_PASSES: Final = 3
RETRY_PASSES: Final = 1
SKIP_LIST_LEDGERS: Final = 256
BAD_TRANSACTIONS: Final = 10_000
"""How many malformed transactions are remembered, to refuse them at once."""


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What `submit` found."""

    tx: Transaction
    result: Ter
    applied: bool
    kept: bool
    broadcast: bool
    queued: bool

    @property
    def accepted(self) -> bool:
        """Whether anything was done with it at all."""
        return self.applied or self.kept or self.broadcast or self.queued


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """A ledger has closed."""

    ledger: ClosedLedger
    transactions: tuple[Applied, ...]
    """In order of execution."""


@dataclass(frozen=True, slots=True)
class ProposedEvent:
    """A transaction has entered the open ledger."""

    tx: Transaction
    result: Ter
    ledger_index: int


@dataclass(slots=True)
class Listeners:
    """Who wants to know. Listeners must not raise and must not call back into `submit` or `close`."""

    closed: list[Callable[[LedgerEvent], None]] = field(default_factory=list)
    proposed: list[Callable[[ProposedEvent], None]] = field(default_factory=list)


def canonical_order(salt: bytes) -> Callable[[Transaction], tuple[bytes, SeqProxy, bytes]]:
    """The key by which a ledger's transactions are sorted: account mixed with a salt, number, id."""
    mask = int.from_bytes(salt, "big")

    def key(tx: Transaction) -> tuple[bytes, SeqProxy, bytes]:
        account = int.from_bytes(tx.account + bytes(12), "big") ^ mask
        return account.to_bytes(32, "big"), tx.seq_proxy, tx.id

    return key


class Node:
    """One stand-alone server's ledgers."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """Open the journal and go on from its last ledger, or begin with a new one.

        Raises:
            StoreError: The journal cannot be used.
        """
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.store = Store(settings.data)
        self.genesis: KeyPair = genesis_key()
        self.local = LocalTransactions()
        self.listeners = Listeners()
        self.rules: Rules = settings.rules
        """The rules of ledgers to come."""
        self.hidden_ledgers: tuple[tuple[int, int], ...] = ()
        """Ranges of history that are missing here."""
        self.withholds: Callable[[Transaction], bool] | None = None
        """Which transactions never enter a ledger."""
        self._fee_factor = 1
        self._held: dict[bytes, Transaction] = {}
        self._bad: OrderedDict[bytes, None] = OrderedDict()
        self._recent: OrderedDict[int, ClosedLedger] = OrderedDict()
        self._open_transactions: dict[bytes, Transaction] = {}
        found = self.store.range()
        self.closed: ClosedLedger = self._begin() if found is None else self._resume(found[1])
        self._remember(self.closed)
        self.open: OpenView = self._new_open_view()

    def shut_down(self) -> None:
        """Let go of the journal."""
        self.store.close()

    # --- start ---

    def _begin(self) -> ClosedLedger:
        """Ledgers 1 (genesis) and 2, as a stand-alone server starts with."""
        state = StateMap()
        account = self.genesis.account
        entries = [
            Entry.new(
                "AccountRoot",
                keylets.account(account),
                Account=account,
                Sequence=1,
                Balance=GENESIS_DROPS,
            )
        ]
        rules, fees = self.settings.rules, self.settings.fees
        if rules.names:
            entries.append(Entry.new("Amendments", keylets.AMENDMENTS, Amendments=rules.ids))
        if rules.enabled("XRPFees"):
            entries.append(
                Entry.new(
                    "FeeSettings",
                    keylets.FEES,
                    BaseFeeDrops=fees.base,
                    ReserveBaseDrops=fees.reserve_base,
                    ReserveIncrementDrops=fees.reserve_increment,
                )
            )
        blobs = [(entry.key, state.put(entry)) for entry in entries]
        header = Header(
            index=1,
            drops=GENESIS_DROPS,
            parent_hash=ZERO_HASH,
            transaction_hash=ZERO_HASH,
            account_hash=state.hash(),
            parent_close_time=0,
            close_time=0,
        )
        genesis = ClosedLedger(header, header.hash(), state, rules, fees)
        self.store.append(header, genesis.hash, [], [(key, None, blob) for key, blob in blobs])
        close_time = round_close_time(int(self.clock.now_s()), CLOSE_TIME_RESOLUTION_S)
        view = OpenView(genesis, parent_close_time=0, is_open=False)
        return self._seal(genesis, view, [], close_time)

    def _resume(self, index: int) -> ClosedLedger:
        """The last ledger of the journal, with its state."""
        found = self.store.header(index)
        assert found is not None, "the store named this ledger"
        header, ledger_hash = found
        state = StateMap()
        for key, blob in self.store.state():
            state.put_blob(key, blob)
        ids = frozenset(tx.id for tx in self.store.transactions(index))
        ledger = ClosedLedger(header, ledger_hash, state, self.settings.rules, self.settings.fees, ids)
        if state.hash() != header.account_hash:
            log.error("the journal's state does not match its last ledger", extra={"index": index})
        return ledger

    def _new_open_view(self) -> OpenView:
        self._open_transactions = {}
        view = OpenView(self.closed, parent_close_time=self.closed.close_time, is_open=True)
        view.fee_factor = self._fee_factor
        view.rules = self.rules
        return view

    def set_fee_factor(self, factor: int) -> None:
        """Ask so many times the base fee from now on, as an overloaded network does."""
        self._fee_factor = self.open.fee_factor = factor

    # --- reading ---

    def ledger(self, index: int) -> ClosedLedger | None:
        """A closed ledger of the history, with its state."""
        if self.is_hidden(index):
            return None
        if index == self.closed.index:
            return self.closed
        recent = self._recent.get(index)
        return recent if recent is not None else self._rebuild(index)

    def _rebuild(self, index: int) -> ClosedLedger | None:
        """An older ledger, by undoing what came after it."""
        found = self.store.header(index)
        if found is None or index > self.closed.index:
            return None
        header, ledger_hash = found
        state = self.closed.state.snapshot()
        for key, blob in self.store.undo_since(index):
            if blob is not None:
                state.put_blob(key, blob)
            elif state.exists(key):
                state.remove(key)
        ids = frozenset(tx.id for tx in self.store.transactions(index))
        ledger = ClosedLedger(header, ledger_hash, state, self.settings.rules, self.settings.fees, ids)
        self._remember(ledger)
        return ledger

    def _remember(self, ledger: ClosedLedger) -> None:
        self._recent[ledger.index] = ledger
        while len(self._recent) > self.settings.recent_states:
            self._recent.popitem(last=False)

    def complete_range(self) -> tuple[int, int]:
        """The first and last closed ledger that can be asked for; ledger 1 counts as history before it."""
        found = self.store.range()
        assert found is not None, "a node has at least its genesis ledger"
        return max(found[0], 2), found[1]

    def is_hidden(self, index: int) -> bool:
        """Whether a ledger is missing from the history."""
        return any(first <= index <= last for first, last in self.hidden_ledgers)

    def complete_ranges(self) -> list[tuple[int, int]]:
        """The runs of closed ledgers that can be asked for, ascending."""
        ranges = [self.complete_range()]
        for first, last in self.hidden_ledgers:
            ranges = [
                part
                for low, high in ranges
                for part in ((low, min(high, first - 1)), (max(low, last + 1), high))
                if part[0] <= part[1]
            ]
        return ranges

    def complete_text(self) -> str:
        """`complete_ledgers`, as servers write it."""
        shown = [f"{low}-{high}" if low < high else str(high) for low, high in self.complete_ranges()]
        return ",".join(shown) or "empty"

    def has_all(self, first: int, last: int) -> bool:
        """Whether every ledger of a range can be asked for."""
        return any(low <= first and last <= high for low, high in self.complete_ranges())

    def open_transactions(self) -> Iterable[Transaction]:
        """What the open ledger holds."""
        return self._open_transactions.values()

    def open_transaction(self, transaction_id: bytes) -> Transaction | None:
        """A transaction of the open ledger, or one that is kept for it."""
        return self._open_transactions.get(transaction_id) or self.local.get(transaction_id)

    # --- submission ---

    def submit(self, tx: Transaction, *, fail_hard: bool = False) -> SubmitResult:
        """Try a transaction, whose local checks have passed, on the open ledger."""
        if tx.id in self._bad:
            return SubmitResult(
                tx, "temBAD_SIGNATURE", applied=False, kept=False, broadcast=False, queued=False
            )
        flags = ApplyFlags.FAIL_HARD if fail_hard else ApplyFlags.NONE
        result, applied = self._try_open(tx, flags)
        if result.startswith("tem"):
            self._bad[tx.id] = None
            while len(self._bad) > BAD_TRANSACTIONS:
                self._bad.popitem(last=False)
        if is_retry(result) and not fail_hard:
            self._held[tx.id] = tx
        kept = not fail_hard or is_success(result)
        if kept:
            self.local.add(tx, self.open.index)
        if applied and is_success(result):
            self._apply_successors(tx)
        return SubmitResult(tx, result, applied=applied, kept=kept, broadcast=applied, queued=False)

    def _try_open(self, tx: Transaction, flags: ApplyFlags) -> tuple[Ter, bool]:
        outcome = apply_transaction(tx, self.open, flags, network_id=self.settings.network_id)
        if outcome.applied:
            self._open_transactions[tx.id] = tx
            event = ProposedEvent(tx, outcome.result, self.open.index)
            for listener in self.listeners.proposed:
                listener(event)
        return outcome.result, outcome.applied

    def _apply_successors(self, tx: Transaction) -> None:
        """A held transaction whose turn has come with this one's success enters with it."""
        current = tx
        while True:
            following = SeqProxy(False, current.seq_proxy.value + 1)
            found = next(
                (
                    held
                    for held in self._held.values()
                    if held.account == tx.account and held.seq_proxy == following
                ),
                None,
            )
            if found is None:
                return
            del self._held[found.id]
            _, applied = self._try_open(found, ApplyFlags.NONE)
            if not applied:
                return
            current = found

    def _apply_held(self) -> None:
        """Before a close, whatever is held gets its last chance; then the set is emptied."""
        held = sorted(self._held.values(), key=canonical_order(self.closed.hash))
        self._held = {}
        for tx in held:
            self._try_open(tx, ApplyFlags.NONE)

    # --- closing ---

    def close(self, close_time: int | None = None) -> ClosedLedger:
        """Close the open ledger.

        Args:
            close_time: Seconds of the ripple epoch; by default the clock, rounded. It is at least a second
                after the parent's in any case.
        """
        self._apply_held()
        parent = self.closed
        if close_time is None:
            close_time = effective_close_time(
                int(self.clock.now_s()), CLOSE_TIME_RESOLUTION_S, parent.close_time
            )
        else:
            close_time = max(close_time, parent.close_time + 1)
        taken = list(self._open_transactions.values())
        if self.withholds is not None:
            taken = [tx for tx in taken if not self.withholds(tx)]
        salt = transaction_set_hash((tx.id, tx.blob) for tx in taken)
        waiting = sorted(taken, key=canonical_order(salt))
        view = OpenView(parent, parent_close_time=parent.close_time, is_open=False)
        self._turn_rules(view)
        applied, left = self._run_passes(view, waiting)
        ledger = self._seal(parent, view, applied, close_time)
        self.closed = ledger
        self._remember(ledger)
        self._reopen(taken, left, salt)
        self.local.sweep(ledger)
        self._prune()
        event = LedgerEvent(ledger, tuple(applied))
        for listener in self.listeners.closed:
            listener(event)
        return ledger

    def _run_passes(
        self, view: OpenView, waiting: list[Transaction]
    ) -> tuple[list[Applied], list[Transaction]]:
        """Apply a sorted set to a ledger being built; what may still succeed later is left."""
        applied: list[Applied] = []
        retry = True
        for number in range(TOTAL_PASSES):
            left: list[Transaction] = []
            for tx in waiting:
                flags = ApplyFlags.RETRY if retry else ApplyFlags.NONE
                outcome = apply_transaction(tx, view, flags, network_id=self.settings.network_id)
                if outcome.record is not None and outcome.applied:
                    applied.append(outcome.record)
                    if tx.type == "Batch" and is_success(outcome.result):
                        applied += apply_inner(tx, view, network_id=self.settings.network_id)
                elif not is_failure(outcome.result):
                    left.append(tx)
            changed = len(left) < len(waiting)
            waiting = left
            if not changed and not retry:
                break
            if not changed or number >= RETRY_PASSES:
                retry = False
        return applied, waiting

    def _seal(
        self, parent: ClosedLedger, view: OpenView, applied: list[Applied], close_time: int
    ) -> ClosedLedger:
        """Turn a built view into the next closed ledger and write it down."""
        _update_skip_lists(view, parent.hash)
        state = parent.state.snapshot()
        changes: list[tuple[bytes, bytes | None, bytes | None]] = []
        for key, entry in view.changes.items():
            before = parent.state.blob(key)
            if entry is None:
                state.remove(key)
                changes.append((key, before, None))
            else:
                after = state.put(entry)
                if after != before:
                    changes.append((key, before, after))
        tree = Tree()
        transactions: list[tuple[ClosedTransaction, frozenset[bytes]]] = []
        for position, record in enumerate(applied):
            tx = record.tx
            tree.put(transaction_leaf(tx.id, tx.blob, record.meta_blob))
            transactions.append(
                (ClosedTransaction(tx.id, tx.blob, record.meta_blob, position), record.accounts)
            )
        header = Header(
            index=view.index,
            drops=parent.header.drops - view.destroyed_drops,
            parent_hash=parent.hash,
            transaction_hash=tree.hash(),
            account_hash=state.hash(),
            parent_close_time=parent.close_time,
            close_time=close_time,
        )
        ledger_hash = header.hash()
        self.store.append(header, ledger_hash, transactions, changes)
        ids = frozenset(record.tx.id for record in applied)
        return ClosedLedger(header, ledger_hash, state, view.rules, parent.fees, ids)

    def _turn_rules(self, view: OpenView) -> None:
        """Go by the rules of now, and write them down where they have changed."""
        if self.rules == view.rules:
            return
        view.rules = self.rules
        entry = Entry.new("Amendments", keylets.AMENDMENTS, Amendments=self.rules.ids)
        view.raw_put(entry)

    def _reopen(self, taken: list[Transaction], left: list[Transaction], salt: bytes) -> None:
        """A new open ledger: leftovers first, then everything that is kept."""
        self.open = self._new_open_view()
        retries = list(left)
        for tx in taken:
            if not self.closed.has_transaction(tx.id):
                result, applied = self._try_open(tx, ApplyFlags.RETRY)
                if not applied and not is_failure(result) and tx not in retries:
                    retries.append(tx)
        retries.sort(key=canonical_order(salt))
        self._retry_open(retries)
        for tx in sorted(self.local, key=canonical_order(ZERO_HASH)):
            self._try_open(tx, ApplyFlags.NONE)

    def _retry_open(self, waiting: list[Transaction]) -> None:
        retry = True
        for number in range(TOTAL_PASSES):
            left: list[Transaction] = []
            for tx in waiting:
                result, applied = self._try_open(tx, ApplyFlags.RETRY if retry else ApplyFlags.NONE)
                if not applied and (is_retry(result) or is_claim(result)):
                    left.append(tx)
            changed = len(left) < len(waiting)
            waiting = left
            if not changed and not retry:
                return
            if not changed or number >= RETRY_PASSES:
                retry = False

    def _prune(self) -> None:
        keep = self.settings.history
        if keep is not None and self.closed.index % 16 == 0 and self.closed.index > keep:
            oldest = self.closed.index - keep + 1
            self.store.prune(oldest)
            for index in [index for index in self._recent if index < oldest]:
                del self._recent[index]


def _update_skip_lists(view: OpenView, parent_hash: bytes) -> None:
    """Remember the parent's hash among the last 256, and every 256th ledger's for good."""
    previous = view.index - 1
    if previous % SKIP_LIST_LEDGERS == 0:
        _append_hash(view, keylets.skip_list(previous), parent_hash, previous, keep=None)
    _append_hash(view, keylets.skip_list(), parent_hash, previous, keep=SKIP_LIST_LEDGERS)


def _append_hash(view: OpenView, key: bytes, parent_hash: bytes, previous: int, *, keep: int | None) -> None:
    known = view.read(key)
    entry = Entry.new("LedgerHashes", key) if known is None else known.duplicate()
    hashes: list[bytes] = [*entry["Hashes"], parent_hash]
    entry["Hashes"] = hashes if keep is None else hashes[-keep:]
    entry["LastLedgerSequence"] = previous
    view.raw_put(entry)
