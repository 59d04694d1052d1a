"""Amounts and currencies as the ledger holds them.

XRP is a plain `int` of drops. An issued amount is an `IssuedAmount`: a signed mantissa of 16 digits and an
exponent, or zero. A multi-purpose token amount is an `MPTAmount`. All three are immutable values that
compare by content.
"""

import re
from typing import Any, Final, NamedTuple, TypeAlias

from xrpl_codec.base58 import account_or_none, decode_account, encode_account

MIN_MANTISSA: Final = 10**15
MAX_MANTISSA: Final = 10**16 - 1
MIN_EXPONENT: Final = -96
MAX_EXPONENT: Final = 80
ZERO_EXPONENT: Final = -100

XRP_CURRENCY: Final = bytes(20)
BAD_CURRENCY: Final = bytes(12) + b"XRP" + bytes(5)
"""The code a token may not have: "XRP" written as if it were issued."""
XRP_ACCOUNT: Final = bytes(20)
MAX_DROPS: Final = 10**17

_VALUE = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?")
_ISO = re.compile(r"[A-Za-z0-9?!@#$%^&*<>(){}\[\]|]{3}")
_HEX40 = re.compile(r"[0-9a-fA-F]{40}")
_HEX48 = re.compile(r"[0-9a-fA-F]{48}")


class AmountError(ValueError):
    """What was given is no amount; the text says why, as rippled words it where it is known."""


class IssuedAmount(NamedTuple):
    """An amount of an issued currency: mantissa × 10^exponent, always canonical."""

    mantissa: int
    """0, or 10^15 … 10^16−1 with either sign."""
    exponent: int
    currency: bytes
    issuer: bytes

    @classmethod
    def of(cls, mantissa: int, exponent: int, currency: bytes, issuer: bytes) -> "IssuedAmount":
        """The canonical form; digits beyond sixteen are cut, what is too small becomes zero.

        Raises:
            AmountError: Too large.
        """
        if mantissa == 0:
            return cls(0, ZERO_EXPONENT, currency, issuer)
        negative = mantissa < 0
        size = -mantissa if negative else mantissa
        while size < MIN_MANTISSA and exponent > MIN_EXPONENT:
            size *= 10
            exponent -= 1
        while size > MAX_MANTISSA:
            size //= 10
            exponent += 1
        if exponent < MIN_EXPONENT or size < MIN_MANTISSA:
            return cls(0, ZERO_EXPONENT, currency, issuer)
        if exponent > MAX_EXPONENT:
            raise AmountError("value overflow")
        return cls(-size if negative else size, exponent, currency, issuer)

    def negated(self) -> "IssuedAmount":
        """The same amount with the other sign."""
        return self._replace(mantissa=-self.mantissa)

    def text(self) -> str:
        """The value as JSON shows it: plain for exponents −25 … −5 and 0, else mantissa and exponent."""
        if self.mantissa == 0:
            return "0"
        sign = "-" if self.mantissa < 0 else ""
        size = abs(self.mantissa)
        if self.exponent != 0 and not -25 <= self.exponent <= -5:
            return f"{sign}{size}e{self.exponent}"
        digits = str(size)
        if self.exponent >= 0:
            return sign + digits + "0" * self.exponent
        digits = digits.rjust(-self.exponent + 1, "0")
        whole, fraction = digits[: self.exponent], digits[self.exponent :].rstrip("0")
        return f"{sign}{whole}.{fraction}" if fraction else sign + whole


class MPTAmount(NamedTuple):
    """An amount of a multi-purpose token."""

    value: int
    issuance_id: bytes
    """Sequence (4 bytes) and issuer (20 bytes)."""


Amount: TypeAlias = int | IssuedAmount | MPTAmount


def is_xrp(amount: Amount) -> bool:
    """Whether the amount is of XRP."""
    return isinstance(amount, int)


def signum(amount: Amount) -> int:
    """-1, 0 or 1."""
    number = amount if isinstance(amount, int) else amount[0]
    return (number > 0) - (number < 0)


def is_legal_net(amount: Amount) -> bool:
    """Whether an amount is within what can exist: |drops| ≤ 10^17, |MPT| ≤ 2^63−1."""
    if isinstance(amount, int):
        return -MAX_DROPS <= amount <= MAX_DROPS
    return True


def currency_to_text(currency: bytes) -> str:
    """`XRP`, a three-character code, or forty hex digits."""
    if currency == XRP_CURRENCY:
        return "XRP"
    if currency[:12] == bytes(12) and currency[15:] == bytes(5):
        try:
            code = currency[12:15].decode("ascii")
        except UnicodeDecodeError:
            return currency.hex().upper()
        if code != "XRP" and _ISO.fullmatch(code):
            return code
    return currency.hex().upper()


