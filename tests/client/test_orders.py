"""Bulk payments and token orders by the SDK: what is compared before anything is approved."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from talktalk.ledger import transactions
from talktalk.transfers.orders.bulk_layout import BulkParams, Paid, lay_out
from talktalk.transfers.orders.plans import PlannedStep, draw_up
from talktalk_client import order_draft
from talktalk_client.errors import DraftRefused
from talktalk_client.order_draft import BulkAsked, PaidAsked, TrustAsked
from talktalk_wire.orders import BulkMode, OrderDraft, StepDraft, TrustAction
from tests.client.drafting import RECEIVER, SENDER, SENDER_KEY, blob_of
from tests.transfers.test_order_rules import JUN, KEY, MINA, _terms

Change = Callable[[list[PlannedStep]], list[PlannedStep]]
STRANGER = "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe"


def _asked(mode: BulkMode, *drops: int) -> BulkAsked:
    payments = tuple(PaidAsked(JUN, None, each) for each in drops)
    return BulkAsked(sender=MINA, public_key=KEY, mode=mode, payments=payments)


def _draft(mode: BulkMode, *drops: int, batch: bool = False, change: Change | None = None) -> OrderDraft:
    """What the server would draw up, with something changed in its plan."""
    terms = _terms(batch=batch)
    paid = [Paid(user_id=None, address=JUN, destination_tag=None, amount_drops=each) for each in drops]
    plan = lay_out(BulkParams(mode=mode, recipients=tuple(paid)), terms)
    if change is not None:
        plan = msgspec.structs.replace(plan, steps=tuple(change(list(plan.steps))))
    drafts = draw_up(plan, terms)
    return OrderDraft(
        steps=[
            StepDraft(role=step.role, tx_blob=made.blob.hex().upper(), signing_hash=made.signing_hash)
            for step, made in zip(plan.steps, drafts, strict=True)
        ],
        approval_hash=transactions.approval_hash([made.signing_hash for made in drafts]),
        last_ledger=max(made.last_ledger for made in drafts),
        fee_drops=plan.fee_drops,
        expires_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize("mode", list(BulkMode))
def test_a_batch_of_what_was_asked_passes(mode: BulkMode) -> None:
    order_draft.check_bulk(_draft(mode, 5, 6, 6, batch=True), _asked(mode, 6, 5, 6))


def test_payments_on_tickets_pass() -> None:
    order_draft.check_bulk(_draft(BulkMode.INDEPENDENT, 5, 6), _asked(BulkMode.INDEPENDENT, 5, 6))


def _with(index: int, **fields: Any) -> Change:
    def change(steps: list[PlannedStep]) -> list[PlannedStep]:
        step = steps[index]
        steps[index] = msgspec.structs.replace(step, fields=step.fields | fields)
        return steps

    return change


@pytest.mark.parametrize(
    "change",
    [
        _with(1, Amount="7"),
        _with(1, Destination=STRANGER),
        _with(1, DestinationTag=1),
        _with(1, Flags=0x0002_0000),
        _with(1, SendMax="9"),
        _with(0, TransactionType="AccountDelete", Destination=STRANGER),
        lambda steps: steps[:2],
        lambda steps: [*steps, steps[1]],
        lambda steps: [msgspec.structs.replace(steps[0], fee_drops=90_000), *steps[1:]],
    ],
)
def test_anything_else_is_refused(change: Change) -> None:
    with pytest.raises(DraftRefused):
        order_draft.check_bulk(
            _draft(BulkMode.INDEPENDENT, 5, 6, change=change), _asked(BulkMode.INDEPENDENT, 5, 6)
        )


def test_another_mode_or_hash_or_sender_is_refused() -> None:
    batch = _draft(BulkMode.INDEPENDENT, 5, 6, batch=True)
    loose = _draft(BulkMode.INDEPENDENT, 5, 6)
    asked = _asked(BulkMode.INDEPENDENT, 5, 6)
    for draft, wanted in (
        (batch, _asked(BulkMode.ALL_OR_NOTHING, 5, 6)),
        (loose, _asked(BulkMode.ALL_OR_NOTHING, 5, 6)),
        (batch, msgspec.structs.replace(asked, sender=STRANGER)),
        (batch, msgspec.structs.replace(asked, public_key="ED" + "0" * 64)),
        (msgspec.structs.replace(loose, approval_hash="0" * 64), asked),
        (msgspec.structs.replace(loose, steps=list(reversed(loose.steps))), asked),
    ):
        with pytest.raises(DraftRefused):
            order_draft.check_bulk(draft, wanted)


def test_the_approval_of_one_is_its_signing_hash() -> None:
    (step,) = _draft(BulkMode.INDEPENDENT, 5, 6, batch=True).steps
    assert order_draft.approval_hash([bytes.fromhex(step.tx_blob)]) == step.signing_hash


USD = f"USD.{RECEIVER}"
MPT_ID = "00000007B5F762798A53D543A014CAF8B297CFF8F2F937E8"
LINE: dict[str, Any] = {
    "TransactionType": "TrustSet",
    "Account": SENDER,
    "SigningPubKey": SENDER_KEY,
    "LimitAmount": {"currency": "USD", "issuer": RECEIVER, "value": "1000000000"},
    "Flags": 0x0002_0000,
    "Fee": "12",
    "Sequence": 7,
    "LastLedgerSequence": 120,
}
ENTRY: dict[str, Any] = {
    "TransactionType": "MPTokenAuthorize",
    "MPTokenIssuanceID": MPT_ID,
    "Flags": 0,
    **{name: LINE[name] for name in ("Account", "SigningPubKey", "Fee", "Sequence", "LastLedgerSequence")},
}
ADD = TrustAsked(account=SENDER, public_key=SENDER_KEY, asset=USD, action=TrustAction.ADD, limit="1000000000")
REMOVE = msgspec.structs.replace(ADD, action=TrustAction.REMOVE, limit=None)
TAKE = msgspec.structs.replace(ADD, asset=f"mpt.{MPT_ID}", limit=None)
LEAVE = msgspec.structs.replace(TAKE, action=TrustAction.REMOVE)


def _limit(value: str) -> dict[str, str]:
    return {**LINE["LimitAmount"], "value": value}


def _line_draft(transaction: dict[str, Any], **changes: Any) -> OrderDraft:
    """The draft of one transaction with some fields changed; None takes a field away."""
    fields = {name: value for name, value in {**transaction, **changes}.items() if value is not None}
    blob = blob_of(fields)
    named = order_draft.approval_hash([bytes.fromhex(blob)])
    return OrderDraft(
        steps=[StepDraft(role="trust_line", tx_blob=blob, signing_hash=named)],
        approval_hash=named,
        last_ledger=120,
        fee_drops=12,
        expires_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("asked", "draft"),
    [
        (ADD, _line_draft(LINE)),
        (REMOVE, _line_draft(LINE, LimitAmount=_limit("0"))),
        (TAKE, _line_draft(ENTRY)),
        (LEAVE, _line_draft(ENTRY, Flags=1)),
    ],
)
def test_a_token_is_taken_up_and_let_go_as_asked(asked: TrustAsked, draft: OrderDraft) -> None:
    order_draft.check_trust_line(draft, asked)


@pytest.mark.parametrize(
    ("asked", "draft", "field"),
    [
        (ADD, _line_draft(LINE, LimitAmount={**_limit("1000000000"), "issuer": SENDER}), "LimitAmount"),
        (ADD, _line_draft(LINE, LimitAmount=_limit("999")), "LimitAmount"),
        (ADD, _line_draft(LINE, LimitAmount=_limit("0")), "LimitAmount"),
        (REMOVE, _line_draft(LINE), "LimitAmount"),
        (ADD, _line_draft(LINE, Flags=0x0004_0000), "Flags"),
        (ADD, _line_draft(LINE, Flags=0x0012_0000), "Flags"),
        (ADD, _line_draft(LINE, Flags=None), "Flags"),
        (ADD, _line_draft(LINE, QualityIn=5), "QualityIn"),
        (ADD, _line_draft(LINE, Account=RECEIVER), "Account"),
        (ADD, _line_draft(LINE, SigningPubKey=""), "SigningPubKey"),
        (ADD, _line_draft(LINE, Fee="2000000"), "Fee"),
        (ADD, _line_draft(LINE, LastLedgerSequence=121), "LastLedgerSequence"),
        (ADD, _line_draft(LINE, LastLedgerSequence=None), "LastLedgerSequence"),
        (ADD, _line_draft(ENTRY), "TransactionType"),
        (TAKE, _line_draft(ENTRY, Flags=1), "Flags"),
        (LEAVE, _line_draft(ENTRY), "Flags"),
        (TAKE, _line_draft(ENTRY, Holder=RECEIVER), "Holder"),
        (TAKE, _line_draft(ENTRY, MPTokenIssuanceID="0" * 47 + "1"), "MPTokenIssuanceID"),
    ],
)
def test_no_line_changes_otherwise_than_asked(asked: TrustAsked, draft: OrderDraft, field: str) -> None:
    with pytest.raises(DraftRefused) as caught:
        order_draft.check_trust_line(draft, asked)
    assert field in {each.field for each in caught.value.differences}


def test_a_line_comes_alone_and_under_its_own_hash() -> None:
    draft = _line_draft(LINE)
    other = _line_draft(LINE, LimitAmount=_limit("5"))
    for forged in (
        msgspec.structs.replace(draft, steps=[*draft.steps, *draft.steps]),
        msgspec.structs.replace(draft, steps=[]),
        msgspec.structs.replace(draft, approval_hash=other.approval_hash),
        msgspec.structs.replace(draft, steps=other.steps),
    ):
        with pytest.raises(DraftRefused):
            order_draft.check_trust_line(forged, ADD)
