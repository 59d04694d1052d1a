"""The thinking about orders: which step goes next, how large a wave may be, what a plan holds."""

import random
from datetime import UTC, datetime
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktalk.ledger.outgoing import Taken
from talktalk.ledger.schemas import LedgerHead, Reserves
from talktalk.transfers.errors import BelowReserve, InsufficientBalance
from talktalk.transfers.orders import rules
from talktalk.transfers.orders.bulk_layout import BulkParams, Paid, lay_out, wave_size
from talktalk.transfers.orders.errors import AtomicUnavailable, PlanTooLong, ReserveTooSmall
from talktalk.transfers.orders.plans import Plan, Terms, draw_up
from talktalk.transfers.orders.rules import Cause, StepView, moves, verdict
from talktalk.transfers.rules import Purse
from talktalk_wire.orders import BulkMode, ItemState, OrderState, StepState, Way

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINA = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf"
JUN = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
KEY = "EDAAC3F98BB94F451804EF5993C847DAAA4E6154F455635659D88AA5C80F156303"
INCREMENT = 200_000


def _terms(
    *, spendable: int = 10**10, tickets: tuple[int, ...] = (), taken: Taken | None = None, batch: bool = False
) -> Terms:
    reserves = Reserves(base_drops=1_000_000, increment_drops=INCREMENT)
    head = LedgerHead(
        network="devnet",
        ledger_index=100,
        close_time=NOW,
        fee_drops=10,
        reserves=reserves,
        close_interval_ms=4000,
        network_id=None,
    )
    purse = Purse(balance_drops=spendable + 1_000_000, spendable_drops=spendable, promised_drops=0)
    return Terms(
        head=head,
        address=MINA,
        public_key=KEY,
        sequence=7,
        taken=taken or Taken(),
        tickets=tickets,
        tickets_max=250,
        purse=purse,
        has_batch=batch,
    )


def _params(mode: BulkMode, *amounts: int) -> BulkParams:
    paid = [Paid(user_id=None, address=JUN, destination_tag=None, amount_drops=each) for each in amounts]
    return BulkParams(mode=mode, recipients=tuple(paid))


def _after(plan: Plan, ends: dict[int, StepState]) -> tuple[list[int], list[int]]:
    """What goes at once and after these ends, and what is withdrawn."""
    states = {
        index: StepState.SIGNED if step.starts else StepState.HELD for index, step in enumerate(plan.steps)
    } | ends
    views = [
        StepView(
            index=index,
            state=states[index],
            ticket_sequence=step.ticket_sequence,
            needs=step.needs,
            waits=step.waits,
        )
        for index, step in enumerate(plan.steps)
    ]
    found = moves(views, NOW)
    return list(found.release), list(found.withdraw)


def test_independent_goes_out_together_once_its_tickets_are_there() -> None:
    plan = lay_out(_params(BulkMode.INDEPENDENT, 5, 6, 7), _terms())
    assert [step.role for step in plan.steps] == ["tickets", "payment", "payment", "payment"]
    assert [step.ticket_sequence for step in plan.steps] == [None, 8, 9, 10]
    assert _after(plan, {}) == ([], [])
    assert _after(plan, {0: StepState.SETTLED}) == ([1, 2, 3], [])
    assert _after(plan, {0: StepState.FAILED}) == ([], [1, 2, 3])
    assert _after(plan, {0: StepState.SETTLED, 1: StepState.FAILED}) == ([2, 3], [])


def test_until_failure_goes_one_by_one_and_stops() -> None:
    plan = lay_out(_params(BulkMode.UNTIL_FAILURE, 5, 6, 7), _terms())
    assert _after(plan, {0: StepState.SETTLED}) == ([1], [])
    assert _after(plan, {0: StepState.SETTLED, 1: StepState.SETTLED}) == ([2], [])
    assert _after(plan, {0: StepState.SETTLED, 1: StepState.EXPIRED}) == ([], [2, 3])


def test_tickets_of_the_account_are_used_first() -> None:
    plan = lay_out(_params(BulkMode.INDEPENDENT, 5, 6, 7), _terms(tickets=(3, 4)))
    assert [(step.role, step.ticket_sequence, step.numbers) for step in plan.steps] == [
        ("payment", 3, 1),
        ("payment", 4, 1),
        ("tickets", None, 2),
        ("payment", 8, 1),
    ]
    assert [step.starts for step in plan.steps[:2]] == [True, True]


def test_numbers_that_are_taken_are_left_out() -> None:
    plan = lay_out(_params(BulkMode.INDEPENDENT, 5, 6), _terms(taken=Taken(spans=((8, 1),), live_count=1)))
    # Number 7 is free, and the two tickets it would make are not.
    assert [(step.sequence, step.ticket_sequence) for step in plan.steps] == [(9, None), (0, 10), (0, 11)]


def test_batch_takes_its_inner_numbers_and_every_fee() -> None:
    plan = lay_out(_params(BulkMode.ALL_OR_NOTHING, 5, 6, 7), _terms(batch=True))
    (step,) = plan.steps
    assert (plan.way, step.numbers, step.fee_drops, step.spend_drops) == (Way.BATCH, 4, 50, 68)
    inner = [each["RawTransaction"] for each in step.fields["RawTransactions"]]
    assert [each["Sequence"] for each in inner] == [8, 9, 10]
    assert len({item.inner_hash for item in plan.items}) == 3


