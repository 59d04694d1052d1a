"""Methods about offers: account_offers and book_offers."""

from collections.abc import Iterator
from typing import Any, Final

from xrpl_codec.amounts import (
    XRP_CURRENCY,
    AmountError,
    IssuedAmount,
    amount_to_json,
    currency_from_text,
)
from xrpl_codec.base58 import account_or_none, encode_account
from xrpl_codec.binary import Fields
from xrpl_devnet.flow.offers import book_base, with_asset
from xrpl_devnet.flow.quality import rate_of
from xrpl_devnet.flow.steps import XRP, Asset, Book
from xrpl_devnet.ledger import directory, funds, keylets, offers
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import PARITY, Arithmetic, Value, less, sign, smaller, zero_like
from xrpl_devnet.ledger.payment_view import XRP_ISSUER
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.rpc.errors import RpcError, expected_field, missing_field
from xrpl_devnet.rpc.lookup import ACCOUNT_PAGE, Limits, account_param, find_ledger, limit_param
from xrpl_devnet.rpc.owned import owned_entries, place_param
from xrpl_devnet.rpc.registry import Context, method

BOOK_PAGE: Final = Limits(1, 60, 100)
_SIDES: Final = {"taker_pays": ("src", "Source"), "taker_gets": ("dst", "Destination")}


_BAD_SIDE: Final = {
    ("taker_pays", "currency"): "srcCurMalformed",
    ("taker_pays", "issuer"): "srcIsrMalformed",
    ("taker_gets", "currency"): "dstAmtMalformed",
    ("taker_gets", "issuer"): "dstIsrMalformed",
}


def quality_text(quality: int) -> str:
    """A quality as clients see it: the rate in÷out."""
    return funds.issued(rate_of(quality), XRP_CURRENCY, XRP_ISSUER).text()


def value_text(value: Value) -> str:
    """A value without its asset."""
    return str(value) if isinstance(value, int) else funds.issued(value, b"", b"").text()


def owner_funds(view: ReadView, fields: Fields) -> dict[str, str]:
    """What the maker of an offer can give, where it is not their own issue."""
    gets = fields.get("TakerGets")
    if fields["TransactionType"] != "OfferCreate" or not isinstance(gets, int | IssuedAmount):
        return {}
    account: bytes = fields["Account"]
    if isinstance(gets, int):
        return {"owner_funds": str(funds.xrp_liquid(view, account))}
    if gets.issuer == account:
        return {}
    has = funds.holds(view, account, gets.currency, gets.issuer, zero_if_frozen=False)
    return {"owner_funds": value_text(has)}


@method("account_offers")
def account_offers(ctx: Context) -> dict[str, Any]:
    """An account's offers, a page at a time."""
    account = account_param(ctx, "account")
    limit, place = limit_param(ctx, ACCOUNT_PAGE), place_param(ctx)
    found = find_ledger(ctx)
    if not found.view.exists(keylets.account(account)):
        raise RpcError("actNotFound")
    shown: list[dict[str, Any]] = []
    out: dict[str, Any] = {"account": encode_account(account), "offers": shown}
    for where, entry in owned_entries(found.view, account, place):
        if entry.kind != "Offer":
            continue
        if len(shown) == limit:
            out["limit"] = limit
            out["marker"] = f"{where[0]},{where[1]}"
            break
        shown.append(_offer_json(entry))
    return {**out, **found.describe()}


def _offer_json(offer: Entry) -> dict[str, Any]:
    out: dict[str, Any] = {
        "flags": offer["Flags"],
        "quality": quality_text(offers.quality_of_directory(offer["BookDirectory"])),
        "seq": offer["Sequence"],
        "taker_gets": amount_to_json(offer["TakerGets"]),
        "taker_pays": amount_to_json(offer["TakerPays"]),
    }
    if "Expiration" in offer:
        out["expiration"] = offer["Expiration"]
    return out


# --- book_offers ---


def asset_param(params: dict[str, Any], name: str) -> Asset:
    """One side of a book.

    Raises:
        RpcError: Missing, or no currency with its issuer.
    """
    code, side = _SIDES[name]
    given = params.get(name)
    if given is None:
        raise missing_field(name)
    if not isinstance(given, dict):
        raise expected_field(name, "object")
    text = given.get("currency")
    if text is None:
        raise missing_field(f"{name}.currency")
    if not isinstance(text, str):
        raise expected_field(f"{name}.currency", "string")
    try:
        currency = currency_from_text(text)
    except AmountError as error:
        token = "srcCurMalformed" if code == "src" else "dstAmtMalformed"
        raise RpcError(token, f"Invalid field '{name}.currency', bad currency.") from error
    issuer_token = f"{code}IsrMalformed"
    issuer_name = f"{name}.issuer"
    raw = given.get("issuer")
    if raw is None:
        if currency != XRP_CURRENCY:
            raise RpcError(issuer_token, f"Invalid field '{issuer_name}', expected non-XRP issuer.")
        return XRP
    if not isinstance(raw, str):
        raise expected_field(issuer_name, "string")
    issuer = account_or_none(raw)
    if issuer is None:
        raise RpcError(issuer_token, f"Invalid field '{issuer_name}', bad issuer.")
    if issuer == bytes(19) + b"\x01":
        raise RpcError(issuer_token, f"Invalid field '{issuer_name}', bad issuer account one.")
    if currency == XRP_CURRENCY and issuer != XRP_ISSUER:
        raise RpcError(
            issuer_token,
            f"Unneeded field '{issuer_name}' for XRP currency specification." if side else None,
        )
    if currency != XRP_CURRENCY and issuer == XRP_ISSUER:
        raise RpcError(issuer_token, f"Invalid field '{issuer_name}', expected non-XRP issuer.")
    return Asset(currency, issuer)


