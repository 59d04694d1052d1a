"""Taking from strands, the best first, until the amount is delivered, the money spent, or nothing is left.

Source: rippled `StrandFlow.h`, `Flow.cpp`, `RippleCalc.cpp`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from xrpl_codec.amounts import Amount, AmountError
from xrpl_devnet.flow.offers import with_asset
from xrpl_devnet.flow.quality import ONE_TO_ONE, Amounts, Quality, composed, quality_of
from xrpl_devnet.flow.steps import XRP, Asset, FlowFailed, Moved, PathRefused
from xrpl_devnet.flow.strand import Path, Request, Strand, build_strands
from xrpl_devnet.flow.xrp_endpoint import XrpEndpoint
from xrpl_devnet.ledger import funds, offers
from xrpl_devnet.ledger.iou import Arithmetic, Value, less, sign, zero_like
from xrpl_devnet.ledger.payment_view import PaymentSandbox
from xrpl_devnet.results import Ter

TRIES_MAX: Final = 1000
OFFERS_TO_CONSIDER_MAX: Final = 1500


class Crossing(Enum):
    """Whether an offer is being crossed."""

    NO = "payment"
    YES = "offer"
    SELL = "selling offer"


class FlowAsk(NamedTuple):
    """What is to be moved."""

    source: bytes
    destination: bytes
    deliver: Amount
    spend_max: Amount | None
    """None: as much as delivering takes, of the same asset."""
    paths: Sequence[Path] = ()
    use_default_path: bool = True
    partial: bool = False
    """Whether less than all is a success."""
    limit_quality: Quality | None = None
    crossing: Crossing = Crossing.NO


@dataclass(slots=True)
class FlowResult:
    """What was moved."""

    result: Ter
    spent: Amount
    delivered: Amount
    removable: set[bytes] = field(default_factory=set)
    """Offers that were found unusable; they stay where the transaction fails for another reason."""


@dataclass(slots=True)
class _Executed:
    """One execution of one strand."""

    moved: Moved | None
    """None where the strand is dry."""
    view: PaymentSandbox | None
    removable: set[bytes]
    inactive: bool = False
    offers_used: int = 0


@dataclass(slots=True)
class _Pick:
    """What one round over the strands found."""

    best: _Executed | None = None
    waiting: list[Strand] = field(default_factory=list)
    """The strands of the next round."""
    removable: set[bytes] = field(default_factory=set)
    offers_used: int = 0


def asset_of(amount: Amount) -> Asset:
    """The asset of an amount of XRP or an issued currency."""
    return Asset(*offers.asset_of(amount))


def flow(view: PaymentSandbox, ask: FlowAsk) -> FlowResult:
    """Move money on a view. The view changes only when the result is a success.

    The result may be a `ter`; the transaction decides what it claims then.
    """
    deliver = asset_of(ask.deliver)
    spend = None if ask.spend_max is None else asset_of(ask.spend_max)
    source_asset = spend
    if source_asset is None:
        source_asset = XRP if deliver.is_xrp else Asset(deliver.currency, ask.source)
    nothing = zero_like(0 if source_asset.is_xrp else funds.value_of(_iou_of(ask)))
    failed = FlowResult(
        "tesSUCCESS",
        with_asset(nothing, source_asset),
        with_asset(zero_like(funds.value_of(ask.deliver)), deliver),
    )
    arithmetic = Arithmetic(view.rules)
    request = Request(
        ask.source,
        ask.destination,
        deliver,
        spend,
        ask.limit_quality,
        # Whoever made an offer pays the transfer fee only where offers cross.
        owner_pays_fee=ask.crossing is not Crossing.NO,
        offer_crossing=ask.crossing is not Crossing.NO,
    )
    try:
        strands = build_strands(view, arithmetic, request, ask.paths, add_default=ask.use_default_path)
    except PathRefused as refused:
        failed.result = refused.result
        return failed
    engine = _Engine(view, arithmetic, ask, nothing)
    result = engine.run(strands)
    spent = with_asset(engine.spent, source_asset)
    delivered = with_asset(engine.delivered, deliver)
    if result == "tesSUCCESS":
        engine.view.commit()
    return FlowResult(result, spent, delivered, engine.removable)


def _iou_of(ask: FlowAsk) -> Amount:
    """Some issued amount of the ask, for its kind."""
    for amount in (ask.spend_max, ask.deliver):
        if amount is not None and not isinstance(amount, int):
            return amount
    return 0


class _Engine:
    """One run over a set of strands."""

    def __init__(self, base: PaymentSandbox, arithmetic: Arithmetic, ask: FlowAsk, nothing_in: Value) -> None:
        self.view = PaymentSandbox(base)
        self.removable: set[bytes] = set()
        self.spent = nothing_in
        self.delivered = zero_like(funds.value_of(ask.deliver))
        self._base = base
        self._arithmetic = arithmetic
        self._ask = ask
        self._sorted = base.rules.enabled("FlowSortStrands")
        self._wanted = funds.value_of(ask.deliver)
        self._budget = None if ask.spend_max is None else funds.value_of(ask.spend_max)
        self._nothing_in = nothing_in

    def run(self, strands: list[Strand]) -> Ter:
        """Take until done."""
        left_out, left_in = self._wanted, self._budget
        ins: list[Value] = []
        outs: list[Value] = []
        waiting = list(strands)
        considered = 0
        tries = 0
        while sign(left_out) > 0 and (left_in is None or sign(left_in) > 0):
            tries += 1
            if tries >= TRIES_MAX:
                return "telFAILED_PROCESSING"
            pick = self._pick(self._by_quality(waiting), left_in, left_out)
            waiting = pick.waiting
            considered += pick.offers_used
            best = pick.best
            if best is not None and best.moved is not None and best.view is not None:
                ins.append(best.moved.taken)
                outs.append(best.moved.given)
                self.spent = self._arithmetic.sum(ins, self._nothing_in)
                self.delivered = self._arithmetic.sum(outs, self._wanted)
                left_out = self._arithmetic.subtract(self._wanted, self.delivered)
                if self._budget is not None:
                    left_in = self._arithmetic.subtract(self._budget, self.spent)
                best.view.commit()
            self.removable |= pick.removable
            for key in sorted(pick.removable):
                offers.delete_by_key(self.view, key)
            if best is None or (self._sorted and considered >= OFFERS_TO_CONSIDER_MAX):
                break
        return self._verdict(left_in)

    def _pick(self, active: list[Strand], left_in: Value | None, left_out: Value) -> "_Pick":
        """Execute strands, best bound first, and choose the one whose quality came out best."""
        pick = _Pick()
        best_quality: Quality = 0
        best_strand: Strand | None = None
        limit = self._ask.limit_quality
        for number, strand in enumerate(active):
            if not self._may_reach_limit(strand):
                continue
            done = self._execute(strand, left_in, left_out)
            pick.removable |= done.removable
            pick.offers_used += done.offers_used
            if done.moved is None or sign(done.moved.given) == 0:
                continue
            quality = quality_of(self._arithmetic, Amounts(*done.moved))
            if limit is not None and quality > limit:
                continue
            if self._sorted:
                if not done.inactive:
                    pick.waiting.append(strand)
                pick.waiting.extend(active[number + 1 :])
                pick.best = done
                return pick
            pick.waiting.append(strand)
            better = pick.best is None or quality < best_quality
            if better or (quality == best_quality and self._gives_more(done, pick.best)):
                pick.best, best_quality, best_strand = done, quality, strand
        if pick.best is not None and pick.best.inactive and best_strand is not None:
            pick.waiting.remove(best_strand)
        return pick

    @staticmethod
    def _gives_more(one: _Executed, other: _Executed | None) -> bool:
        if one.moved is None or other is None or other.moved is None:
            return False
        return less(other.moved.given, one.moved.given)

    def _verdict(self, left_in: Value | None) -> Ter:
        ask = self._ask
        crossing = ask.crossing is not Crossing.NO
        # Since fixFillOrKill a buying offer must be filled by what it gets, a selling one by what it spends.
        by_delivery = self._base.rules.enabled("fixFillOrKill") and ask.crossing is not Crossing.SELL
        if self.delivered != self._wanted:
            if less(self._wanted, self.delivered):
                return "tefEXCEPTION"
            if not ask.partial:
                if not crossing or by_delivery:
                    return "tecPATH_PARTIAL"
            elif sign(self.delivered) == 0:
                return "tecPATH_DRY"
        if crossing and not ask.partial and not by_delivery and left_in is not None and sign(left_in) != 0:
            return "tecPATH_PARTIAL"
        return "tesSUCCESS"

    # --- choosing ---

    def _upper_bound(self, strand: Strand) -> Quality | None:
        quality: Quality = ONE_TO_ONE
        redeems = False
        for step in strand:
            bound, redeems = step.quality_upper_bound(self.view, redeems)
            if bound is None:
                return None
            quality = composed(self._arithmetic, quality, bound)
        return quality

    def _by_quality(self, strands: list[Strand]) -> list[Strand]:
        if not self._sorted or len(strands) <= 1:
            return strands
        limit = self._ask.limit_quality
        ranked: list[tuple[Quality, Strand]] = []
        for strand in strands:
            bound = self._upper_bound(strand)
            if bound is None or (limit is not None and bound > limit):
                continue
            ranked.append((bound, strand))
        ranked.sort(key=lambda pair: pair[0])
        return [strand for _, strand in ranked]

    def _may_reach_limit(self, strand: Strand) -> bool:
        limit = self._ask.limit_quality
        if self._ask.crossing is Crossing.NO or limit is None:
            return True
        bound = self._upper_bound(strand)
        return bound is not None and bound <= limit

    # --- one strand ---

    def _execute(self, strand: Strand, budget: Value | None, wanted: Value) -> _Executed:
        removable: set[bytes] = set()
        if len(strand) == 2 and all(isinstance(step, XrpEndpoint) for step in strand):
            return _Executed(None, None, removable)
        try:
            view = self._both_ways(strand, budget, wanted, removable)
        except (FlowFailed, AmountError):
            view = None
        used = sum(step.offers_used for step in strand)
        first, last = strand[0].cached, strand[-1].cached
        if view is None or first is None or last is None:
            return _Executed(None, None, removable, offers_used=used)
        inactive = any(step.inactive for step in strand)
        return _Executed(Moved(first.taken, last.given), view, removable, inactive, used)

    def _both_ways(
        self, strand: Strand, budget: Value | None, wanted: Value, removable: set[bytes]
    ) -> PaymentSandbox | None:
        """Backward to the step that limits, then forward from it; None where the strand is dry."""
        view = PaymentSandbox(self.view)
        all_funds = PaymentSandbox(self.view)
        limiting = len(strand)
        limited_out = wanted
        given = wanted
        for number in range(len(strand) - 1, -1, -1):
            step = strand[number]
            moved = step.backward(view, all_funds, removable, given)
            if sign(moved.given) == 0:
                return None
            if number == 0 and budget is not None and less(budget, moved.taken):
                # The source may not spend so much: begin again with what it may.
                view = PaymentSandbox(self.view)
                limiting = number
                moved = step.forward(view, all_funds, removable, budget)
                limited_out = moved.given
                if sign(moved.given) == 0 or moved.taken != budget:
                    return None
            elif moved.given != given:
                # Not so much can come out here: begin again with what can.
                view = PaymentSandbox(self.view)
                all_funds = PaymentSandbox(self.view)
                limiting = number
                given = moved.given
                moved = step.backward(view, all_funds, removable, given)
                limited_out = moved.given
                if sign(moved.given) == 0 or moved.given != given:
                    return None
            given = moved.taken
        taken = limited_out
        for step in strand[limiting + 1 :]:
            moved = step.forward(view, all_funds, removable, taken)
            if sign(moved.given) == 0 or moved.taken != taken:
                return None
            taken = moved.given
        return view
