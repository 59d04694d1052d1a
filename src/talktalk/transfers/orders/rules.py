"""The thinking about orders: states, which step goes next, what the whole comes to. Pure.

    drafted ──approved──▶ signing ──signed──▶ working ──all──▶ done
       ▲                     │                   │ ──some──▶ partly
       └──refused, outdated──┘                   │ ──none──▶ failed
    drafted, signing ──cancelled──▶ cancelled    └ ──none, in time──▶ expired
    drafted ──lapsed──▶ expired

A step's own states follow its transaction (`ledger.outgoing`): planned → held or signed → submitted →
settled, failed, expired; held → withdrawn.
"""

import enum
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from talktalk_wire.orders import ItemState, OrderState, StepState


class Cause(enum.StrEnum):
    """Why an order turns."""

    APPROVED = "approved"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    """Nobody approved it in time; nothing was ever signed."""
    REFUSED = "refused"
    """The worker did not accept the approval."""
    OUTDATED = "outdated"
    """The drafts can no longer apply as they are: approve the new ones."""
    SIGNED = "signed"
    """Every signed blob is stored."""
    ALL = "all"
    """Everybody is paid."""
    SOME = "some"
    """Some are paid, and nothing more can happen."""
    NONE = "none"
    """Nobody is paid, and nothing more can happen."""
    NONE_IN_TIME = "none_in_time"
    """Nobody is paid, and no ledger took anything."""


TRANSITIONS: dict[tuple[OrderState, Cause], OrderState] = {
    (OrderState.DRAFTED, Cause.APPROVED): OrderState.SIGNING,
    (OrderState.DRAFTED, Cause.OUTDATED): OrderState.DRAFTED,
    (OrderState.DRAFTED, Cause.CANCELLED): OrderState.CANCELLED,
    (OrderState.DRAFTED, Cause.LAPSED): OrderState.EXPIRED,
    (OrderState.SIGNING, Cause.REFUSED): OrderState.DRAFTED,
    (OrderState.SIGNING, Cause.OUTDATED): OrderState.DRAFTED,
    (OrderState.SIGNING, Cause.CANCELLED): OrderState.CANCELLED,
    (OrderState.SIGNING, Cause.SIGNED): OrderState.WORKING,
    (OrderState.WORKING, Cause.ALL): OrderState.DONE,
    (OrderState.WORKING, Cause.SOME): OrderState.PARTLY,
    (OrderState.WORKING, Cause.NONE): OrderState.FAILED,
    (OrderState.WORKING, Cause.NONE_IN_TIME): OrderState.EXPIRED,
}
"""The whole state machine; what is not here cannot happen."""

TERMINAL = frozenset(
    {
        OrderState.DONE,
        OrderState.PARTLY,
        OrderState.FAILED,
        OrderState.EXPIRED,
        OrderState.CANCELLED,
    }
)
STEP_ENDS = frozenset({StepState.SETTLED, StepState.FAILED, StepState.EXPIRED, StepState.WITHDRAWN})
TICKET_USED = frozenset({StepState.SETTLED, StepState.FAILED})
ITEM_ENDS = frozenset({ItemState.PAID, ItemState.FAILED, ItemState.SKIPPED})


class ImpossibleTransition(AssertionError):
    """A programmer's error: this cause cannot meet this state."""


def turn(state: OrderState, cause: Cause) -> OrderState:
    """The next state.

    Raises:
        ImpossibleTransition: The table has none.
    """
    following = TRANSITIONS.get((state, cause))
    if following is None:
        raise ImpossibleTransition(f"{cause} cannot turn {state}")
    return following


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether a step goes."""

    index: int
    state: StepState
    ticket_sequence: int | None = None
    needs: tuple[int, ...] = ()
    waits: tuple[int, ...] = ()
    not_before: datetime | None = None
    by_decision: bool = False


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """Held steps whose turn it is, and held steps whose turn will never come."""

    release: tuple[int, ...] = ()
    withdraw: tuple[int, ...] = ()


def moves(steps: Sequence[StepView], now: datetime, decided: Collection[int] = ()) -> Moves:
    """What follows from how the steps stand.

    A held step is withdrawn once a step it needs has ended without settling, or once another used up
    its ticket. It is released once all it needs has settled, all it waits for has ended, its time has
    come, no alternative on its ticket is on its way, and, where it takes a decision, it is in `decided`.
    """
    states = {step.index: step.state for step in steps}
    withdrawn: list[int] = []
    while doomed := [step.index for step in steps if _is_doomed(step, states, steps)]:
        withdrawn += doomed
        states |= dict.fromkeys(doomed, StepState.WITHDRAWN)
    released: list[int] = []
    for step in steps:
        if _may_go(step, states, steps, now, decided):
            released.append(step.index)
            states[step.index] = StepState.SIGNED
    return Moves(release=tuple(released), withdraw=tuple(sorted(withdrawn)))


def _is_doomed(step: StepView, states: Mapping[int, StepState], steps: Sequence[StepView]) -> bool:
    if states[step.index] is not StepState.HELD:
        return False
    if any(states[each] in STEP_ENDS and states[each] is not StepState.SETTLED for each in step.needs):
        return True
    return any(states[other.index] in TICKET_USED for other in _alternatives(step, steps))


def _may_go(
    step: StepView,
    states: Mapping[int, StepState],
    steps: Sequence[StepView],
    now: datetime,
    decided: Collection[int],
) -> bool:
    return (
        states[step.index] is StepState.HELD
        and (not step.by_decision or step.index in decided)
        and all(states[each] is StepState.SETTLED for each in step.needs)
        and all(states[each] in STEP_ENDS for each in step.waits)
        and (step.not_before is None or step.not_before <= now)
        and not any(
            states[other.index] in (StepState.SIGNED, StepState.SUBMITTED)
            for other in _alternatives(step, steps)
        )
    )


def _alternatives(step: StepView, steps: Sequence[StepView]) -> list[StepView]:
    if step.ticket_sequence is None:
        return []
    return [
        other
        for other in steps
        if other.ticket_sequence == step.ticket_sequence and other.index != step.index
    ]


def verdict(items: Collection[ItemState], steps: Collection[StepState]) -> Cause | None:
    """What an order comes to; None while something may still happen."""
    if any(item not in ITEM_ENDS for item in items) or any(step not in STEP_ENDS for step in steps):
        return None
    if not items:
        # An order that pays nobody is what its transactions are.
        items = [ITEM_OF_STEP[step] for step in steps]
    paid = sum(item is ItemState.PAID for item in items)
    if paid == len(items):
        return Cause.ALL
    if paid:
        return Cause.SOME
    never_taken = all(step not in TICKET_USED for step in steps)
    return Cause.NONE_IN_TIME if never_taken else Cause.NONE


ITEM_OF_STEP: Mapping[StepState, ItemState] = {
    StepState.PLANNED: ItemState.WAITING,
    StepState.HELD: ItemState.WAITING,
    StepState.SIGNED: ItemState.SENT,
    StepState.SUBMITTED: ItemState.SENT,
    StepState.SETTLED: ItemState.PAID,
    StepState.FAILED: ItemState.FAILED,
    StepState.EXPIRED: ItemState.FAILED,
    StepState.WITHDRAWN: ItemState.SKIPPED,
}
"""Where somebody's money stands whose step is a payment of its own."""
