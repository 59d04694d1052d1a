"""Clawback: an issuer takes back what it issued.

For currencies the amount's issuer is the holder; for multi-purpose tokens the holder is a field of its own.

Source: rippled `Clawback.cpp`.
"""

from typing import ClassVar

from xrpl_codec.amounts import Amount, IssuedAmount, MPTAmount
from xrpl_devnet.ledger import flags, funds, keylets, mpt
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import Iou, sign, smaller
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor
from xrpl_devnet.tx.transaction import Transaction


def _holder(tx: Transaction) -> bytes:
    amount: Amount = tx["Amount"]
    if isinstance(amount, IssuedAmount):
        return amount.issuer
    holder: bytes = tx["Holder"]
    return holder


@transactor("Clawback")
class Clawback(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("Clawback",)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """A positive amount of another account's holding."""
        tx = ctx.tx
        amount: Amount = tx["Amount"]
        if not isinstance(amount, MPTAmount):
            if "Holder" in tx:
                return "temMALFORMED"
            good = isinstance(amount, IssuedAmount) and amount.issuer != tx.account and amount.mantissa > 0
            return "tesSUCCESS" if good else "temBAD_AMOUNT"
        if not ctx.rules.enabled("MPTokensV1"):
            return "temDISABLED"
        if tx.get("Holder", tx.account) == tx.account:
            return "temMALFORMED"
        return "tesSUCCESS" if 0 < amount.value <= mpt.MAX_AMOUNT else "temBAD_AMOUNT"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """The issuer may, and there is something to take."""
        tx, view = ctx.tx, ctx.view
        issuer = view.read(keylets.account(tx.account))
        if issuer is None or not view.exists(keylets.account(_holder(tx))):
            return "terNO_ACCOUNT"
        amount: Amount = tx["Amount"]
        if isinstance(amount, IssuedAmount):
            return _check_issued(view, issuer, amount)
        assert isinstance(amount, MPTAmount), "preflight let no XRP pass"
        return _check_mpt(view, tx.account, tx["Holder"], amount)

    def apply(self) -> Ter:
        """Take as much as is asked for, or as there is."""
        amount: Amount = self.tx["Amount"]
        holder, issuer = _holder(self.tx), self.account_id
        if isinstance(amount, MPTAmount):
            token = amount.issuance_id
            taken = min(amount.value, mpt.balance(self.view, token, holder))
            return mpt.credit(self.view, token, holder, issuer, taken)
        assert isinstance(amount, IssuedAmount), "preflight let no XRP pass"
        held = funds.credit_balance(self.view, holder, issuer, amount.currency)
        value = smaller(held, Iou(amount.mantissa, amount.exponent))
        assert isinstance(value, Iou), "issued"
        return funds.ripple_credit(self.view, holder, issuer, amount.currency, value)


def _check_issued(view: ReadView, issuer: Entry, amount: IssuedAmount) -> Ter:
    if not issuer.flag(flags.ALLOW_TRUST_LINE_CLAWBACK) or issuer.flag(flags.NO_FREEZE):
        return "tecNO_PERMISSION"
    line = view.read(keylets.trust_line(amount.issuer, issuer["Account"], amount.currency))
    if line is None:
        return "tecNO_LINE"
    held = sign(funds.balance_of(line, amount.issuer, issuer["Account"]))
    if held < 0:
        return "tecNO_PERMISSION"
    return "tesSUCCESS" if held > 0 else "tecINSUFFICIENT_FUNDS"


def _check_mpt(view: ReadView, issuer: bytes, holder: bytes, amount: MPTAmount) -> Ter:
    issuance = mpt.issuance(view, amount.issuance_id)
    if issuance is None:
        return "tecOBJECT_NOT_FOUND"
    if not issuance.flag(flags.MPT_CAN_CLAWBACK) or issuance["Issuer"] != issuer:
        return "tecNO_PERMISSION"
    if mpt.holding(view, amount.issuance_id, holder) is None:
        return "tecOBJECT_NOT_FOUND"
    held = mpt.balance(view, amount.issuance_id, holder)
    return "tesSUCCESS" if held > 0 else "tecINSUFFICIENT_FUNDS"
