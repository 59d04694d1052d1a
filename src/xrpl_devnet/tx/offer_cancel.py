"""OfferCancel: take an offer off its book. That it is gone already is no error.

Source: rippled `CancelOffer.cpp`.
"""

from xrpl_devnet.ledger import keylets, offers
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor


@transactor("OfferCancel")
class OfferCancel(Transactor):
    """See the module."""

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """An offer is named by a number that is not zero."""
        return "tesSUCCESS" if ctx.tx["OfferSequence"] else "temBAD_SEQUENCE"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """The offer cannot be one that is yet to be made."""
        root = ctx.view.read(keylets.account(ctx.tx.account))
        assert root is not None, "the engine has seen the account"
        return "temBAD_SEQUENCE" if root["Sequence"] <= ctx.tx["OfferSequence"] else "tesSUCCESS"

    def apply(self) -> Ter:
        """Delete it if it is there."""
        offer = self.view.peek(keylets.offer(self.account_id, self.tx["OfferSequence"]))
        return "tesSUCCESS" if offer is None else offers.delete(self.view, offer)
