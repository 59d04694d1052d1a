"""What to offer for a transaction: the network's price now, between the base fee and our cap."""

from typing import Any

from talktalk.ledger.errors import LedgerBusy

FEE_DROPS_CAP = 20_000
"""0.02 XRP: above this we would rather wait than let a person pay."""


def suggested_drops(fee: dict[str, Any]) -> int:
    """The fee that gets a transaction into the next ledger, from a node's `fee` answer.

    It may exceed the cap: `capped` decides at the moment of use.
    """
    drops = fee["drops"]
    return max(int(drops["base_fee"]), int(drops["open_ledger_fee"]))


def capped(fee_drops: int) -> int:
    """The same fee, if we may offer it.

    Raises:
        LedgerBusy: It is above `FEE_DROPS_CAP`.
    """
    if fee_drops > FEE_DROPS_CAP:
        raise LedgerBusy
    return fee_drops
