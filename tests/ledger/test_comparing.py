"""The three stories of an account: one story passes, and each way of telling another is named."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktalk.ledger.amounts import xrp
from talktalk.ledger.comparing import Found, Kind, Sent, Stories, Told, compare
from talktalk.ledger.schemas import LedgerTransaction, OutgoingState

MINE = "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe"
OTHER = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf"
FEE = 10

Step = tuple[str, int]
"""`in`, `out` or `failed`, and drops."""


def _story(steps: list[Step], opening: int = 10**9) -> Stories:
    """All three stories of the same steps, a ledger each."""
    balance = opening
    found, sent, told = [], [], []
    for number, (what, drops) in enumerate(steps):
        index, tx_hash = 100 + number, f"{number:064X}"
        change = drops if what == "in" else -FEE - (drops if what == "out" else 0)
        sender, receiver = (OTHER, MINE) if what == "in" else (MINE, OTHER)
        result = "tecNO_DST" if what == "failed" else "tesSUCCESS"
        meta: dict[str, Any] = {
            "TransactionResult": result,
            "AffectedNodes": [_changed(MINE, balance, balance + change)],
        }
        if what != "failed":
            meta["delivered_amount"] = str(drops)
            told.append(Told(tx_hash=tx_hash, incoming=what == "in", amount=xrp(drops), ledger_index=index))
        if what != "in":
            state = OutgoingState.FAILED if what == "failed" else OutgoingState.SETTLED
            sent.append(Sent(tx_hash=tx_hash, state=state, ledger_index=index, fee_drops=FEE))
        fields = {
            "TransactionType": "Payment",
            "Account": sender,
            "Destination": receiver,
            "Amount": str(drops),
            "Fee": str(FEE),
        }
        found.append(
            Found(ledger_index=index, transaction=LedgerTransaction(hash=tx_hash, tx_json=fields, meta=meta))
        )
        balance += change
    return Stories(
        address=MINE,
        opening_drops=opening,
        closing_drops=balance,
        shown_drops=balance,
        found=found,
        sent=sent,
        told=told,
    )


def _changed(address: str, before: int, after: int) -> dict[str, Any]:
    return {
        "ModifiedNode": {
            "LedgerEntryType": "AccountRoot",
            "FinalFields": {"Account": address, "Balance": str(after)},
            "PreviousFields": {"Balance": str(before)},
        }
    }


STEPS = st.lists(
    st.tuples(st.sampled_from(["in", "out", "failed"]), st.integers(1, 10**6)), min_size=1, max_size=12
)


@given(STEPS)
def test_one_story_has_no_difference(steps: list[Step]) -> None:
    stories = _story(steps)
    verdict = compare(stories)
    assert verdict.differences == []
    assert verdict.booked_drops == stories.closing_drops


@given(STEPS, st.data())
def test_any_row_of_ours_that_is_lost_is_noticed(steps: list[Step], data: st.DataObject) -> None:
    stories = _story(steps)
    sent, told = list(stories.sent), list(stories.told or ())
    lost = data.draw(st.integers(0, len(sent) + len(told) - 1))
    kind = Kind.ORPHAN if lost < len(sent) else Kind.MOVEMENT_MISSING
    if lost < len(sent):
        del sent[lost]
    else:
        del told[lost - len(sent)]
    kinds = {
        each.kind for each in compare(msgspec.structs.replace(stories, sent=sent, told=told)).differences
    }
    assert kinds == {kind, Kind.SUM_DIFFERS}


@given(STEPS, st.data())
def test_any_transaction_a_node_leaves_out_is_noticed(steps: list[Step], data: st.DataObject) -> None:
    stories = _story(steps)
    found = list(stories.found)
    del found[data.draw(st.integers(0, len(found) - 1))]
    kinds = {each.kind for each in compare(msgspec.structs.replace(stories, found=found)).differences}
    assert Kind.HISTORY_DIFFERS in kinds


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"shown_drops": 5}, {Kind.BALANCE_DIFFERS}),
        ({"shown_drops": None}, set()),
        ({"told": None}, set()),
        ({"opening_drops": 10**9 + 1}, {Kind.HISTORY_DIFFERS, Kind.SUM_DIFFERS}),
    ],
)
def test_balances_are_compared_where_they_can_be(change: dict[str, Any], kinds: set[Kind]) -> None:
    stories = msgspec.structs.replace(_story([("in", 7), ("out", 5)]), **change)
    assert {each.kind for each in compare(stories).differences} == kinds


def test_wrong_ends_and_inventions_are_told_apart() -> None:
    stories = _story([("in", 7), ("out", 5), ("failed", 3)])
    settled, failed = stories.sent
    told_in, told_out = stories.told or ()
    wrong = msgspec.structs.replace(settled, state=OutgoingState.EXPIRED, ledger_index=None, fee_drops=0)
    invented = msgspec.structs.replace(failed, tx_hash="AB" * 32)
    verdict = compare(
        msgspec.structs.replace(
            stories,
            sent=[wrong, failed, invented],
            told=[told_in, told_in, told_out, msgspec.structs.replace(told_out, tx_hash="CD" * 32)],
        )
    )
    assert {(each.kind, each.tx_hash) for each in verdict.differences if each.tx_hash} == {
        (Kind.END_DIFFERS, settled.tx_hash),
        (Kind.TRANSACTION_INVENTED, "AB" * 32),
        (Kind.MOVEMENT_REPEATED, told_in.tx_hash),
        (Kind.MOVEMENT_INVENTED, "CD" * 32),
    }


def test_change_that_nothing_explains_is_told() -> None:
    """A payment that cannot say what it delivered moves nothing for us, though the ledger moved it."""
    stories = _story([("in", 7)])
    del stories.found[0].transaction.meta["delivered_amount"]
    kinds = {each.kind: each.drops for each in compare(stories).differences}
    assert kinds == {Kind.CHANGE_UNTOLD: 7, Kind.MOVEMENT_INVENTED: None}


def test_transactions_inside_our_own_batch_are_no_orphans() -> None:
    stories = _story([("out", 5)])
    (row,) = stories.sent
    inner = stories.found[0].transaction
    inner.meta["ParentBatchID"] = "EE" * 32
    inner.tx_json["Fee"] = "0"
    batch = msgspec.structs.replace(row, tx_hash="EE" * 32, ledger_index=None, fee_drops=0)
    kinds = {each.kind for each in compare(msgspec.structs.replace(stories, sent=[batch])).differences}
    assert Kind.ORPHAN not in kinds
    assert Kind.ORPHAN in {
        each.kind for each in compare(msgspec.structs.replace(stories, sent=[])).differences
    }
