"""What invariants are told of the transaction whose changes they judge."""

from dataclasses import dataclass

from xrpl_codec.binary import Fields
from xrpl_devnet.ledger.views import ReadView


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a transaction when its invariants are checked."""

    type: str
    result: str
    fee_drops: int
    """What was charged."""
    view: ReadView
    """The ledger with the changes made."""
    fields: Fields
    """The transaction."""
