"""With today's amendments on, the recordings come out otherwise exactly where `amendments.toml` says."""

import pytest

from tests.xrpl_devnet.amendment_changes import listed, new_amendments, places, scenarios


@pytest.mark.parametrize("name", scenarios())
async def test_todays_amendments_change_what_is_listed(name: str) -> None:
    changed = await places(name, new_amendments())
    assert len(changed) == listed().get(name, {}).get("together", 0), sorted(changed)[:20]


def test_every_change_is_explained_by_an_amendment() -> None:
    unexplained = [name for name, changes in listed().items() if set(changes) == {"together"}]
    assert unexplained == []
