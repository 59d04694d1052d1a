"""What the wire shows of an order's rows."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import service as identity
from talktalk.ledger.amounts import xrp
from talktalk.transfers.orders.tables import ItemRow, OrderRow, StepRow
from talktalk.wallet.schemas import ActivityEntry
from talktalk_wire.common import Amount
from talktalk_wire.orders import (
    CardItem,
    ItemState,
    Order,
    OrderCard,
    OrderDraft,
    OrderItem,
    OrderKind,
    OrderState,
    OrderStep,
    OrderSummary,
    StepDraft,
    StepState,
    Tally,
    Way,
)
from talktalk_wire.transfers import Failure
from talktalk_wire.transfers import Warning as TransferWarning

DETAILS = {
    "not_applied": "The ledger left it out of the batch; nothing moved",
    "expired": "The ledger did not take it in time; nothing moved",
    "draft_expired": "It was not approved in time; nothing moved",
    "not_everyone": "Not everybody could be paid, so nobody was",
}


async def order_of(
    db: AsyncSession, row: OrderRow, steps: Sequence[StepRow], items: Sequence[ItemRow]
) -> Order:
    """The whole order, for its sender."""
    people = await identity.people(db, {item.recipient_id for item in items if item.recipient_id is not None})
    draft = None
    if row.state == OrderState.DRAFTED:
        draft = OrderDraft(
            steps=[
                StepDraft(
                    role=step.role, tx_blob=step.draft_blob.hex().upper(), signing_hash=step.signing_hash
                )
                for step in steps
            ],
            approval_hash=row.approval_hash,
            last_ledger=row.last_ledger,
            fee_drops=row.fee_drops,
            expires_at=row.draft_expires_at,
        )
    return Order(
        **_summary(row, items),
        warnings=msgspec.convert(row.warnings, list[TransferWarning]),
        items=[
            OrderItem(
                recipient=people.get(item.recipient_id) if item.recipient_id is not None else None,
                address=item.address,
                destination_tag=item.destination_tag,
                amount=_amount(item),
                state=ItemState(item.state),
                tx_hash=item.tx_hash,
                ledger_index=item.ledger_index,
                failure_code=item.failure_code,
            )
            for item in items
        ],
        steps=[
            OrderStep(
                role=step.role,
                state=StepState(step.state),
                uncertain=step.uncertain,
                last_ledger=step.last_ledger,
                fee_drops=step.fee_drops,
                tx_hash=step.tx_hash,
                ledger_index=step.ledger_index,
                result=step.result,
            )
            for step in steps
        ],
        draft=draft,
    )


def summary_of(row: OrderRow, items: Sequence[ItemRow]) -> OrderSummary:
    """The order without its recipients."""
    return OrderSummary(**_summary(row, items))


def card_of(row: OrderRow, items: Sequence[ItemRow]) -> dict[str, Any]:
    """The room's projection, as JSON."""
    card = OrderCard(
        order_id=row.id,
        kind=OrderKind(row.kind),
        mode=row.mode,
        version=row.version,
        state=OrderState(row.state),
        phase=row.phase,
        uncertain=row.uncertain,
        sender_id=row.sender_id,
        total=xrp(row.total_drops),
        tally=_tally(items),
        items=[
            CardItem(
                recipient_id=item.recipient_id,
                address=item.address,
                amount=_amount(item),
                state=ItemState(item.state),
            )
            for item in items
        ],
        note=row.note,
        updated_at=row.updated_at,
    )
    data: dict[str, Any] = msgspec.to_builtins(card)
    return data


def activities_of(row: OrderRow, item: ItemRow) -> list[ActivityEntry]:
    """The line of each side's activity, once this one is paid; it carries the order's note."""
    assert item.tx_hash is not None

    def entry(*, incoming: bool) -> ActivityEntry:
        assert item.tx_hash is not None
        assert item.recipient_id is not None or not incoming
        return ActivityEntry(
            user_id=item.recipient_id if incoming and item.recipient_id is not None else row.sender_id,
            tx_hash=item.tx_hash,
            incoming=incoming,
            amount=_amount(item),
            address=row.account if incoming else item.address,
            counterparty_id=row.sender_id if incoming else item.recipient_id,
            destination_tag=item.destination_tag,
            note=row.note,
            memo="",
            kind="Payment",
            state="settled",
            uncertain=False,
            transfer_id=None,
            ledger_index=item.ledger_index,
            at=row.updated_at,
            settled_at=row.updated_at,
        )

    entries = [entry(incoming=False)]
    if item.recipient_id is not None:
        entries.append(entry(incoming=True))
    return entries


def _summary(row: OrderRow, items: Sequence[ItemRow]) -> dict[str, Any]:
    failure = None
    if row.failure_code is not None:
        failure = Failure(
            code=row.failure_code,
            detail=row.failure_detail or "",
            fee_charged_drops=row.fee_charged_drops,
        )
    return {
        "id": row.id,
        "kind": OrderKind(row.kind),
        "mode": row.mode,
        "way": Way(row.way),
        "state": OrderState(row.state),
        "phase": row.phase,
        "uncertain": row.uncertain,
        "version": row.version,
        "total": xrp(row.total_drops),
        "fee_drops": row.fee_drops,
        "reserve_drops": row.reserve_drops,
        "tally": _tally(items),
        "note": row.note,
        "room_id": row.room_id,
        "approval_error": row.approval_error,
        "tries_left": row.tries_left,
        "retry_at": row.retry_at,
        "failure": failure,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "ended_at": row.ended_at,
    }


def _tally(items: Sequence[ItemRow]) -> Tally:
    return Tally(**Counter(item.state for item in items))


def _amount(item: ItemRow) -> Amount:
    return Amount(value=item.amount_value, asset=item.amount_asset)
