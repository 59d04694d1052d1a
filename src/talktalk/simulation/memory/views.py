"""Views that migrations make, as functions over the store's tables."""

from collections.abc import Callable
from typing import Final

from talktalk.simulation.memory.store import Transaction, Version


def _blocked_pairs(tx: Transaction) -> list[Version]:
    pairs = [row.seen_by(tx) for row in tx.store.tables["friend_pairs"].rows]
    return [
        {"low_id": pair["low_id"], "high_id": pair["high_id"]}
        for pair in pairs
        if pair is not None and (pair["low_blocked_at"] is not None or pair["high_blocked_at"] is not None)
    ]


VIEWS: Final[dict[str, Callable[[Transaction], list[Version]]]] = {"blocked_pairs": _blocked_pairs}
