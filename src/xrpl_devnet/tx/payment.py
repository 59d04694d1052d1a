"""Payment: XRP from one account to another, or anything through trust lines and order books.

XRP for XRP is moved here, and makes the destination when it delivers the reserve; all else is the payment engine's.

Source: rippled `Payment.cpp`; xrpl.org, Payment.
"""

from typing import ClassVar, Final

from xrpl_codec.amounts import (
    BAD_CURRENCY,
    XRP_CURRENCY,
    Amount,
    IssuedAmount,
    MPTAmount,
    is_xrp,
    signum,
)
from xrpl_devnet.flow.engine import FlowAsk, asset_of, flow
from xrpl_devnet.flow.quality import Amounts, quality_of
from xrpl_devnet.ledger import flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.funds import value_of
from xrpl_devnet.ledger.iou import Arithmetic, less
from xrpl_devnet.ledger.payment_view import PaymentSandbox
from xrpl_devnet.results import Ter
from xrpl_devnet.tx import deposit
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor
from xrpl_devnet.tx.transaction import Transaction

NO_RIPPLE_DIRECT: Final = 0x00010000
PARTIAL_PAYMENT: Final = 0x00020000
LIMIT_QUALITY: Final = 0x00040000
MAX_PATHS: Final = 6
MAX_PATH_STEPS: Final = 8


def send_max(tx: Transaction) -> Amount:
    """The most that the sender may spend."""
    limit: Amount | None = tx.get("SendMax")
    if limit is not None:
        return limit
    amount: Amount = tx["Amount"]
    if isinstance(amount, IssuedAmount):
        return amount._replace(issuer=tx.account)
    return amount


def is_direct_xrp(tx: Transaction) -> bool:
    """Whether XRP is sent and XRP delivered, with no path between."""
    return is_xrp(tx["Amount"]) and is_xrp(send_max(tx)) and "Paths" not in tx and "SendMax" not in tx


def _currency(amount: Amount) -> bytes:
    if isinstance(amount, int):
        return XRP_CURRENCY
    return amount.issuance_id if isinstance(amount, MPTAmount) else amount.currency


