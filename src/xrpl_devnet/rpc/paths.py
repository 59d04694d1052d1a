"""Methods ripple_path_find and path_find: what a payment would cost in each asset, and by which paths.

`ripple_path_find` answers once; `path_find` keeps one request per WebSocket and sends a new answer with every
ledger. What is searched, and what is not, stands in `flow.search`.
"""

import asyncio
from typing import Any, Final

import msgspec

from xrpl_codec.amounts import (
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
from xrpl_codec.base58 import account_or_none, encode_account
from xrpl_codec.json_form import to_json
from xrpl_devnet.flow.engine import asset_of
from xrpl_devnet.flow.search import Search, accepted_assets, find, source_assets
from xrpl_devnet.flow.steps import Asset
from xrpl_devnet.ledger import keylets
from xrpl_devnet.ledger.views import OpenView
from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.rpc.lookup import find_ledger
from xrpl_devnet.rpc.registry import Context, Subscriber, method

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
    """Alternatives as they stand in one ledger."""
    found = find_ledger(ctx)
    view = OpenView(found.view, parent_close_time=found.view.parent_close_time, is_open=True)
    search = _search(ctx, view)
    currencies = {currency_to_text(asset.currency) for asset in accepted_assets(view, search.destination)}
    return {
        **found.describe(),
        **_answer(ctx, view, search),
        "destination_currencies": sorted(currencies | {"XRP"}),
        "full_reply": True,
    }


def _answer(ctx: Context, view: OpenView, search: Search) -> dict[str, Any]:
    """The alternatives of one ledger, with what was asked."""
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
    return {
        "alternatives": alternatives,
        "destination_account": encode_account(search.destination),
        "destination_amount": ctx.params["destination_amount"],
        "source_account": encode_account(search.source),
    }


class PathRequest:
    """One connection's standing search."""

    def __init__(self, ctx: Context, subscriber: Subscriber) -> None:
        """Search for the first time.

        Raises:
            RpcError: The request is malformed.
        """
        self._ctx = ctx
        self._subscriber = subscriber
        self._full = False
        self._found: dict[str, Any] = {}
        self._search()

    def _search(self) -> None:
        view = self._ctx.node.open
        view = OpenView(view, parent_close_time=view.parent_close_time, is_open=True)
        self._found = _answer(self._ctx, view, _search(self._ctx, view))

    def shown(self) -> dict[str, Any]:
        """The last answer."""
        out = {**self._found, "full_reply": self._full}
        if "id" in self._ctx.params:
            out["id"] = self._ctx.params["id"]
        return out

    def update(self) -> None:
        """Search again and send; a search that has become impossible stays silent."""
        try:
            self._search()
        except RpcError:
            return
        self.send()

    def send(self) -> None:
        """Send the last answer as a full one."""
        self._full = True
        self._subscriber.send(msgspec.json.encode({**self.shown(), "type": "path_find"}))


@method("path_find")
def path_find(ctx: Context) -> dict[str, Any]:
    """Begin, look at or end this connection's standing search."""
    subcommand = ctx.params.get("subcommand")
    if not isinstance(subcommand, str):
        raise RpcError("invalidParams")
    if ctx.subscriber is None:
        raise RpcError("noEvents")
    requests = ctx.service.subscriptions.path_requests
    if subcommand == "create":
        request = requests[ctx.subscriber] = PathRequest(ctx, ctx.subscriber)
        # The full reply and its confirmation follow this first answer.
        loop = asyncio.get_running_loop()
        loop.call_soon(request.send)
        loop.call_soon(request.send)
        return request.shown()
    if subcommand not in ("status", "close"):
        raise RpcError("invalidParams")
    found = requests.get(ctx.subscriber)
    if found is None:
        raise RpcError("noPathRequest")
    out = {**found.shown(), "status": "success"}
    if subcommand == "close":
        del requests[ctx.subscriber]
        out["closed"] = True
    return out
