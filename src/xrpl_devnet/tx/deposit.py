"""Deposit authorisation: who may send to an account that set `DepositAuth`."""

from xrpl_devnet.ledger import flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.results import Ter


def is_authorized(view: ReadView, destination: Entry, sender: bytes) -> bool:
    """Whether an account takes deposits of a sender: no DepositAuth, oneself, or preauthorised."""
    if not destination.flag(flags.DEPOSIT_AUTH):
        return True
    owner: bytes = destination["Account"]
    return owner == sender or view.exists(keylets.deposit_preauth(owner, sender))


def refuses_xrp(view: ReadView, destination: Entry, sender: bytes, drops: int) -> Ter | None:
    """The result that stops an XRP payment, or None.

    An account whose balance is at most the base reserve takes up to the base reserve from anyone, so that
    it cannot lock itself out of its own funds.
    """
    if is_authorized(view, destination, sender):
        return None
    reserve = view.fees.account_reserve(0)
    if drops <= reserve and destination["Balance"] <= reserve:
        return None
    return "tecNO_PERMISSION"
