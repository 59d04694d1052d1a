"""Paying, from end to end over real parts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

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


async def test_events_lead_where_asking_leads(running_apps: Apps, tmp_path: Path) -> None:
    """The newest event of each kind is what a device gets when it asks afresh."""
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        settled = await mina.until(await mina.pay(jun, "5"))
        await world.processed()
        told = {}
        async with world.rows() as db:
            found = await db.execute(
                text(
                    "SELECT user_id, kind, data FROM feed_events WHERE kind <> 'profile.changed' ORDER BY seq"
                )
            )
            for user_id, kind, data in found:
                told[user_id, kind] = data
        assert told[mina.id, "transfer.turned"]["transfer"] == await mina.get(f"/transfers/{settled['id']}")
        assert (jun.id, "transfer.turned") not in told
        for person in (mina, jun):
            newest = (await person.get("/wallet/activity"))["items"][0]
            assert told[person.id, "wallet.activity"]["entry"] == newest
            wallet, event = await person.get("/wallet"), told[person.id, "wallet.changed"]["wallet"]
            # The wallet is of the newest ledger; the event of the last one that changed it.
            assert wallet.pop("ledger_index") >= event.pop("ledger_index") >= settled["ledger_index"]
            assert event == wallet


async def test_draft_nobody_approves_ends(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        draft = await mina.draft(jun, "5")
        async with world.rows() as db:
            await db.execute(text("UPDATE transfers SET created_at = created_at - interval '16 minutes'"))
        ended = await mina.until(draft)
        assert (ended["state"], ended["failure"]["code"]) == ("expired", "draft_expired")
        assert (await mina.approve(draft, status=409))["code"] == "not_drafted"
        assert await mina.balance_drops() == 1_000_000_000
