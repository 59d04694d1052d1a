"""The step through one order book."""

from collections.abc import Callable

from xrpl_devnet.flow.offers import OFFERS_MAX, Offer, OfferStream, best_quality, with_asset
from xrpl_devnet.flow.quality import Amounts, Quality, cap_given, cap_taken, composed, ratio_quality
from xrpl_devnet.flow.steps import (
    Asset,
    Book,
    FlowFailed,
    Moved,
    PathRefused,
    Step,
    StrandContext,
    has_no_ripple,
)
from xrpl_devnet.ledger import flags, funds, keylets
from xrpl_devnet.ledger.iou import PARITY, Value, less, sign, zero_like
from xrpl_devnet.ledger.payment_view import PaymentSandbox
from xrpl_devnet.ledger.views import ReadView

_OneOffer = Callable[[Offer, "_Part"], bool]


class _Part:
    """How much of an offer is to be taken, with the fees of both sides."""

    __slots__ = ("offer", "owner_gives", "rate_in", "rate_out", "step")

    def __init__(
        self, offer: Amounts, step: Amounts, owner_gives: Value, rate_in: int, rate_out: int
    ) -> None:
        self.offer = offer
        """What the offer's owner receives and its offer loses."""
        self.step = step
        """What goes into the step, transfer fee included, and what comes out."""
        self.owner_gives = owner_gives
        """What the owner gives, transfer fee included."""
        self.rate_in = rate_in
        self.rate_out = rate_out

    def copy(self) -> "_Part":
        """The same, to be limited further."""
        return _Part(self.offer, self.step, self.owner_gives, self.rate_in, self.rate_out)


