"""Helpers that tests of processes share."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 20.0
"""How long a test waits for what must happen; generous, because the machine may be busy."""


def wait_until(happened: Callable[[], object], what: str) -> None:
    """Wait for something that another process does, and fail with `what` if it does not."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, f"this did not happen: {what}"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self").exists():
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    return state not in "ZX"


def kill(pid: int) -> None:
    """Kill a process without a word."""
    os.kill(pid, signal.SIGKILL)
