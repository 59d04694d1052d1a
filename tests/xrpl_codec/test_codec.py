"""The codec against xrpl-py's: same bytes, same fields, both ways; and refusals of what is no object."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xrpl.core.addresscodec import encode_classic_address
from xrpl.core.binarycodec import decode as peer_decode
from xrpl.core.binarycodec import encode as peer_encode
from xrpl.core.keypairs import derive_classic_address, derive_keypair
from xrpl.core.keypairs import sign as peer_sign

from xrpl_codec import base58, keys
from xrpl_codec.amounts import IssuedAmount
from xrpl_codec.binary import CodecError, decode, encode
from xrpl_codec.fields import BASE_TEN_FIELDS, FIELDS
from xrpl_codec.json_form import from_json, to_json

ACCOUNTS = st.binary(min_size=20, max_size=20).filter(any)
ADDRESSES = ACCOUNTS.map(encode_classic_address)
CURRENCIES = st.one_of(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=3, max_size=3).filter(
        lambda code: code != "XRP"
    ),
    st.binary(min_size=20, max_size=20).filter(lambda raw: raw[0] != 0).map(lambda raw: raw.hex().upper()),
)


def _hex(size: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=size, max_size=size).map(lambda raw: raw.hex().upper())


@st.composite
def issued(draw: st.DrawFn) -> dict[str, str]:
    mantissa = draw(st.integers(10**15, 10**16 - 1)) * draw(st.sampled_from((1, -1)))
    exponent = draw(st.integers(-96, 80))
    amount = IssuedAmount.of(mantissa, exponent, b"", b"")
    return {
        "currency": draw(CURRENCIES),
        "issuer": draw(ADDRESSES),
        "value": draw(st.sampled_from((amount.text(), "0"))),
    }


AMOUNTS = st.one_of(st.integers(0, 10**17).map(str), issued())
STEPS = st.one_of(
    st.fixed_dictionaries({"account": ADDRESSES}),
    st.fixed_dictionaries({"currency": CURRENCIES, "issuer": ADDRESSES}),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "UInt8": st.integers(0, 2**8 - 1),
    "UInt16": st.integers(0, 2**16 - 1),
    "UInt32": st.integers(0, 2**32 - 1),
    "UInt64": st.integers(0, 2**64 - 1).map(lambda number: f"{number:X}"),
    "Hash128": _hex(16),
    "Hash160": _hex(20),
    "Hash256": _hex(32),
    "Blob": st.binary(max_size=600).map(lambda raw: raw.hex().upper()),
    "AccountID": ADDRESSES,
    "Amount": AMOUNTS,
    "Vector256": st.lists(_hex(32), max_size=40),
    "PathSet": st.lists(st.lists(STEPS, min_size=1, max_size=4), min_size=1, max_size=3),
}
NAMES = sorted(
    name
    for name, field in FIELDS.items()
    if field.type in VALUES
    # xrpl-py reads these in decimal and writes them in hex.
    and name not in BASE_TEN_FIELDS
    and name not in ("TransactionType", "LedgerEntryType", "TransactionResult", "PermissionValue")
)
MEMOS = st.lists(
    st.fixed_dictionaries({"Memo": st.fixed_dictionaries({"MemoData": VALUES["Blob"]})}),
    min_size=1,
    max_size=3,
)


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=12, unique=True))
    fields = {name: draw(VALUES[FIELDS[name].type]) for name in names}
    if draw(st.booleans()):
        fields["Memos"] = draw(MEMOS)
    fields["TransactionType"] = draw(st.sampled_from(("Payment", "TrustSet", "AccountSet")))
    return fields


def _without_path_types(fields: dict[str, Any]) -> dict[str, Any]:
    """xrpl-py leaves out a path step's `type`; the server shows it."""
    for name, field in FIELDS.items():
        if field.type == "PathSet" and name in fields:
            for path in fields[name]:
                for step in path:
                    step.pop("type", None)
                    step.pop("type_hex", None)
    return fields


