"""What came in: delivered amounts believed, `Amount` never, failures never."""

from typing import Any

import pytest

from talktalk.ledger.amounts import xrp
from talktalk.ledger.income import movements
from talktalk.ledger.schemas import LedgerTransaction, Movement
from talktalk_wire.common import Amount

MINE = "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe"
OTHER = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf"
ISSUER = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
USD = {"currency": "USD", "issuer": ISSUER}


def _transaction(fields: dict[str, Any], result: str = "tesSUCCESS", **meta: Any) -> LedgerTransaction:
    return LedgerTransaction(
        hash="AB" * 32,
        tx_json={"Account": OTHER, "Fee": "10", **fields},
        meta={"TransactionResult": result, "AffectedNodes": [], **meta},
    )


def _changed(address: str, before: int, after: int) -> dict[str, Any]:
    return {
        "ModifiedNode": {
            "LedgerEntryType": "AccountRoot",
            "FinalFields": {"Account": address, "Balance": str(after)},
            "PreviousFields": {"Balance": str(before)},
        }
    }


def _payment(amount: object, **meta: Any) -> LedgerTransaction:
    return _transaction({"TransactionType": "Payment", "Destination": MINE, "Amount": amount}, **meta)


def test_partial_payment_is_worth_what_it_delivered() -> None:
    """It says a hundred billion and delivers one drop."""
    trick = _payment("100000000000000000", delivered_amount="1")
    (movement,) = movements(trick, {MINE})
    assert (movement.incoming, movement.amount) == (True, xrp(1))


@pytest.mark.parametrize("delivered", [None, "unavailable", 5, [], "1.5", "-1"])
def test_payment_that_cannot_say_what_it_delivered_credits_nothing(delivered: object) -> None:
    meta = {} if delivered is None else {"delivered_amount": delivered}
    assert list(movements(_payment("1000000", **meta), {MINE})) == []


def test_token_that_calls_itself_xrp_is_no_xrp() -> None:
    fake = {"currency": "0000000000000000000000005852500000000000", "issuer": ISSUER, "value": "5"}
    (movement,) = movements(_payment(fake, delivered_amount=fake), {MINE})
    assert movement.amount.asset == f"{fake['currency']}.{ISSUER}"
    (movement,) = movements(_payment({**USD, "value": "5"}, delivered_amount={**USD, "value": "4"}), {MINE})
    assert movement.amount == Amount(value="4", asset=f"USD.{ISSUER}")


@pytest.mark.parametrize("result", ["tecUNFUNDED_PAYMENT", "tecPATH_PARTIAL", "tecNO_DST"])
def test_failed_transactions_move_nothing(result: str) -> None:
    failed = _payment("5", result=result, delivered_amount="5", AffectedNodes=[_changed(MINE, 10, 15)])
    assert list(movements(failed, {MINE})) == []


def test_both_sides_are_told_when_both_are_ours() -> None:
    found = list(movements(_payment("7", delivered_amount="7"), {MINE, OTHER}))
    assert [(each.account, each.incoming, each.counterparty) for each in found] == [
        (MINE, True, OTHER),
        (OTHER, False, MINE),
    ]


def test_other_types_count_by_the_change_of_our_own_entry() -> None:
    finish = _transaction(
        {"TransactionType": "EscrowFinish", "Owner": OTHER},
        AffectedNodes=[_changed(MINE, 1_000_000, 4_000_000), _changed(OTHER, 100, 90)],
    )
    assert list(movements(finish, {MINE, OTHER})) == [
        Movement(
            account=MINE,
            incoming=True,
            amount=xrp(3_000_000),
            counterparty=OTHER,
            destination_tag=None,
            kind="EscrowFinish",
        )
    ]
    # The finisher's own entry changed by the fee alone: that is no movement.


def test_fee_is_no_part_of_what_its_sender_moved() -> None:
    create = _transaction(
        {"TransactionType": "EscrowCreate", "Account": MINE, "Destination": OTHER},
        AffectedNodes=[_changed(MINE, 5_000_000, 1_999_990)],
    )
    (movement,) = movements(create, {MINE})
    assert (movement.incoming, movement.amount, movement.counterparty) == (False, xrp(3_000_000), OTHER)


def test_cashed_check_pays_its_casher_what_was_delivered() -> None:
    deleted = {
        "DeletedNode": {"LedgerEntryType": "Check", "FinalFields": {"Account": OTHER, "Destination": MINE}}
    }
    cash = _transaction(
        {"TransactionType": "CheckCash", "Account": MINE}, delivered_amount="9", AffectedNodes=[deleted]
    )
    found = list(movements(cash, {MINE, OTHER}))
    assert [(each.account, each.incoming, each.counterparty) for each in found] == [
        (MINE, True, OTHER),
        (OTHER, False, MINE),
    ]


def test_deleted_account_pays_its_rest_to_its_destination() -> None:
    delete = _transaction({"TransactionType": "AccountDelete", "Destination": MINE}, delivered_amount="77")
    (movement,) = movements(delete, {MINE})
    assert (movement.amount, movement.kind) == (xrp(77), "AccountDelete")
