"""Identity's pure functions over any input at all."""

import re
import unicodedata
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from talktalk.identity import rules, texts
from talktalk.identity.sms import Sent
from talktalk.platform.clock import SystemClock
from talktalk.platform.web.origin import from_our_page, is_loopback

HEADS = st.sampled_from(
    [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPVP8L", b""]
)


@given(HEADS, st.binary(max_size=200))
def test_any_bytes_are_a_picture_or_none(head: bytes, rest: bytes) -> None:
    image = rules.sniff_image(head + rest)
    assert image is None or (image.width >= 0 and image.height >= 0)


@given(st.text(max_size=40), st.sampled_from(["KR", "US", "ZZ", "GB"]))
def test_any_text_is_a_number_or_none(typed: str, region: str) -> None:
    phone = rules.parse_phone(typed, region)
    assert phone is None or re.fullmatch(r"\+[1-9][0-9]{4,16}", phone)
    # A number read once is read the same again, wherever it is read.
    assert phone is None or rules.parse_phone(phone, "KR") == phone


@given(st.text(max_size=60))
def test_a_cleaned_name_is_one_clean_line_and_stays_as_it_is(typed: str) -> None:
    name = rules.clean_name(typed)
    assert rules.clean_name(name) == name
    assert name == name.strip()
    assert "  " not in name
    invisible = {unicodedata.category(character) for character in name} & {"Cc", "Cs", "Co", "Cn"}
    assert invisible == set()
    assert not set(name) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff")


@given(st.text(max_size=60))
def test_any_address_has_a_network(address: str) -> None:
    assert rules.network_of(address)
    assert is_loopback(address) in {True, False}


def test_neighbours_share_a_network_and_strangers_do_not() -> None:
    assert rules.network_of("203.0.113.9") == rules.network_of("203.0.113.250") == "203.0.113.0/24"
    assert rules.network_of("::ffff:203.0.113.9") == "203.0.113.0/24"
    assert rules.network_of("2001:db8:1:2::3") == rules.network_of("2001:db8:1:ffff::") == "2001:db8:1::/48"
    assert rules.network_of("2001:db8:2::1") != rules.network_of("2001:db8:1::1")
    assert is_loopback("::ffff:127.0.0.1")
    assert not is_loopback("::ffff:203.0.113.9")


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_origin_is_ours_by_accident(origin: str, host: str) -> None:
    ours = from_our_page({"origin": origin, "host": host})
    assert ours is False or (host.lower() in origin.lower())


def test_a_mac_covers_each_of_its_parts() -> None:
    one, other = UUID(int=1), UUID(int=2)
    base = (b"k" * 32, one, "+821012345678", "123456", b"s" * 32)
    changed = [
        (b"K" * 32, *base[1:]),
        (base[0], other, *base[2:]),
        (*base[:2], "+821012345679", *base[3:]),
        (*base[:3], "123457", base[4]),
        (*base[:4], b"S" * 32),
        # The border between number and code cannot be moved.
        (*base[:2], "+8210123456781", "23456", base[4]),
    ]
    macs = {rules.code_mac(*arguments) for arguments in [base, *changed]}
    assert len(macs) == len(changed) + 1


def test_codes_are_six_digits_and_tokens_256_bits() -> None:
    codes = {rules.new_code() for _ in range(2_000)}
    assert all(re.fullmatch(r"[0-9]{6}", code) for code in codes)
    assert len(codes) > 1_900
    tokens = {rules.new_token() for _ in range(1_000)}
    assert len(tokens) == 1_000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_the_message_fits_one_sms_and_holds_one_code() -> None:
    for phone in ("+821012345678", "+12125550123"):
        text = texts.code_message(phone, "042917")
        assert Sent(phone, text, SystemClock().now()).code == "042917"
        # A Korean SMS has 90 bytes of EUC-KR, any other 160 characters.
        assert len(text.encode("euc-kr")) <= 90
