"""Amounts are exact: properties, and the codec's own word."""

import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xrpl.core.binarycodec import decode, encode

from talktalk.ledger import amounts
from talktalk.ledger.amounts import XRP, Issued, Mpt, format_drops, parse_amount, parse_asset, parse_drops
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

ISSUER = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
RLUSD = "524C555344000000000000000000000000000000"
drops = st.integers(min_value=1, max_value=amounts.DROPS_MAX)


@given(drops)
def test_drops_survive_being_written_and_read(value: int) -> None:
    text = format_drops(value)
    assert parse_drops(text) == value
    assert Decimal(text) * 1_000_000 == value
    assert "e" not in text.lower()
    assert not (("." in text) and text.endswith("0"))


@given(drops, st.integers(min_value=0, max_value=6))
def test_trailing_zeros_change_nothing(value: int, zeros: int) -> None:
    text = format_drops(value)
    whole, _, fraction = text.partition(".")
    padded = f"{whole}.{fraction.ljust(min(6, len(fraction) + zeros) or 1, '0')}"
    assert parse_drops(padded) == value


@given(st.text(alphabet=string.printable + "٣०Ⅷ−", max_size=30))
def test_any_text_is_read_as_decimal_reads_it_or_refused(text: str) -> None:
    try:
        value = parse_drops(text)
    except BadAmount:
        return
    assert 0 < value <= amounts.DROPS_MAX
    assert Decimal(text) * 1_000_000 == value
    assert text.isascii()


@given(drops)
def test_codec_reads_the_same_drops(value: int) -> None:
    fields = {"TransactionType": "Payment", "Amount": amounts.to_ledger(amounts.xrp(value))}
    assert decode(encode(fields))["Amount"] == str(value)
    assert amounts.from_ledger(str(value)) == amounts.xrp(value)


issued_values = st.builds(
    lambda mantissa, exponent: format(Decimal(mantissa).scaleb(exponent), "f"),
    st.integers(min_value=1, max_value=10**15 - 1),
    st.integers(min_value=-20, max_value=20),
)


@given(issued_values)
def test_issued_amounts_of_fifteen_digits_are_exact_on_the_ledger(value: str) -> None:
    asset = Issued("USD", ISSUER)
    amount = parse_amount(value, asset)
    assert Decimal(amount.value) == Decimal(value)
    read = decode(encode({"TransactionType": "Payment", "Amount": amounts.to_ledger(amount)}))["Amount"]
    assert amounts.from_ledger(read) == amount


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("-1", NegativeAmount),
        ("NaN", AmountNotANumber),
        ("-Infinity", AmountNotANumber),
        ("1e6", AmountWithExponent),
        ("0.0000001", AmountTooPrecise),
        ("100000000000.000001", AmountTooLarge),
        ("0", ZeroAmount),
        ("1.", BadAmount),
        ("", BadAmount),
    ],
)
def test_each_shape_is_refused_by_its_name(text: str, error: type[BadAmount]) -> None:
    with pytest.raises(error) as caught:
        parse_drops(text)
    assert type(caught.value) is error


def test_all_there_ever_was_can_be_written() -> None:
    assert parse_drops("100000000000") == amounts.DROPS_MAX
    assert parse_drops("0.000001") == 1


@pytest.mark.parametrize(
    ("text", "asset"),
    [
        ("XRP", XRP),
        (f"USD.{ISSUER}", Issued("USD", ISSUER)),
        (f"$1}}.{ISSUER}", Issued("$1}", ISSUER)),
        (f"{RLUSD.lower()}.{ISSUER}", Issued(RLUSD, ISSUER)),
        (f"mpt.{'ab' * 24}", Mpt("AB" * 24)),
    ],
)
def test_assets_are_read_and_written(text: str, asset: amounts.Asset) -> None:
    assert parse_asset(text) == asset
    assert parse_asset(str(asset)) == asset


@pytest.mark.parametrize(
    "text",
    [
        "",
        "xrp",
        "USD",
        f"XRP.{ISSUER}",
        f"US.{ISSUER}",
        f"USDX.{ISSUER}",
        f"00{RLUSD[2:]}.{ISSUER}",
        "USD.rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi",
        "mpt.AB",
        f"USD.{ISSUER}.{ISSUER}",
    ],
)
def test_what_is_no_asset_is_refused(text: str) -> None:
    with pytest.raises(BadAsset):
        parse_asset(text)


def test_tokens_are_whole_and_bounded() -> None:
    token = Mpt("00" * 24)
    assert parse_amount(str(2**63 - 1), token).value == str(2**63 - 1)
    with pytest.raises(AmountTooLarge):
        parse_amount(str(2**63), token)
    with pytest.raises(AmountTooPrecise):
        parse_amount("1.5", token)


def test_two_issuers_of_one_code_never_merge() -> None:
    other = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf"
    assert parse_asset(f"USD.{ISSUER}") != parse_asset(f"USD.{other}")


def test_scientific_values_of_nodes_are_read_exactly() -> None:
    found = amounts.from_ledger({"currency": "USD", "issuer": ISSUER, "value": "1.23e11"})
    assert found == Amount(value="123000000000", asset=f"USD.{ISSUER}")
    assert amounts.from_ledger("unavailable") is None
    assert amounts.from_ledger(None) is None
