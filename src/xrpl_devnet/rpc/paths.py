"""Method ripple_path_find: what a payment would cost in each asset, and by which paths.

What is searched, and what is not, stands in `flow.search`.
"""

from typing import Any, Final

from xrpl_devnet.codec.amounts import (
    MAX_EXPONENT,
    MAX_MANTISSA,
    XRP_CURRENCY,
    Amount,
    AmountError,
    IssuedAmount,
    amount_from_json,
    amount_to_json,
    currency_from_text,
    currency_to_text,
    signum,
)
from xrpl_devnet.codec.base58 import account_or_none, encode_account
from xrpl_devnet.codec.json_form import to_json
from xrpl_devnet.flow.engine import asset_of
from xrpl_devnet.flow.search import Search, accepted_assets, find, source_assets
from xrpl_devnet.flow.steps import Asset
from xrpl_devnet.ledger import keylets
from xrpl_devnet.ledger.views import OpenView
from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.rpc.lookup import find_ledger
from xrpl_devnet.rpc.registry import Context, method

MOST_XRP: Final = 100_000_000_000_000_000


def _account(ctx: Context, name: str, prefix: str) -> bytes:
    value = ctx.params.get(name)
    if value is None:
        raise RpcError(f"{prefix}ActMissing")
    account = account_or_none(value)
    if account is None:
        raise RpcError(f"{prefix}ActMalformed")
    return account


def _amount(value: Any, error: str) -> Amount:
    try:
        amount = amount_from_json(value)
    except AmountError as problem:
        raise RpcError(error) from problem
    if not isinstance(amount, int | IssuedAmount):
        raise RpcError(error)
    return amount


def _is_all(amount: Amount) -> bool:
    """Whether an amount of -1 asks for as much as can be had."""
    if isinstance(amount, int):
        return amount == -1
    return isinstance(amount, IssuedAmount) and amount.text() == "-1"


def _search(ctx: Context, view: OpenView) -> Search:
    source = _account(ctx, "source_account", "src")
    destination = _account(ctx, "destination_account", "dst")
    if ctx.params.get("destination_amount") is None:
        raise RpcError("dstAmtMissing")
    deliver = _amount(ctx.params["destination_amount"], "dstAmtMalformed")
    everything = _is_all(deliver)
    if signum(deliver) <= 0 and not everything:
        raise RpcError("dstAmtMalformed")
    spend: Amount | None = None
    if "send_max" in ctx.params:
        spend = _amount(ctx.params["send_max"], "sendMaxMalformed")
        if signum(spend) <= 0:
            raise RpcError("sendMaxMalformed")
    if everything:
        deliver = (
            MOST_XRP
            if isinstance(deliver, int)
            else IssuedAmount(MAX_MANTISSA, MAX_EXPONENT - 1, *asset_of(deliver))
        )
    if view.read(keylets.account(source)) is None:
        raise RpcError("srcActNotFound")
    if view.read(keylets.account(destination)) is None:
        if not isinstance(deliver, int):
            raise RpcError("actNotFound")
        if deliver < view.fees.account_reserve(0):
            raise RpcError("dstAmtMalformed")
    return Search(source, destination, deliver, spend, convert_all=everything)


def _sources(ctx: Context, view: OpenView, search: Search) -> list[Asset]:
    if search.spend_max is not None:
        return [asset_of(search.spend_max)]
    given = ctx.params.get("source_currencies")
    if given is None:
        return source_assets(view, search.source)
    if not isinstance(given, list) or not 1 <= len(given) <= 18:
        raise RpcError("srcCurMalformed")
    assets: list[Asset] = []
    for item in given:
        code = item.get("currency") if isinstance(item, dict) else None
        try:
            currency = currency_from_text(code) if isinstance(code, str) else None
        except AmountError:
            currency = None
        if currency is None:
            raise RpcError("srcCurMalformed")
        issuer: bytes | None = search.source
        if item.get("issuer") is not None:
            issuer = account_or_none(item["issuer"])
        if issuer is None:
            raise RpcError("srcIsrMalformed")
        assets.append(Asset(currency, XRP_CURRENCY if currency == XRP_CURRENCY else issuer))
    return assets


@method("ripple_path_find")
def ripple_path_find(ctx: Context) -> dict[str, Any]:
    """Alternatives, cheapest search first, as they stand in one ledger."""
    found = find_ledger(ctx)
    view = OpenView(found.view, parent_close_time=found.view.parent_close_time, is_open=True)
    search = _search(ctx, view)
    alternatives: list[dict[str, Any]] = []
    for spend in _sources(ctx, view, search):
        way = find(view, search, spend)
        if way is None:
            continue
        shown: dict[str, Any] = {
            "paths_canonical": [],
            "paths_computed": to_json({"Paths": [list(path) for path in way.paths]})["Paths"],
            "source_amount": amount_to_json(way.spent),
        }
        if search.convert_all:
            shown["destination_amount"] = amount_to_json(way.delivered)
        alternatives.append(shown)
    currencies = {currency_to_text(asset.currency) for asset in accepted_assets(view, search.destination)}
    return {
        **found.describe(),
        "alternatives": alternatives,
        "destination_account": encode_account(search.destination),
        "destination_amount": ctx.params["destination_amount"],
        "destination_currencies": sorted(currencies | {"XRP"}),
        "full_reply": True,
        "source_account": encode_account(search.source),
    }
