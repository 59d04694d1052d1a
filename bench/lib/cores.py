"""Which core does what, and how much CPU time processes have used.

The server (web and database) gets one core, the load generator another, so that neither is measured
through the other.
"""

import os
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[set[int], set[int]]:
    """The server's core and the clients' core; the same one on a machine that has no second."""
    available = sorted(os.sched_getaffinity(0))
    return {available[0]}, {available[1 % len(available)]}


@contextmanager
def pinned(cpus: set[int]):  # type: ignore[no-untyped-def]  # a context manager's own type says less
    """What is started in the block runs on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds that these processes, their children and the children's ended ones have used."""
    return sum(_ticks(pid) for pid in _families(set(pids))) / _TICKS


def memory_kb(pid: int) -> int:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def _families(pids: set[int]) -> set[int]:
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            parents[int(folder.name)] = int(fields[1])
    found = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _ticks(pid: int) -> int:
    fields = _stat(pid)
    if not fields:
        return 0
    own, ended = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
    return own + ended


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
