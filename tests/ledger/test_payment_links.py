"""Payment links: what is written is read back; what contradicts itself is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xrpl.core.addresscodec import classic_address_to_xaddress

from talktalk.ledger import errors
from talktalk.ledger.addresses import Destination
from talktalk.ledger.amounts import xrp
from talktalk.ledger.exchanges import exchange_at, read_table
from talktalk.ledger.payment_links import (
    TAG_MAX,
    PaymentLink,
    parse_payment_link,
    write_payment_link,
    x_address,
)
from talktalk_wire.common import Amount

R = "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe"
ISSUER = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
T_TAGGED = classic_address_to_xaddress(R, 12, is_test_network=True)
USD_1, USD_3 = (Amount(value=value, asset=f"USD.{ISSUER}") for value in ("1", "3"))
X_PLAIN = classic_address_to_xaddress(R, None, is_test_network=False)


def _read(text: str) -> PaymentLink:
    return parse_payment_link(text, main_network=False)


@given(
    tag=st.none() | st.integers(0, TAG_MAX),
    drops=st.none() | st.integers(1, 10**17),
    memo=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)
def test_what_is_written_is_read_back(tag: int | None, drops: int | None, memo: str) -> None:
    link = PaymentLink(
        address=R, destination_tag=tag, amount=None if drops is None else xrp(drops), memo=memo
    )
    assert _read(write_payment_link(link)) == link


@given(tag=st.none() | st.integers(0, TAG_MAX), main=st.booleans())
def test_x_address_carries_its_tag(tag: int | None, main: bool) -> None:
    text = x_address(Destination(R, tag), main_network=main)
    read = parse_payment_link(f"xrpl:{text}", main_network=main)
    assert (read.address, read.destination_tag) == (R, tag)
    with pytest.raises(errors.AddressOfOtherNetwork):
        parse_payment_link(text, main_network=not main)


@pytest.mark.parametrize(
    ("text", "tag", "amount", "memo"),
    [
        (R, None, None, ""),
        (f"  {R}\n", None, None, ""),
        (f"{R}?dt=7", 7, None, ""),
        (f"xrpl:{R}", None, None, ""),
        (f"XRPL://{R}/?dt=0", 0, None, ""),
        (f"ripple:{R}?tag=7&amount=1.50", 7, xrp(1_500_000), ""),
        (f"xrp:{R}?DT=7&dT2=9&label=Shop", 7, None, ""),
        (T_TAGGED, 12, None, ""),
        (f"{T_TAGGED}?dt=12", 12, None, ""),
        (f"https://ripple.com//send?to={R}&dt=4294967295&amount=2", TAG_MAX, xrp(2_000_000), ""),
        (f"https://ripple.com/send?to={R}&amount=1/USD/{ISSUER}", None, USD_1, ""),
        (f"xrpl:{R}?amount=3&currency=USD&issuer={ISSUER}", None, USD_3, ""),
        (f"xrpl:{R}?amount=3&asset=USD.{ISSUER}", None, USD_3, ""),
        (f"xrpl:{R}?memo=%EC%BB%A4%ED%94%BC%20+2", None, None, "커피  2"),
    ],
)
def test_forms_in_use_are_read(text: str, tag: int | None, amount: Amount | None, memo: str) -> None:
    assert _read(text) == PaymentLink(address=R, destination_tag=tag, amount=amount, memo=memo)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "x" * 3000,
        f"xrpl:{R}?dt=1&dt=2",
        f"xrpl:{R}?dt=1&DT=1",
        f"xrpl:{R}?dt=1&tag=2",
        f"xrpl:{R}?dt=-1",
        f"xrpl:{R}?dt=4294967296",
        f"xrpl:{R}?dt=٣",
        f"xrpl:{R}?amount=0",
        f"xrpl:{R}?amount=1e3",
        f"xrpl:{R}?amount=-5",
        f"xrpl:{R}?amount=1&asset=XRP.{ISSUER}",
        f"xrpl:{R}?amount=1&currency=USD",
        f"xrpl:{R}?amount=1/USD",
        f"xrpl:{R}?memo=%ff%fe",
        f"https://example.com/send?to={R}",
        f"https://ripple.com.example.com/send?to={R}",
        "https://[/send",
        f"xrpl:{R}?" + "&".join(f"a{n}=1" for n in range(40)),
        f"{T_TAGGED}?dt=13",
        X_PLAIN,
        "xrpl:?to=" + R + "x",
        "rrrrrrrrrrrrrrrrrrrrrhoLvTp",
        "javascript:alert(1)",
    ],
)
def test_what_cannot_be_read_or_contradicts_itself_is_refused(text: str) -> None:
    with pytest.raises((errors.PaymentLinkMalformed, errors.BadAddress)):
        _read(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(errors.PaymentLinkMalformed, errors.BadAddress):
        assert parse_payment_link(text, main_network=False).address


def test_exchange_table_holds_true_addresses_with_dated_sources() -> None:
    table = read_table()
    addresses = [account.address for account in table.accounts]
    assert len(set(addresses)) == len(addresses)
    assert all(_read(address).address == address for address in addresses)
    assert all(set(account.sources) <= table.sources.keys() and account.sources for account in table.accounts)
    assert len(table.as_of) == len("2026-01-01")
    assert exchange_at(addresses[0]) == table.accounts[0].name
    assert exchange_at(R) is None
