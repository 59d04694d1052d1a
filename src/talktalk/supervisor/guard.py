"""Nothing outlives the supervisor, not even when it is killed without a word.

Two means, because each covers what the other cannot:

- On Linux every child asks the kernel for a signal when its parent dies (`PR_SET_PDEATHSIG`).
- Everywhere, a guard process holds the reading end of a pipe whose writing end only the supervisor
  has. The supervisor writes `+PGID SIGNAL` when a child starts and `-PGID` when it has gone. End of
  file means that the supervisor is dead: the guard then sends each remaining group its signal and,
  after `GRACE_S`, SIGKILL.

The guard inherits the lock of the data folder, so that a new start waits until the old processes
are gone. It runs as `python guard.py` without site-packages: it imports the standard library only
and costs about 8 MB.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable

GRACE_S = 3.0
"""How long groups may take to stop after their signal, before SIGKILL."""

_POLL_S = 0.02
_PR_SET_PDEATHSIG = 1


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """Make a `preexec_fn` that has the kernel send `death_signal` to the child when its parent
    dies.

    The parent is the thread that spawns, so spawn from the main thread. Returns None where the
    kernel cannot.
    """
    if not sys.platform.startswith("linux"):
        return None
    # Looked up here, before the fork: in the child only the call itself is left to do.
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_kernel


def process_exists(pid: int) -> bool:
    """Say whether a process is there, a zombie that nobody collected included.

    A negative number asks for the process group of that number, as `kill` does.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group; one that is gone, or not ours any more, is left alone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _stop_groups(groups: dict[int, int], grace_s: float) -> None:
    for group, number in groups.items():
        signal_group(group, number)
    deadline = time.monotonic() + grace_s
    while any(process_exists(-group) for group in groups) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    for group in groups:
        signal_group(group, signal.SIGKILL)


def watch(reader: int, grace_s: float = GRACE_S) -> None:
    """Follow the supervisor's notes on `reader` until end of file, then stop what is noted."""
    groups: dict[int, int] = {}
    with os.fdopen(reader, "r", encoding="ascii") as notes:
        for note in notes:
            if not note.endswith("\n"):
                break  # cut off in mid-write: the supervisor died writing it
            words = note[1:].split()
            if note.startswith("+"):
                groups[int(words[0])] = int(words[1])
            else:
                groups.pop(int(words[0]), None)
    _stop_groups(groups, grace_s)


def main() -> None:
    """Run the guard on the file descriptor named by the first argument."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watch(int(sys.argv[1]))


if __name__ == "__main__":
    main()
