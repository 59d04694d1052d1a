"""Time: seconds of the ripple epoch, from the machine or from a test's hand."""

import time
from typing import Protocol

from xrpl_devnet.ledger.header import RIPPLE_EPOCH


class Clock(Protocol):
    """What tells the time."""

    def now_s(self) -> float:
        """Seconds since 2000-01-01T00:00:00Z."""


class SystemClock:
    """The machine's clock."""

    def now_s(self) -> float:
        """Seconds since 2000-01-01T00:00:00Z."""
        return time.time() - RIPPLE_EPOCH


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, start_s: float = 848_700_000.0) -> None:
        self._now_s = start_s

    def now_s(self) -> float:
        """Seconds since 2000-01-01T00:00:00Z."""
        return self._now_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds >= 0, "time does not run backwards"
        self._now_s += seconds

    def set(self, now_s: float) -> None:
        """Jump to a time."""
        self._now_s = now_s
