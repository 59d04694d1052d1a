"""Recordings of a real node, replayed: everything they can fix must come out equal.

`NOT_YET` names the scenarios whose features do not exist yet. The list is strict: a scenario on it
that replays equal fails the test, so that adding a feature means deleting its line.
"""

import json
from typing import Final

import pytest

from tests.xrpl_devnet.replay import VECTORS, Differences, Replay

NOT_YET: Final[dict[str, str]] = {
    "paychan.claim": "account_channels, channel_authorize, channel_verify",
}

SCENARIOS: Final = sorted(path.stem for path in VECTORS.glob("*.json") if path.stem != "node")


@pytest.mark.parametrize("name", SCENARIOS)
async def test_recording_replays_equal(name: str) -> None:
    recording = json.loads((VECTORS / f"{name}.json").read_text())
    replay = Replay(name, recording, Differences.load())
    await replay.run()
    if name in NOT_YET:
        assert replay.problems, f"{name} replays equal now: delete its line in NOT_YET"
    else:
        assert not replay.problems, "\n".join(replay.problems[:40])


def test_every_name_in_not_yet_is_a_recording() -> None:
    assert set(NOT_YET) <= set(SCENARIOS)
