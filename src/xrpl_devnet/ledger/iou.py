"""Arithmetic of issued amounts: sixteen decimal digits, with rippled's two sets of rounding rules.

An `Iou` is a signed mantissa and an exponent, always canonical. Offers and payments reckon with `Value`s: whole
drops (`int`) where an asset is XRP, an `Iou` where it is issued. What an operation rounds to decides what people
receive to the last digit, and it depends on amendments:

- before `fixUniversalNumber`, digits beyond sixteen are cut, and a sum whose mantissa is within ±10 is nothing;
- since then sums, products and normalisation round half to even, except where an operation asks for a
  direction.

Source: rippled `STAmount.cpp`, `IOUAmount.cpp`, `Number.cpp`, `Quality.cpp`.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from xrpl_codec.amounts import (
    MAX_EXPONENT,
    MAX_MANTISSA,
    MIN_EXPONENT,
    MIN_MANTISSA,
    ZERO_EXPONENT,
    AmountError,
)
from xrpl_devnet.amendments import Rules

PARITY: Final = 1_000_000_000
"""A rate of one: transfer rates and line qualities are in billionths."""

_ADD_ZERO_WITHIN: Final = 10
_MUL_SHIFT: Final = 14
_DIV_SHIFT: Final = 17
_RATIO_DIGITS: Final = 18


class Iou(NamedTuple):
    """mantissa × 10^exponent; compare with `less`, not with `<`."""

    mantissa: int
    exponent: int


Value: TypeAlias = int | Iou
"""Drops, or an issued amount without its asset."""

ZERO: Final = Iou(0, ZERO_EXPONENT)
ONE: Final = Iou(MIN_MANTISSA, -15)
SMALLEST: Final = Iou(MIN_MANTISSA, MIN_EXPONENT)


def _shrink(size: int, exponent: int, *, nearest: bool) -> tuple[int, int]:
    """Sixteen digits of a larger number: cut, or rounded half to even."""
    digits = len(str(size)) - 16
    if digits <= 0:
        return size, exponent
    scale = 10**digits
    kept, rest = divmod(size, scale)
    exponent += digits
    if nearest and (2 * rest > scale or (2 * rest == scale and kept & 1)):
        kept += 1
        if kept > MAX_MANTISSA:
            kept //= 10
            exponent += 1
    return kept, exponent


def canonical(mantissa: int, exponent: int, *, nearest: bool) -> Iou:
    """The canonical form of any mantissa and exponent.

    Raises:
        AmountError: Too large for an amount.
    """
    if mantissa == 0:
        return ZERO
    size = abs(mantissa)
    while size < MIN_MANTISSA and exponent > MIN_EXPONENT:
        size *= 10
        exponent -= 1
    size, exponent = _shrink(size, exponent, nearest=nearest)
    if exponent < MIN_EXPONENT or size < MIN_MANTISSA:
        return ZERO
    if exponent > MAX_EXPONENT:
        raise AmountError("value overflow")
    return Iou(-size if mantissa < 0 else size, exponent)


def sign(value: Value) -> int:
    """-1, 0 or 1."""
    number = value if isinstance(value, int) else value.mantissa
    return (number > 0) - (number < 0)


def negated(value: Value) -> Value:
    """The other sign."""
    return -value if isinstance(value, int) else Iou(-value.mantissa, value.exponent)


def zero_like(value: Value) -> Value:
    """Nothing, of the same kind."""
    return 0 if isinstance(value, int) else ZERO


def _order(value: Iou) -> tuple[int, int, int]:
    if value.mantissa == 0:
        return (0, 0, 0)
    direction = 1 if value.mantissa > 0 else -1
    return (direction, direction * value.exponent, value.mantissa)


def less(one: Value, other: Value) -> bool:
    """Whether one value is smaller than another of its kind."""
    if isinstance(one, int) or isinstance(other, int):
        assert isinstance(one, int), "drops compare with drops"
        assert isinstance(other, int), "drops compare with drops"
        return one < other
    return _order(one) < _order(other)


def smaller(one: Value, other: Value) -> Value:
    """The lesser of two; the first where they are equal."""
    return other if less(other, one) else one


class Arithmetic:
    """Operations under the rules of one ledger."""

    def __init__(self, rules: Rules) -> None:
        self.nearest = rules.enabled("fixUniversalNumber")
        self.strict_out = rules.enabled("fixReducedOffersV1")
        self.strict_in = rules.enabled("fixReducedOffersV2")

    def iou(self, mantissa: int, exponent: int) -> Iou:
        """The canonical form, rounded as the rules say."""
        return canonical(mantissa, exponent, nearest=self.nearest)

    # --- sums ---

    def add(self, one: Value, other: Value) -> Value:
        """The sum of two values of one kind."""
        if isinstance(one, int) or isinstance(other, int):
            assert isinstance(one, int), "drops add to drops"
            assert isinstance(other, int), "drops add to drops"
            return one + other
        if other.mantissa == 0:
            return one
        if one.mantissa == 0:
            return other
        if self.nearest:
            exponent = min(one.exponent, other.exponent)
            total = one.mantissa * 10 ** (one.exponent - exponent)
            total += other.mantissa * 10 ** (other.exponent - exponent)
            return canonical(total, exponent, nearest=True)
        exponent = max(one.exponent, other.exponent)
        total = _cut(one.mantissa, exponent - one.exponent)
        total += _cut(other.mantissa, exponent - other.exponent)
        if -_ADD_ZERO_WITHIN <= total <= _ADD_ZERO_WITHIN:
            return ZERO
        return canonical(total, exponent, nearest=False)

    def subtract(self, one: Value, other: Value) -> Value:
        """The difference of two values of one kind."""
        return self.add(one, negated(other))

    def sum(self, values: Iterable[Value], kind: Value) -> Value:
        """The sum from the smallest up, which loses the fewest digits."""
        ordered = list(values)
        if not ordered:
            return zero_like(kind)
        ordered.sort(key=lambda value: (0, 0, value) if isinstance(value, int) else _order(value))
        total = ordered[0]
        for value in ordered[1:]:
            total = self.add(total, value)
        return total

    # --- ratios of whole numbers: transfer rates, line qualities ---

    def ratio(self, value: Value, numerator: int, denominator: int, *, up: bool) -> Value:
        """value × numerator ÷ denominator, rounded up or down."""
        if isinstance(value, int):
            size, rest = divmod(abs(value) * numerator, denominator)
            if value >= 0:
                return size + 1 if up and rest else size
            return -size - 1 if not up and rest else -size
        negative = value.mantissa < 0
        product = abs(value.mantissa) * numerator
        low, rest = divmod(product, denominator)
        exponent = value.exponent
        if rest:
            room = _RATIO_DIGITS - _log10_ceil(low)
            if room > 0:
                exponent -= room
                low *= 10**room
                rest *= 10**room
            more, rest = divmod(rest, denominator)
            low += more
        inexact = rest != 0
        excess = _log10_ceil(low) - _RATIO_DIGITS
        if excess > 0:
            exponent += excess
            low, cut = divmod(low, 10**excess)
            inexact = inexact or cut != 0
        result = self.iou(-low if negative else low, exponent)
        if inexact and up and not negative:
            return SMALLEST if result.mantissa == 0 else self.iou(result.mantissa + 1, result.exponent)
        if inexact and not up and negative:
            if result.mantissa == 0:
                return Iou(-MIN_MANTISSA, MIN_EXPONENT)
            return self.iou(result.mantissa - 1, result.exponent)
        return result

    # --- products and quotients of amounts ---

    def multiply(self, one: Value, other: Value, *, native: bool) -> Value:
        """one × other, of XRP (`native`) or issued."""
        if sign(one) == 0 or sign(other) == 0:
            return 0 if native else ZERO
        if native and isinstance(one, int) and isinstance(other, int):
            return one * other
        if self.nearest:
            (m, e), (n, f) = _parts(one), _parts(other)
            return self._make(m * n, e + f, native=native, nearest=True)
        (m, e), (n, f) = _grown(one), _grown(other)
        negative = (m < 0) != (n < 0)
        size = abs(m) * abs(n) // 10**_MUL_SHIFT + 7
        return self._make(-size if negative else size, e + f + _MUL_SHIFT, native=native, nearest=False)

    def divide(self, one: Value, other: Value, *, native: bool) -> Value:
        """one ÷ other.

        Raises:
            ZeroDivisionError: `other` is zero.
        """
        if sign(other) == 0:
            raise ZeroDivisionError("division by zero amount")
        if sign(one) == 0:
            return 0 if native else ZERO
        (m, e), (n, f) = _grown(one), _grown(other)
        negative = (m < 0) != (n < 0)
        size = abs(m) * 10**_DIV_SHIFT // abs(n) + 5
        return self._make(
            -size if negative else size, e - f - _DIV_SHIFT, native=native, nearest=self.nearest
        )

    def multiply_round(
        self, one: Value, other: Value, *, native: bool, up: bool, strict: bool = False
    ) -> Value:
        """one × other for positive values, rounded up or down; `strict` rounds no further than needed."""
        if sign(one) == 0 or sign(other) == 0:
            return 0 if native else ZERO
        if native and isinstance(one, int) and isinstance(other, int):
            return one * other
        (m, e), (n, f) = _grown(one), _grown(other)
        scale = 10**_MUL_SHIFT
        size = (m * n + (scale - 1 if up else 0)) // scale
        return self._directed(size, e + f + _MUL_SHIFT, native=native, up=up, strict=strict)

    def divide_round(
        self, one: Value, other: Value, *, native: bool, up: bool, strict: bool = False
    ) -> Value:
        """one ÷ other for positive values, rounded up or down; `strict` rounds no further than needed."""
        if sign(other) == 0:
            raise ZeroDivisionError("division by zero amount")
        if sign(one) == 0:
            return 0 if native else ZERO
        (m, e), (n, f) = _grown(one), _grown(other)
        size = (m * 10**_DIV_SHIFT + (n - 1 if up else 0)) // n
        return self._directed(size, e - f - _DIV_SHIFT, native=native, up=up, strict=strict)

    def _directed(self, size: int, exponent: int, *, native: bool, up: bool, strict: bool) -> Value:
        if up:
            size, exponent = _round_up(size, exponent, native=native, strict=strict)
        # Only the strict forms tell the newer arithmetic not to round to nearest.
        nearest = self.nearest and not strict
        result = self._make(size, exponent, native=native, nearest=nearest)
        if up and sign(result) == 0:
            return 1 if native else SMALLEST
        return result

    def _make(self, mantissa: int, exponent: int, *, native: bool, nearest: bool) -> Value:
        if not native:
            return canonical(mantissa, exponent, nearest=nearest)
        if exponent >= 0:
            return int(mantissa * 10**exponent)
        scale: int = 10**-exponent
        kept, rest = divmod(abs(mantissa), scale)
        if nearest and (2 * rest > scale or (2 * rest == scale and kept & 1)):
            kept += 1
        return -kept if mantissa < 0 else kept


def _cut(mantissa: int, digits: int) -> int:
    """The mantissa without its last digits, cut towards zero one at a time."""
    size = abs(mantissa) // 10**digits if digits < 40 else 0
    return -size if mantissa < 0 else size


def _parts(value: Value) -> tuple[int, int]:
    return (value, 0) if isinstance(value, int) else value


def _grown(value: Value) -> tuple[int, int]:
    """Mantissa and exponent with a mantissa of at least sixteen digits."""
    mantissa, exponent = _parts(value)
    if isinstance(value, int):
        while abs(mantissa) < MIN_MANTISSA:
            mantissa *= 10
            exponent -= 1
    return mantissa, exponent


def _round_up(size: int, exponent: int, *, native: bool, strict: bool) -> tuple[int, int]:
    """rippled's `canonicalizeRound`: bring a value into range, adding just before the last cut."""
    if native:
        if exponent >= 0:
            return size, exponent
        loops, inexact = 0, False
        while exponent < -1:
            size, cut = divmod(size, 10)
            inexact = inexact or cut != 0
            exponent += 1
            loops += 1
        if strict:
            size += 10 if inexact else 9
        else:
            size += 9 if loops >= 2 else 10
        return size // 10, exponent + 1
    if size > MAX_MANTISSA:
        while size > 10 * MAX_MANTISSA:
            size //= 10
            exponent += 1
        return (size + 9) // 10, exponent + 1
    return size, exponent


def _log10_ceil(number: int) -> int:
    """The least n with 10^n ≥ number."""
    return 0 if number <= 1 else len(str(number - 1))
