"""Reading what is about to be approved.

The server drafts a transaction; this decodes its bytes and compares every field with what was
asked. Whatever is not asked for is a difference, known or not. What passes is what will be
signed: the signing hash is computed here, from the same bytes.

A payment may move any asset, and may be paid for with another. What arrives is exact; what leaves is
bounded by `PaymentAsked.spend_max`, which is the caller's word and not the server's.

Source: XRPL, "Transaction Common Fields", "Payment", "Serialization Format".
"""

import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec
from xrpl.core.binarycodec import XRPLBinaryCodecException, decode, encode

from talktalk_client.errors import Difference, DraftRefused
from talktalk_wire.common import Amount
from talktalk_wire.transfers import Draft

XRP: Final = "XRP"

DROPS_PER_XRP: Final = 1_000_000
XRP_DECIMALS: Final = 6
ISSUED_DIGITS_MAX: Final = 15
"""Significant digits of an issued currency that every ledger calculation keeps."""
MPT_VALUE_MAX: Final = 2**63 - 1
PATHS_MAX: Final = 6
STEPS_MAX: Final = 8
"""What a transaction may carry."""
FEE_DROPS_MAX: Final = 10_000
"""0.01 XRP: a thousand times the usual fee, far below anyone's pain."""

_SIGNING_PREFIX: Final = bytes.fromhex("53545800")
_FULLY_CANONICAL: Final = 0x8000_0000
"""tfFullyCanonicalSig: no effect today, set by some libraries."""


class PaymentAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What the person wants signed."""

    sender: str
    """Classic address."""
    public_key: str
    """Of the sender, 66 hex digits."""
    destination: str
    """Classic address."""
    destination_tag: int | None
    amount: Amount
    """What arrives, exactly."""
    spend_max: Amount | None = None
    """What may leave at most, the ledger's fee not counted. None: exactly the amount. Of another asset: it
    is exchanged on the way."""
    memo: str = ""
    """For everybody to read; nothing else may be written into the transaction."""
    fee_drops_max: int = FEE_DROPS_MAX


def is_mpt(asset: str) -> bool:
    """Whether it is an MPT, which is paid in whole units and never exchanged on the way."""
    return asset.startswith("mpt.")


def xrp_text(value: str | int | Decimal) -> str:
    """An XRP amount as the wire wants it: decimal, no sign, no exponent.

    Raises:
        TypeError: A float, which cannot hold amounts exactly.
        ValueError: Not a number, not above zero, or more than six decimals.
    """
    return amount_text(value, XRP)


def amount_text(value: str | int | Decimal, asset: str) -> str:
    """An amount as the wire wants it: decimal, no sign, no exponent, as fine as the asset allows.

    Raises:
        TypeError: A float, which cannot hold amounts exactly.
        ValueError: Not a number, not above zero, or finer than the ledger can hold.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError("an amount is a str, int or Decimal, never a float")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"not an amount: {value!r}") from error
    if not number.is_finite() or number <= 0:
        raise ValueError(f"an amount is above zero: {value!r}")
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    _check_fine(text, asset, value)
    return text


def _check_fine(text: str, asset: str, value: object) -> None:
    fraction = text.partition(".")[2]
    if asset == XRP:
        if len(fraction) > XRP_DECIMALS:
            raise ValueError(f"XRP has {XRP_DECIMALS} decimals: {value!r}")
    elif is_mpt(asset):
        if fraction or int(text) > MPT_VALUE_MAX:
            raise ValueError(f"an amount of an MPT is a whole number below 2^63: {value!r}")
    elif len(text.replace(".", "").strip("0")) > ISSUED_DIGITS_MAX:
        raise ValueError(f"an amount of a currency has {ISSUED_DIGITS_MAX} digits: {value!r}")


def drops(xrp: str) -> int:
    """An XRP amount of `xrp_text` in drops."""
    return int(Decimal(xrp) * DROPS_PER_XRP)


def same_amount(one: Amount, other: Amount) -> bool:
    """Whether both are so much of the same asset, however it is written."""
    if one.asset != other.asset:
        return False
    try:
        return Decimal(one.value) == Decimal(other.value)
    except InvalidOperation:
        return False


def amount_of(found: object) -> Amount | None:
    """An amount as the ledger writes it in a transaction, zero included; None if it is none."""
    if isinstance(found, str):
        if not _is_digits(found):
            return None
        return Amount(value=f"{(Decimal(found) / DROPS_PER_XRP).normalize():f}", asset=XRP)
    if not isinstance(found, dict):
        return None
    fields: dict[str, Any] = found
    if fields.keys() == {"mpt_issuance_id", "value"}:
        asset = f"mpt.{str(fields['mpt_issuance_id']).upper()}"
    elif fields.keys() == {"currency", "issuer", "value"}:
        asset = f"{fields['currency']}.{fields['issuer']}"
    else:
        return None
    try:
        value = Decimal(str(fields["value"]))
    except InvalidOperation:
        return None
    return Amount(value=f"{value:f}", asset=asset) if value.is_finite() and value >= 0 else None


def signing_hash(tx_blob: bytes) -> str:
    """SHA-512Half of the signing prefix and the unsigned transaction, 64 hex digits."""
    return hashlib.sha512(_SIGNING_PREFIX + tx_blob).digest()[:32].hex().upper()


