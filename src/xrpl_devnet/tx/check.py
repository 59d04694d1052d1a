"""CheckCreate, CheckCash, CheckCancel: an order to pay that its receiver cashes, or not.

A check locks nothing: it may bounce. Issued currencies move through the payment engine when it is cashed.

Source: rippled `CreateCheck.cpp`, `CashCheck.cpp`, `CancelCheck.cpp`.
"""

from typing import ClassVar, Final

from xrpl_codec.amounts import (
    BAD_CURRENCY,
    MAX_EXPONENT,
    MAX_MANTISSA,
    Amount,
    IssuedAmount,
    MPTAmount,
    is_legal_net,
    signum,
)
from xrpl_devnet.flow.engine import FlowAsk, flow
from xrpl_devnet.ledger import directory, flags, funds, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import less
from xrpl_devnet.ledger.offers import asset_of
from xrpl_devnet.ledger.payment_view import PaymentSandbox
from xrpl_devnet.ledger.views import ReadView, Sandbox
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor

_COPIED: Final = ("SourceTag", "DestinationTag", "InvoiceID", "Expiration")


def _check_amount(ctx: PreflightContext, amount: Amount) -> Ter:
    if isinstance(amount, MPTAmount):
        # Checks of multi-purpose tokens wait for an amendment that no server supports.
        return "temDISABLED" if ctx.rules.enabled("MPTokensV1") else "temBAD_AMOUNT"
    if not is_legal_net(amount) or signum(amount) <= 0:
        return "temBAD_AMOUNT"
    if isinstance(amount, IssuedAmount) and amount.currency == BAD_CURRENCY:
        return "temBAD_CURRENCY"
    return "tesSUCCESS"


def _has_expired(view: ReadView, expiration: int | None) -> bool:
    return expiration is not None and view.parent_close_time >= expiration


