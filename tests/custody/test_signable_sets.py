"""Tickets and Batches: what a person's key signs of them, and what it does not."""

from typing import Any

import pytest

from talktalk.custody.errors import SignatureRefused
from talktalk.custody.signable import check_operator, check_person

MINA, JUN = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
KEY = "EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F156303"
INNER = 0x4000_0000
ALL_OR_NOTHING, ONLY_ONE = 0x0001_0000, 0x0002_0000
COMMON = {"Account": MINA, "SigningPubKey": KEY, "Fee": "40", "Sequence": 5, "LastLedgerSequence": 90}


def _inner(**changes: Any) -> dict[str, Any]:
    fields = {"TransactionType": "Payment", "Account": MINA, "Destination": JUN, "Amount": "5"}
    common = {"Flags": INNER, "Fee": "0", "Sequence": 6, "SigningPubKey": ""}
    return {name: value for name, value in (fields | common | changes).items() if value is not None}


def _batch(*inner: dict[str, Any], flags: int = ALL_OR_NOTHING, **changes: Any) -> dict[str, Any]:
    wrapped = [{"RawTransaction": each} for each in inner]
    own = {"TransactionType": "Batch", "Flags": flags, "RawTransactions": wrapped}
    return COMMON | own | changes


def _tickets(**changes: Any) -> dict[str, Any]:
    return COMMON | {"TransactionType": "TicketCreate", "TicketCount": 3} | changes


@pytest.mark.parametrize(
    "fields",
    [_batch(_inner(), _inner(Sequence=7)), _batch(*[_inner()] * 8), _tickets(), _tickets(TicketCount=250)],
)
def test_what_an_order_is_made_of_passes(fields: dict[str, Any]) -> None:
    check_person(fields, address=MINA, public_key=KEY)


@pytest.mark.parametrize(
    "fields",
    [
        _tickets(TicketCount=0),
        _tickets(TicketCount=251),
        _tickets(Flags=1),
        _tickets(Destination=JUN),
        _batch(_inner()),
        _batch(*[_inner()] * 9),
        _batch(_inner(), _inner(), flags=ONLY_ONE),
        _batch(_inner(), _inner(), flags=0),
        _batch(_inner(), _inner(), flags=ALL_OR_NOTHING | 0x0008_0000),
        _batch(_inner(), _inner(), BatchSigners=[]),
        _batch(_inner(), _inner(Account=JUN)),
        _batch(_inner(), _inner(Fee="10")),
        _batch(_inner(), _inner(SigningPubKey=KEY)),
        _batch(_inner(), _inner(TxnSignature="00")),
        _batch(_inner(), _inner(Flags=0)),
        _batch(_inner(), _inner(Flags=INNER | 0x0002_0000)),
        _batch(_inner(), _inner(SendMax="9")),
        _batch(_inner(), _inner(Amount="0")),
        _batch(_inner(), _inner(TransactionType="SetRegularKey")),
        _batch(_inner(), _inner(TransactionType="Batch", RawTransactions=[])),
        _batch(_inner(), _inner(Sequence=0)),
        _batch(_inner(), _inner(Delegate=JUN)),
        _batch() | {"RawTransactions": [{"RawTransaction": _inner()}, {"Memo": _inner()}]},
        _batch(_inner(), _inner()) | {"Account": JUN},
    ],
)
def test_anything_else_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(SignatureRefused):
        check_person(fields, address=MINA, public_key=KEY)


def test_the_operators_keys_sign_neither() -> None:
    for fields in (_batch(_inner(), _inner()), _tickets()):
        with pytest.raises(SignatureRefused):
            check_operator(fields, address=MINA, public_key=KEY)
