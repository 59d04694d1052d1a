"""The step along one trust line: an account redeems what it holds of the next, or issues its own."""

from dataclasses import dataclass

from xrpl_devnet.flow.quality import Quality, ratio_quality
from xrpl_devnet.flow.steps import (
    Asset,
    Moved,
    PathRefused,
    Step,
    StrandContext,
    check_freeze,
    has_no_ripple,
)
from xrpl_devnet.ledger import flags, funds, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import PARITY, ZERO, Iou, Value, less, negated, sign
from xrpl_devnet.ledger.payment_view import PaymentSandbox
from xrpl_devnet.ledger.views import ReadView


@dataclass(slots=True)
class _Cache:
    """What moved in the last pass."""

    taken: Iou
    moved: Iou
    """Along the line, between the fees of both sides."""
    given: Iou
    redeems: bool


class DirectStep(Step):
    """One trust line, from `source` to `target`. Offers cross with laxer checks than payments make."""

    def __init__(
        self, context: StrandContext, source: bytes, target: bytes, currency: bytes, *, is_last: bool
    ) -> None:
        super().__init__(context, is_last=is_last)
        self.source = source
        self.target = target
        self.currency = currency
        self.direct_source = source
        self._crossing = context.offer_crossing
        self._cache: _Cache | None = None
        self._check(context)

    # --- checks ---

    def _check(self, context: StrandContext) -> None:
        view = context.view
        if not any(self.source) or not any(self.target) or self.source == self.target:
            raise PathRefused("temBAD_PATH")
        root = view.read(keylets.account(self.source))
        if root is None:
            raise PathRefused("terNO_ACCOUNT")
        # Plain issuing and redeeming cannot be frozen.
        if not (self.is_last and self.is_first):
            check_freeze(view, self.source, self.target, self.currency)
        previous = context.previous
        if previous is not None and previous.direct_source is not None:
            into = has_no_ripple(view, self.source, previous.direct_source, self.currency)
            out = has_no_ripple(view, self.source, self.target, self.currency)
            if into and out:
                raise PathRefused("terNO_RIPPLE")
        self._check_loops(context)
        if not self._crossing:
            self._check_line(context, root)

    def _check_loops(self, context: StrandContext) -> None:
        leaves, arrives = Asset(self.currency, self.source), Asset(self.currency, self.target)
        if leaves in context.seen_books:
            previous = context.previous
            if previous is None:
                raise PathRefused("temBAD_PATH")
            if previous.book is not None and previous.book.given != leaves:
                raise PathRefused("temBAD_PATH_LOOP")
        sources, targets = context.seen_direct
        if leaves in sources or arrives in targets:
            raise PathRefused("temBAD_PATH_LOOP")
        sources.add(leaves)
        targets.add(arrives)

    def _check_line(self, context: StrandContext, root: Entry) -> None:
        line = context.view.read(keylets.trust_line(self.source, self.target, self.currency))
        if line is None:
            raise PathRefused("terNO_LINE")
        high = self.source > self.target
        if (
            root.flag(flags.REQUIRE_AUTH)
            and not line.flag(flags.HIGH_AUTH if high else flags.LOW_AUTH)
            and line["Balance"].mantissa == 0
        ):
            raise PathRefused("terNO_AUTH")
        previous = context.previous
        if (
            previous is not None
            and previous.book is not None
            and line.flag(flags.HIGH_NO_RIPPLE if high else flags.LOW_NO_RIPPLE)
        ):
            raise PathRefused("terNO_RIPPLE")
        held = funds.credit_balance(context.view, self.target, self.source, self.currency)
        limit = funds.credit_limit(context.view, self.target, self.source, self.currency)
        if sign(held) >= 0 and not less(held, limit):
            raise PathRefused("tecPATH_DRY")

    @property
    def key(self) -> tuple[object, ...]:
        return ("direct", self.source, self.target, self.currency)

    # --- liquidity and fees ---

    def _most(self, view: PaymentSandbox, wanted: Iou) -> tuple[Iou, bool]:
        """The most that can move along the line, and whether the source redeems it."""
        if self._crossing and self.is_last:
            # Who makes an offer wants it filled, whatever the limit of the line.
            return wanted, False
        held = funds.holds(view, self.source, self.currency, self.target, zero_if_frozen=False)
        assert isinstance(held, Iou), "a line holds an issued currency"
        if sign(held) > 0:
            return held, True
        limit = funds.credit_limit(view, self.target, self.source, self.currency)
        room = self.arithmetic.add(limit, held)
        assert isinstance(room, Iou), "a line holds an issued currency"
        return room, False

    def debt_direction(self, view: ReadView, *, forward: bool) -> bool:
        if forward and self._cache is not None:
            return self._cache.redeems
        held = funds.holds(view, self.source, self.currency, self.target, zero_if_frozen=False)
        return sign(held) > 0

    def _line_quality(self, view: ReadView, name: str, account: bytes, peer: bytes) -> int:
        if self._crossing:
            return PARITY
        line = view.read(keylets.trust_line(self.target, self.source, self.currency))
        return PARITY if line is None else funds.side(line, name, account, peer) or PARITY

    def quality_in(self, view: ReadView) -> int:
        return self._line_quality(view, "QualityIn", self.target, self.source)

    def _rates(self, view: ReadView, redeems: bool, previous_redeems: bool) -> tuple[int, int]:
        """What the source takes for what it gives, and what the target values it at, in billionths."""
        if redeems:
            if self.previous is None:
                return PARITY, PARITY
            out = self._line_quality(view, "QualityOut", self.source, self.target)
            return max(out, self.previous.quality_in(view)), PARITY
        rate = funds.transfer_rate(view, self.source) if previous_redeems else PARITY
        quality = self.quality_in(view)
        return rate, min(quality, PARITY) if self.is_last else quality

    def _rates_now(self, view: PaymentSandbox, redeems: bool, *, forward: bool) -> tuple[int, int]:
        previous_redeems = self.previous is not None and self.previous.debt_direction(view, forward=forward)
        return self._rates(view, redeems, previous_redeems)

    def quality_upper_bound(self, view: PaymentSandbox, redeems: bool) -> tuple[Quality | None, bool]:
        mine = self.debt_direction(view, forward=True)
        out, inward = self._rates(view, mine, redeems)
        return ratio_quality(self.arithmetic, out, inward), mine

    # --- moving ---

    def _ratio(self, value: Iou, numerator: int, denominator: int, *, up: bool) -> Iou:
        result = self.arithmetic.ratio(value, numerator, denominator, up=up)
        assert isinstance(result, Iou), "issued"
        return result

    def _credit(self, view: PaymentSandbox, amount: Iou) -> None:
        funds.ripple_credit(view, self.source, self.target, self.currency, amount)

    def _remember(self, cache: _Cache) -> Moved:
        self._cache = cache
        self.cached = Moved(cache.taken, cache.given)
        return self.cached

    def backward(
        self, view: PaymentSandbox, all_funds: PaymentSandbox, removable: set[bytes], given: Value
    ) -> Moved:
        del all_funds, removable
        assert isinstance(given, Iou), "issued"
        self._cache = None
        most, redeems = self._most(view, given)
        rate, quality = self._rates_now(view, redeems, forward=False)
        if sign(most) <= 0:
            return self._remember(_Cache(ZERO, ZERO, ZERO, redeems))
        moved = self._ratio(given, PARITY, quality, up=True)
        if less(most, moved):
            moved = most
            given = self._ratio(most, quality, PARITY, up=False)
        taken = self._ratio(moved, rate, PARITY, up=True)
        result = self._remember(_Cache(taken, moved, given, redeems))
        self._credit(view, moved)
        return result

    def forward(
        self, view: PaymentSandbox, all_funds: PaymentSandbox, removable: set[bytes], taken: Value
    ) -> Moved:
        del all_funds, removable
        assert isinstance(taken, Iou), "issued"
        assert self._cache is not None, "backward comes first"
        most, redeems = self._most(view, self._cache.moved)
        rate, quality = self._rates_now(view, redeems, forward=True)
        if sign(most) <= 0:
            return self._remember(_Cache(ZERO, ZERO, ZERO, redeems))
        moved = self._ratio(taken, PARITY, rate, up=False)
        if less(most, moved):
            moved = most
            taken = self._ratio(most, rate, PARITY, up=True)
        given = self._ratio(moved, quality, PARITY, up=False)
        cache = self._limited(taken, moved, given, redeems)
        result = self._remember(cache)
        self._credit(view, cache.moved)
        return result

    def _limited(self, taken: Iou, moved: Iou, given: Iou, redeems: bool) -> _Cache:
        """What the forward pass found, but no more than the backward pass did, except where far more goes in."""
        cache = self._cache
        assert cache is not None, "backward comes first"
        if less(cache.taken, taken):
            difference = self.arithmetic.add(taken, negated(cache.taken))
            if less(self.arithmetic.iou(1, -9), difference):
                return _Cache(taken, moved, given, redeems)
        return _Cache(
            taken,
            moved if less(moved, cache.moved) else cache.moved,
            given if less(given, cache.given) else cache.given,
            redeems,
        )
