"""Settle-up plans are exact, can be carried by the debts, and do not depend on the order of anything."""

import itertools
import random
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from talktalk.transfers.requests import settling
from talktalk.transfers.requests.settling import Debt, Plan

unhurried = settings(deadline=None, max_examples=60)
A, B, C, D = (UUID(int=number) for number in range(1, 5))


def debts_of(*edges: tuple[UUID, UUID, int]) -> list[Debt]:
    """One share for each edge."""
    return [
        Debt(share_id=UUID(int=1_000 + number), debtor=debtor, creditor=creditor, units=units)
        for number, (debtor, creditor, units) in enumerate(edges)
    ]


@st.composite
def some_debts(draw: st.DrawFn, people: int = 7) -> list[Debt]:
    persons = [UUID(int=number) for number in range(1, people + 1)]
    pairs = list(itertools.permutations(persons, 2))
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=0, max_size=14))
    return debts_of(*((one, other, draw(st.integers(1, 9))) for one, other in chosen))


def nets(debts: Sequence[Debt]) -> dict[UUID, int]:
    """What each is owed on balance."""
    sums: defaultdict[UUID, int] = defaultdict(int)
    for debt in debts:
        sums[debt.debtor] -= debt.units
        sums[debt.creditor] += debt.units
    return {person: net for person, net in sums.items() if net}


def fewest(balances: Sequence[int]) -> int:
    """The fewest payments that make balances even: everyone, less the most groups that are even among
    themselves. By brute force over groups."""
    best = 0
    count = len(balances)
    groups = [0] * (1 << count)
    for members in range(1, 1 << count):
        total = sum(balances[index] for index in range(count) if members >> index & 1)
        groups[members] = max(
            groups[members & ~(1 << index)] for index in range(count) if members >> index & 1
        ) + (total == 0)
        best = max(best, groups[members])
    return count - best


def check(debts: Sequence[Debt], plan: Plan) -> None:
    """Every law of a plan."""
    share = {debt.share_id: debt for debt in debts}
    left = {debt.share_id: debt.units for debt in debts}
    for line in plan.lines:
        assert line.units > 0
        moved: defaultdict[UUID, int] = defaultdict(int)
        for share_id, units in line.credits.items():
            assert units > 0
            left[share_id] -= units
            moved[share[share_id].debtor] += units
            moved[share[share_id].creditor] -= units
        # Whoever stands in the middle neither wins nor loses.
        assert {person: units for person, units in moved.items() if units} == {
            line.payer: line.units,
            line.payee: -line.units,
        }
    for share_id, units in plan.evens.items():
        left[share_id] -= units
    assert set(left.values()) <= {0}, "every debt is gone, none is paid twice"
    balances = nets(debts)
    pays: defaultdict[UUID, int] = defaultdict(int)
    for line in plan.lines:
        pays[line.payer] -= line.units
        pays[line.payee] += line.units
    assert {person: net for person, net in pays.items() if net} == balances


@unhurried
@given(some_debts())
def test_plan_is_exact_and_can_be_carried(debts: list[Debt]) -> None:
    check(debts, settling.plan(debts))


@unhurried
@given(some_debts())
def test_plan_that_says_so_has_the_fewest_payments(debts: list[Debt]) -> None:
    plan = settling.plan(debts)
    least = fewest(list(nets(debts).values()))
    assert len(plan.lines) >= least
    if plan.is_fewest:
        assert len(plan.lines) == least


@unhurried
@given(some_debts(people=14))
def test_larger_groups_are_planned_path_by_path(debts: list[Debt]) -> None:
    plan = settling.plan(debts)
    check(debts, plan)
    assert len(plan.lines) <= len(debts)


@unhurried
@given(some_debts(), st.randoms())
def test_order_of_debts_does_not_matter(debts: list[Debt], chance: random.Random) -> None:
    shuffled = list(debts)
    chance.shuffle(shuffled)
    assert settling.plan(shuffled) == settling.plan(debts)


@unhurried
@given(some_debts(), st.data())
def test_after_one_payment_the_rest_can_still_be_paid(debts: list[Debt], data: st.DataObject) -> None:
    plan = settling.plan(debts)
    if not plan.lines:
        return
    paid = data.draw(st.sampled_from(plan.lines))
    rest = [
        Debt(share_id=debt.share_id, debtor=debt.debtor, creditor=debt.creditor, units=units)
        for debt in debts
        if (units := debt.units - paid.credits.get(debt.share_id, 0))
    ]
    following = settling.plan(rest)
    check(rest, following)


def test_chain_becomes_one_payment() -> None:
    plan = settling.plan(debts_of((A, B, 5), (B, C, 5)))
    (line,) = plan.lines
    assert (line.payer, line.payee, line.units) == (A, C, 5)
    assert sorted(line.credits.values()) == [5, 5]
    assert plan.is_fewest


def test_mutual_debts_are_offset_with_the_payment_of_the_rest() -> None:
    plan = settling.plan(debts_of((A, B, 5), (B, A, 3)))
    (line,) = plan.lines
    assert (line.payer, line.payee, line.units) == (A, B, 2)
    assert sorted(line.credits.values()) == [3, 5]
    assert plan.evens == {}


def test_circle_that_nobody_pays_into_is_told() -> None:
    plan = settling.plan(debts_of((A, B, 4), (B, C, 4), (C, A, 4)))
    assert plan.lines == []
    assert sum(plan.evens.values()) == 12


def test_nobody_pays_whom_their_debts_do_not_lead_to() -> None:
    # By balances alone A could pay C and D could pay B: two payments. The debts lead elsewhere.
    plan = settling.plan(debts_of((A, B, 5), (D, B, 5), (D, C, 5)))
    assert {(line.payer, line.payee) for line in plan.lines} == {(A, B), (D, B), (D, C)}
    assert not plan.is_fewest