class BookStep(Step):
    """Offers that take one asset and give another. Payments and offer crossing differ in fees and in what they take."""

    def __init__(self, context: StrandContext, taken: Asset, given: Asset, *, is_last: bool) -> None:
        super().__init__(context, is_last=is_last)
        self.book = Book(taken, given)
        self._book = self.book
        self._source = context.source
        self._destination = context.destination
        self._owner_pays_fee = context.owner_pays_fee
        self._crossing = context.offer_crossing
        self._default_path = context.is_default_path
        self._threshold = context.limit_quality
        self._check(context)

    def _check(self, context: StrandContext) -> None:
        taken, given = self._book
        if taken == given or not taken.is_consistent or not given.is_consistent:
            raise PathRefused("temBAD_PATH")
        if given in context.seen_books:
            raise PathRefused("temBAD_PATH_LOOP")
        context.seen_books.add(given)
        if given in context.seen_direct[1]:
            raise PathRefused("temBAD_PATH_LOOP")
        for asset in self._book:
            if not asset.is_xrp and not context.view.exists(keylets.account(asset.issuer)):
                raise PathRefused("tecNO_ISSUER")
        previous = context.previous
        if (
            previous is not None
            and previous.direct_source is not None
            and has_no_ripple(context.view, taken.issuer, previous.direct_source, taken.currency)
        ):
            raise PathRefused("terNO_RIPPLE")

    @property
    def key(self) -> tuple[object, ...]:
        return ("book", *self._book)

    def debt_direction(self, view: ReadView, *, forward: bool) -> bool:
        del view, forward
        return not self._owner_pays_fee

    # --- quality and fees ---

    def _rate(self, view: ReadView, asset: Asset) -> int:
        if asset.is_xrp or asset.issuer == self._destination:
            return PARITY
        return funds.transfer_rate(view, asset.issuer)

    def quality_upper_bound(self, view: PaymentSandbox, redeems: bool) -> tuple[Quality | None, bool]:
        mine = self.debt_direction(view, forward=True)
        best = best_quality(view, self._book)
        if best is None or self._crossing:
            # Offers of the destination itself cross without a fee, so that none is assumed here.
            return best, mine
        rate_in = self._rate(view, self._book.taken) if redeems else PARITY
        rate_out = self._rate(view, self._book.given) if self._owner_pays_fee else PARITY
        fees = ratio_quality(self.arithmetic, rate_in, rate_out)
        return composed(self.arithmetic, fees, best), mine

    def _rates_for(self, offer: Offer, rate_in: int, rate_out: int) -> tuple[int, int]:
        """The fees where this offer is taken: crossing one's own money is free."""
        previous = self.previous
        if not self._crossing or previous is None:
            return rate_in, rate_out
        if previous.direct_source == offer.owner:
            rate_in = PARITY
        if previous.book is not None and offer.owner == self._destination:
            rate_out = PARITY
        return rate_in, rate_out

    # --- walking the book ---

    def _each_offer(
        self,
        view: PaymentSandbox,
        all_funds: PaymentSandbox,
        removable: set[bytes],
        take: _OneOffer,
        *,
        forward: bool,
    ) -> None:
        """Hand every offer of the best quality to `take`, until it says stop."""
        previous_redeems = self.previous is not None and self.previous.debt_direction(view, forward=forward)
        rate_in = self._rate(view, self._book.taken) if previous_redeems else PARITY
        rate_out = self._rate(view, self._book.given) if self._owner_pays_fee else PARITY
        stream = OfferStream(view, all_funds, self._book, self.arithmetic)
        attempted = False
        quality: Quality | None = None
        while stream.step():
            offer = stream.tip
            if quality is None:
                quality = offer.quality
            elif quality != offer.quality:
                break
            if self._is_own(offer) or not self._may_hold(all_funds, offer):
                stream.drop_for_good()
                if not attempted:
                    quality = None
                continue
            if self._is_too_dear(offer):
                break
            attempted = True
            part = self._part(offer, stream.owner_funds, *self._rates_for(offer, rate_in, rate_out))
            if not take(offer, part):
                break
        removable |= stream.removable
        self.offers_used = stream.looked_at
        if stream.looked_at >= OFFERS_MAX:
            self.inactive = True

    def _is_own(self, offer: Offer) -> bool:
        """Whether a new offer would cross an older one of the same owner, which it replaces."""
        return (
            self._crossing
            and self._default_path
            and self._threshold is not None
            and offer.quality <= self._threshold
            and self._source == offer.owner == self._destination
        )

    def _is_too_dear(self, offer: Offer) -> bool:
        return (
            self._crossing
            and self._default_path
            and self._threshold is not None
            and offer.quality > self._threshold
        )

    def _may_hold(self, view: PaymentSandbox, offer: Offer) -> bool:
        """Whether the owner may hold what it would receive."""
        asset = self._book.taken
        if asset.is_xrp or offer.owner == asset.issuer or not view.rules.enabled("FlowCross"):
            return True
        issuer = view.read(keylets.account(asset.issuer))
        if issuer is None or not issuer.flag(flags.REQUIRE_AUTH):
            return True
        line = view.read(keylets.trust_line(offer.owner, asset.issuer, asset.currency))
        authorized = flags.HIGH_AUTH if asset.issuer > offer.owner else flags.LOW_AUTH
        return line is not None and line.flag(authorized)

    def _ratio(self, value: Value, numerator: int, denominator: int, *, up: bool) -> Value:
        return self.arithmetic.ratio(value, numerator, denominator, up=up)

    def _part(self, offer: Offer, owner_funds: Value, rate_in: int, rate_out: int) -> _Part:
        """All of an offer that its owner can give."""
        whole = offer.amounts
        step = Amounts(self._ratio(whole.taken, rate_in, PARITY, up=True), whole.given)
        gives = self._ratio(whole.given, rate_out, PARITY, up=False)
        if not offer.owner_is_issuer and less(owner_funds, gives):
            gives = owner_funds
            given = self._ratio(gives, PARITY, rate_out, up=False)
            whole = cap_given(self.arithmetic, offer.quality, whole, given, up=False)
            step = Amounts(self._ratio(whole.taken, rate_in, PARITY, up=True), given)
        return _Part(whole, step, gives, rate_in, rate_out)

    def _limit_given(self, offer: Offer, part: _Part, limit: Value) -> _Part:
        """At most `limit` comes out."""
        part = part.copy()
        if less(limit, part.step.given):
            part.owner_gives = self._ratio(limit, part.rate_out, PARITY, up=False)
            part.offer = cap_given(self.arithmetic, offer.quality, part.offer, limit, up=True)
            part.step = Amounts(self._ratio(part.offer.taken, part.rate_in, PARITY, up=True), limit)
        return part

    def _limit_taken(self, offer: Offer, part: _Part, limit: Value) -> _Part:
        """At most `limit` goes in."""
        part = part.copy()
        if less(limit, part.step.taken):
            inward = self._ratio(limit, PARITY, part.rate_in, up=False)
            part.offer = cap_taken(self.arithmetic, offer.quality, part.offer, inward)
            part.step = Amounts(limit, part.offer.given)
            part.owner_gives = self._ratio(part.offer.given, part.rate_out, PARITY, up=False)
        return part

    def _consume(self, view: PaymentSandbox, offer: Offer, part: _Part) -> None:
        """Pay the owner, take from the owner, shrink the offer.

        Raises:
            FlowFailed: A side could not move what it has.
        """
        taken, given = self._book
        received = funds.send(view, taken.issuer, offer.owner, with_asset(part.offer.taken, taken))
        if received != "tesSUCCESS":
            raise FlowFailed(received)
        paid = funds.send(view, offer.owner, given.issuer, with_asset(part.owner_gives, given))
        if paid != "tesSUCCESS":
            raise FlowFailed(paid)
        offer.consume(view, self.arithmetic, part.offer)

    # --- moving ---

    def backward(
        self, view: PaymentSandbox, all_funds: PaymentSandbox, removable: set[bytes], given: Value
    ) -> Moved:
        self.cached = None
        nothing_in: Value = 0 if self._book.taken.is_xrp else zero_like(self.arithmetic.iou(0, 0))
        left = given
        ins: list[Value] = []
        outs: list[Value] = []
        result = Moved(nothing_in, zero_like(given))

        def take(offer: Offer, part: _Part) -> bool:
            nonlocal left, result
            if sign(left) <= 0:
                return False
            if not less(left, part.step.given):
                ins.append(part.step.taken)
                outs.append(part.step.given)
                result = Moved(self.arithmetic.sum(ins, nothing_in), self.arithmetic.sum(outs, given))
                left = self.arithmetic.subtract(given, result.given)
                self._consume(view, offer, part)
                return True
            part = self._limit_given(offer, part, left)
            left = zero_like(given)
            ins.append(part.step.taken)
            result = Moved(self.arithmetic.sum(ins, nothing_in), given)
            self._consume(view, offer, part)
            # Amounts within ten units of their last digit subtract to nothing: the offer may be used up here too.
            return offer.is_consumed

        self._each_offer(view, all_funds, removable, take, forward=False)
        if sign(left) < 0:
            result = Moved(nothing_in, zero_like(given))
        elif sign(left) == 0:
            result = Moved(result.taken, given)
        self.cached = result
        return result

    def forward(
        self, view: PaymentSandbox, all_funds: PaymentSandbox, removable: set[bytes], taken: Value
    ) -> Moved:
        known = self.cached
        assert known is not None, "backward comes first"
        nothing_out = zero_like(known.given)
        left = taken
        ins: list[Value] = []
        outs: list[Value] = []
        result = Moved(zero_like(taken), nothing_out)

        def take(offer: Offer, whole: _Part) -> bool:
            nonlocal left, result
            if sign(left) <= 0:
                return False
            fits = not less(left, whole.step.taken)
            part = whole if fits else self._limit_taken(offer, whole, left)
            ins.append(part.step.taken if fits else left)
            outs.append(part.step.given)
            result = Moved(
                self.arithmetic.sum(ins, taken) if fits else taken,
                self.arithmetic.sum(outs, nothing_out),
            )
            if less(known.given, result.given) and not less(known.taken, result.taken):
                # More came out than in the backward pass for no more money: if the backward amount costs just as
                # much, that is what is taken.
                last = outs.pop()
                wanted = self.arithmetic.subtract(known.given, self.arithmetic.sum(outs, nothing_out))
                again = self._limit_given(offer, whole, wanted)
                if again.step.taken == left:
                    result = Moved(taken, known.given)
                    ins[:] = [result.taken]
                    outs[:] = [result.given]
                    part = again
                    part.step = Amounts(left, wanted)
                else:
                    outs.append(last)
            left = self.arithmetic.subtract(taken, result.taken)
            self._consume(view, offer, part)
            return fits or offer.is_consumed

        self._each_offer(view, all_funds, removable, take, forward=True)
        if sign(left) < 0:
            result = Moved(zero_like(taken), nothing_out)
        elif sign(left) == 0:
            result = Moved(taken, result.given)
        self.cached = result
        return result
