"""Finding paths: for each asset a payer could spend, what delivering an amount would cost, and by which paths.

The search is small and exact in what it answers: candidates are the default path, a bridge through XRP, one issuer or
one book between, and books into each currency of the same name that the destination accepts. Every candidate is run
through the engine on a view of its own, and only what delivers is answered. Longer chains are not searched.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from xrpl_codec.amounts import MAX_EXPONENT, MAX_MANTISSA, XRP_CURRENCY, Amount
from xrpl_devnet.flow.engine import FlowAsk, FlowResult, asset_of, flow
from xrpl_devnet.flow.offers import with_asset
from xrpl_devnet.flow.steps import Asset
from xrpl_devnet.flow.strand import Path
from xrpl_devnet.ledger import directory, funds, keylets
from xrpl_devnet.ledger.iou import Iou, Value, less, sign
from xrpl_devnet.ledger.payment_view import PaymentSandbox
from xrpl_devnet.ledger.views import OpenView

PATHS_MAX: Final = 4
SOURCE_ASSETS_MAX: Final = 18
_MOST_XRP: Final = 100_000_000_000_000_000


class Alternative(NamedTuple):
    """One way to pay."""

    spent: Amount
    delivered: Amount
    paths: list[Path]


class Search(NamedTuple):
    """What is to be paid."""

    source: bytes
    destination: bytes
    deliver: Amount
    spend_max: Amount | None = None
    convert_all: bool = False
    """Deliver as much as `spend_max` buys."""


def source_assets(view: OpenView, account: bytes) -> list[Asset]:
    """What an account could spend: its XRP, what it holds, and what others trust it for."""
    assets = [Asset(XRP_CURRENCY, XRP_CURRENCY)]
    for key in directory.entries(view, keylets.owner_dir(account)):
        line = view.read(key)
        if line is None or line.kind != "RippleState":
            continue
        low: bytes = line["LowLimit"].issuer
        peer: bytes = line["HighLimit"].issuer if low == account else low
        balance = funds.balance_of(line, account, peer)
        room = less(Iou(-balance.mantissa, balance.exponent), funds.limit_of(line, peer, account))
        if balance.mantissa > 0 or room:
            assets.append(Asset(line["Balance"].currency, peer))
    return assets[:SOURCE_ASSETS_MAX]


def accepted_assets(view: OpenView, account: bytes) -> list[Asset]:
    """What an account could receive over its lines."""
    found: list[Asset] = []
    for key in directory.entries(view, keylets.owner_dir(account)):
        line = view.read(key)
        if line is None or line.kind != "RippleState":
            continue
        low: bytes = line["LowLimit"].issuer
        peer: bytes = line["HighLimit"].issuer if low == account else low
        if less(funds.balance_of(line, account, peer), funds.limit_of(line, account, peer)):
            found.append(Asset(line["Balance"].currency, peer))
    return found


def _candidates(view: OpenView, search: Search, spend: Asset) -> Iterator[Path]:
    deliver = asset_of(search.deliver)
    accepted = [
        asset.issuer
        for asset in accepted_assets(view, search.destination)
        if asset.currency == deliver.currency
    ]
    if not spend.is_xrp and not deliver.is_xrp:
        yield ({"currency": XRP_CURRENCY},)
    for issuer in accepted:
        if issuer == search.source:
            continue
        if spend.currency == deliver.currency:
            yield ({"account": issuer},)
            if spend.issuer not in (search.source, issuer):
                yield ({"account": spend.issuer}, {"account": issuer})
        else:
            book = {"currency": deliver.currency, "issuer": issuer}
            yield (book,)
            if not spend.is_xrp and not deliver.is_xrp:
                yield ({"currency": XRP_CURRENCY}, book)


def _most(asset: Asset) -> Amount:
    value: Value = _MOST_XRP if asset.is_xrp else Iou(MAX_MANTISSA, MAX_EXPONENT - 1)
    return with_asset(value, asset)


def _run(view: OpenView, search: Search, spend: Amount, paths: list[Path], *, default: bool) -> FlowResult:
    return flow(
        PaymentSandbox(view),
        FlowAsk(
            source=search.source,
            destination=search.destination,
            deliver=search.deliver,
            spend_max=spend,
            paths=paths,
            use_default_path=default,
            partial=True,
        ),
    )


def _enough(search: Search, result: FlowResult) -> bool:
    if result.result != "tesSUCCESS":
        return False
    delivered = funds.value_of(result.delivered)
    return sign(delivered) > 0 and (search.convert_all or result.delivered == search.deliver)


def find(view: OpenView, search: Search, spend: Asset) -> Alternative | None:
    """How to pay by spending one asset; None where there is no way."""
    if spend.is_xrp and asset_of(search.deliver).is_xrp:
        return None
    limit = search.spend_max if search.spend_max is not None else _most(spend)
    found: list[tuple[Path, FlowResult]] = []
    for path in _candidates(view, search, spend):
        result = _run(view, search, limit, [path], default=False)
        if result.result == "tesSUCCESS" and sign(funds.value_of(result.delivered)) > 0:
            found.append((path, result))
    default = _run(view, search, limit, [], default=True)
    if _enough(search, default):
        better = [
            (path, result)
            for path, result in found
            if _enough(search, result) and less(funds.value_of(result.spent), funds.value_of(default.spent))
        ]
        if not better:
            return Alternative(default.spent, default.delivered, [])
    if not found:
        return None
    paths = [path for path, _ in found][:PATHS_MAX]
    together = _run(view, search, limit, paths, default=True)
    if not _enough(search, together):
        return None
    return Alternative(together.spent, together.delivered, paths)
