"""Asking a node what stands between two people and a token. Holds no transaction."""

from decimal import Decimal
from typing import Any

from talktalk.ledger import issuers
from talktalk.ledger.amounts import Asset, Issued, Mpt, Xrp, from_ledger, parse_asset, to_ledger
from talktalk.ledger.errors import LedgerUnavailable, NodeRefused, NodeUnavailable
from talktalk.ledger.service import Ledger
from talktalk.transfers.errors import AssetUnsupported
from talktalk.transfers.tokens import Quote, TokenLook
from talktalk.wallet.errors import AssetUnknown
from talktalk_wire.common import Amount

SEARCH_TIMEOUT_S = 10.0
"""Looking for paths is the most a node is asked for."""
PATHS_MAX = 6
STEPS_MAX = 8
"""What a transaction may carry."""


async def look(ledger: Ledger, *, sender: str, receiver: str, amount: Amount, spend: Asset) -> TokenLook:
    """What the network says of a payment in which not both ends are XRP.

    Raises:
        AssetUnknown: Nobody has issued one of the assets.
        AssetUnsupported: An exchange into or out of an MPT, which the ledger cannot do.
        LedgerUnavailable: No node answered.
    """
    delivered = parse_asset(amount.asset)
    terms = await _terms(ledger, delivered)
    is_exchange = delivered != spend
    if is_exchange and (isinstance(delivered, Mpt) or isinstance(spend, Mpt)):
        raise AssetUnsupported("this kind of token cannot be exchanged on the way")
    received = None
    if terms is not None and not isinstance(delivered, Xrp) and receiver != terms.issuer:
        received = await issuers.read_holding(ledger, receiver, delivered)
    return TokenLook(
        terms=terms,
        spend_terms=await _terms(ledger, spend) if is_exchange else terms,
        received=received,
        quote=await _quote(ledger, sender, receiver, amount, spend) if is_exchange else None,
    )


async def _terms(ledger: Ledger, asset: Asset) -> issuers.AssetTerms | None:
    if isinstance(asset, Xrp):
        return None
    terms = await issuers.read_terms(ledger, asset)
    if terms is None:
        raise AssetUnknown
    return terms


async def _quote(ledger: Ledger, sender: str, receiver: str, amount: Amount, spend: Asset) -> Quote | None:
    source = {"currency": "XRP"} if isinstance(spend, Xrp) else {}
    if isinstance(spend, Issued):
        source = {"currency": spend.code, "issuer": spend.issuer}
    try:
        found = await ledger.pool.request(
            "ripple_path_find",
            timeout_s=SEARCH_TIMEOUT_S,
            source_account=sender,
            destination_account=receiver,
            destination_amount=to_ledger(amount),
            source_currencies=[source],
            ledger_index="validated",
        )
    except NodeUnavailable as error:
        raise LedgerUnavailable from error
    except NodeRefused as error:
        if error.error in {"actNotFound", "dstActNotFound", "srcActNotFound"}:
            return None
        raise LedgerUnavailable(f"the node answered {error.error}") from error
    quotes = [quote for each in found.get("alternatives", []) if (quote := _alternative(each, spend))]
    return min(quotes, key=lambda quote: quote.cost, default=None)


def _alternative(found: dict[str, Any], spend: Asset) -> Quote | None:
    """A node's alternative, if it spends what was asked for and fits into a transaction."""
    cost = from_ledger(found.get("source_amount"))
    paths = found.get("paths_computed", [])
    if cost is None or len(paths) > PATHS_MAX or any(len(path) > STEPS_MAX for path in paths):
        return None
    asset = parse_asset(cost.asset)
    # A node may name the sender as issuer: "whoever's of this code"; what is signed names the issuer.
    if isinstance(spend, Xrp) != isinstance(asset, Xrp):
        return None
    if isinstance(spend, Issued) and (not isinstance(asset, Issued) or asset.code != spend.code):
        return None
    return Quote(cost=Decimal(cost.value), paths=[[_step(step) for step in path] for path in paths])


def _step(step: dict[str, Any]) -> dict[str, Any]:
    """One step, without what a node adds for display."""
    return {name: step[name] for name in ("account", "currency", "issuer") if name in step}
