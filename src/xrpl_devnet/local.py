"""Transactions submitted here, kept and tried again with every new ledger until they cannot apply any more.

As rippled's `LocalTxs`: kept for five ledgers after the one that was open at submission, which gives them
some seven chances, or until LastLedgerSequence has passed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from xrpl_devnet.ledger import keylets
from xrpl_devnet.ledger.closed import ClosedLedger
from xrpl_devnet.tx.transaction import Transaction

HOLD_LEDGERS: Final = 5


@dataclass(frozen=True, slots=True)
class _Kept:
    tx: Transaction
    expires: int
    """The last ledger index with which it is kept."""


class LocalTransactions:
    """The kept ones."""

    def __init__(self) -> None:
        self._kept: dict[bytes, _Kept] = {}

    def __iter__(self) -> Iterator[Transaction]:
        return (kept.tx for kept in self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, transaction_id: bytes) -> Transaction | None:
        """A kept transaction."""
        kept = self._kept.get(transaction_id)
        return None if kept is None else kept.tx

    def add(self, tx: Transaction, open_index: int) -> None:
        """Keep a transaction that was submitted while ledger `open_index` was open."""
        expires = open_index + HOLD_LEDGERS
        last: int | None = tx.get("LastLedgerSequence")
        if last is not None:
            expires = min(expires, last + 1)
        self._kept[tx.id] = _Kept(tx, expires)

    def sweep(self, ledger: ClosedLedger) -> None:
        """Forget what a closed ledger has made pointless."""
        gone = [key for key, kept in self._kept.items() if _is_over(kept, ledger)]
        for key in gone:
            del self._kept[key]


def _is_over(kept: _Kept, ledger: ClosedLedger) -> bool:
    tx = kept.tx
    if ledger.index > kept.expires or ledger.has_transaction(tx.id):
        return True
    root = ledger.read(keylets.account(tx.account))
    if root is None:
        return False
    sequence: int = root["Sequence"]
    if not tx.seq_proxy.is_ticket:
        return sequence > tx.seq_proxy.value
    if sequence <= tx.seq_proxy.value:
        return False
    return not ledger.exists(keylets.ticket(tx.account, tx.seq_proxy.value))