@transactor("Payment")
class Payment(Transactor):
    """See the module."""

    FLAGS: ClassVar[int] = NO_RIPPLE_DIRECT | PARTIAL_PAYMENT | LIMIT_QUALITY

    @classmethod
    def is_enabled(cls, ctx: PreflightContext) -> bool:
        """Credentials may be shown, and domains named, where they exist."""
        domains_on = ctx.rules.enabled("PermissionedDEX") or "DomainID" not in ctx.tx
        return deposit.credentials_enabled(ctx.tx, ctx.rules.enabled("Credentials")) and domains_on

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """Amounts, destination, and what XRP payments may not have."""
        tx = ctx.tx
        amount: Amount = tx["Amount"]
        limit = send_max(tx)
        destination: bytes = tx["Destination"]
        if not any(destination):
            return "temDST_NEEDED"
        if ("SendMax" in tx and signum(limit) <= 0) or signum(amount) <= 0:
            return "temBAD_AMOUNT"
        if BAD_CURRENCY in (_currency(amount), _currency(limit)):
            return "temBAD_CURRENCY"
        if tx.account == destination and _currency(amount) == _currency(limit) and "Paths" not in tx:
            return "temREDUNDANT"
        for result in (_check_xrp(tx, limit), _check_deliver_min(tx)):
            if result != "tesSUCCESS":
                return result
        return deposit.check_form(tx)

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """The destination: there, or to be made; tagged, if it wants a tag."""
        tx = ctx.tx
        amount: Amount = tx["Amount"]
        destination = ctx.view.read(keylets.account(tx["Destination"]))
        if destination is None:
            if not isinstance(amount, int):
                return "tecNO_DST"
            if ctx.view.is_open and tx.has_flag(PARTIAL_PAYMENT):
                return "telNO_DST_PARTIAL"
            if amount < ctx.view.fees.account_reserve(0):
                return "tecNO_DST_INSUF_XRP"
        elif destination.flag(flags.REQUIRE_DEST_TAG) and "DestinationTag" not in tx:
            return "tecDST_TAG_NEEDED"
        paths = tx.get("Paths", [])
        if (
            ctx.view.is_open
            and not is_direct_xrp(tx)
            and (len(paths) > MAX_PATHS or any(len(path) > MAX_PATH_STEPS for path in paths))
        ):
            return "telBAD_PATH_COUNT"
        shown = deposit.check_shown(ctx.view, tx)
        if shown != "tesSUCCESS":
            return shown
        # No transaction here makes a permissioned domain, so nobody is a member of one.
        return "tecNO_PERMISSION" if "DomainID" in tx else "tesSUCCESS"

    def apply(self) -> Ter:
        """Move the money."""
        destination = self.view.peek(keylets.account(self.tx["Destination"]))
        if destination is None:
            destination = Entry.new(
                "AccountRoot",
                keylets.account(self.tx["Destination"]),
                Account=self.tx["Destination"],
                Sequence=self.view.index if self.view.rules.enabled("DeletableAccounts") else 1,
            )
            self.view.insert(destination)
        else:
            self.view.update(destination)
        return self._pay_xrp(destination) if is_direct_xrp(self.tx) else self._pay_through(destination)

    def _pay_through(self, destination: Entry) -> Ter:
        """Deliver by the payment engine, in full or, where that is allowed, in part."""
        tx = self.tx
        permitted = deposit.verify(self.view, tx, destination)
        if permitted != "tesSUCCESS":
            return permitted
        amount: Amount = tx["Amount"]
        limit = send_max(tx)
        arithmetic = Arithmetic(self.view.rules)
        quality: int | None = None
        if tx.has_flag(LIMIT_QUALITY):
            quality = quality_of(arithmetic, Amounts(value_of(limit), value_of(amount)))
        view = PaymentSandbox(self.view)
        outcome = flow(
            view,
            FlowAsk(
                source=self.account_id,
                destination=tx["Destination"],
                deliver=amount,
                spend_max=limit,
                paths=tx.get("Paths", ()),
                use_default_path=not tx.has_flag(NO_RIPPLE_DIRECT),
                partial=tx.has_flag(PARTIAL_PAYMENT),
                limit_quality=quality,
            ),
        )
        view.commit()
        if outcome.result == "tesSUCCESS" and outcome.delivered != amount:
            least: Amount | None = tx.get("DeliverMin")
            if least is not None and less(value_of(outcome.delivered), value_of(least)):
                return "tecPATH_PARTIAL"
            self.delivered_amount = outcome.delivered
        # The search was work: a payment that might be tried again pays for it all the same.
        return "tecPATH_DRY" if outcome.result.startswith("ter") else outcome.result

    def _pay_xrp(self, destination: Entry) -> Ter:
        drops: int = self.tx["Amount"]
        sender = self.sender
        reserve = self.view.fees.account_reserve(sender["OwnerCount"])
        if self.prior_balance < drops + max(reserve, self.tx.fee):
            return "tecUNFUNDED_PAYMENT"
        # A poor account takes up to the base reserve from anyone, lest it lock itself out of its own funds.
        base = self.view.fees.account_reserve(0)
        if drops > base or destination["Balance"] > base:
            permitted = deposit.verify(self.view, self.tx, destination)
            if permitted != "tesSUCCESS":
                return permitted
        sender["Balance"] -= drops
        self.view.update(sender)
        destination["Balance"] += drops
        # Income arms the free password change again.
        if destination.flag(flags.PASSWORD_SPENT):
            destination["Flags"] &= ~flags.PASSWORD_SPENT
        self.view.update(destination)
        return "tesSUCCESS"


def _check_xrp(tx: Transaction, limit: Amount) -> Ter:
    """What a payment of XRP for XRP may not have."""
    xrp = is_xrp(tx["Amount"]) and is_xrp(limit)
    if not xrp:
        return "tesSUCCESS"
    if "SendMax" in tx:
        return "temBAD_SEND_XRP_MAX"
    if "Paths" in tx:
        return "temBAD_SEND_XRP_PATHS"
    if tx.has_flag(PARTIAL_PAYMENT):
        return "temBAD_SEND_XRP_PARTIAL"
    if tx.has_flag(LIMIT_QUALITY):
        return "temBAD_SEND_XRP_LIMIT"
    if tx.has_flag(NO_RIPPLE_DIRECT):
        return "temBAD_SEND_XRP_NO_DIRECT"
    return "tesSUCCESS"


def _check_deliver_min(tx: Transaction) -> Ter:
    """DeliverMin belongs to partial payments and is at most the amount, in its asset."""
    least: Amount | None = tx.get("DeliverMin")
    if least is None:
        return "tesSUCCESS"
    amount: Amount = tx["Amount"]
    if not tx.has_flag(PARTIAL_PAYMENT) or signum(least) <= 0 or type(least) is not type(amount):
        return "temBAD_AMOUNT"
    if isinstance(least, MPTAmount) and isinstance(amount, MPTAmount):
        wrong = least.issuance_id != amount.issuance_id or least.value > amount.value
        return "temBAD_AMOUNT" if wrong else "tesSUCCESS"
    wrong = asset_of(least) != asset_of(amount) or less(value_of(amount), value_of(least))
    return "temBAD_AMOUNT" if wrong else "tesSUCCESS"
