"""UUIDv7 (RFC 9562, section 5.7): time-ordered ids, so that indexes grow at one end.

Within one process ids never go backwards: a 12-bit counter breaks ties inside a millisecond
(method 1 of section 6.2), and a clock that steps back is waited out by keeping the last value.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

_lock = threading.Lock()
_last_ms = 0
_counter = 0
_time_ns: Callable[[], int] = time.time_ns
_random: Callable[[int], bytes] = os.urandom


@contextmanager
def made_from(time_ns: Callable[[], int], random: Callable[[int], bytes]) -> Iterator[None]:
    """Make ids from another clock and another chance while the block runs: for the simulation alone."""
    global _time_ns, _random, _last_ms, _counter
    before = _time_ns, _random, _last_ms, _counter
    _time_ns, _random, _last_ms, _counter = time_ns, random, 0, 0
    try:
        yield
    finally:
        _time_ns, _random, _last_ms, _counter = before


def uuid7() -> UUID:
    """A new id, greater than every id this process made before."""
    global _last_ms, _counter  # noqa: PLW0603 - the counter is the process's own
    random = int.from_bytes(_random(8), "big")
    with _lock:
        now_ms = _time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms = now_ms
            _counter = random >> 54  # 10 random bits leave room to count up
        else:
            _counter += 1
            if _counter > 0xFFF:
                _last_ms += 1
                _counter = 0
        stamp, count = _last_ms, _counter
    value = (
        (stamp & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | count << 64
        | 0b10 << 62
        | random & 0x3FFF_FFFF_FFFF_FFFF
    )
    return UUID(int=value)
