"""What a person's key signs of tokens: exactly the shapes we draw up, and nothing near them."""

from typing import Any

import pytest

from talktalk.custody import signable
from talktalk.custody.errors import SignatureRefused

MINE = "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe"
ISSUER = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
OTHER = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf"
KEY = "ED" + "00" * 32
USD = {"currency": "USD", "issuer": ISSUER, "value": "5"}
EUR = {"currency": "EUR", "issuer": ISSUER, "value": "5"}
MPT = {"mpt_issuance_id": "00" * 24, "value": "5"}
PATH = [{"currency": "USD", "issuer": ISSUER}]
NO_RIPPLE = 0x20000


def checked(kind: str, **fields: Any) -> None:
    common = {
        "TransactionType": kind,
        "Account": MINE,
        "SigningPubKey": KEY,
        "Fee": "10",
        "Sequence": 5,
        "LastLedgerSequence": 99,
        "Flags": 0,
    }
    signable.check_person({**common, **fields}, address=MINE, public_key=KEY)


def payment(**fields: Any) -> tuple[str, dict[str, Any]]:
    return "Payment", {"Destination": OTHER, **fields}


def trust(**fields: Any) -> tuple[str, dict[str, Any]]:
    return "TrustSet", {"LimitAmount": USD, "Flags": NO_RIPPLE, **fields}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        payment(Amount="5"),
        payment(Amount=USD),
        payment(Amount=MPT),
        payment(Amount=USD, SendMax={**USD, "value": "5.1"}),
        payment(Amount=MPT, SendMax={**MPT, "value": "6"}),
        payment(Amount=USD, SendMax="900"),
        payment(Amount="5", SendMax=USD, Paths=[PATH]),
        payment(Amount=EUR, SendMax=USD, Paths=[PATH] * 6),
        trust(),
        trust(LimitAmount={**USD, "value": "0"}),
        ("MPTokenAuthorize", {"MPTokenIssuanceID": "00" * 24}),
        ("MPTokenAuthorize", {"MPTokenIssuanceID": "00" * 24, "Flags": 1}),
    ],
)
def test_what_we_draw_up_is_signed(kind: str, fields: dict[str, Any]) -> None:
    checked(kind, **fields)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        payment(Amount=USD, DeliverMin=USD),
        payment(Amount=USD, Flags=0x20000),
        payment(Amount=USD, Flags=0x10000),
        payment(Amount=USD, Flags=0x40000),
        payment(Amount="5", SendMax="6"),
        payment(Amount="5", Paths=[PATH]),
        payment(Amount=USD, Paths=[PATH]),
        payment(Amount=USD, SendMax={**USD, "value": "6"}, Paths=[PATH]),
        payment(Amount=MPT, SendMax="6", Paths=[PATH]),
        payment(Amount=EUR, SendMax=USD, Paths=[]),
        payment(Amount=EUR, SendMax=USD, Paths=[PATH] * 7),
        payment(Amount=EUR, SendMax=USD, Paths=[PATH * 9]),
        payment(Amount={**USD, "value": "0"}),
        payment(Amount={**USD, "value": "-5"}),
        payment(Amount=USD, SendMax={**USD, "value": "-6"}),
        payment(Amount={"currency": "USD", "value": "5"}),
        payment(Amount=5),
        payment(Amount="-5"),
        payment(),
        payment(Amount=USD, DomainID="00" * 32),
        trust(Flags=0),
        trust(Flags=NO_RIPPLE | 0x10000),
        trust(Flags=NO_RIPPLE | 0x100000),
        trust(Flags=0x40000),
        trust(QualityIn=5),
        trust(LimitAmount={**USD, "value": "-1"}),
        trust(LimitAmount={**USD, "issuer": MINE}),
        trust(LimitAmount="5"),
        ("MPTokenAuthorize", {"MPTokenIssuanceID": "00" * 24, "Flags": 2}),
        ("MPTokenAuthorize", {"MPTokenIssuanceID": "00" * 24, "Holder": OTHER}),
        ("AccountSet", {"SetFlag": 8}),
        ("OfferCreate", {"TakerPays": USD, "TakerGets": "5"}),
        ("Clawback", {"Amount": USD}),
    ],
)
def test_what_comes_near_is_refused(kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(SignatureRefused):
        checked(kind, **fields)


def test_the_operators_keys_and_batches_move_xrp_alone() -> None:
    fields = {
        "TransactionType": "Payment",
        "Account": MINE,
        "SigningPubKey": KEY,
        "Fee": "10",
        "Sequence": 5,
        "LastLedgerSequence": 99,
        "Destination": OTHER,
    }
    assert signable.check_operator({**fields, "Amount": "5"}, address=MINE, public_key=KEY) == 15
    for amount in (USD, MPT):
        with pytest.raises(SignatureRefused):
            signable.check_operator({**fields, "Amount": amount}, address=MINE, public_key=KEY)
    with pytest.raises(SignatureRefused):
        signable.check_operator({**fields, "Amount": "5", "SendMax": USD}, address=MINE, public_key=KEY)
