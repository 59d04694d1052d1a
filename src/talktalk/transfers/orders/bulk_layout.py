"""Laying out a bulk transfer: one Batch, or payments on tickets in waves. Pure.

Waves: a ticket costs its owner a reserve until it is used. If the money for all of them is not there
besides the amounts, tickets are made for as many payments as it allows, and for the next ones when
these have ended. A payment gives back its ticket's reserve in the moment it is made, and amounts not
yet paid serve as reserve meanwhile, so even little money beside allows large waves.

Source: xrpl.org, Tickets, Reserves; XLS-56 (Batch).
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final
from uuid import UUID

import msgspec

from talktalk.ledger import fees, transactions
from talktalk.transfers import rules
from talktalk.transfers.orders.errors import AtomicUnavailable, ReserveTooSmall
from talktalk.transfers.orders.plans import Numbering, Plan, PlannedItem, PlannedStep, Terms
from talktalk_wire.orders import BulkMode, Way

BATCH_MAX: Final = 8
BATCH_FLAGS: Final = {
    BulkMode.ALL_OR_NOTHING: 0x0001_0000,
    BulkMode.UNTIL_FAILURE: 0x0004_0000,
    BulkMode.INDEPENDENT: 0x0008_0000,
}


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """One to be paid, resolved."""

    user_id: UUID | None
    address: str
    destination_tag: int | None
    amount_drops: int


class BulkParams(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, resolved."""

    mode: BulkMode
    recipients: tuple[Paid, ...]


def goes_as_batch(params: BulkParams, *, has_batch: bool) -> bool:
    """Whether one native Batch can carry it."""
    return has_batch and len(params.recipients) <= BATCH_MAX


def lay_out(params: BulkParams, terms: Terms) -> Plan:
    """The plan.

    Raises:
        InsufficientBalance, BelowReserve, ReserveTooSmall: The money is not there.
        AtomicUnavailable: All or nothing, and no Batch can carry it.
        LedgerBusy: The network's fee is above our cap.
    """
    rules.check_purse(terms.purse, _total(params), 0)
    if goes_as_batch(params, has_batch=terms.has_batch):
        plan = _batch(params, terms)
    elif params.mode is BulkMode.ALL_OR_NOTHING:
        raise AtomicUnavailable
    else:
        plan = _tickets(params, terms)
    rules.check_purse(terms.purse, plan.total_drops, plan.fee_drops)
    return plan


def _batch(params: BulkParams, terms: Terms) -> Plan:
    count = len(params.recipients)
    # Two base fees for itself and one for each it carries.
    fee_drops = fees.capped(terms.head.fee_drops) * (2 + count)
    first = Numbering(terms).numbers(count + 1)
    made = [
        transactions.inner(
            _payment(paid, terms), sequence=first + 1 + index, network_id=terms.head.network_id
        )
        for index, paid in enumerate(params.recipients)
    ]
    fields: dict[str, Any] = {
        "TransactionType": "Batch",
        "Account": terms.address,
        "Flags": BATCH_FLAGS[params.mode],
        "RawTransactions": [{"RawTransaction": inner} for inner, _ in made],
    }
    step = PlannedStep(
        role="batch",
        fields=fields,
        sequence=first,
        numbers=count + 1,
        fee_drops=fee_drops,
        spend_drops=fee_drops + _total(params),
    )
    items = tuple(
        _item(paid, 0, inner_hash) for paid, (_, inner_hash) in zip(params.recipients, made, strict=True)
    )
    return Plan(way=Way.BATCH, steps=(step,), items=items, reserve_drops=0, stages=1)


