"""How much goes wrong, by name. Chances are per event; times are virtual seconds."""

from typing import Final

import msgspec


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The faults of one run."""

    name: str
    loss: float = 0.0
    """A message between us and a node, or between a device and web, is lost."""
    repeat: float = 0.0
    """It comes twice."""
    cut: float = 0.0
    """The connection to a node breaks at a message."""
    delay_s: float = 0.05
    """Longest usual way of a message; reordering comes of it."""
    late: float = 0.0
    """It takes up to eight seconds instead."""
    pause: float = 0.3
    """A statement takes time, so that others come in between."""
    database_cut: float = 0.0
    """The connection to the database breaks at a statement."""
    commit_lost: float = 0.0
    """It breaks at a commit: half of them were made, half were not."""
    crash: float = 0.0
    """A process dies at a commit, before or after it is durable."""
    fuses: int = 0
    """So many processes die at a step of their event loop that the seed chooses."""
    node_faults: frozenset[str] = frozenset()
    """Of `forgets`, `refuses`, `lies`, `prunes`, `lags`: what one node of three does."""
    withheld: float = 0.0
    """A submission never reaches any ledger."""
    chaos_s: float = 15.0
    """Afterwards nothing fails any more."""


_NODES: Final = frozenset({"forgets", "refuses", "lies", "prunes", "lags"})

PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile(name="calm"),
        Profile(name="lossy", loss=0.08, repeat=0.05, cut=0.01, late=0.03, database_cut=0.001, withheld=0.05),
        Profile(name="crashy", crash=0.02, fuses=6, database_cut=0.002, commit_lost=0.02),
        Profile(name="nodes", loss=0.02, late=0.05, node_faults=_NODES, withheld=0.1),
        Profile(
            name="stormy",
            loss=0.05,
            repeat=0.03,
            cut=0.01,
            late=0.03,
            database_cut=0.002,
            commit_lost=0.015,
            crash=0.01,
            fuses=4,
            node_faults=_NODES,
            withheld=0.1,
        ),
    )
}
MIXED: Final = "mixed"
"""Every profile in turn, by the seed."""


def of(name: str, seed: int) -> Profile:
    """The profile of a name; of `mixed` the one whose turn it is."""
    if name != MIXED:
        return PROFILES[name]
    return list(PROFILES.values())[seed % len(PROFILES)]
