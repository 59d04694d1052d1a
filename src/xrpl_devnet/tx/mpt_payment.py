"""Payment of multi-purpose tokens: from holder to holder, or to and from the issuer, with no path between.

Source: rippled `Payment.cpp`, its part for MPTIssue.
"""

from typing import ClassVar, Final

from xrpl_codec.amounts import Amount, MPTAmount
from xrpl_devnet.ledger import keylets, mpt
from xrpl_devnet.ledger.iou import PARITY
from xrpl_devnet.results import Ter
from xrpl_devnet.tx import deposit
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, variant
from xrpl_devnet.tx.payment import PARTIAL_PAYMENT, Payment
from xrpl_devnet.tx.transaction import Transaction

_AMOUNTS: Final = ("Amount", "SendMax", "DeliverMin")


def concerns(tx: Transaction) -> bool:
    """Whether a Payment is of multi-purpose tokens, on either side."""
    return any(isinstance(tx.get(name), MPTAmount) for name in _AMOUNTS)


@variant("Payment", concerns)
class MptPayment(Payment):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("MPTokensV1",)
    FLAGS: ClassVar[int] = PARTIAL_PAYMENT

    @classmethod
    def is_enabled(cls, ctx: PreflightContext) -> bool:
        """Credentials may be shown where they exist; domains are for order books."""
        credentials_on = ctx.rules.enabled("Credentials")
        return deposit.credentials_enabled(ctx.tx, credentials_on) and "DomainID" not in ctx.tx

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """One token on both sides, in range, to another account, with no paths."""
        tx = ctx.tx
        amount: Amount = tx["Amount"]
        limit: Amount = tx.get("SendMax", amount)
        if not isinstance(amount, MPTAmount) or not isinstance(limit, MPTAmount) or "Paths" in tx:
            return "temMALFORMED"
        if limit.issuance_id != amount.issuance_id:
            return "temMALFORMED"
        if not any(tx["Destination"]):
            return "temDST_NEEDED"
        if not (0 < limit.value <= mpt.MAX_AMOUNT and 0 < amount.value <= mpt.MAX_AMOUNT):
            return "temBAD_AMOUNT"
        if tx.account == tx["Destination"]:
            return "temREDUNDANT"
        if "DeliverMin" in tx:
            least: Amount = tx["DeliverMin"]
            if not (
                tx.has_flag(PARTIAL_PAYMENT)
                and isinstance(least, MPTAmount)
                and least.issuance_id == amount.issuance_id
                and 0 < least.value <= amount.value
            ):
                return "temBAD_AMOUNT"
        return deposit.check_form(tx)

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """As for every payment, and credentials that the sender holds."""
        result = super().preclaim(ctx)
        return deposit.check_shown(ctx.view, ctx.tx) if result == "tesSUCCESS" else result

    def apply(self) -> Ter:
        """Move the tokens: the receiver gets the amount, the sender pays a transfer fee on top."""
        tx, view = self.tx, self.view
        amount: MPTAmount = tx["Amount"]
        token = amount.issuance_id
        sender, receiver = self.account_id, tx["Destination"]
        result = self._check_parties(token, receiver)
        if result != "tesSUCCESS":
            return result
        rate = PARITY
        if mpt.issuer_of(token) not in (sender, receiver):
            if mpt.is_locked(view, token, sender) or mpt.is_locked(view, token, receiver):
                return "tecLOCKED"
            rate = mpt.transfer_rate(view, token)
        limit: int = tx["SendMax"].value if "SendMax" in tx else amount.value
        delivers, costs = amount.value, mpt.times(amount.value, rate)
        if tx.has_flag(PARTIAL_PAYMENT) and costs > limit:
            costs, delivers = limit, mpt.over(limit, rate)
        least: int = tx["DeliverMin"].value if "DeliverMin" in tx else 0
        if costs > limit or delivers < least:
            return "tecPATH_PARTIAL"
        result = mpt.send(view, token, sender, receiver, delivers)
        if result in ("tecINSUFFICIENT_FUNDS", "tecPATH_DRY"):
            return "tecPATH_PARTIAL"
        if delivers != amount.value and view.rules.enabled("fixMPTDeliveredAmount"):
            self.delivered_amount = MPTAmount(delivers, token)
        return result

    def _check_parties(self, token: bytes, receiver: bytes) -> Ter:
        """Whether both may hold the token, it may pass between them, and the receiver takes deposits."""
        view = self.view
        for account in (self.account_id, receiver):
            result = mpt.check_authorized(view, token, account, must_hold=True)
            if result != "tesSUCCESS":
                return result
        result = mpt.check_transferable(view, token, self.account_id, receiver)
        if result != "tesSUCCESS":
            return result
        destination = view.read(keylets.account(receiver))
        assert destination is not None, "preclaim has seen it"
        return deposit.verify(view, self.tx, destination)
