"""Recordings of a real node, replayed: everything they can fix must come out equal."""

import json
from typing import Final

import pytest

from tests.xrpl_devnet.replay import VECTORS, Differences, Replay

SCENARIOS: Final = sorted(path.stem for path in VECTORS.glob("*.json") if path.stem != "node")


@pytest.mark.parametrize("name", SCENARIOS)
async def test_recording_replays_equal(name: str) -> None:
    recording = json.loads((VECTORS / f"{name}.json").read_text())
    replay = Replay(name, recording, Differences.load())
    await replay.run()
    assert not replay.problems, "\n".join(replay.problems[:40])
