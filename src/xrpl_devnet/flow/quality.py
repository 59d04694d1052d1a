"""Quality: what an exchange asks for what it gives, as the 64-bit number that sorts order books.

The number is the rate in÷out: an exponent (plus 100) in the top byte, sixteen digits below. A smaller number is a
better quality.

Source: rippled `Quality.cpp`, `STAmount.cpp` (`getRate`).
"""

from typing import Final, NamedTuple, TypeAlias

from xrpl_codec.amounts import AmountError
from xrpl_devnet.ledger.iou import ONE, Arithmetic, Iou, Value, less, sign, smaller

Quality: TypeAlias = int

_MANTISSA: Final = (1 << 56) - 1
_EXPONENT_SHIFT: Final = 56
_EXPONENT_BIAS: Final = 100


class Amounts(NamedTuple):
    """What goes in and what comes out."""

    taken: Value
    """In: what an offer's owner receives (TakerPays)."""
    given: Value
    """Out: what an offer's owner gives (TakerGets)."""

    @property
    def is_empty(self) -> bool:
        """Whether either side is nothing."""
        return sign(self.taken) <= 0 or sign(self.given) <= 0


def _stored(rate: Iou) -> Quality:
    return (rate.exponent + _EXPONENT_BIAS) << _EXPONENT_SHIFT | rate.mantissa


def quality_of(arithmetic: Arithmetic, amounts: Amounts) -> Quality:
    """The quality of an exchange; 0 where nothing comes out or the rate cannot be written."""
    if sign(amounts.given) == 0:
        return 0
    try:
        rate = arithmetic.divide(amounts.taken, amounts.given, native=False)
    except AmountError:
        return 0
    assert isinstance(rate, Iou), "a rate has no asset"
    return 0 if rate.mantissa == 0 else _stored(rate)


def rate_of(quality: Quality) -> Iou:
    """The rate in÷out of a quality."""
    if quality == 0:
        return Iou(0, -100)
    return Iou(quality & _MANTISSA, (quality >> _EXPONENT_SHIFT) - _EXPONENT_BIAS)


ONE_TO_ONE: Final[Quality] = _stored(ONE)


def ratio_quality(arithmetic: Arithmetic, taken: int, given: int) -> Quality:
    """The quality of a ratio of two rates in billionths."""
    return quality_of(arithmetic, Amounts(arithmetic.iou(taken, 0), arithmetic.iou(given, 0)))


def composed(arithmetic: Arithmetic, one: Quality, other: Quality) -> Quality:
    """The quality of two exchanges, one after the other."""
    rate = arithmetic.multiply_round(rate_of(one), rate_of(other), native=False, up=True)
    assert isinstance(rate, Iou), "a rate has no asset"
    return _stored(rate)


def cap_given(
    arithmetic: Arithmetic, quality: Quality, amounts: Amounts, limit: Value, *, up: bool
) -> Amounts:
    """The exchange cut so that at most `limit` comes out; what goes in follows the quality.

    Since `fixReducedOffersV1` the direction of rounding is as asked; before, it is up.
    """
    if not less(limit, amounts.given):
        return amounts
    strict = arithmetic.strict_out
    taken = arithmetic.multiply_round(
        limit,
        rate_of(quality),
        native=isinstance(amounts.taken, int),
        up=up or not strict,
        strict=strict,
    )
    return Amounts(smaller(taken, amounts.taken), limit)


def cap_taken(arithmetic: Arithmetic, quality: Quality, amounts: Amounts, limit: Value) -> Amounts:
    """The exchange cut so that at most `limit` goes in; what comes out follows the quality.

    Since `fixReducedOffersV2` it is rounded down; before, up.
    """
    if not less(limit, amounts.taken):
        return amounts
    strict = arithmetic.strict_in
    given = arithmetic.divide_round(
        limit,
        rate_of(quality),
        native=isinstance(amounts.given, int),
        up=not strict,
        strict=strict,
    )
    return Amounts(limit, smaller(given, amounts.given))
