"""Payment links: what a QR code, a pasted text or a shared address asks for. Pure functions.

Read are an address alone (`r…`, or an X-address that carries its tag), the schemes `xrpl:`, `ripple:` and
`xrp:` with an address and a query, and the older `https://ripple.com//send?to=…`. Of a query's fields those
that name a tag, an amount, an asset or a message are read, and everything else is left aside: a link may
propose, it can never act. A field that is given twice, or that cannot be read, refuses the whole link, so
that nobody pays something else than what another program would show of it.

Written are `xrpl:` links, and X-addresses.

Source: xrpl.org, URI schemes ("ripple.com/send"); XLS-5d for X-addresses; RFC 3986 for the form.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec
from xrpl.core.addresscodec import classic_address_to_xaddress

from talktalk.ledger.addresses import Destination, parse_destination
from talktalk.ledger.amounts import parse_amount, parse_asset
from talktalk.ledger.errors import PaymentLinkMalformed
from talktalk.platform.problems import Trouble
from talktalk_wire.common import Amount

LINK_LENGTH_MAX = 2048
TAG_MAX = 2**32 - 1
SCHEMES = ("xrpl", "ripple", "xrp")
TAG_NAMES = frozenset({"dt", "tag", "to_tag", "destinationtag"})
MEMO_NAMES = frozenset({"memo", "message"})
AMOUNT_PARTS = 3
"""`100/USD/r…`: how the older form writes an amount of an issued currency."""


class PaymentLink(msgspec.Struct, frozen=True, kw_only=True):
    """What a link proposes; whoever pays decides."""

    address: str
    destination_tag: int | None = None
    amount: Amount | None = None
    memo: str = ""


def parse_payment_link(text: str, *, main_network: bool) -> PaymentLink:
    """Read what was scanned, pasted or followed.

    Raises:
        PaymentLinkMalformed: It is no payment link, or contradicts itself.
        BadAddress, AddressOfOtherNetwork, BlackHoleAddress: Of the address in it.
    """
    typed = text.strip()
    if not typed or len(typed) > LINK_LENGTH_MAX:
        raise PaymentLinkMalformed("empty, or too long")
    target, query = _split(typed)
    fields = _fields(query)
    if not target:
        target = fields.pop("to", "")
    tag = _tag(_one_of(fields, TAG_NAMES))
    destination = parse_destination(target, tag, main_network=main_network)
    return PaymentLink(
        address=destination.address,
        destination_tag=destination.tag,
        amount=_amount(fields),
        memo=_one_of(fields, MEMO_NAMES) or "",
    )


def write_payment_link(link: PaymentLink) -> str:
    """The link as this application writes it; `parse_payment_link` reads the same from it."""
    fields: list[tuple[str, str]] = []
    if link.destination_tag is not None:
        fields.append(("dt", str(link.destination_tag)))
    if link.amount is not None:
        fields.append(("amount", link.amount.value))
        if link.amount.asset != "XRP":
            fields.append(("asset", link.amount.asset))
    if link.memo:
        fields.append(("memo", link.memo))
    query = "&".join(f"{name}={quote(value, safe='.')}" for name, value in fields)
    return f"xrpl:{link.address}" + (f"?{query}" if query else "")


def x_address(destination: Destination, *, main_network: bool) -> str:
    """The X-address of an account, with its tag in it."""
    return classic_address_to_xaddress(destination.address, destination.tag, is_test_network=not main_network)


def _split(text: str) -> tuple[str, str]:
    """Address (empty where the query names it) and query."""
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in SCHEMES:
        path, _, query = rest.partition("?")
        return path.removeprefix("//").rstrip("/"), query
    if colon and scheme.lower() == "https":
        try:
            parts = urlsplit(text)
        except ValueError as error:
            raise PaymentLinkMalformed("no address in it") from error
        if parts.hostname != "ripple.com" or parts.path.strip("/") != "send":
            raise PaymentLinkMalformed("a web page, no payment link")
        return "", parts.query
    path, _, query = text.partition("?")
    return path, query


def _fields(query: str) -> dict[str, str]:
    """The query's fields by lower-case name."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=32)
    except ValueError as error:
        raise PaymentLinkMalformed("its query cannot be read") from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name.lower() in fields:
            raise PaymentLinkMalformed(f"{name[:32]} is given twice")
        fields[name.lower()] = value
    return fields


def _one_of(fields: dict[str, str], names: Iterable[str]) -> str | None:
    """The value under whichever of these names is there."""
    found = {name: fields[name] for name in names if name in fields}
    if len(set(found.values())) > 1:
        raise PaymentLinkMalformed(f"{' and '.join(sorted(found))} contradict each other")
    return next(iter(found.values()), None)


def _tag(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > TAG_MAX:
        raise PaymentLinkMalformed("its destination tag is none")
    return int(text)


def _amount(fields: dict[str, str]) -> Amount | None:
    """The amount it proposes: `amount=5`, `amount=5&asset=USD.r…`, `amount=5&currency=USD&issuer=r…`
    or `amount=5/USD/r…`."""
    value = fields.get("amount")
    if value is None:
        return None
    asset = fields.get("asset")
    currency, issuer = fields.get("currency"), fields.get("issuer")
    parts = value.split("/")
    if len(parts) > 1:
        value, currency = parts[0], parts[1]
        issuer = parts[2] if len(parts) == AMOUNT_PARTS else None
    if asset is None and currency is not None and currency.upper() != "XRP":
        asset = f"{currency}.{issuer or ''}"
    try:
        return parse_amount(value, parse_asset(asset or "XRP"))
    except Trouble as trouble:
        raise PaymentLinkMalformed(trouble.detail or trouble.title) from trouble