def check_payment(draft: Draft, asked: PaymentAsked) -> None:
    """Return if approving `draft` does exactly what was asked, and nothing else.

    Raises:
        DraftRefused: It does not; every difference is told.
    """
    try:
        blob = bytes.fromhex(draft.tx_blob)
        transaction: dict[str, Any] = decode(draft.tx_blob)
        written_again = encode(transaction).upper()
    except (XRPLBinaryCodecException, ValueError, KeyError, IndexError, TypeError) as error:
        unreadable = Difference("tx_blob", "a serialised transaction", f"{type(error).__name__}: {error}")
        raise DraftRefused((unreadable,)) from error

    found = [
        Difference("tx_blob", "the canonical form", "another form of the same fields")
        for _ in range(written_again != draft.tx_blob.upper())
    ]
    if signing_hash(blob) != draft.signing_hash.upper():
        found.append(Difference("signing_hash", signing_hash(blob), draft.signing_hash))
    rules = _rules(draft, asked)
    for field, (wanted, is_as_asked) in rules.items():
        value = transaction.pop(field, None)
        if not is_as_asked(value):
            found.append(Difference(field, wanted, "nothing" if value is None else str(value)))
    found += [Difference(field, "nothing", str(value)) for field, value in sorted(transaction.items())]
    if found:
        raise DraftRefused(tuple(found))


_Rule = tuple[str, Callable[[Any], bool]]


def _rules(draft: Draft, asked: PaymentAsked) -> Mapping[str, _Rule]:
    """What each field must be, in words and as a test; a field without a rule must be absent."""

    def exactly(value: object) -> _Rule:
        return "nothing" if value is None else str(value), lambda found: bool(found == value)

    def is_amount(found: Any) -> bool:
        read = amount_of(found)
        return read is not None and same_amount(read, asked.amount)

    def is_fee(found: Any) -> bool:
        return _is_digits(found) and int(found) == draft.fee_drops and int(found) <= asked.fee_drops_max

    def is_number(found: Any) -> bool:
        return found is None or isinstance(found, int)

    return {
        "TransactionType": exactly("Payment"),
        "Account": exactly(asked.sender),
        "SigningPubKey": exactly(asked.public_key.upper()),
        "Destination": exactly(asked.destination),
        "DestinationTag": exactly(asked.destination_tag),
        "Amount": (_told(asked.amount), is_amount),
        "SendMax": (_spend_told(asked), lambda found: _spends_within(found, asked)),
        "Paths": ("ways of an exchange, if any", lambda found: _are_paths(found, asked)),
        "Fee": (f"{draft.fee_drops}, at most {asked.fee_drops_max} drops", is_fee),
        "Memos": exactly(_memos(asked.memo)),
        # Whom the receiver lets in is between the two; it is shown, and moves nothing else.
        "CredentialIDs": exactly(list(draft.credential_ids) or None),
        "LastLedgerSequence": exactly(draft.last_ledger),
        "Flags": ("no flag that changes the payment", lambda found: found in (None, 0, _FULLY_CANONICAL)),
        # Which number and which network concern the ledger, not what the person asked.
        "Sequence": ("a number", is_number),
        "TicketSequence": ("a number", is_number),
        "NetworkID": ("a number", is_number),
    }


def _told(amount: Amount) -> str:
    return f"{amount.value} {amount.asset}"


def _spend_told(asked: PaymentAsked) -> str:
    if asked.spend_max is None or asked.spend_max.asset == asked.amount.asset == XRP:
        return "nothing"
    return f"at most {_told(asked.spend_max)}"


def _is_exchange(asked: PaymentAsked) -> bool:
    return asked.spend_max is not None and asked.spend_max.asset != asked.amount.asset


def _spends_within(found: Any, asked: PaymentAsked) -> bool:
    """Whether no more than was allowed leaves, and of no other asset."""
    bound = asked.spend_max
    if found is None:
        return not _is_exchange(asked)
    read = amount_of(found)
    if bound is None or read is None or read.asset != bound.asset or Decimal(read.value) <= 0:
        return False
    if bound.asset == asked.amount.asset == XRP:
        return False  # XRP for XRP has no bound but its amount
    if _is_exchange(asked) and (is_mpt(bound.asset) or is_mpt(asked.amount.asset)):
        return False
    return Decimal(read.value) <= Decimal(bound.value)


def _are_paths(found: Any, asked: PaymentAsked) -> bool:
    """Whichever way is taken, all of `Amount` arrives and no more than `SendMax` leaves."""
    if found is None:
        return True
    if not _is_exchange(asked) or not isinstance(found, list) or not 1 <= len(found) <= PATHS_MAX:
        return False
    return all(isinstance(path, list) and 1 <= len(path) <= STEPS_MAX for path in found)


def _memos(memo: str) -> list[dict[str, Any]] | None:
    """The one memo of plain text that was asked for, as a transaction carries it."""
    if not memo:
        return None
    entry = {"MemoData": memo.encode().hex().upper(), "MemoFormat": b"text/plain".hex().upper()}
    return [{"Memo": entry}]


def _is_digits(found: Any) -> bool:
    return isinstance(found, str) and found.isascii() and found.isdigit()
