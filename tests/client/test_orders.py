"""Bulk payments by the SDK: what is compared before anything is approved."""

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
from talktalk_client.order_draft import BulkAsked, PaidAsked
from talktalk_wire.orders import BulkMode, OrderDraft, StepDraft
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
