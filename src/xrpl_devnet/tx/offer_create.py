"""OfferCreate: exchange what one can at a price or better, and leave the rest on the book.

Crossing is a payment to oneself through the payment engine, with the offer's price as the limit. What is left keeps the
price the offer came with.

Source: rippled `CreateOffer.cpp`.
"""

from typing import ClassVar, Final

from xrpl_codec.amounts import (
    BAD_CURRENCY,
    MAX_EXPONENT,
    MAX_MANTISSA,
    XRP_CURRENCY,
    Amount,
    IssuedAmount,
    MPTAmount,
    signum,
)
from xrpl_devnet.flow.engine import Crossing, FlowAsk, asset_of, flow
from xrpl_devnet.flow.offers import with_asset
from xrpl_devnet.flow.quality import Amounts, Quality, quality_of, rate_of
from xrpl_devnet.ledger import directory, flags, funds, keylets, offers
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import PARITY, Arithmetic, Iou, Value, less, sign, zero_like
from xrpl_devnet.ledger.payment_view import PaymentSandbox
from xrpl_devnet.ledger.views import Action, ReadView, Sandbox
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import (
    ApplyFlags,
    PreclaimContext,
    PreflightContext,
    Transactor,
    transactor,
)
from xrpl_devnet.tx.transaction import Transaction

PASSIVE: Final = 0x00010000
IMMEDIATE_OR_CANCEL: Final = 0x00020000
FILL_OR_KILL: Final = 0x00040000
SELL: Final = 0x00080000
HYBRID: Final = 0x00100000

MAX_TICK_SIZE: Final = 16
MAX_NATIVE: Final = 9_000_000_000_000_000_000
_QUALITY_EXPONENT: Final = ((1 << 8) - 1) << 56
UNFUNDED_REMOVED_MAX: Final = 1000
"""Unfunded offers that a killed offer may still clean up."""


