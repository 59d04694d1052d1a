"""Splits are exact, for every total and every group."""

import itertools
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktalk.ledger.errors import AmountTooPrecise
from talktalk.transfers.requests import rules
from talktalk.transfers.requests.errors import SplitMalformed, SplitTooSmall
from talktalk_wire.common import Amount
from talktalk_wire.requests import MoneyRequestState, ShareAsk, ShareState, SplitMode

ISSUER = "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe"
TOKEN = "mpt." + "0" * 48
unhurried = settings(deadline=None)
totals = st.integers(1, 10**17)
weights = st.lists(st.integers(1, 1_000), min_size=1, max_size=50)


def people(count: int, weight: int | None = None) -> list[ShareAsk]:
    """So many people."""
    return [ShareAsk(user_id=UUID(int=number), weight=weight) for number in range(count)]


@unhurried
@given(totals, weights)
def test_parts_add_up_and_stay_within_one_unit_of_the_exact_share(total: int, weights: list[int]) -> None:
    parts, extras = rules.apportion(total, weights)
    assert sum(parts) == total
    for part, extra, weight in zip(parts, extras, weights, strict=True):
        exact = Fraction(total * weight, sum(weights))
        assert part == exact.__floor__() + extra
        assert abs(part - exact) < 1


@unhurried
@given(totals, weights)
def test_leftover_units_go_to_the_largest_remainders_then_to_who_was_named_first(
    total: int, weights: list[int]
) -> None:
    _, extras = rules.apportion(total, weights)
    remainders = [total * weight % sum(weights) for weight in weights]
    ranks = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
    assert [extras[index] for index in ranks] == sorted(extras, reverse=True)


@unhurried
@given(totals, st.integers(1, 50))
def test_equal_parts_differ_by_one_unit_at_most_and_never_grow_along_the_list(total: int, count: int) -> None:
    parts, _ = rules.apportion(total, [1] * count)
    assert max(parts) - min(parts) <= 1
    assert all(one >= other for one, other in itertools.pairwise(parts))


@unhurried
@given(totals, weights)
def test_who_weighs_more_never_pays_less(total: int, weights: list[int]) -> None:
    parts, _ = rules.apportion(total, weights)
    for (part, weight), (other, lighter) in itertools.permutations(
        list(zip(parts, weights, strict=True))[:8], 2
    ):
        if weight > lighter:
            assert part >= other


def test_ten_among_three_is_shown_to_the_last_drop() -> None:
    parts = rules.split(SplitMode.EQUAL, people(3), 10_000_000, [None] * 3)
    assert [part.units for part in parts] == [3_333_334, 3_333_333, 3_333_333]
    assert [part.extra for part in parts] == [1, 0, 0]


def test_weights_and_own_amounts() -> None:
    asked = [ShareAsk(user_id=UUID(int=number), weight=weight) for number, weight in enumerate((2, 1, 1))]
    parts = rules.split(SplitMode.SHARES, asked, 10, [None] * 3)
    # 5, 2.5, 2.5: the first of two equal remainders gets the unit.
    assert [part.units for part in parts] == [5, 3, 2]
    own = rules.split(SplitMode.OWN, people(2), None, [7, 5])
    assert [part.units for part in own] == [7, 5]


@pytest.mark.parametrize(
    ("mode", "total", "values", "weight"),
    [
        (SplitMode.EQUAL, None, [None, None], None),
        (SplitMode.EQUAL, 10, [5, None], None),
        (SplitMode.EQUAL, 10, [None, None], 1),
        (SplitMode.SHARES, 10, [None, None], None),
        (SplitMode.OWN, None, [5, None], None),
        (SplitMode.OWN, 11, [5, 5], None),
        (SplitMode.OWN, None, [5, 5], 1),
    ],
)
def test_what_does_not_go_with_the_mode_is_refused(
    mode: SplitMode, total: int | None, values: list[int | None], weight: int | None
) -> None:
    asked = people(2) if weight is None else people(2, weight=weight)
    with pytest.raises(SplitMalformed):
        rules.split(mode, asked, total, values)


def test_nobody_twice_and_nobody_for_nothing() -> None:
    with pytest.raises(SplitMalformed):
        rules.split(SplitMode.EQUAL, people(1) * 2, 10, [None, None])
    with pytest.raises(SplitTooSmall):
        rules.split(SplitMode.EQUAL, people(3), 2, [None] * 3)


@unhurried
@given(totals)
def test_units_and_amounts_are_the_same_thing(units: int) -> None:
    for asset in ("XRP", TOKEN):
        assert rules.to_units(rules.from_units(units, asset)) == units
    assert rules.from_units(1, "XRP").value == "0.000001"
    assert rules.from_units(1, TOKEN).value == "1"
    with pytest.raises(AmountTooPrecise):
        rules.to_units(Amount(value="0.0000001", asset=f"USD.{ISSUER}"))


@unhurried
@given(
    st.integers(1, 9),
    st.integers(0, 9),
    st.integers(0, 9),
    st.sampled_from([None, ShareState.DECLINED, ShareState.CANCELLED, ShareState.EXPIRED]),
)
def test_share_is_what_its_history_says(units: int, paid: int, live: int, closed: ShareState | None) -> None:
    if paid + live > units:
        with pytest.raises(AssertionError):
            rules.state_of(units=units, paid=paid, live=live, closed_as=closed)
        return
    state = rules.state_of(units=units, paid=paid, live=live, closed_as=closed)
    assert (state is ShareState.PAID) == (paid == units)
    if live:
        assert state not in rules.TERMINAL or state is ShareState.PAID
    still = rules.open_units(units=units, paid=paid, live=live, closed_as=closed)
    assert still == (0 if closed else units - paid - live)
    assert rules.request_state([state]) is (
        MoneyRequestState.OPEN
        if state not in rules.TERMINAL
        else MoneyRequestState.PAID
        if state is ShareState.PAID
        else MoneyRequestState.CLOSED
    )