@settings(deadline=None, max_examples=300)
@given(objects())
def test_bytes_equal_those_of_xrpl_py(fields: dict[str, Any]) -> None:
    blob = encode(from_json(fields))
    assert blob.hex().upper() == peer_encode(fields)


@settings(deadline=None, max_examples=300)
@given(objects())
def test_fields_equal_those_of_xrpl_py(fields: dict[str, Any]) -> None:
    blob = bytes.fromhex(peer_encode(fields))
    ours = _without_path_types(to_json(decode(blob)))
    theirs = _without_path_types(peer_decode(blob.hex()))
    for name in theirs:
        if FIELDS[name].type == "Amount" and isinstance(theirs[name], dict):
            assert from_json({name: theirs[name]}) == from_json({name: ours.pop(name)})
        elif FIELDS[name].type == "UInt64":
            assert int(ours.pop(name), 16) == int(theirs[name], 16)
        else:
            assert ours.pop(name) == theirs[name]
    assert not ours


@settings(deadline=None, max_examples=300)
@given(objects())
def test_decode_undoes_encode(fields: dict[str, Any]) -> None:
    native = from_json(fields)
    assert decode(encode(native)) == native
    assert from_json(to_json(native)) == native


@settings(deadline=None, max_examples=500)
@given(st.binary(max_size=200))
def test_garbage_is_refused_and_never_crashes(data: bytes) -> None:
    try:
        fields = decode(data)
    except CodecError:
        return
    assert isinstance(fields, dict)


@settings(deadline=None, max_examples=200)
@given(objects(), st.data())
def test_a_damaged_object_is_refused_or_read_otherwise(fields: dict[str, Any], data: st.DataObject) -> None:
    blob = bytearray(encode(from_json(fields)))
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(CodecError):
        assert decode(bytes(blob)) != from_json(fields)


@settings(deadline=None)
@given(ACCOUNTS)
def test_addresses_equal_those_of_xrpl_py(account: bytes) -> None:
    address = base58.encode_account(account)
    assert address == encode_classic_address(account)
    assert base58.decode_account(address) == account


@pytest.mark.parametrize("text", ["", "r", "rrrrr", "0OIl", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(base58.Base58Error):
        base58.decode_account(text)


@settings(deadline=None, max_examples=15)
@given(st.binary(min_size=16, max_size=16), st.sampled_from(("secp256k1", "ed25519")))
def test_keys_and_signatures_agree_with_xrpl_py(entropy: bytes, kind: keys.KeyType) -> None:
    seed = keys.new_seed(entropy, kind)
    pair = keys.key_pair(seed, kind)
    public, private = derive_keypair(seed)
    assert pair.public.hex().upper() == public
    assert pair.address == derive_classic_address(public)
    message = b"message"
    assert keys.verify(pair.public, message, pair.sign(message))
    assert keys.verify(pair.public, message, bytes.fromhex(peer_sign(message, private)))
    assert not keys.verify(pair.public, b"other", pair.sign(message))


def test_a_high_s_is_not_canonical() -> None:
    pair = keys.genesis_key()
    signature = pair.sign(b"message")
    size_r = signature[3]
    r = signature[4 : 4 + size_r]
    s = int.from_bytes(signature[6 + size_r :], "big")
    high = (keys.ORDER - s).to_bytes(33, "big")
    body = b"\x02" + bytes([len(r)]) + r + b"\x02" + bytes([len(high)]) + high
    forged = b"\x30" + bytes([len(body)]) + body
    assert keys.verify(pair.public, b"message", signature)
    assert not keys.verify(pair.public, b"message", forged)


@pytest.mark.parametrize(
    ("mantissa", "exponent", "text"),
    [
        (1, 0, "1"),
        (-15375, -2, "-153.75"),
        (1, -16, "1000000000000000e-31"),
        (123, 8, "12300000000"),
        (123, 9, "1230000000000000e-4"),
        (1, 80, "1000000000000000e65"),
        (0, 5, "0"),
    ],
)
def test_issued_amounts_print_as_the_server_prints_them(mantissa: int, exponent: int, text: str) -> None:
    assert IssuedAmount.of(mantissa, exponent, b"", b"").text() == text