@transactor("OfferCreate")
class OfferCreate(Transactor):
    """See the module."""

    FLAGS: ClassVar[int] = PASSIVE | IMMEDIATE_OR_CANCEL | FILL_OR_KILL | SELL | HYBRID

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """Two different assets, positive amounts, flags that go together."""
        tx = ctx.tx
        if "DomainID" in tx and not ctx.rules.enabled("PermissionedDEX"):
            return "temDISABLED"
        if tx.has_flag(HYBRID) and not (ctx.rules.enabled("PermissionedDEX") and "DomainID" in tx):
            return "temINVALID_FLAG"
        if tx.has_flag(IMMEDIATE_OR_CANCEL | FILL_OR_KILL):
            return "temINVALID_FLAG"
        if tx.get("Expiration") == 0:
            return "temBAD_EXPIRATION"
        if tx.get("OfferSequence") == 0:
            return "temBAD_SEQUENCE"
        return _check_amounts(tx["TakerPays"], tx["TakerGets"])

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """Neither side frozen, something to give, and permission to hold what comes."""
        tx, view = ctx.tx, ctx.view
        pays: Amount = tx["TakerPays"]
        gets: Amount = tx["TakerGets"]
        for amount in (pays, gets):
            if funds.is_global_frozen(view, asset_of(amount).issuer):
                return "tecFROZEN"
        if sign(funds.funds(view, tx.account, gets)) <= 0:
            return "tecUNFUNDED_OFFER"
        root = view.read(keylets.account(tx.account))
        assert root is not None, "the engine has seen the account"
        cancel: int | None = tx.get("OfferSequence")
        if cancel is not None and root["Sequence"] <= cancel:
            return "temBAD_SEQUENCE"
        if _expired(view, tx):
            return "tecEXPIRED" if view.rules.enabled("DepositPreauth") else "tesSUCCESS"
        if isinstance(pays, IssuedAmount):
            result = _may_accept(ctx, pays)
            if result != "tesSUCCESS":
                return result
        # No transaction here makes a permissioned domain, so nobody is a member of one.
        return "tecNO_PERMISSION" if "DomainID" in tx else "tesSUCCESS"

    def apply(self) -> Ter:
        """Cancel, cross, place. A killed offer leaves only what it cleaned up."""
        done = Sandbox(self.view)
        cancelled = Sandbox(self.view)
        result, keep = self._work(done, cancelled)
        (done if keep else cancelled).commit()
        return result

    def after_claim(self, result: Ter, attempted: Sandbox) -> None:
        """An offer that was killed still removes the unfunded offers it met."""
        if result not in ("tecKILLED", "tecOVERSIZE"):
            return
        removed = 0
        for key, item in list(attempted.items.items()):
            if item.action is not Action.ERASED or item.entry.kind != "Offer":
                continue
            offer = self.view.peek(key)
            if offer is None or offer["TakerPays"] != item.entry["TakerPays"]:
                continue
            offers.delete(self.view, offer)
            removed += 1
            if removed == UNFUNDED_REMOVED_MAX:
                return

    # --- the work ---

    def _work(self, view: Sandbox, cancelled: Sandbox) -> tuple[Ter, bool]:
        """The result, and whether what was done is kept."""
        tx = self.tx
        arithmetic = Arithmetic(view.rules)
        cancel: int | None = tx.get("OfferSequence")
        if cancel is not None:
            old = view.peek(keylets.offer(self.account_id, cancel))
            result = "tesSUCCESS" if old is None else offers.delete(view, old)
            if result != "tesSUCCESS":
                return result, True
        if _expired(view, tx):
            return "tecEXPIRED" if view.rules.enabled("DepositPreauth") else "tesSUCCESS", True
        pays, gets = self._rounded_to_tick(view, arithmetic, tx["TakerPays"], tx["TakerGets"])
        if signum(pays) == 0 or signum(gets) == 0:
            return "tesSUCCESS", True
        quality = _quality(arithmetic, pays, gets)
        crossing = _Crosser(self, arithmetic, pays, gets)
        result, left = crossing.run(view, cancelled)
        if result != "tesSUCCESS":
            return result, True
        crossed = left != crossing.wanted
        if sign(left.taken) < 0 or sign(left.given) < 0:
            return "tefINTERNAL", True
        if sign(left.taken) == 0 or sign(left.given) == 0:
            return "tesSUCCESS", True
        if tx.has_flag(FILL_OR_KILL):
            return "tecKILLED" if view.rules.enabled("fix1578") else "tesSUCCESS", False
        if tx.has_flag(IMMEDIATE_OR_CANCEL):
            if not crossed and view.rules.enabled("ImmediateOfferKilled"):
                return "tecKILLED", False
            return "tesSUCCESS", True
        # During crossing we were the taker: what we give is what the placed offer's taker gets.
        pays = with_asset(left.given, asset_of(pays))
        gets = with_asset(left.taken, asset_of(gets))
        return self._place(view, pays, gets, quality, crossed=crossed), True

    def _rounded_to_tick(
        self, view: Sandbox, arithmetic: Arithmetic, pays: Amount, gets: Amount
    ) -> tuple[Amount, Amount]:
        """Amounts whose price has no more digits than the issuers want; the inexact side moves."""
        size = MAX_TICK_SIZE
        for amount in (pays, gets):
            if isinstance(amount, IssuedAmount):
                issuer = view.read(keylets.account(amount.issuer))
                if issuer is not None and "TickSize" in issuer:
                    size = min(size, issuer["TickSize"])
        if size >= MAX_TICK_SIZE:
            return pays, gets
        rate = rate_of(_round_quality(_quality(arithmetic, pays, gets), size))
        if self.tx.has_flag(SELL):
            product = arithmetic.multiply(funds.value_of(gets), rate, native=isinstance(pays, int))
            return with_asset(product, asset_of(pays)), gets
        quotient = arithmetic.divide(funds.value_of(pays), rate, native=isinstance(gets, int))
        return pays, with_asset(quotient, asset_of(gets))

    def _place(self, view: Sandbox, pays: Amount, gets: Amount, quality: Quality, *, crossed: bool) -> Ter:
        """Put what is left on the book, at the price the offer came with."""
        root = view.peek(keylets.account(self.account_id))
        assert root is not None, "the engine has seen the account"
        if self.prior_balance < view.fees.account_reserve(root["OwnerCount"] + 1):
            # Whoever traded something may lack the reserve for the rest.
            return "tesSUCCESS" if crossed else "tecINSUF_RESERVE_OFFER"
        key = keylets.offer(self.account_id, self.tx.sequence_value)
        owner_page = directory.owner_insert(view, self.account_id, key)
        if owner_page is None:
            return "tecDIR_FULL"
        directory.adjust_owner_count(view, root, 1)
        paid, got = asset_of(pays), asset_of(gets)
        book = keylets.book(paid.currency, paid.issuer, got.currency, got.issuer)
        book_directory = keylets.quality(book, quality)

        def describe(page: Entry) -> None:
            page["TakerPaysCurrency"], page["TakerPaysIssuer"] = paid
            page["TakerGetsCurrency"], page["TakerGetsIssuer"] = got
            page["ExchangeRate"] = quality

        book_page = directory.append(view, book_directory, key, describe)
        if book_page is None:
            return "tecDIR_FULL"
        offer = Entry.new(
            "Offer",
            key,
            Account=self.account_id,
            Sequence=self.tx.sequence_value,
            BookDirectory=book_directory,
            TakerPays=pays,
            TakerGets=gets,
            OwnerNode=owner_page,
            BookNode=book_page,
        )
        if "Expiration" in self.tx:
            offer["Expiration"] = self.tx["Expiration"]
        if self.tx.has_flag(PASSIVE):
            offer["Flags"] |= flags.OFFER_PASSIVE
        if self.tx.has_flag(SELL):
            offer["Flags"] |= flags.OFFER_SELL
        view.insert(offer)
        return "tesSUCCESS"