def currency_from_text(text: str) -> bytes:
    """The twenty bytes of a currency code.

    Raises:
        AmountError: Neither `XRP`, nor three allowed characters, nor forty hex digits.
    """
    if text in ("XRP", ""):
        return XRP_CURRENCY
    if _ISO.fullmatch(text):
        return bytes(12) + text.encode("ascii") + bytes(5)
    if _HEX40.fullmatch(text):
        return bytes.fromhex(text)
    raise AmountError("invalid currency")


def parse_value(text: str) -> tuple[int, int]:
    """Mantissa and exponent of a decimal text.

    Raises:
        AmountError: No number, or more digits than any amount can have.
    """
    match = _VALUE.fullmatch(text) if len(text) <= 128 else None
    if match is None or not (match[2] or match[3]):
        raise AmountError(f"'{text[:64]}' is not a number")
    whole, fraction = match[2] or "", match[3] or ""
    mantissa = int(whole + fraction)
    exponent = int(match[4] or "0") - len(fraction)
    if abs(exponent) > 400:
        raise AmountError(f"Number '{text}' is too large")
    return -mantissa if match[1] == "-" else mantissa, exponent


def amount_to_json(amount: Amount) -> str | dict[str, str]:
    """Drops as a string, or the object of an issued or multi-purpose amount."""
    if isinstance(amount, int):
        return str(amount)
    if isinstance(amount, MPTAmount):
        return {"mpt_issuance_id": amount.issuance_id.hex().upper(), "value": str(amount.value)}
    return {
        "currency": currency_to_text(amount.currency),
        "issuer": encode_account(amount.issuer),
        "value": amount.text(),
    }


def amount_from_json(value: Any) -> Amount:
    """The amount that a client wrote.

    Raises:
        AmountError: Not an amount.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        parts = re.split(r"[/,]", value)
        if len(parts) == 3:
            return _token_from_json({"value": parts[0], "currency": parts[1], "issuer": parts[2]})
        if not re.fullmatch(r"-?\d{1,20}", value):
            raise AmountError(f"'{value[:64]}' is not a number of drops")
        return int(value)
    if not isinstance(value, dict):
        raise AmountError("invalid amount")
    return _token_from_json(value)


def _token_from_json(value: dict[str, Any]) -> Amount:
    number = value.get("value")
    if isinstance(number, bool) or not isinstance(number, str | int):
        raise AmountError("invalid amount value")
    mantissa, exponent = parse_value(str(number))
    issuance = value.get("mpt_issuance_id")
    if issuance is not None:
        if not isinstance(issuance, str) or not _HEX48.fullmatch(issuance) or exponent < 0:
            raise AmountError("invalid MPT amount")
        return MPTAmount(mantissa * _power(exponent), bytes.fromhex(issuance))
    code, issuer = value.get("currency"), value.get("issuer")
    if not isinstance(code, str):
        raise AmountError("invalid currency")
    currency = currency_from_text(code)
    if currency == XRP_CURRENCY:
        if issuer is not None:
            raise AmountError("XRP may not have an issuer")
        return mantissa * _power(exponent) if exponent >= 0 else mantissa // _power(-exponent)
    account = account_or_none(issuer)
    if account is None:
        raise AmountError("invalid issuer")
    return IssuedAmount.of(mantissa, exponent, currency, account)


def _power(exponent: int) -> int:
    power: int = 10**exponent
    return power


def asset_to_json(asset: bytes) -> dict[str, str]:
    """An asset without a value, from its serialised form (20, 40 or 44 bytes)."""
    if len(asset) == 44:
        return {"mpt_issuance_id": (asset[40:44][::-1] + asset[:20]).hex().upper()}
    if asset[:20] == XRP_CURRENCY:
        return {"currency": "XRP"}
    return {"currency": currency_to_text(asset[:20]), "issuer": encode_account(asset[20:40])}


def asset_from_json(value: Any) -> bytes:
    """The serialised form of an asset without a value.

    Raises:
        AmountError: Not an asset.
    """
    if not isinstance(value, dict):
        raise AmountError("invalid asset")
    issuance = value.get("mpt_issuance_id")
    if issuance is not None:
        if not isinstance(issuance, str) or not _HEX48.fullmatch(issuance):
            raise AmountError("invalid MPTokenIssuanceID")
        raw = bytes.fromhex(issuance)
        return raw[4:] + NO_ACCOUNT + raw[:4][::-1]
    code = value.get("currency")
    if not isinstance(code, str):
        raise AmountError("invalid currency")
    currency = currency_from_text(code)
    if currency == XRP_CURRENCY:
        return currency
    issuer = value.get("issuer")
    if not isinstance(issuer, str):
        raise AmountError("invalid issuer")
    return currency + decode_account(issuer)


NO_ACCOUNT: Final = bytes(19) + b"\x01"
"""The account id `1`, which stands where an account is needed and there is none."""