@given(st.lists(st.integers(1, 600_000), min_size=1, max_size=12), st.integers(-50, 900_000), st.randoms())
def test_a_wave_leaves_the_reserve_in_any_order(
    amounts: list[int], slack: int, chance: random.Random
) -> None:
    size = wave_size(amounts, slack, INCREMENT, 250)
    above = slack + sum(amounts)  # what is above the reserve before anything is paid
    if not size:
        assert above < INCREMENT
        return
    # The ledger's own rules: making tickets, then each payment of the wave in an order of the ledger's.
    assert above >= size * INCREMENT
    order = amounts[:size]
    chance.shuffle(order)
    unused = size
    for amount in order:
        unused -= 1  # a payment uses its ticket first
        assert above - unused * INCREMENT >= amount
        above -= amount


def test_waves_follow_each_other_where_the_reserve_is_short() -> None:
    plan = lay_out(_params(BulkMode.INDEPENDENT, *[1] * 5), _terms(spendable=INCREMENT * 2 + 1000))
    roles = [step.role for step in plan.steps]
    assert roles == [
        "tickets",
        "payment",
        "payment",
        "payment",
        "tickets",
        "payment",
        "payment",
    ] or roles == [
        "tickets",
        "payment",
        "payment",
        "tickets",
        "payment",
        "payment",
        "tickets",
        "payment",
    ]
    second = roles.index("tickets", 1)
    assert set(plan.steps[second].waits) == set(range(1, second))
    numbers = [(step.sequence, step.numbers) for step in plan.steps if step.role == "tickets"]
    assert all(first + count == following for (first, count), (following, _) in pairwise(numbers))


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(ReserveTooSmall):
        lay_out(_params(BulkMode.INDEPENDENT, 1, 1), _terms(spendable=1000))
    with pytest.raises(BelowReserve):
        lay_out(_params(BulkMode.ALL_OR_NOTHING, 600, 600), _terms(spendable=1000, batch=True))
    with pytest.raises(InsufficientBalance):
        lay_out(_params(BulkMode.ALL_OR_NOTHING, 10**9, 10**9), _terms(spendable=1000, batch=True))
    with pytest.raises(AtomicUnavailable):
        lay_out(_params(BulkMode.ALL_OR_NOTHING, *[1] * 9), _terms(batch=True))
    with pytest.raises(AtomicUnavailable):
        lay_out(_params(BulkMode.ALL_OR_NOTHING, 1, 1), _terms())


def test_a_plan_of_too_many_stages_is_refused() -> None:
    terms = _terms()
    plan = lay_out(_params(BulkMode.UNTIL_FAILURE, *range(1, 201)), terms)
    drafts = draw_up(plan, terms)
    assert max(draft.last_ledger for draft in drafts) - 100 <= 900
    assert [draft.last_ledger for draft in drafts] == sorted(draft.last_ledger for draft in drafts)
    late = msgspec.structs.replace(plan.steps[-1], stage=230)
    with pytest.raises(PlanTooLong):
        draw_up(msgspec.structs.replace(plan, steps=(*plan.steps[:-1], late)), terms)


def test_alternatives_on_one_ticket_go_one_at_a_time() -> None:
    def two(first: StepState) -> rules.Moves:
        return moves(
            [
                StepView(index=0, state=first, ticket_sequence=9),
                StepView(index=1, state=StepState.HELD, ticket_sequence=9, by_decision=True),
            ],
            NOW,
            decided=[1],
        )

    assert two(StepState.SUBMITTED) == rules.Moves()
    assert two(StepState.EXPIRED) == rules.Moves(release=(1,))
    assert two(StepState.FAILED) == rules.Moves(withdraw=(1,))
    assert two(StepState.SETTLED) == rules.Moves(withdraw=(1,))


def test_a_time_and_a_decision_hold_a_step_back() -> None:
    late = StepView(index=0, state=StepState.HELD, not_before=datetime(2026, 1, 2, tzinfo=UTC))
    assert moves([late], NOW) == rules.Moves()
    assert moves([late], datetime(2026, 1, 2, tzinfo=UTC)) == rules.Moves(release=(0,))
    asked = StepView(index=0, state=StepState.HELD, by_decision=True)
    assert moves([asked], NOW) == rules.Moves()
    assert moves([asked], NOW, decided=[0]) == rules.Moves(release=(0,))


@given(
    st.lists(st.sampled_from(list(ItemState)), min_size=1, max_size=5),
    st.lists(st.sampled_from(list(StepState)), min_size=1, max_size=5),
)
def test_nothing_is_over_while_anything_may_happen(items: list[ItemState], steps: list[StepState]) -> None:
    cause = verdict(items, steps)
    open_ = any(item not in rules.ITEM_ENDS for item in items) or any(
        step not in rules.STEP_ENDS for step in steps
    )
    assert (cause is None) == open_
    if cause is not None:
        ended = rules.turn(OrderState.WORKING, cause)
        assert ended in rules.TERMINAL
        assert (ended is OrderState.DONE) == all(item is ItemState.PAID for item in items)
        if cause is Cause.NONE_IN_TIME:
            assert ItemState.PAID not in items