@method("book_offers")
def book_offers(ctx: Context) -> dict[str, Any]:
    """The offers of a book, best first, with what their owners can really give."""
    found = find_ledger(ctx)
    for name in ("taker_pays", "taker_gets"):
        if name not in ctx.params:
            raise missing_field(name)
    pays, gets = asset_param(ctx.params, "taker_pays"), asset_param(ctx.params, "taker_gets")
    taker: bytes | None = None
    if "taker" in ctx.params:
        if not isinstance(ctx.params["taker"], str):
            raise expected_field("taker", "string")
        taker = account_or_none(ctx.params["taker"])
        if taker is None:
            raise RpcError("invalidParams", "Invalid field 'taker'.")
    if pays == gets:
        raise RpcError("badMarket")
    limit = limit_param(ctx, BOOK_PAGE)
    shown = funded_offers(found.view, Book(pays, gets), taker, limit)
    return {**found.describe(), "offers": shown}


def funded_offers(view: ReadView, book: Book, taker: bytes | None, limit: int) -> list[dict[str, Any]]:
    """The best offers of a book, as `book_offers` shows them."""
    return list(_funded(view, book, taker, limit))


def book_param(params: Any) -> Book:
    """One book of a subscription.

    Raises:
        RpcError: No book, or one of a single asset.
    """
    if not isinstance(params, dict) or not all(
        isinstance(params.get(name), dict) for name in ("taker_pays", "taker_gets")
    ):
        raise RpcError("invalidParams")
    book = Book(_side(params, "taker_pays"), _side(params, "taker_gets"))
    if book.taken == book.given:
        raise RpcError("badMarket")
    return book


def _side(params: dict[str, Any], name: str) -> Asset:
    """One side of a subscribed book; what is wrong with it is said with the token alone."""
    try:
        return asset_param(params, name)
    except RpcError as error:
        if error.token in _BAD_SIDE.values():
            raise RpcError(error.token) from error
        field = "issuer" if isinstance(params[name].get("currency"), str) else "currency"
        raise RpcError(_BAD_SIDE[name, field]) from error


def _book_entries(view: ReadView, book: Book) -> Iterator[tuple[Entry, int]]:
    base = at = book_base(book)
    while True:
        key = offers.first_directory(view, at, base)
        if key is None:
            return
        for index in directory.entries(view, key):
            offer = view.read(index)
            if offer is not None:
                yield offer, offers.quality_of_directory(key)
        at = key


def _funded(view: ReadView, book: Book, taker: bytes | None, limit: int) -> Iterator[dict[str, Any]]:
    """Offers with `owner_funds` at each owner's first, and what is funded where that is less than all."""
    arithmetic = Arithmetic(view.rules)
    issuer = book.given.issuer
    frozen = any(funds.is_global_frozen(view, asset.issuer) for asset in book)
    rate = PARITY if book.given.is_xrp else funds.transfer_rate(view, issuer)
    left: dict[bytes, Value] = {}
    for number, (offer, quality) in enumerate(_book_entries(view, book)):
        if number == limit:
            return
        owner: bytes = offer["Account"]
        pays, gets = funds.value_of(offer["TakerPays"]), funds.value_of(offer["TakerGets"])
        first = owner not in left
        if owner == issuer and not book.given.is_xrp:
            has = gets
        elif frozen:
            has = zero_like(gets)
        elif first:
            has = funds.funds(view, owner, offer["TakerGets"])
            has = zero_like(has) if sign(has) < 0 else has
        else:
            has = left[owner]
        out = offer.to_json()
        charged = rate != PARITY and taker != issuer and owner != issuer
        fee = arithmetic.iou(rate, -9)
        usable = arithmetic.divide(has, fee, native=False) if charged else has
        funded = gets
        if less(usable, gets):
            funded = usable
            price = arithmetic.multiply(funded, rate_of(quality), native=isinstance(pays, int))
            out["taker_gets_funded"] = amount_to_json(with_asset(funded, book.given))
            out["taker_pays_funded"] = amount_to_json(with_asset(smaller(pays, price), book.taken))
        pays_out = funded
        if charged:
            pays_out = smaller(has, arithmetic.multiply(funded, fee, native=False))
        left[owner] = arithmetic.subtract(has, pays_out)
        out["quality"] = quality_text(quality)
        if first or owner == issuer or frozen:
            out["owner_funds"] = value_text(has)
        yield out
