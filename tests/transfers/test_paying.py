"""Paying, from end to end over real parts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures_app import RunningApp
from tests.transfers.world import World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]


async def test_payment_between_friends_settles(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        before = await mina.balance_drops(), await jun.balance_drops()
        transfer = await mina.pay(jun, "5.25", note="lunch")
        assert transfer["state"] == "signing"
        settled = await mina.until(transfer)
        assert settled["state"] == "settled"
        assert settled["tx_hash"]
        after = await mina.balance_drops(), await jun.balance_drops()
        assert after == (before[0] - 5_250_000 - settled["fee_drops"], before[1] + 5_250_000)
