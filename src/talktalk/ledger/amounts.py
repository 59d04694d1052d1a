"""Amounts and assets, exact.

XRP is held as integer drops (1 XRP = 1,000,000 drops), everything else as a decimal text with its
asset. Nothing here ever touches a binary float. Pure functions.

Source: xrpl.org, Currency Formats.
"""

import re
from decimal import Decimal
from typing import Any

import msgspec
from xrpl.core.addresscodec import is_valid_classic_address

from talktalk.ledger.errors import (
    AmountNotANumber,
    AmountTooLarge,
    AmountTooPrecise,
    AmountWithExponent,
    BadAmount,
    BadAsset,
    NegativeAmount,
    ZeroAmount,
)
from talktalk_wire.common import Amount

DROPS_PER_XRP = 1_000_000
DROPS_MAX = 10**17
"""100 billion XRP: all there ever was."""
XRP_FRACTION_DIGITS = 6
MPT_VALUE_MAX = 2**63 - 1
ISSUED_DIGITS_MAX = 15
"""Significant digits of an issued currency that every ledger calculation keeps."""
ISSUED_EXPONENT_MAX = 80

CODE_BYTES = 20
"""A currency code that is not of three characters."""

_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)
_EXPONENT = re.compile(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", re.ASCII)
_NOT_NUMBERS = frozenset({"nan", "snan", "inf", "infinity"})
_CODE = re.compile(r"[A-Za-z0-9?!@#$%^&*<>(){}\[\]|]{3}", re.ASCII)
_CODE_HEX = re.compile(r"[0-9A-Fa-f]{40}", re.ASCII)
_MPT_ID = re.compile(r"[0-9A-Fa-f]{48}", re.ASCII)


class Xrp(msgspec.Struct, frozen=True, tag="xrp"):
    """The ledger's own currency."""

    def __str__(self) -> str:
        return "XRP"


class Issued(msgspec.Struct, frozen=True, tag="issued"):
    """An issued currency: the code alone identifies nothing, code and issuer do."""

    code: str
    """Three characters, or 40 upper-case hex digits."""
    issuer: str

    def __str__(self) -> str:
        return f"{self.code}.{self.issuer}"


class Mpt(msgspec.Struct, frozen=True, tag="mpt"):
    """A multi-purpose token."""

    issuance_id: str
    """48 upper-case hex digits."""

    def __str__(self) -> str:
        return f"mpt.{self.issuance_id}"


Asset = Xrp | Issued | Mpt
XRP = Xrp()


def parse_asset(text: str) -> Asset:
    """Read `XRP`, `<code>.<issuer>` or `mpt.<48 hex>`.

    Raises:
        BadAsset: Anything else, the code `XRP` with an issuer included.
    """
    if text == "XRP":
        return XRP
    code, dot, rest = text.rpartition(".")
    if dot and code == "mpt" and _MPT_ID.fullmatch(rest):
        return Mpt(rest.upper())
    if dot and is_valid_classic_address(rest):
        if _CODE.fullmatch(code) and code != "XRP":
            return Issued(code, rest)
        if _CODE_HEX.fullmatch(code) and not code.startswith("00"):
            return Issued(code.upper(), rest)
    raise BadAsset(f"{text[:100]!r} is not an asset")


def parse_drops(value: str) -> int:
    """Read a decimal number of XRP as typed, greater than zero, into drops.

    Raises:
        BadAmount: In the shape that names the trouble: `NegativeAmount`, `AmountNotANumber`,
            `AmountWithExponent`, `AmountTooPrecise` (more than 6 decimal places),
            `AmountTooLarge`, `ZeroAmount`, or itself for anything else.
    """
    whole, fraction = _digits(value)
    if len(fraction) > XRP_FRACTION_DIGITS:
        raise AmountTooPrecise("XRP has at most 6 decimal places")
    if len(whole) > len(str(DROPS_MAX)):
        raise AmountTooLarge
    drops = int(whole) * DROPS_PER_XRP + int(fraction.ljust(XRP_FRACTION_DIGITS, "0"))
    if drops > DROPS_MAX:
        raise AmountTooLarge
    if drops == 0:
        raise ZeroAmount
    return drops


def parse_amount(value: str, asset: Asset) -> Amount:
    """Read an amount of any asset into its canonical text, greater than zero.

    Raises:
        BadAmount: As `parse_drops`; an issued currency carries 15 significant digits, an MPT is a
            whole number.
    """
    if isinstance(asset, Xrp):
        return xrp(parse_drops(value))
    whole, fraction = _digits(value)
    if isinstance(asset, Mpt):
        if fraction:
            raise AmountTooPrecise("this token has no decimal places")
        if len(whole) > len(str(MPT_VALUE_MAX)) or int(whole) > MPT_VALUE_MAX:
            raise AmountTooLarge
        if int(whole) == 0:
            raise ZeroAmount
        return Amount(value=whole, asset=str(asset))
    fraction = fraction.rstrip("0")
    significant = (whole + fraction).lstrip("0").rstrip("0")
    if not significant:
        raise ZeroAmount
    if len(significant) > ISSUED_DIGITS_MAX:
        raise AmountTooPrecise("issued currencies carry 15 digits")
    if len(whole) > ISSUED_EXPONENT_MAX:
        raise AmountTooLarge
    return Amount(value=f"{whole}.{fraction}" if fraction else whole, asset=str(asset))


def format_drops(drops: int) -> str:
    """Drops as a canonical decimal number of XRP: no trailing zeros, no exponent."""
    sign = "-" if drops < 0 else ""
    whole, fraction = divmod(abs(drops), DROPS_PER_XRP)
    digits = f"{fraction:06d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def xrp(drops: int) -> Amount:
    """The wire form of an amount of XRP."""
    return Amount(value=format_drops(drops), asset="XRP")


def from_ledger(amount: object) -> Amount | None:
    """The wire form of an amount in the ledger's JSON; None if it is none (`"unavailable"`)."""
    if isinstance(amount, str):
        return xrp(int(amount)) if amount.isascii() and amount.isdigit() else None
    if not isinstance(amount, dict):
        return None
    fields: dict[str, Any] = amount
    if "mpt_issuance_id" in fields:
        return Amount(value=str(fields["value"]), asset=str(Mpt(str(fields["mpt_issuance_id"]).upper())))
    value = format(Decimal(str(fields["value"])), "f")
    if "." in value:
        value = value.rstrip("0").rstrip(".")
    return Amount(value=value, asset=str(Issued(str(fields["currency"]), str(fields["issuer"]))))


def to_ledger(amount: Amount) -> str | dict[str, str]:
    """The ledger's JSON of a wire amount that `parse_amount` accepts."""
    asset = parse_asset(amount.asset)
    match asset:
        case Xrp():
            return str(parse_drops(amount.value))
        case Issued():
            return {"currency": asset.code, "issuer": asset.issuer, "value": amount.value}
        case Mpt():
            return {"mpt_issuance_id": asset.issuance_id, "value": amount.value}


def _digits(value: str) -> tuple[str, str]:
    """Whole and fraction digits of a plain decimal, or the error that names what it is instead."""
    match = _DECIMAL.fullmatch(value)
    if match is not None:
        return match[1], match[2] or ""
    if value.lower().lstrip("+-") in _NOT_NUMBERS:
        raise AmountNotANumber
    if _EXPONENT.fullmatch(value):
        raise AmountWithExponent
    if value.startswith("-") and _DECIMAL.fullmatch(value[1:]):
        raise NegativeAmount
    raise BadAmount
