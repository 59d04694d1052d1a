"""How patient the SDK is: every bound it keeps, in one place, and the jittered back-off between tries."""

import random

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds; the defaults suit a program with a person waiting."""

    request_timeout_s: float = 10.0
    """One HTTP request or one frame waits this long for its answer."""
    tries_max: int = 6
    """Attempts of one call, the first included."""
    retry_first_s: float = 0.2
    retry_last_s: float = 5.0
    """First and longest pause between two attempts; each is shortened at random by up to half."""
    patience_s: float = 10.0
    """A server that asks to come back later than this is not waited for."""
    reconnect_first_s: float = 0.2
    reconnect_last_s: float = 15.0
    """First and longest pause before the socket is opened again."""
    silence_beats_max: int = 3
    """Heartbeats without any frame after which the socket counts as dead."""
    inbox_frames_max: int = 10_000
    """Frames an event stream holds for a slow reader; what falls off is fetched again later."""
    decision_timeout_s: float = 30.0
    """How long `pay` waits for the worker to judge an approval."""
    poll_first_s: float = 0.2
    poll_last_s: float = 3.0
    """Pauses between two looks at something that has not ended."""


class Backoff:
    """Pauses that double from `first_s` to `last_s`, each shortened at random by up to half."""

    def __init__(self, first_s: float, last_s: float) -> None:
        self._first_s = first_s
        self._last_s = last_s
        self._next_s = first_s

    def pause_s(self) -> float:
        """How long to wait now."""
        pause_s = self._next_s
        self._next_s = min(self._next_s * 2, self._last_s)
        return pause_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing

    def reset(self) -> None:
        """Begin anew after a success."""
        self._next_s = self._first_s
