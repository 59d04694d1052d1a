"""What all steps share: assets, the base class, what a strand knows while it is built, and why one is refused."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from xrpl_codec.amounts import XRP_CURRENCY
from xrpl_devnet.flow.quality import Quality
from xrpl_devnet.ledger import flags, funds, keylets
from xrpl_devnet.ledger.iou import PARITY, Arithmetic, Value
from xrpl_devnet.ledger.payment_view import XRP_ISSUER, PaymentSandbox
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.results import Ter


class Asset(NamedTuple):
    """XRP, or a currency of an issuer."""

    currency: bytes
    issuer: bytes

    @property
    def is_xrp(self) -> bool:
        """Whether it is XRP."""
        return self.currency == XRP_CURRENCY

    @property
    def is_consistent(self) -> bool:
        """Whether currency and issuer agree on being XRP."""
        return (self.currency == XRP_CURRENCY) == (self.issuer == XRP_ISSUER)


XRP: Final = Asset(XRP_CURRENCY, XRP_ISSUER)


class Book(NamedTuple):
    """Offers that take one asset and give another."""

    taken: Asset
    given: Asset


class PathRefused(Exception):
    """A path cannot be walked; the result says why."""

    def __init__(self, result: Ter) -> None:
        super().__init__(result)
        self.result = result


class FlowFailed(Exception):
    """A strand cannot be executed after all; it counts as dry."""


class Moved(NamedTuple):
    """What went into a step and what came out."""

    taken: Value
    given: Value


@dataclass(slots=True)
class StrandContext:
    """What is known while a strand is built, shared by its steps' checks."""

    view: ReadView
    arithmetic: Arithmetic
    source: bytes
    destination: bytes
    deliver: Asset
    limit_quality: Quality | None
    owner_pays_fee: bool
    offer_crossing: bool
    is_default_path: bool
    strand: "list[Step]" = field(default_factory=list)
    seen_direct: tuple[set[Asset], set[Asset]] = field(default_factory=lambda: (set(), set()))
    """Assets that direct steps of this strand leave from, and arrive at."""
    seen_books: set[Asset] = field(default_factory=set)
    """Assets that books of this strand give."""

    @property
    def previous(self) -> "Step | None":
        """The step before the one being made."""
        return self.strand[-1] if self.strand else None


class Step:
    """One link of a strand. Forward is from source to destination.

    `backward` finds what must go in so that something comes out, executing it on a view; `forward` the other way. Both
    remember what moved, for the engine's later passes.
    """

    direct_source: bytes | None = None
    """Of a direct step: the account it leaves from."""
    book: Book | None = None
    """Of a book step."""
    inactive = False
    """The step has used up as many offers as it may."""
    offers_used = 0
    """Offers that the last pass looked at."""

    def __init__(self, context: StrandContext, *, is_last: bool) -> None:
        self.arithmetic = context.arithmetic
        self.previous = context.previous
        self.is_first = not context.strand
        self.is_last = is_last
        self.cached: Moved | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What the step is, for telling equal strands."""
        raise TypeError("a step has a key of its own")

    def debt_direction(self, view: ReadView, *, forward: bool) -> bool:
        """Whether the source redeems what it gives, rather than issue it."""
        del view, forward
        return False

    def quality_in(self, view: ReadView) -> int:
        """What the destination of a trust line values incoming money at, in billionths."""
        del view
        return PARITY

    def quality_upper_bound(self, view: PaymentSandbox, redeems: bool) -> tuple[Quality | None, bool]:
        """The best quality the step could have now, and whether it redeems; None where it is dry."""
        raise TypeError("a step has an upper bound of its own")

    def backward(
        self, view: PaymentSandbox, all_funds: PaymentSandbox, removable: set[bytes], given: Value
    ) -> Moved:
        """Make `given` come out, or as much of it as can."""
        raise TypeError("a step moves in a way of its own")

    def forward(
        self, view: PaymentSandbox, all_funds: PaymentSandbox, removable: set[bytes], taken: Value
    ) -> Moved:
        """Put `taken` in, or as much of it as can."""
        raise TypeError("a step moves in a way of its own")


def check_freeze(view: ReadView, source: bytes, target: bytes, currency: bytes) -> None:
    """Refuse a step into a frozen line or to an account that froze everything.

    Raises:
        PathRefused: `terNO_LINE`.
    """
    if funds.is_global_frozen(view, target):
        raise PathRefused("terNO_LINE")
    line = view.read(keylets.trust_line(source, target, currency))
    if line is None:
        return
    if line.flag(flags.HIGH_FREEZE if target > source else flags.LOW_FREEZE):
        raise PathRefused("terNO_LINE")
    if line["Flags"] & (flags.HIGH_DEEP_FREEZE | flags.LOW_DEEP_FREEZE):
        raise PathRefused("terNO_LINE")


def has_no_ripple(view: ReadView, account: bytes, peer: bytes, currency: bytes) -> bool:
    """Whether an account set NoRipple on its side of a line.

    Raises:
        PathRefused: `terNO_LINE`, where there is no line.
    """
    line = view.read(keylets.trust_line(account, peer, currency))
    if line is None:
        raise PathRefused("terNO_LINE")
    return line.flag(flags.HIGH_NO_RIPPLE if account > peer else flags.LOW_NO_RIPPLE)