class _Crosser:
    """Crossing one new offer with the books."""

    def __init__(self, offer: OfferCreate, arithmetic: Arithmetic, pays: Amount, gets: Amount) -> None:
        self._account = offer.account_id
        self._tx = offer.tx
        self._arithmetic = arithmetic
        self._pays = pays
        self._gets = gets
        # As a taker, we put in what the offer gives and take out what it asks.
        self.wanted = Amounts(funds.value_of(gets), funds.value_of(pays))

    def run(self, view: Sandbox, cancelled: Sandbox) -> tuple[Ter, Amounts]:
        """Cross on `view`; offers found stale also go from `cancelled`. What is left to place."""
        payment = PaymentSandbox(view)
        result, left = self._cross(payment, cancelled)
        payment.commit()
        return result, left

    def _cross(self, view: PaymentSandbox, cancelled: Sandbox) -> tuple[Ter, Amounts]:
        balance = funds.funds(view, self._account, self._gets)
        if sign(balance) <= 0:
            return "tecUNFUNDED_OFFER", self.wanted
        rate = self._gateway_rate(view)
        budget = self.wanted.taken
        if rate != PARITY:
            budget = self._arithmetic.multiply_round(budget, self._iou_rate(rate), native=False, up=True)
        threshold = quality_of(self._arithmetic, Amounts(budget, self.wanted.given))
        if self._tx.has_flag(PASSIVE):
            threshold -= 1
        if less(balance, budget):
            budget = balance
        outcome = flow(view, self._ask(budget, threshold))
        for key in sorted(outcome.removable):
            offers.delete_by_key(view, key)
            offers.delete_by_key(cancelled, key)
        if outcome.result != "tesSUCCESS":
            return "tesSUCCESS", self.wanted
        return "tesSUCCESS", self._left(
            view, rate, funds.value_of(outcome.spent), funds.value_of(outcome.delivered)
        )

    def _ask(self, budget: Value, threshold: Quality) -> FlowAsk:
        sells = self._tx.has_flag(SELL)
        deliver = self._pays
        if sells:
            # A seller takes more than was asked for; how much is not known beforehand.
            most: Value = Iou(MAX_MANTISSA // 2, MAX_EXPONENT)
            if isinstance(deliver, int):
                most = MAX_NATIVE
            deliver = with_asset(most, asset_of(deliver))
        bridged = not isinstance(self._pays, int) and not isinstance(self._gets, int)
        return FlowAsk(
            source=self._account,
            destination=self._account,
            deliver=deliver,
            spend_max=with_asset(budget, asset_of(self._gets)),
            paths=([{"currency": XRP_CURRENCY}],) if bridged else (),
            partial=not self._tx.has_flag(FILL_OR_KILL),
            limit_quality=threshold,
            crossing=Crossing.SELL if sells else Crossing.YES,
        )

    def _gateway_rate(self, view: ReadView) -> int:
        gets = self._gets
        if isinstance(gets, IssuedAmount) and gets.issuer != self._account:
            return funds.transfer_rate(view, gets.issuer)
        return PARITY

    def _iou_rate(self, rate: int) -> Iou:
        return self._arithmetic.iou(rate, -9)

    def _left(self, view: PaymentSandbox, rate: int, spent: Value, delivered: Value) -> Amounts:
        """What is left of the offer, at its own price."""
        taken, given = self.wanted
        balance = funds.funds(view, self._account, self._gets)
        if sign(balance) <= 0:
            return Amounts(zero_like(taken), zero_like(given))
        price = rate_of(quality_of(self._arithmetic, Amounts(taken, given)))
        if self._tx.has_flag(SELL):
            if rate != PARITY:
                # The gateway's cut was not sold.
                spent = self._arithmetic.divide_round(spent, self._iou_rate(rate), native=False, up=True)
            taken = self._arithmetic.subtract(taken, spent)
            if sign(taken) < 0:
                taken = zero_like(taken)
            strict = self._arithmetic.strict_out
            given = self._arithmetic.divide_round(
                taken, price, native=isinstance(given, int), up=not strict, strict=strict
            )
            return Amounts(taken, given)
        given = self._arithmetic.subtract(given, delivered)
        if sign(given) < 0:
            given = zero_like(given)
        taken = self._arithmetic.multiply_round(given, price, native=isinstance(taken, int), up=True)
        return Amounts(taken, given)


def _quality(arithmetic: Arithmetic, pays: Amount, gets: Amount) -> Quality:
    return quality_of(arithmetic, Amounts(funds.value_of(pays), funds.value_of(gets)))


def _round_quality(quality: Quality, digits: int) -> Quality:
    """The next worse quality with so many digits."""
    step: int = 10 ** (16 - digits)
    mantissa = quality & ~_QUALITY_EXPONENT
    return (quality & _QUALITY_EXPONENT) | -(-mantissa // step) * step


def _expired(view: ReadView, tx: Transaction) -> bool:
    expiration: int | None = tx.get("Expiration")
    return expiration is not None and view.parent_close_time >= expiration


def _check_amounts(pays: Amount, gets: Amount) -> Ter:
    if isinstance(pays, MPTAmount) or isinstance(gets, MPTAmount):
        return "temDISABLED"
    if isinstance(pays, int) and isinstance(gets, int):
        return "temBAD_OFFER"
    if signum(pays) <= 0 or signum(gets) <= 0:
        return "temBAD_OFFER"
    paid, got = asset_of(pays), asset_of(gets)
    if paid == got:
        return "temREDUNDANT"
    if BAD_CURRENCY in (paid.currency, got.currency):
        return "temBAD_CURRENCY"
    if not paid.is_consistent or not got.is_consistent:
        return "temBAD_ISSUER"
    return "tesSUCCESS"


def _may_accept(ctx: PreclaimContext, pays: IssuedAmount) -> Ter:
    """Whether the sender may hold what it asks for; a retry gets another word for no."""
    view, account = ctx.view, ctx.tx.account
    retry = bool(ctx.flags & ApplyFlags.RETRY)
    issuer = view.read(keylets.account(pays.issuer))
    if issuer is None:
        return "terNO_ACCOUNT" if retry else "tecNO_ISSUER"
    if pays.issuer == account:
        return "tesSUCCESS"
    line = view.read(keylets.trust_line(account, pays.issuer, pays.currency))
    if issuer.flag(flags.REQUIRE_AUTH):
        if line is None:
            return "terNO_LINE" if retry else "tecNO_LINE"
        if not line.flag(flags.LOW_AUTH if account > pays.issuer else flags.HIGH_AUTH):
            return "terNO_AUTH" if retry else "tecNO_AUTH"
    if funds.is_deep_frozen(view, account, pays.currency, pays.issuer):
        return "tecFROZEN"
    return "tesSUCCESS"
