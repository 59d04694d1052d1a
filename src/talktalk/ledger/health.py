"""How well a node is, from what it did and said: pure thinking, the time handed in.

A node is used while nothing speaks against it. What speaks against it is a `Reason`: of the soft ones
(`SOFT`) the node is asked when no better one answers; a node set aside for any other is not asked at all.
It comes back by itself once the reason is gone; distrust lapses, later each time it is earned again, and
is forgotten after a run of ledgers in which the node told what the others told.
"""

import enum

import msgspec

STALE_AFTER_S = 30.0
"""A node that has validated nothing for so long is asked last."""
BEHIND_LEDGERS_MAX = 5
FAILURES_MAX = 3
"""Requests in a row that were not answered."""
DISTRUST_S_MIN = 10.0
DISTRUST_S_MAX = 600.0
FORGIVEN_AFTER_LEDGERS = 50
LATENCY_FIRST_S = 0.1
HEDGE_S_MIN = 0.02
HEDGE_S_MAX = 2.0


class Reason(enum.StrEnum):
    """Why a node is not asked first, or not at all."""

    UNREACHABLE = "unreachable"
    """No connection."""
    OTHER_NETWORK = "other_network"
    """Its network id is not the one we are on."""
    BLOCKED = "amendment_blocked"
    """Too old a version to follow the ledger's rules."""
    FORKED = "forked"
    """It names another hash for a ledger that enough nodes agree on, or that we have processed."""
    LYING = "lying"
    """What it gave does not hash to what it is said to be."""
    STALLED = "stalled"
    """No new ledger for `STALE_AFTER_S`."""
    BEHIND = "behind"
    """More than `BEHIND_LEDGERS_MAX` ledgers behind."""
    FAILING = "failing"
    """It lets requests run out of time."""


SOFT = frozenset({Reason.STALLED, Reason.BEHIND, Reason.FAILING})
FALSE = frozenset({Reason.OTHER_NETWORK, Reason.FORKED, Reason.LYING})
"""What such a node says of its newest ledger counts for nothing."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself (`server_info`)."""

    build_version: str = ""
    network_id: int | None = None
    amendment_blocked: bool = False
    server_state: str = ""


class Latency:
    """The usual time of an answer and its spread, as TCP estimates a round trip.

    Source: RFC 6298, section 2.
    """

    def __init__(self) -> None:
        self.mean_s = LATENCY_FIRST_S
        self._spread_s = LATENCY_FIRST_S / 2

    def note(self, took_s: float) -> None:
        """An answer came after so long; or none had, when nobody waited for it any more."""
        self._spread_s += 0.25 * (abs(took_s - self.mean_s) - self._spread_s)
        self.mean_s += 0.125 * (took_s - self.mean_s)

    @property
    def hedge_after_s(self) -> float:
        """Who has not answered by then is late: ask another as well."""
        return min(HEDGE_S_MAX, max(HEDGE_S_MIN, self.mean_s + 4 * self._spread_s))


class Trust:
    """Whether a node's word is taken."""

    def __init__(self) -> None:
        self._reason = Reason.LYING
        self._until = 0.0
        self._penalty_s = DISTRUST_S_MIN
        self._next_penalty_s = DISTRUST_S_MIN
        self._agreed = 0

    def lose(self, reason: Reason, now: float) -> None:
        """It was caught; while still set aside the time only begins anew."""
        if self.reason(now) is None:
            self._penalty_s = self._next_penalty_s
            self._next_penalty_s = min(self._next_penalty_s * 2, DISTRUST_S_MAX)
        self._reason = reason
        self._until = now + self._penalty_s
        self._agreed = 0

    def agree(self) -> None:
        """It named the hash that enough others name."""
        self._agreed += 1
        if self._agreed >= FORGIVEN_AFTER_LEDGERS:
            self._next_penalty_s = DISTRUST_S_MIN

    def reason(self, now: float) -> Reason | None:
        """Why it is not trusted now; None if it is."""
        return self._reason if now < self._until else None


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `judge` goes by."""

    connected: bool
    facts: Facts
    distrust: Reason | None
    failures: int
    ledger_index: int | None
    silent_s: float
    """Since it told of its newest ledger."""


def judge(node: Observed, *, newest: int | None, network_id: int | None) -> Reason | None:
    """What speaks against a node, the gravest first; None if nothing does.

    Args:
        node: What was observed.
        newest: The newest ledger that enough nodes have.
        network_id: The network we are on; None if not known yet.
    """
    theirs = node.facts.network_id
    if theirs is not None and network_id is not None and theirs != network_id:
        return Reason.OTHER_NETWORK
    if node.distrust is not None:
        return node.distrust
    if not node.connected:
        return Reason.UNREACHABLE
    if node.facts.amendment_blocked:
        return Reason.BLOCKED
    if node.failures >= FAILURES_MAX:
        return Reason.FAILING
    if node.ledger_index is None or node.silent_s >= STALE_AFTER_S:
        return Reason.STALLED
    if newest is not None and newest - node.ledger_index > BEHIND_LEDGERS_MAX:
        return Reason.BEHIND
    return None
