"""What speaks against a node, and when it is forgiven: the thinking alone."""

import msgspec
import pytest

from talktalk.ledger.health import (
    BEHIND_LEDGERS_MAX,
    DISTRUST_S_MAX,
    DISTRUST_S_MIN,
    FAILURES_MAX,
    FORGIVEN_AFTER_LEDGERS,
    HEDGE_S_MAX,
    HEDGE_S_MIN,
    STALE_AFTER_S,
    Facts,
    Latency,
    Observed,
    Reason,
    Trust,
    judge,
)

WELL = Observed(
    connected=True,
    facts=Facts(build_version="3.4.1", network_id=7),
    distrust=None,
    failures=0,
    ledger_index=100,
    silent_s=1.0,
)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"facts": Facts(network_id=8)}, Reason.OTHER_NETWORK),
        ({"facts": Facts(network_id=None)}, None),
        ({"facts": Facts(network_id=7, amendment_blocked=True)}, Reason.BLOCKED),
        ({"distrust": Reason.LYING}, Reason.LYING),
        ({"distrust": Reason.FORKED, "connected": False}, Reason.FORKED),
        ({"connected": False}, Reason.UNREACHABLE),
        ({"failures": FAILURES_MAX - 1}, None),
        ({"failures": FAILURES_MAX}, Reason.FAILING),
        ({"silent_s": STALE_AFTER_S}, Reason.STALLED),
        ({"ledger_index": None}, Reason.STALLED),
        ({"ledger_index": 100 - BEHIND_LEDGERS_MAX}, None),
        ({"ledger_index": 99 - BEHIND_LEDGERS_MAX}, Reason.BEHIND),
    ],
)
def test_gravest_reason_counts(changes: dict[str, object], reason: Reason | None) -> None:
    node = msgspec.structs.replace(WELL, **changes)
    assert judge(node, newest=100, network_id=7) is reason


def test_without_knowing_the_network_no_id_is_wrong() -> None:
    assert judge(WELL, newest=None, network_id=None) is None


def test_distrust_lapses_and_lasts_longer_each_time_it_is_earned_again() -> None:
    trust, now = Trust(), 0.0
    assert trust.reason(now) is None
    lasted = []
    for _ in range(8):
        trust.lose(Reason.LYING, now)
        began = now
        while trust.reason(now) is not None:
            now += 1.0
        lasted.append(now - began)
    assert lasted[:3] == [DISTRUST_S_MIN, 2 * DISTRUST_S_MIN, 4 * DISTRUST_S_MIN]
    assert lasted[-1] == DISTRUST_S_MAX
    for _ in range(FORGIVEN_AFTER_LEDGERS):
        trust.agree()
    trust.lose(Reason.FORKED, now)
    assert trust.reason(now + DISTRUST_S_MIN - 1) is Reason.FORKED
    assert trust.reason(now + DISTRUST_S_MIN) is None


def test_caught_while_set_aside_it_stays_so_and_no_longer_than_that() -> None:
    trust = Trust()
    for second in range(5):
        trust.lose(Reason.FORKED, float(second))
    assert trust.reason(4 + DISTRUST_S_MIN - 1) is Reason.FORKED
    assert trust.reason(4 + DISTRUST_S_MIN) is None


def test_patience_follows_what_answers_take_within_bounds() -> None:
    quick, slow = Latency(), Latency()
    for _ in range(100):
        quick.note(0.001)
        slow.note(30.0)
    assert quick.hedge_after_s == HEDGE_S_MIN
    assert slow.hedge_after_s == HEDGE_S_MAX
    assert quick.mean_s < slow.mean_s
    steady = Latency()
    for _ in range(100):
        steady.note(0.5)
    assert 0.5 < steady.hedge_after_s < 0.6
    steady.note(1.5)
    assert steady.hedge_after_s > 1.0