@transactor("CheckCreate")
class CheckCreate(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("Checks",)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """To another account, for a positive amount, with a time that can be."""
        tx = ctx.tx
        if tx.account == tx["Destination"]:
            return "temREDUNDANT"
        result = _check_amount(ctx, tx["SendMax"])
        if result != "tesSUCCESS":
            return result
        return "temBAD_EXPIRATION" if tx.get("Expiration") == 0 else "tesSUCCESS"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """A destination that takes checks, nothing frozen, not expired yet."""
        tx, view = ctx.tx, ctx.view
        destination = view.read(keylets.account(tx["Destination"]))
        if destination is None:
            return "tecNO_DST"
        if view.rules.enabled("DisallowIncoming") and destination.flag(flags.DISALLOW_INCOMING_CHECK):
            return "tecNO_PERMISSION"
        if destination.flag(flags.REQUIRE_DEST_TAG) and "DestinationTag" not in tx:
            return "tecDST_TAG_NEEDED"
        limit: Amount = tx["SendMax"]
        if isinstance(limit, IssuedAmount) and _is_frozen(view, tx.account, tx["Destination"], limit):
            return "tecFROZEN"
        return "tecEXPIRED" if _has_expired(view, tx.get("Expiration")) else "tesSUCCESS"

    def apply(self) -> Ter:
        """Make the entry, in both directories."""
        tx, sender = self.tx, self.sender
        if not self.reserve_met(sender["OwnerCount"] + 1):
            return "tecINSUFFICIENT_RESERVE"
        destination: bytes = tx["Destination"]
        key = keylets.check(self.account_id, tx.sequence_value)
        entry = Entry.new(
            "Check",
            key,
            Account=self.account_id,
            Destination=destination,
            Sequence=tx.sequence_value,
            SendMax=tx["SendMax"],
        )
        for name in _COPIED:
            if name in tx:
                entry[name] = tx[name]
        self.view.insert(entry)
        for node, account in (("DestinationNode", destination), ("OwnerNode", self.account_id)):
            page = directory.owner_insert(self.view, account, key)
            if page is None:
                return "tecDIR_FULL"
            entry[node] = page
        directory.adjust_owner_count(self.view, sender, 1)
        return "tesSUCCESS"


def _is_frozen(view: ReadView, sender: bytes, receiver: bytes, limit: IssuedAmount) -> bool:
    """Whether the issuer froze everything or the sender, or the receiver froze the issuer."""
    issuer = limit.issuer
    if funds.is_global_frozen(view, issuer):
        return True
    for account, peer in ((sender, issuer), (issuer, receiver)):
        if account == peer:
            continue
        line = view.read(keylets.trust_line(account, peer, limit.currency))
        if line is not None and line.flag(flags.HIGH_FREEZE if peer > account else flags.LOW_FREEZE):
            return True
    return False


@transactor("CheckCash")
class CheckCash(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("Checks",)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """An amount, or the least that is taken."""
        tx = ctx.tx
        if ("Amount" in tx) is ("DeliverMin" in tx):
            return "temMALFORMED"
        return _check_amount(ctx, tx["Amount"] if "Amount" in tx else tx["DeliverMin"])

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """The check is there, for the sender, of this asset, good for as much, and covered."""
        tx, view = ctx.tx, ctx.view
        check = view.read(tx["CheckID"])
        if check is None or check.kind != "Check":
            return "tecNO_ENTRY"
        if tx.account != check["Destination"]:
            return "tecNO_PERMISSION"
        destination = view.read(keylets.account(tx.account))
        if destination is None or not view.exists(keylets.account(check["Account"])):
            return "tecNO_ENTRY"
        if destination.flag(flags.REQUIRE_DEST_TAG) and "DestinationTag" not in check:
            return "tecDST_TAG_NEEDED"
        if _has_expired(view, check.get("Expiration")):
            return "tecEXPIRED"
        wanted: Amount = tx["Amount"] if "Amount" in tx else tx["DeliverMin"]
        limit: Amount = check["SendMax"]
        if asset_of(wanted) != asset_of(limit):
            return "temMALFORMED"
        if less(funds.value_of(limit), funds.value_of(wanted)):
            return "tecPATH_PARTIAL"
        available = funds.funds(view, check["Account"], wanted)
        if isinstance(available, int):
            # The check's own reserve is free once it is cashed.
            available += view.fees.reserve_increment
        if less(available, funds.value_of(wanted)):
            return "tecPATH_PARTIAL"
        if isinstance(wanted, IssuedAmount) and wanted.issuer != tx.account:
            return _check_receive(view, tx.account, wanted)
        return "tesSUCCESS"

    def apply(self) -> Ter:
        """Move the money and delete the check."""
        view = PaymentSandbox(self.view)
        check = view.peek(self.tx["CheckID"])
        if check is None:
            return "tecFAILED_PROCESSING"
        limit: Amount = check["SendMax"]
        if isinstance(limit, int):
            result = self._cash_xrp(view, check["Account"], limit)
        else:
            result = self._cash_issued(view, check["Account"], limit)
        if result != "tesSUCCESS":
            return result
        result = delete(view, check)
        if result == "tesSUCCESS":
            view.commit()
        return result

    def _cash_xrp(self, view: Sandbox, source: bytes, limit: int) -> Ter:
        # The check's own reserve is free once it is cashed.
        liquid = funds.xrp_liquid(view, source, -1)
        least: int | None = self.tx.get("DeliverMin")
        drops: int = self.tx["Amount"] if least is None else max(least, min(limit, liquid))
        if liquid < drops:
            return "tecUNFUNDED_PAYMENT"
        if least is not None:
            self.delivered_amount = drops
        return funds.send(view, source, self.account_id, drops)

    def _cash_issued(self, view: PaymentSandbox, source: bytes, limit: Amount) -> Ter:
        least: IssuedAmount | None = self.tx.get("DeliverMin")
        wanted: IssuedAmount = (
            self.tx["Amount"]
            if least is None
            # As much as can be: half the largest amount, for a transfer fee may come on top.
            else least._replace(mantissa=MAX_MANTISSA // 2, exponent=MAX_EXPONENT)
        )
        makes_line = self.view.rules.enabled("CheckCashMakesTrustLine")
        restore: tuple[bytes, str, IssuedAmount] | None = None
        if makes_line:
            truster = source if wanted.issuer == self.account_id else self.account_id
            key = keylets.trust_line(truster, wanted.issuer, wanted.currency)
            result = self._ensure_line(view, key, wanted)
            if result != "tesSUCCESS":
                return result
            line = view.peek(key)
            if line is None:
                return "tecNO_LINE"
            # Whoever cashes a check wants the money: while it moves, the limit does not hold.
            name = "LowLimit" if wanted.issuer > self.account_id else "HighLimit"
            restore = (key, name, line[name])
            line[name] = line[name]._replace(mantissa=MAX_MANTISSA, exponent=MAX_EXPONENT)
            view.update(line)
        outcome = flow(
            view,
            FlowAsk(
                source=source,
                destination=self.account_id,
                deliver=wanted,
                spend_max=limit,
                partial=least is not None,
            ),
        )
        if restore is not None:
            line = view.peek(restore[0])
            if line is not None:
                line[restore[1]] = restore[2]
        if outcome.result != "tesSUCCESS":
            return outcome.result
        if least is not None and less(funds.value_of(outcome.delivered), funds.value_of(least)):
            return "tecPATH_PARTIAL"
        if makes_line or least is not None:
            self.delivered_amount = outcome.delivered
        return "tesSUCCESS"

    def _ensure_line(self, view: PaymentSandbox, key: bytes, wanted: IssuedAmount) -> Ter:
        if view.exists(key):
            return "tesSUCCESS"
        root = view.peek(keylets.account(self.account_id))
        assert root is not None, "the engine has seen the account"
        if not self.reserve_met(root["OwnerCount"] + 1):
            return "tecNO_LINE_INSUF_RESERVE"
        return funds.create_line(view, self.account_id, wanted.issuer, wanted.currency)


def _check_receive(view: ReadView, receiver: bytes, wanted: IssuedAmount) -> Ter:
    """Whether an account may get an issued currency by a check."""
    line = view.read(keylets.trust_line(receiver, wanted.issuer, wanted.currency))
    if line is None and not view.rules.enabled("CheckCashMakesTrustLine"):
        return "tecNO_LINE"
    issuer = view.read(keylets.account(wanted.issuer))
    if issuer is None:
        return "tecNO_ISSUER"
    if issuer.flag(flags.REQUIRE_AUTH):
        authorized = flags.LOW_AUTH if receiver > wanted.issuer else flags.HIGH_AUTH
        if line is None or not line.flag(authorized):
            return "tecNO_AUTH"
    if funds.is_frozen(view, receiver, wanted.currency, wanted.issuer):
        return "tecFROZEN"
    return "tesSUCCESS"


@transactor("CheckCancel")
class CheckCancel(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("Checks",)

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """Until it has expired only the two whom it concerns may cancel a check."""
        check = ctx.view.read(ctx.tx["CheckID"])
        if check is None or check.kind != "Check":
            return "tecNO_ENTRY"
        concerned = ctx.tx.account in (check["Account"], check["Destination"])
        if not concerned and not _has_expired(ctx.view, check.get("Expiration")):
            return "tecNO_PERMISSION"
        return "tesSUCCESS"

    def apply(self) -> Ter:
        """Delete it."""
        check = self.view.peek(self.tx["CheckID"])
        return "tecNO_ENTRY" if check is None else delete(self.view, check)


def delete(view: Sandbox, check: Entry) -> Ter:
    """Take a check out of both directories, of its owner's count and of the ledger."""
    for node, account in (("DestinationNode", check["Destination"]), ("OwnerNode", check["Account"])):
        if not directory.owner_remove(view, account, check[node], check.key, keep_root=True):
            return "tefBAD_LEDGER"
    funds.count_owned(view, check["Account"], -1)
    view.erase(check)
    return "tesSUCCESS"
