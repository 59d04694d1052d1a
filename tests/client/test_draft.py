"""A drafted transaction that is not exactly what was asked is refused, with every difference told."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xrpl.core.binarycodec import encode_for_signing

from talktalk_client import DraftRefused
from talktalk_client.draft import PaymentAsked, check_payment, drops, signing_hash, xrp_text
from tests.client.drafting import PAYMENT, RECEIVER, SENDER, SENDER_KEY, STRANGER, blob_of, draft_of

ASKED = PaymentAsked(
    sender=SENDER, public_key=SENDER_KEY, destination=RECEIVER, destination_tag=None, drops=5_000_000
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