def _tickets(params: BulkParams, terms: Terms) -> Plan:
    """Payments on tickets: all at once, or each when the one before it has settled."""
    fee_drops = fees.capped(terms.head.fee_drops)
    in_turn = params.mode is BulkMode.UNTIL_FAILURE
    numbering = Numbering(terms)
    amounts = [paid.amount_drops for paid in params.recipients]
    # Enough for every TicketCreate there could be, so that it does not depend on how many there are.
    all_fees = 2 * len(amounts) * fee_drops
    slack = terms.spendable_drops - sum(amounts) - all_fees
    increment = terms.head.reserves.increment_drops
    steps: list[PlannedStep] = []
    items: list[PlannedItem] = []
    reserve_drops = stage = at = 0
    before: list[int] = []  # payments so far
    reused = [ticket for ticket in (numbering.ticket() for _ in amounts) if ticket is not None]
    while at < len(amounts):
        made = reused
        need: tuple[int, ...] = ()
        if at or not made:
            size = wave_size(amounts[at:], slack, increment, terms.tickets_max)
            if not size:
                raise ReserveTooSmall
            first = numbering.numbers(size + 1)
            made, need = list(range(first + 1, first + size + 1)), (len(steps),)
            steps.append(
                PlannedStep(
                    role="tickets",
                    fields={
                        "TransactionType": "TicketCreate",
                        "Account": terms.address,
                        "TicketCount": size,
                    },
                    sequence=first,
                    numbers=size + 1,
                    fee_drops=fee_drops,
                    spend_drops=fee_drops,
                    needs=tuple(before[-1:]) if in_turn else (),
                    # Whatever went before has given its ticket's reserve back then.
                    waits=() if in_turn else tuple(before),
                    stage=stage,
                )
            )
            stage += 1
            reserve_drops = max(reserve_drops, size * increment)
        for ticket in made:
            paid = params.recipients[at]
            previous = tuple(before[-1:]) if in_turn else ()
            items.append(_item(paid, len(steps)))
            before.append(len(steps))
            steps.append(
                PlannedStep(
                    role="payment",
                    fields=_payment(paid, terms),
                    ticket_sequence=ticket,
                    fee_drops=fee_drops,
                    spend_drops=paid.amount_drops + fee_drops,
                    needs=(*need, *previous),
                    stage=stage,
                )
            )
            at += 1
            stage += in_turn
        stage += not in_turn
    return Plan(
        way=Way.TICKETS, steps=tuple(steps), items=tuple(items), reserve_drops=reserve_drops, stages=stage
    )


def wave_size(amounts: Sequence[int], slack_drops: int, increment_drops: int, size_max: int) -> int:
    """For how many of the next payments tickets can be made at once; 0 if not for one.

    Args:
        amounts: What is still to be paid, in order, in drops.
        slack_drops: What is left above the reserve when all is paid, fees included.
        increment_drops: The reserve of one ticket.
        size_max: The ledger's own bound.

    The payments of a wave apply in any order. With j tickets not used yet, one of which the payment at
    hand uses, the account must keep j - 1 reserves beside it; at least the j - 1 smallest amounts of the
    wave and everything of later waves are still there then.
    """
    remaining = sum(amounts)
    for size in range(min(len(amounts), size_max), 0, -1):
        later = remaining - sum(amounts[:size])
        smallest = [0, *accumulate(sorted(amounts[:size]))]
        fits = size * increment_drops <= slack_drops + remaining
        if fits and all(
            kept * increment_drops <= slack_drops + later + smallest[kept] for kept in range(size)
        ):
            return size
    return 0


def _payment(paid: Paid, terms: Terms) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "TransactionType": "Payment",
        "Account": terms.address,
        "Destination": paid.address,
        "Amount": str(paid.amount_drops),
        "Flags": 0,
    }
    if paid.destination_tag is not None:
        fields["DestinationTag"] = paid.destination_tag
    return fields


def _item(paid: Paid, step: int, inner_hash: str | None = None) -> PlannedItem:
    return PlannedItem(
        recipient_id=paid.user_id,
        address=paid.address,
        destination_tag=paid.destination_tag,
        amount_drops=paid.amount_drops,
        step=step,
        inner_hash=inner_hash,
    )


def _total(params: BulkParams) -> int:
    return sum(paid.amount_drops for paid in params.recipients)
