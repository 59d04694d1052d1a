"""The gateway's bounds, all in one place; the numbers stand in `docs/subsystems/realtime.md`."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one socket may ask for. Times are seconds."""

    frames_per_s: float = 300.0
    """Sustained rate of a socket's frames."""
    frames_burst: int = 1_000
    """Frames taken at once before the rate holds."""
    errors_max: int = 100
    """Errors answered (malformed frames, frames over the rate) before the socket is closed; one is
    forgiven each second."""
    waiting_bytes_max: int = 2 * 1024 * 1024
    """Bytes a peer may leave unread before it is cut off; it comes back and resumes."""
    tasks_max: int = 16
    """Fetches of one socket at a time."""
    sends_max: int = 512
    """Messages of one socket on their way to the disk."""
    hello_within_s: float = 10.0
    ping_after_s: float = 45.0
    """Silence after which the peer is asked whether it lives (pages in the background beat once a
    minute, so a missing beat means little)."""
    silent_s: float = 90.0
    """Silence after which the socket is closed."""
    sockets_per_user: int = 20
    """The oldest is closed for a new one."""
    replay_room: int = 200
    """Events of one room replayed after `hello`; more is `stale`."""
    replay_user: int = 500
    """Events of the user's own sequence replayed after `hello`."""
    replay_total: int = 2_000
    """Events of all rooms together replayed after `hello`."""
    sweep_s: float = 5.0
    """How often heads are compared with the database, so that a lost wake-up is made good."""


class Bucket:
    """A token bucket: `burst` at once, `rate` a second."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, now: float) -> bool:
        """Whether one more is allowed."""
        tokens = self._tokens
        if now > self._at:
            tokens += (now - self._at) * self._rate
            tokens = min(tokens, self._burst)
            self._at = now
        if tokens < 1.0:
            self._tokens = tokens
            return False
        self._tokens = tokens - 1.0
        return True
