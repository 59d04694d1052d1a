"""`./talktalk simulate`: many seeds on all cores, the first that fails replayed with its trace.

Every seed runs in a child whose hashes are fixed, so that sets keep one order: a seed then does the same
on every machine with the same code.
"""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from rich.console import Console
from rich.progress import Progress

from talktalk.simulation.profiles import MIXED, PROFILES
from talktalk.simulation.run import Outcome, run_seed

_HASHES = "PYTHONHASHSEED"
_CHUNK = 10
_RANGE = re.compile(r"(\d+)(?:\.\.(\d+))?")


class SeedsMalformed(ValueError):
    """Seeds are `A..B`, both inclusive, or one number."""


def read_seeds(text: str) -> range:
    """The seeds a text names.

    Raises:
        SeedsMalformed: It names none.
    """
    found = _RANGE.fullmatch(text)
    if found is None:
        raise SeedsMalformed(f"{text!r} names no seeds; write 1..500")
    first = int(found[1])
    last = int(found[2]) if found[2] is not None else first
    if last < first:
        raise SeedsMalformed(f"{text!r} ends before it begins")
    return range(first, last + 1)


def profile_names() -> list[str]:
    """What `--profile` takes."""
    return [MIXED, *PROFILES]


def outcomes(seeds: range, profile: str, *, processes: int | None = None) -> Iterator[Outcome]:
    """Run seeds in children, in order; the caller may stop at any one."""
    with _children(processes or os.cpu_count() or 1) as children:
        yield from children.map(run_seed, seeds, [profile] * len(seeds), chunksize=_CHUNK)


def replay(seed: int, profile: str) -> Outcome:
    """Run one seed again, with its trace."""
    with _children(1) as children:
        return children.submit(run_seed, seed, profile, keeps_trace=True).result()


@contextmanager
def _children(processes: int) -> Iterator[ProcessPoolExecutor]:
    before = os.environ.get(_HASHES)
    os.environ[_HASHES] = "0"
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        if before is None:
            del os.environ[_HASHES]
        else:
            os.environ[_HASHES] = before


def simulate(seeds: range, profile: str) -> int:
    """Run seeds and tell how it goes; the exit code."""
    console = Console()
    counts = {"payments": 0, "settled": 0, "expired": 0, "kills": 0, "ledgers": 0}
    failed: Outcome | None = None
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"Seeds {seeds.start}..{seeds.stop - 1}", total=len(seeds))
        for outcome in outcomes(seeds, profile):
            progress.advance(task)
            for name in counts:
                counts[name] += getattr(outcome, name)
            if outcome.violation is not None:
                failed = outcome
                break
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    if failed is None:
        console.print(f"{len(seeds)} seeds held ({profile}): {told}.", highlight=False)
        return 0
    console.print(f"Seed {failed.seed} ({failed.profile}) fails: {failed.violation}", markup=False)
    for line in replay(failed.seed, failed.profile).trace:
        console.print(line, markup=False, highlight=False)
    console.print(
        f"Again: ./talktalk simulate --seeds {failed.seed} --profile {failed.profile}", highlight=False
    )
    return 1
