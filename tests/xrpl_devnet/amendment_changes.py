"""What today's amendments changed of the recordings, by amendment: `tests/vectors/amendments.toml`.

`python -m tests.xrpl_devnet.amendment_changes` replays every recording with all of today's amendments on, then the ones
that came out otherwise with each amendment alone, and writes the file. `test_amendments.py` keeps it true.
"""

import asyncio
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Final

from tests.xrpl_devnet.replay import VECTORS, Differences, Replay, recorded_settings
from xrpl_devnet import amendments

FILE: Final = VECTORS / "amendments.toml"
_SOURCE: Final = Path(amendments.__file__).parent
_ASKED: Final = re.compile(r'enabled\(\s*"(\w+)"|AMENDMENTS[^=]*=\s*\(([^)]*)\)')


def new_amendments() -> frozenset[str]:
    """Those of today that the recorded node did not have."""
    return amendments.parse("all").names - recorded_settings().rules.names


def asked_for() -> frozenset[str]:
    """Those that the code asks about; others can change nothing here."""
    found: set[str] = set()
    for path in _SOURCE.rglob("*.py"):
        for one, many in _ASKED.findall(path.read_text()):
            found |= {one} | set(re.findall(r"\w+", many))
    return new_amendments() & found


def scenarios() -> list[str]:
    """All recordings."""
    return sorted(path.stem for path in VECTORS.glob("*.json") if path.stem != "node")


async def places(name: str, more: frozenset[str]) -> set[str]:
    """Where a recording comes out otherwise with more amendments on."""
    recording = json.loads((VECTORS / f"{name}.json").read_text())
    replay = Replay(name, recording, Differences.load(), more_amendments=more)
    await replay.run()
    return {problem.split(": ", 1)[0] for problem in replay.problems}


def listed() -> dict[str, dict[str, int]]:
    """Scenario → amendment → how many places it changes alone; `together` for all of them at once."""
    data: dict[str, dict[str, int]] = tomllib.loads(FILE.read_text())
    return data


async def _write() -> None:
    lines = [
        "# How many places of each recording come out otherwise with today's amendments: `together` with all of",
        "# them, and with each alone. Made by `python -m tests.xrpl_devnet.amendment_changes`.",
    ]
    for name in scenarios():
        together = await places(name, new_amendments())
        if not together:
            continue
        lines += ["", f'["{name}"]', f"together = {len(together)}"]
        for amendment in sorted(asked_for()):
            alone = await places(name, frozenset({amendment}))
            if alone:
                lines.append(f"{amendment} = {len(alone)}")
        sys.stdout.write("\n".join(lines[-4:]) + "\n")
        sys.stdout.flush()
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    asyncio.run(_write())
