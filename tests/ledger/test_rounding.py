"""Issued amounts are reckoned as the ledger reckons them: held against the embedded node's own
arithmetic (itself held against recordings of rippled) and against the codec."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xrpl.core.binarycodec import decode, encode

from talktalk.ledger import rounding
from talktalk.ledger.errors import AmountTooLarge
from talktalk.ledger.rounding import RATE_PARITY
from xrpl_codec.amounts import AmountError
from xrpl_devnet import amendments
from xrpl_devnet.ledger.iou import Arithmetic, Iou, Value

ISSUER = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
NODE = Arithmetic(amendments.parse("all"))

mantissas = st.integers(min_value=10**15, max_value=10**16 - 1)
exponents = st.integers(min_value=-96, max_value=80)
ious = st.builds(Iou, mantissas, exponents)
signed = st.builds(lambda iou, sign: Iou(iou.mantissa * sign, iou.exponent), ious, st.sampled_from((1, -1)))
near = st.integers(min_value=-20, max_value=20)
rates = st.integers(min_value=RATE_PARITY, max_value=2 * RATE_PARITY)


def _decimal(value: Value) -> Decimal:
    assert isinstance(value, Iou)
    return Decimal(value.mantissa).scaleb(value.exponent)


def _both(wanted: Decimal | None, found: Decimal | None) -> None:
    assert (wanted is None) == (found is None), (wanted, found)
    assert wanted == found


@given(signed, st.builds(Iou, mantissas, near), st.sampled_from((1, -1)))
def test_sums_are_the_ledgers(one: Iou, other: Iou, sign: int) -> None:
    # The second lies near the first, so that digits really meet.
    other = Iou(other.mantissa * sign, max(-96, min(80, one.exponent + other.exponent)))
    try:
        wanted: Decimal | None = _decimal(NODE.add(one, other))
    except AmountError:
        wanted = None
    try:
        found: Decimal | None = rounding.add(_decimal(one), _decimal(other))
    except AmountTooLarge:
        found = None
    _both(wanted, found)
    assert rounding.add(_decimal(one), -_decimal(one)) == 0


@given(st.integers(min_value=1, max_value=10**40), st.integers(min_value=-130, max_value=90))
def test_any_number_becomes_the_amount_the_ledger_keeps(mantissa: int, exponent: int) -> None:
    value = Decimal(mantissa).scaleb(exponent)
    try:
        wanted: Decimal | None = _decimal(NODE.iou(mantissa, exponent))
    except AmountError:
        wanted = None
    try:
        found: Decimal | None = rounding.canonical(value)
    except AmountTooLarge:
        found = None
    _both(wanted, found)


@given(ious, rates)
def test_what_a_transfer_rate_takes_is_the_ledgers_to_the_last_digit(value: Iou, rate: int) -> None:
    try:
        wanted: Decimal | None = _decimal(NODE.ratio(value, rate, RATE_PARITY, up=True))
    except AmountError:
        wanted = None
    try:
        found: Decimal | None = rounding.ratio_up(_decimal(value), rate, RATE_PARITY)
    except AmountTooLarge:
        found = None
    _both(wanted, found)
    if found is not None:
        assert found * RATE_PARITY >= _decimal(value) * rate, "never less than exactly that"


@given(st.integers(min_value=1, max_value=10**15 - 1), st.integers(min_value=-30, max_value=30), rates)
def test_short_numbers_have_the_same_rate_as_their_sixteen_digits(
    value: int, exponent: int, rate: int
) -> None:
    short = Decimal(value).scaleb(exponent)
    iou = NODE.iou(value, exponent)
    assert rounding.ratio_up(short, rate, RATE_PARITY) == _decimal(
        NODE.ratio(iou, rate, RATE_PARITY, up=True)
    )


@given(st.integers(min_value=1, max_value=2**63 - 1), st.integers(min_value=0, max_value=50_000))
def test_whole_units_round_up_and_by_less_than_one(value: int, fee: int) -> None:
    gross = rounding.whole_ratio_up(value, rounding.MPT_FEE_PARITY + fee, rounding.MPT_FEE_PARITY)
    exact = Decimal(value) * (rounding.MPT_FEE_PARITY + fee) / rounding.MPT_FEE_PARITY
    assert 0 <= gross - exact < 1


@given(ious)
def test_the_codec_reads_what_is_kept(value: Iou) -> None:
    text = rounding.plain(_decimal(value))
    assert "E" not in text
    amount = {"currency": "USD", "issuer": ISSUER, "value": f"{_decimal(value):e}"}
    read = decode(encode({"TransactionType": "Payment", "Amount": amount}))["Amount"]["value"]
    assert Decimal(read) == Decimal(text)


@given(ious)
def test_a_bound_is_never_below_what_it_bounds(value: Iou) -> None:
    factor = Decimal("1.005")
    try:
        bound = rounding.scaled_up(_decimal(value), factor)
    except AmountTooLarge:
        return
    assert bound >= _decimal(value) * factor or bound == 0
    assert len(bound.as_tuple().digits) <= 15


def test_numbers_are_written_plainly() -> None:
    written = [rounding.plain(Decimal(text)) for text in ("1E+3", "1.500", "-0", "0E-7", "1E-6", "-20")]
    assert written == ["1000", "1.5", "0", "0", "0.000001", "-20"]


@pytest.mark.parametrize("text", ["1e97", "9999999999999999.5e80"])
def test_what_no_ledger_can_hold_is_refused(text: str) -> None:
    with pytest.raises(AmountTooLarge):
        rounding.canonical(Decimal(text))
