"""The state machine as a table, and what stops or warns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from talktalk.ledger.schemas import Reserves
from talktalk.transfers import rules
from talktalk.transfers.errors import BelowReserve, DestinationBelowReserve, InsufficientBalance
from talktalk.transfers.rules import TERMINAL, TRANSITIONS, Cause, ImpossibleTransition, Payee, Purse
from talktalk_wire.transfers import TransferState

RESERVES = Reserves(base_drops=1_000_000, increment_drops=200_000)
LEDGER_SAYS = {
    TransferState.SETTLED: {Cause.FOUND_SUCCESS},
    TransferState.FAILED: {Cause.FOUND_FAILURE},
}


def test_terminal_states_turn_no_more() -> None:
    for state in TERMINAL:
        for cause in Cause:
            with pytest.raises(ImpossibleTransition):
                rules.turn(state, cause)


def test_only_a_validated_ledger_settles_or_fails() -> None:
    for (_, cause), following in TRANSITIONS.items():
        if following in LEDGER_SAYS:
            assert cause in LEDGER_SAYS[following]
    ways_to_expire = {key for key, following in TRANSITIONS.items() if following is TransferState.EXPIRED}
    assert ways_to_expire == {
        (TransferState.DRAFTED, Cause.LAPSED),
        (TransferState.SIGNED, Cause.WINDOW_PASSED),
        (TransferState.SUBMITTED, Cause.WINDOW_PASSED),
    }


def test_nothing_signed_can_be_cancelled_or_signed_again() -> None:
    for state in (TransferState.SIGNED, TransferState.SUBMITTED):
        causes = {cause for (known, cause) in TRANSITIONS if known is state}
        assert not causes & {Cause.CANCELLED, Cause.SIGNED, Cause.APPROVED, Cause.REFUSED, Cause.OUTDATED}


def test_every_state_but_the_first_is_reached_and_every_other_left() -> None:
    assert set(TRANSITIONS.values()) == set(TransferState)
    assert {state for state, _ in TRANSITIONS} == set(TransferState) - TERMINAL


class AnyHistory(RuleBasedStateMachine):
    """Any causes in any order: money moves at most once, and never before a signature."""

    def __init__(self) -> None:
        super().__init__()
        self.state = TransferState.DRAFTED
        self.signatures = 0
        self.moved = 0

    @rule(cause=st.sampled_from(list(Cause)))
    def happens(self, cause: Cause) -> None:
        if (self.state, cause) not in TRANSITIONS:
            with pytest.raises(ImpossibleTransition):
                rules.turn(self.state, cause)
            return
        self.state = rules.turn(self.state, cause)
        self.signatures += cause is Cause.SIGNED
        self.moved += cause is Cause.FOUND_SUCCESS

    @invariant()
    def at_most_once(self) -> None:
        assert self.signatures <= 1
        assert self.moved <= self.signatures
        assert (self.state is TransferState.SETTLED) == (self.moved == 1)


TestAnyHistory = AnyHistory.TestCase


@given(
    st.integers(min_value=0, max_value=10**12),
    st.integers(min_value=0, max_value=20),
    st.integers(min_value=0, max_value=10**11),
    st.integers(min_value=1, max_value=10**12),
    st.integers(min_value=10, max_value=20_000),
)
def test_what_passes_the_purse_the_ledger_would_pay(
    balance: int, owned: int, promised: int, amount: int, fee: int
) -> None:
    """The ledger's own rule: balance before the fee ≥ amount + max(reserve, fee)."""
    reserve = RESERVES.of(owned)
    purse = Purse(balance_drops=balance, spendable_drops=max(0, balance - reserve), promised_drops=promised)
    try:
        rules.check_purse(purse, amount, fee)
    except InsufficientBalance:
        assert amount + fee > balance - promised
    except BelowReserve:
        assert amount > balance - reserve - promised
        assert amount + fee <= balance - promised
    else:
        left = balance - promised
        assert left >= amount + max(reserve, fee)


def test_poor_account_may_be_helped_though_it_chooses_its_senders() -> None:
    choosy = Payee(exists=True, balance_drops=1_000_000, flags=0x01000000)
    assert rules.check_payee(choosy, 1_000_000, None, RESERVES) is False
    assert rules.check_payee(choosy, 1_000_001, None, RESERVES) is True
    nobody = Payee(exists=False, balance_drops=0, flags=0)
    assert rules.check_payee(nobody, 1_000_000, None, RESERVES) is False
    with pytest.raises(DestinationBelowReserve):
        rules.check_payee(nobody, 999_999, None, RESERVES)
