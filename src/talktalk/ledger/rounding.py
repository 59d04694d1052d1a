"""Arithmetic of issued amounts, to the last digit as the ledger does it. Pure functions.

The ledger keeps an issued amount as sixteen decimal digits and an exponent from -96 to 80. What
does not fit is rounded half to even; what is smaller than the smallest is zero; what is larger is
refused. A ratio (a transfer rate) is rounded away from zero where the payer bears it. MPTs are
whole numbers.

Source: rippled `STAmount.cpp`, `IOUAmount.cpp` (`mulRatio`), `Number.cpp`, as amended by
`fixUniversalNumber`; xrpl.org, Token Precision.
"""

from decimal import ROUND_HALF_EVEN, ROUND_UP, Context, Decimal, Overflow

from talktalk.ledger.errors import AmountTooLarge

MANTISSA_DIGITS = 16
EXPONENT_MIN = -96
EXPONENT_MAX = 80
RATE_PARITY = 1_000_000_000
"""A transfer rate of one: the issuer takes nothing."""
MPT_FEE_PARITY = 100_000
"""A transfer fee of an MPT is in parts of this."""
RATIO_DIGITS = 18
"""How many digits of a quotient the ledger looks at before it rounds."""

_SMALLEST = Decimal((0, (1, *[0] * (MANTISSA_DIGITS - 1)), EXPONENT_MIN))
_EXACT = Context(prec=400, Emin=-999, Emax=999)
"""Wide enough for any sum of two amounts: the widest has 16 + 96 + 80 digits."""
_NEAREST = Context(prec=MANTISSA_DIGITS, rounding=ROUND_HALF_EVEN, Emin=-999, Emax=999)


def canonical(value: Decimal) -> Decimal:
    """The amount the ledger keeps of an exact value.

    Raises:
        AmountTooLarge: Above the largest there is.
    """
    try:
        rounded = _NEAREST.plus(value)
    except Overflow as error:
        raise AmountTooLarge from error
    if rounded == 0 or abs(rounded) < _SMALLEST:
        return Decimal(0)
    if rounded.adjusted() - (MANTISSA_DIGITS - 1) > EXPONENT_MAX:
        raise AmountTooLarge
    return rounded


def add(one: Decimal, other: Decimal) -> Decimal:
    """The sum of two amounts of one asset, as the ledger keeps it.

    Raises:
        AmountTooLarge: Above the largest there is.
    """
    return canonical(_EXACT.add(one, other))


def subtract(one: Decimal, other: Decimal) -> Decimal:
    """The difference of two amounts of one asset, as the ledger keeps it."""
    return canonical(_EXACT.subtract(one, other))


def ratio_up(value: Decimal, numerator: int, denominator: int) -> Decimal:
    """`value` × `numerator` ÷ `denominator` for a positive amount, never less than exactly that.

    The ledger rounds a quotient of eighteen digits to the nearest and adds one where anything was cut,
    so that the result may be one unit of the last place above the exact ceiling; so is this.

    Raises:
        AmountTooLarge: Above the largest there is.
    """
    assert value > 0, "a rate applies to what moves"
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int), "a number"
    mantissa = int("".join(map(str, digits)))
    # The ledger's own mantissa has all sixteen digits, and how many it has decides what is cut.
    shift = MANTISSA_DIGITS - len(str(mantissa))
    mantissa, exponent = (mantissa * 10**shift if shift > 0 else mantissa), exponent - max(shift, 0)
    quotient, rest = divmod(mantissa * numerator, denominator)
    if rest:
        room = max(0, RATIO_DIGITS - _digits_below(quotient))
        more, rest = divmod(rest * 10**room, denominator)
        quotient, exponent = quotient * 10**room + more, exponent - room
    is_cut = rest != 0
    excess = _digits_below(quotient) - RATIO_DIGITS
    if excess > 0:
        quotient, lost = divmod(quotient, 10**excess)
        exponent += excess
        is_cut = is_cut or lost != 0
    result = canonical(Decimal((0, tuple(map(int, str(quotient))), exponent)))
    if not is_cut:
        return result
    if result == 0:
        return _SMALLEST
    unit = Decimal((0, (1,), max(result.adjusted() - (MANTISSA_DIGITS - 1), EXPONENT_MIN)))
    return canonical(_EXACT.add(result, unit))


def whole_ratio_up(value: int, numerator: int, denominator: int) -> int:
    """`value` × `numerator` ÷ `denominator` in whole units, rounded up: drops and MPTs."""
    return -(-value * numerator // denominator)


def scaled_up(value: Decimal, factor: Decimal) -> Decimal:
    """`value` × `factor`, rounded up to what the ledger can keep: a bound a price may not exceed."""
    up = Context(prec=MANTISSA_DIGITS - 1, rounding=ROUND_UP, Emin=-999, Emax=999)
    return canonical(up.multiply(value, factor))


def plain(value: Decimal) -> str:
    """A number as people and the wire write it: no exponent, no trailing zeros, no negative zero."""
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _digits_below(number: int) -> int:
    """The least n with 10^n ≥ number."""
    return 0 if number <= 1 else len(str(number - 1))
