"""From a path, as a payment writes it, to the chain of steps that it means.

Elements that are implied are filled in: the source, the issuer of what is spent, the book of what is delivered, its
issuer, the destination. Then each pair of neighbours becomes a step.

Source: rippled `PaySteps.cpp` (`toStrand`, `toStrands`).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from xrpl_codec.amounts import NO_ACCOUNT, XRP_CURRENCY
from xrpl_devnet.flow.book import BookStep
from xrpl_devnet.flow.direct import DirectStep
from xrpl_devnet.flow.quality import Quality
from xrpl_devnet.flow.steps import XRP, Asset, PathRefused, Step, StrandContext
from xrpl_devnet.flow.xrp_endpoint import XrpEndpoint
from xrpl_devnet.ledger.iou import Arithmetic
from xrpl_devnet.ledger.payment_view import XRP_ISSUER
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.results import Ter

Path = Sequence[dict[str, bytes]]
"""Elements with `account`, `currency`, `issuer`, as they are decoded."""
Strand = list[Step]


class Element(NamedTuple):
    """One element of a path, with what is implied."""

    account: bytes | None = None
    currency: bytes | None = None
    issuer: bytes | None = None

    @property
    def is_book(self) -> bool:
        """Whether it names a book rather than an account."""
        return self.account is None


class Request(NamedTuple):
    """What is to be paid, for building strands."""

    source: bytes
    destination: bytes
    deliver: Asset
    spend: Asset | None
    """The asset of SendMax, if any."""
    limit_quality: Quality | None
    owner_pays_fee: bool
    offer_crossing: bool


def build_strands(
    view: ReadView,
    arithmetic: Arithmetic,
    request: Request,
    paths: Sequence[Path],
    *,
    add_default: bool,
) -> list[Strand]:
    """All strands that a payment may use, without repetitions.

    Raises:
        PathRefused: None can be used, or one is malformed.
    """
    strands: list[Strand] = []
    last_failure: Ter = "tesSUCCESS"
    if add_default:
        try:
            strands.append(build_strand(view, arithmetic, request, ()))
        except PathRefused as refused:
            if refused.result.startswith("tem") or not paths:
                raise
            last_failure = refused.result
    elif not paths:
        raise PathRefused("temRIPPLE_EMPTY")
    seen = {tuple(step.key for step in strand) for strand in strands}
    last_failure = "tesSUCCESS"
    for path in paths:
        try:
            strand = build_strand(view, arithmetic, request, path)
        except PathRefused as refused:
            if refused.result.startswith("tem"):
                raise
            last_failure = refused.result
            continue
        key = tuple(step.key for step in strand)
        if key not in seen:
            seen.add(key)
            strands.append(strand)
    if not strands:
        raise PathRefused(last_failure)
    return strands


def build_strand(view: ReadView, arithmetic: Arithmetic, request: Request, path: Path) -> Strand:
    """The steps of one path; an empty path is the default one.

    Raises:
        PathRefused: The path cannot be walked.
    """
    _check_request(request)
    for element in path:
        _check_element(element)
    elements = _with_implied(request, path)
    context = StrandContext(
        view=view,
        arithmetic=arithmetic,
        source=request.source,
        destination=request.destination,
        deliver=request.deliver,
        limit_quality=request.limit_quality,
        owner_pays_fee=request.owner_pays_fee,
        offer_crossing=request.offer_crossing,
        is_default_path=not path,
    )
    _walk(context, elements)
    return context.strand


def _check_request(request: Request) -> None:
    deliver, spend = request.deliver, request.spend
    wrong = (
        request.source in (XRP_ISSUER, NO_ACCOUNT)
        or request.destination in (XRP_ISSUER, NO_ACCOUNT)
        or not deliver.is_consistent
        or deliver.issuer == NO_ACCOUNT
        or (spend is not None and (not spend.is_consistent or spend.issuer == NO_ACCOUNT))
    )
    if wrong:
        raise PathRefused("temBAD_PATH")


def _check_element(element: dict[str, bytes]) -> None:
    account, currency, issuer = (element.get(name) for name in ("account", "currency", "issuer"))
    wrong = (
        not element
        or (account is not None and (currency is not None or issuer is not None))
        or issuer in (XRP_ISSUER, NO_ACCOUNT)
        or account in (XRP_ISSUER, NO_ACCOUNT)
        or (
            currency is not None
            and issuer is not None
            and (currency == XRP_CURRENCY) != (issuer == XRP_ISSUER)
        )
    )
    if wrong:
        raise PathRefused("temBAD_PATH")


def _with_implied(request: Request, path: Path) -> list[Element]:
    source, destination, deliver, spend = request[:4]
    currency = (spend or deliver).currency
    first = XRP if currency == XRP_CURRENCY else Asset(currency, source)
    elements = [Element(source, first.currency, first.issuer)]
    if spend is not None and spend.issuer != source and (not path or path[0].get("account") != spend.issuer):
        elements.append(Element(account=spend.issuer))
    elements += [Element(e.get("account"), e.get("currency"), e.get("issuer")) for e in path]
    last = next(element for element in reversed(elements) if element.currency is not None)
    # Crossing an offer uses a book even where only the issuer changes.
    if last.currency != deliver.currency or (
        request.offer_crossing and (last.issuer or XRP_ISSUER) != deliver.issuer
    ):
        elements.append(Element(currency=deliver.currency, issuer=deliver.issuer))
    if elements[-1].account != deliver.issuer and destination != deliver.issuer:
        elements.append(Element(account=deliver.issuer))
    if elements[-1].account != destination:
        elements.append(Element(account=destination))
    if len(elements) < 2:
        raise PathRefused("temBAD_PATH")
    return elements


def _walk(context: StrandContext, elements: list[Element]) -> None:
    asset = Asset(elements[0].currency or XRP_CURRENCY, elements[0].issuer or XRP_ISSUER)
    for number, (here, following) in enumerate(pairwise(elements)):
        is_last = number == len(elements) - 2
        asset = _asset_after(asset, here)
        if here.account is not None:
            here = _reach_issuer(context, here, following, asset)
        elif following.account is not None:
            _leave_book(context, following, asset, is_last=is_last)
            continue
        if not following.is_book and following.currency is not None and following.currency != asset.currency:
            raise PathRefused("temBAD_PATH")
        context.strand.append(_step(context, here, following, asset, is_last=is_last))


def _asset_after(asset: Asset, element: Element) -> Asset:
    if element.account is not None:
        asset = asset._replace(issuer=element.account)
    elif element.issuer is not None:
        asset = asset._replace(issuer=element.issuer)
    if element.currency is not None:
        asset = asset._replace(currency=element.currency)
        if asset.is_xrp:
            asset = XRP
    return asset


def _reach_issuer(context: StrandContext, here: Element, following: Element, asset: Asset) -> Element:
    """Step to the issuer first where the next element needs it between; the element to go on from."""
    account = here.account
    assert account is not None, "an account element"
    if following.account is not None:
        needed = not asset.is_xrp and asset.issuer not in (account, following.account)
    else:
        needed = asset.issuer != account and not asset.is_xrp
    if not needed:
        return here
    context.strand.append(DirectStep(context, account, asset.issuer, asset.currency, is_last=False))
    return Element(account=asset.issuer)


def _leave_book(context: StrandContext, following: Element, asset: Asset, *, is_last: bool) -> None:
    """From a book's output to the account that follows; the book's own step has been made already."""
    account = following.account
    assert account is not None, "an account element"
    if asset.issuer == account or account == XRP_ISSUER:
        return
    if asset.is_xrp:
        if not is_last:
            raise PathRefused("temBAD_PATH")
        context.strand.append(XrpEndpoint(context, account, is_last=True))
        return
    context.strand.append(DirectStep(context, asset.issuer, account, asset.currency, is_last=is_last))


def _step(context: StrandContext, here: Element, following: Element, asset: Asset, *, is_last: bool) -> Step:
    if here.account is not None:
        if not context.strand and here.currency == XRP_CURRENCY:
            return XrpEndpoint(context, here.account, is_last=is_last)
        if following.account is not None:
            if is_last and here.account == XRP_ISSUER:
                return XrpEndpoint(context, following.account, is_last=True)
            return DirectStep(context, here.account, following.account, asset.currency, is_last=is_last)
    given = Asset(
        asset.currency if following.currency is None else following.currency,
        asset.issuer if following.issuer is None else following.issuer,
    )
    if given.currency == XRP_CURRENCY:
        given = XRP
    if asset.is_xrp and given.is_xrp:
        raise PathRefused("temBAD_PATH")
    return BookStep(context, XRP if asset.is_xrp else asset, given, is_last=is_last)
