"""Plans: which transactions an order is made of, with which numbers, and when each may go. Pure.

A kind plans from what was asked and from `Terms`, what the account and the network have to offer at
this moment. The same terms give the same plan; so whether a draft can still be signed is answered by
planning again and comparing numbers.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from talktalk.ledger import transactions
from talktalk.ledger.follow import WINDOW_LEDGERS_MAX
from talktalk.ledger.outgoing import Taken, next_number
from talktalk.ledger.schemas import Draft, LedgerHead
from talktalk.ledger.service import WINDOW_LEDGERS_MIN, window_ledgers
from talktalk.transfers.orders.errors import PlanTooLong
from talktalk.transfers.rules import Purse
from talktalk_wire.orders import Way

PACE_LEDGERS = 4
"""Of each stage of a plan: how many ledgers it may take from its release to its end, in a busy time."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to plan with."""

    head: LedgerHead
    address: str
    public_key: str
    sequence: int
    """The account's own next number."""
    taken: Taken
    tickets: tuple[int, ...]
    """Tickets the account has, that nothing open uses."""
    tickets_max: int
    """How many more the ledger lets it make."""
    purse: Purse
    has_batch: bool
    """Whether native Batch is on."""

    @property
    def spendable_drops(self) -> int:
        """Above the reserve, and promised to nobody."""
        return self.purse.spendable_drops - self.purse.promised_drops


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction to be drawn up."""

    role: str
    fields: dict[str, Any]
    """The type's own fields, `Account` included."""
    sequence: int = 0
    ticket_sequence: int | None = None
    numbers: int = 1
    fee_drops: int
    spend_drops: int
    """What leaves the account, fee included."""
    needs: tuple[int, ...] = ()
    waits: tuple[int, ...] = ()
    not_before: datetime | None = None
    by_decision: bool = False
    stage: int = 0
    """How many stages go before it: its window reaches so much further."""

    @property
    def starts(self) -> bool:
        """Whether it goes out as soon as it is signed."""
        return not (self.needs or self.waits or self.by_decision) and self.not_before is None

    @property
    def shape(self) -> tuple[str, int, int | None, int]:
        """What must be the same for a draft to be signed later."""
        return self.role, self.sequence, self.ticket_sequence, self.numbers


class PlannedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One who is to be paid."""

    recipient_id: UUID | None
    address: str
    destination_tag: int | None
    amount_drops: int
    step: int
    """Index of the step that pays."""
    inner_hash: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole plan."""

    way: Way
    steps: tuple[PlannedStep, ...]
    items: tuple[PlannedItem, ...]
    reserve_drops: int
    """The most that tickets set aside at one time."""
    stages: int
    """How many ledgers it takes if every transaction is taken at once."""

    @property
    def total_drops(self) -> int:
        """What everybody gets together."""
        return sum(item.amount_drops for item in self.items)

    @property
    def fee_drops(self) -> int:
        """Of all steps."""
        return sum(step.fee_drops for step in self.steps)


class Numbering:
    """Hands out an account's numbers and tickets, each once."""

    def __init__(self, terms: Terms) -> None:
        self._sequence = terms.sequence
        self._taken = terms.taken
        self._tickets = list(terms.tickets)

    def numbers(self, count: int = 1) -> int:
        """The first of `count` numbers in a row."""
        first = next_number(self._sequence, self._taken, count)
        self._taken = msgspec.structs.replace(self._taken, spans=(*self._taken.spans, (first, count)))
        return first

    def ticket(self) -> int | None:
        """A ticket the account has; None if there is none left."""
        return self._tickets.pop(0) if self._tickets else None


def draw_up(plan: Plan, terms: Terms) -> list[Draft]:
    """Build the transaction of every step, in order.

    Raises:
        PlanTooLong: Its last stage lies further away than a window can reach.
    """
    last_stage = max(step.stage for step in plan.steps)
    reach = last_stage * PACE_LEDGERS
    window = min(window_ledgers(terms.head), WINDOW_LEDGERS_MAX - reach)
    if window < WINDOW_LEDGERS_MIN:
        raise PlanTooLong
    head = terms.head
    return [
        transactions.draft(
            step.fields,
            public_key=terms.public_key,
            sequence=step.sequence,
            ticket_sequence=step.ticket_sequence,
            numbers=step.numbers,
            fee_drops=step.fee_drops,
            first_ledger=head.ledger_index,
            last_ledger=head.ledger_index + window + step.stage * PACE_LEDGERS,
            network_id=head.network_id,
        )
        for step in plan.steps
    ]
