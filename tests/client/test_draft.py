"""A drafted transaction that is not exactly what was asked is refused, with every difference told."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xrpl.core.binarycodec import encode_for_signing

from talktalk_client import DraftRefused
from talktalk_client.draft import (
    PaymentAsked,
    amount_text,
    check_payment,
    drops,
    signing_hash,
    xrp_text,
)
from talktalk_wire.common import Amount
from tests.client.drafting import PAYMENT, RECEIVER, SENDER, SENDER_KEY, STRANGER, blob_of, draft_of

ASKED = PaymentAsked(
    sender=SENDER,
    public_key=SENDER_KEY,
    destination=RECEIVER,
    destination_tag=None,
    amount=Amount(value="5", asset="XRP"),
)


def test_what_was_asked_passes() -> None:
    check_payment(draft_of(), ASKED)
    check_payment(draft_of(Flags=0x8000_0000), ASKED)
    check_payment(draft_of(Sequence=0, TicketSequence=9, NetworkID=21337), ASKED)
    tagged = msgspec.structs.replace(ASKED, destination_tag=0)
    check_payment(draft_of(DestinationTag=0), tagged)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("SendMax", {"currency": "USD", "issuer": STRANGER, "value": "5"}),
        ("Destination", STRANGER),
        ("Account", STRANGER),
        ("Amount", "5000001"),
        ("Amount", "4999999"),
        ("Amount", {"currency": "USD", "issuer": STRANGER, "value": "5"}),
        ("Fee", "10001"),
        ("Fee", "2000000"),
        ("DestinationTag", 1),
        ("DestinationTag", 0),
        ("SigningPubKey", SENDER_KEY[:-2] + "04"),
        ("SigningPubKey", ""),
        ("Flags", 0x0002_0000),  # tfPartialPayment: less may arrive
        ("LastLedgerSequence", 121),
        ("LastLedgerSequence", None),
        ("SendMax", "9000000"),
        ("DeliverMin", "1"),
        ("SourceTag", 5),
        ("InvoiceID", "00" * 32),
        ("Memos", [{"Memo": {"MemoData": "AA"}}]),
        ("Paths", [[{"account": STRANGER}]]),
        ("TransactionType", "TicketCreate"),
    ],
)
def test_any_difference_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(DraftRefused) as caught:
        check_payment(draft_of(**{field: value}), ASKED)
    assert field in {each.field for each in caught.value.differences}


def test_another_kind_of_transaction_is_refused() -> None:
    closing = {key: PAYMENT[key] for key in ("Account", "SigningPubKey", "Destination", "Fee", "Sequence")}
    blob = blob_of({**closing, "TransactionType": "AccountDelete", "LastLedgerSequence": 120})
    with pytest.raises(DraftRefused) as caught:
        check_payment(msgspec.structs.replace(draft_of(), tx_blob=blob), ASKED)
    assert {"TransactionType", "Amount"} <= {each.field for each in caught.value.differences}


def test_every_difference_is_told_at_once() -> None:
    with pytest.raises(DraftRefused) as caught:
        check_payment(draft_of(Destination=STRANGER, Amount="1", SourceTag=3), ASKED)
    assert {each.field for each in caught.value.differences} == {"Destination", "Amount", "SourceTag"}
    assert STRANGER in str(caught.value)


def test_a_missing_tag_that_was_asked_is_refused() -> None:
    with pytest.raises(DraftRefused):
        check_payment(draft_of(), msgspec.structs.replace(ASKED, destination_tag=7))


def test_a_fee_other_than_the_one_told_is_refused() -> None:
    with pytest.raises(DraftRefused):
        check_payment(msgspec.structs.replace(draft_of(), fee_drops=11), ASKED)


def test_a_hash_of_other_bytes_is_refused() -> None:
    other = draft_of(Destination=STRANGER).signing_hash
    with pytest.raises(DraftRefused) as caught:
        check_payment(msgspec.structs.replace(draft_of(), signing_hash=other), ASKED)
    assert [each.field for each in caught.value.differences] == ["signing_hash"]


@pytest.mark.parametrize("tamper", ["", "zz", "12", "00" * 40])
def test_bytes_that_are_no_transaction_are_refused(tamper: str) -> None:
    with pytest.raises(DraftRefused):
        check_payment(msgspec.structs.replace(draft_of(), tx_blob=tamper), ASKED)


def test_bytes_after_the_transaction_are_refused() -> None:
    honest = draft_of()
    blob = honest.tx_blob + honest.tx_blob[:6]
    forged = msgspec.structs.replace(honest, tx_blob=blob, signing_hash=signing_hash(bytes.fromhex(blob)))
    with pytest.raises(DraftRefused):
        check_payment(forged, ASKED)


@given(st.data())
def test_no_changed_byte_slips_through(data: st.DataObject) -> None:
    """Every byte of the blob is either what was asked or noticed, even with a matching hash."""
    blob = bytearray.fromhex(draft_of().tx_blob)
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] ^= data.draw(st.integers(1, 255))
    sequence = bytes.fromhex("2400000007")  # field code and value of Sequence, which the ledger guards
    start = draft_of().tx_blob.lower().index(sequence.hex()) // 2
    if start + 1 <= at < start + len(sequence):
        return
    forged = msgspec.structs.replace(
        draft_of(), tx_blob=blob.hex().upper(), signing_hash=signing_hash(bytes(blob))
    )
    with pytest.raises(DraftRefused):
        check_payment(forged, ASKED)


def test_the_signing_hash_covers_prefix_and_bytes() -> None:
    """The bytes a signature covers begin with `53545800`."""
    whole = bytes.fromhex(encode_for_signing(PAYMENT))
    assert whole[:4].hex() == "53545800"
    assert signing_hash(whole[4:]) == draft_of().signing_hash


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1", "1"),
        (5, "5"),
        (Decimal("0.000001"), "0.000001"),
        (Decimal("1E+2"), "100"),
        ("1.500000000", "1.5"),
        ("100", "100"),
    ],
)
def test_amounts_are_written_plainly(value: str | int | Decimal, text: str) -> None:
    assert xrp_text(value) == text
    assert drops(text) == Decimal(value) * 1_000_000


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "Infinity", "", "1,5", "0.0000001", 0, Decimal(-1)])
def test_amounts_that_are_none_are_refused(value: str | int | Decimal) -> None:
    with pytest.raises(ValueError, match=r"amount|XRP"):
        xrp_text(value)


@pytest.mark.parametrize("value", [1.5, True, None, b"1"])
def test_amounts_are_never_floats(value: Any) -> None:
    with pytest.raises(TypeError):
        xrp_text(value)


USD = {"currency": "USD", "issuer": STRANGER}
PATH = [[{"currency": "USD", "issuer": STRANGER}]]
MPT_ID = "00000007" + "B5F762798A53D543A014CAF8B297CFF8F2F937E8"
DOLLARS = Amount(value="12.50", asset=f"USD.{STRANGER}")
TOKENS = msgspec.structs.replace(ASKED, amount=DOLLARS)
WITH_FEE = msgspec.structs.replace(TOKENS, spend_max=Amount(value="12.6", asset=DOLLARS.asset))
EXCHANGE = msgspec.structs.replace(TOKENS, spend_max=Amount(value="30", asset="XRP"))
UNITS = msgspec.structs.replace(
    ASKED,
    amount=Amount(value="999", asset=f"mpt.{MPT_ID}"),
    spend_max=Amount(value="1012", asset=f"mpt.{MPT_ID}"),
)


def usd(value: str) -> dict[str, str]:
    return {**USD, "value": value}


def units(value: str) -> dict[str, str]:
    return {"mpt_issuance_id": MPT_ID, "value": value}


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        (TOKENS, {"Amount": usd("12.5")}),
        (WITH_FEE, {"Amount": usd("12.5")}),
        (WITH_FEE, {"Amount": usd("12.5"), "SendMax": usd("12.53125")}),
        (EXCHANGE, {"Amount": usd("12.5"), "SendMax": "30000000", "Paths": PATH}),
        (EXCHANGE, {"Amount": usd("12.5"), "SendMax": "29000000"}),
        (UNITS, {"Amount": units("999"), "SendMax": units("1012")}),
    ],
)
def test_tokens_and_exchanges_pass_as_they_were_asked(asked: PaymentAsked, fields: dict[str, Any]) -> None:
    check_payment(draft_of(**fields), asked)


@pytest.mark.parametrize(
    ("asked", "fields", "field"),
    [
        (TOKENS, {"Amount": {**usd("12.5"), "issuer": RECEIVER}}, "Amount"),
        (TOKENS, {"Amount": {**usd("12.5"), "currency": "EUR"}}, "Amount"),
        (TOKENS, {"Amount": usd("12.51")}, "Amount"),
        (TOKENS, {"Amount": "12500000"}, "Amount"),
        (TOKENS, {"Amount": usd("12.5"), "SendMax": usd("12.5")}, "SendMax"),
        (WITH_FEE, {"Amount": usd("12.5"), "SendMax": usd("12.60000000001")}, "SendMax"),
        (WITH_FEE, {"Amount": usd("12.5"), "SendMax": "1"}, "SendMax"),
        (WITH_FEE, {"Amount": usd("12.5"), "SendMax": usd("12.6"), "Paths": PATH}, "Paths"),
        (EXCHANGE, {"Amount": usd("12.5")}, "SendMax"),
        (EXCHANGE, {"Amount": usd("12.5"), "SendMax": "30000001", "Paths": PATH}, "SendMax"),
        (EXCHANGE, {"Amount": usd("12.5"), "SendMax": usd("13"), "Paths": PATH}, "SendMax"),
        (EXCHANGE, {"Amount": usd("12.5"), "SendMax": "30000000", "Flags": 0x0002_0000}, "Flags"),
        (EXCHANGE, {"Amount": usd("12.5"), "SendMax": "30000000", "DeliverMin": usd("1")}, "DeliverMin"),
        (UNITS, {"Amount": units("999"), "SendMax": units("1013")}, "SendMax"),
        (UNITS, {"Amount": units("998"), "SendMax": units("1012")}, "Amount"),
    ],
)
def test_no_token_moves_otherwise_than_it_was_asked(
    asked: PaymentAsked, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(DraftRefused) as caught:
        check_payment(draft_of(**fields), asked)
    assert field in {each.field for each in caught.value.differences}


def test_xrp_is_never_bounded_by_more_than_its_amount() -> None:
    loose = msgspec.structs.replace(ASKED, spend_max=Amount(value="9", asset="XRP"))
    check_payment(draft_of(), loose)
    with pytest.raises(DraftRefused):
        check_payment(draft_of(SendMax="6000000"), loose)


@pytest.mark.parametrize(
    ("value", "asset"),
    [
        ("1.5", f"mpt.{MPT_ID}"),
        (2**63, f"mpt.{MPT_ID}"),
        ("1.234567890123456", DOLLARS.asset),
        ("0", DOLLARS.asset),
    ],
)
def test_amounts_finer_than_their_asset_are_refused(value: str | int, asset: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        amount_text(value, asset)
    assert amount_text(Decimal("0.00000000123450"), DOLLARS.asset) == "0.0000000012345"
    assert amount_text("100000000000000000", DOLLARS.asset) == "1" + "0" * 17
