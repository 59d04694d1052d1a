"""Bulk transfers from end to end: each mode, each way, what fails in the middle."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.fixtures_app import RunningApp
from tests.transfers import ordering
from tests.transfers.ordering import NO_BATCH, bulk_ask, states
from tests.transfers.world import World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]


async def test_independent_pays_everybody_on_tickets(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, amendments=NO_BATCH) as world:
        mina, jun, sora = await world.person("Mina"), await world.person("Jun"), await world.person("Sora")
        stranger = await world.outsider(drops=20_000_000)
        ask = bulk_ask("independent", [(jun, "1"), (sora, "2.5"), (stranger, "0.000001")], note="lunch")
        dry = await ordering.check(mina, ask)
        assert (dry["way"], dry["total"]["value"], dry["transactions"]) == ("tickets", "3.500001", 4)
        assert dry["reserve"]["value"] == "0.6"
        order = await ordering.draft(mina, ask)
        assert order["draft"]["approval_hash"] == ordering.approval_hash(order)
        done = await ordering.until(mina, await ordering.approve(mina, order))
        assert (done["state"], states(done)) == ("done", ["paid"] * 3), done
        fee = sum(step["fee_drops"] for step in done["steps"])
        assert fee == order["fee_drops"]
        assert await mina.balance_drops() == 1_000_000_000 - 3_500_001 - fee
        assert await jun.balance_drops() == 1_001_000_000
        (received,) = (await jun.get("/wallet/activity"))["items"][:1]
        assert (received["note"], received["counterparty"]["id"]) == ("lunch", str(mina.id))


async def test_independent_goes_on_where_one_fails(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, amendments=NO_BATCH) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        stranger = await world.outsider(drops=20_000_000)
        order = await ordering.draft(mina, bulk_ask("independent", [(stranger, "1"), (jun, "1")]))
        # Between drawing up and sending, the stranger starts to demand a tag.
        assert await stranger.submit({"TransactionType": "AccountSet", "SetFlag": 1}) == "tesSUCCESS"
        done = await ordering.until(mina, await ordering.approve(mina, order))
        assert (done["state"], states(done)) == ("partly", ["failed", "paid"])
        assert done["items"][0]["failure_code"] == "tecDST_TAG_NEEDED"


async def test_until_failure_stops_and_the_rest_was_never_sent(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, amendments=NO_BATCH) as world:
        mina, jun, sora = await world.person("Mina"), await world.person("Jun"), await world.person("Sora")
        stranger = await world.outsider(drops=20_000_000)
        ask = bulk_ask("until_failure", [(jun, "1"), (stranger, "1"), (sora, "1"), (stranger.address, "2")])
        refused = await ordering.draft(mina, ask, 422)
        assert refused["code"] == "recipient_duplicate"
        ask = bulk_ask("until_failure", [(jun, "1"), (stranger, "1"), (sora, "1")])
        order = await ordering.draft(mina, ask)
        assert await stranger.submit({"TransactionType": "AccountSet", "SetFlag": 1}) == "tesSUCCESS"
        done = await ordering.until(mina, await ordering.approve(mina, order))
        assert (done["state"], states(done)) == ("partly", ["paid", "failed", "skipped"])
        assert [step["state"] for step in done["steps"]] == ["settled", "settled", "failed", "withdrawn"]
        assert await sora.balance_drops() == 1_000_000_000
        async with world.rows() as db:
            found = await db.execute(
                text("SELECT attempts FROM outgoing_transactions WHERE state = 'withdrawn'")
            )
            assert list(found.scalars()) == [0]
        # The ticket it did not use serves the next order, which needs two more for three payments.
        again = await ordering.draft(mina, bulk_ask("independent", [(jun, "1"), (sora, "1")]))
        assert [step["role"] for step in again["draft"]["steps"]].count("payment") == 2
        done = await ordering.until(mina, await ordering.approve(mina, again))
        assert done["state"] == "done"
        assert done["steps"][0]["role"] == "payment"


@pytest.mark.parametrize(
    ("mode", "after", "end"),
    [
        ("all_or_nothing", ["failed", "failed", "failed"], "failed"),
        ("until_failure", ["paid", "failed", "skipped"], "partly"),
        ("independent", ["paid", "failed", "paid"], "partly"),
    ],
)
async def test_batch_is_read_from_its_inner_transactions(
    running_apps: Apps, tmp_path: Path, mode: str, after: list[str], end: str
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun, sora = await world.person("Mina"), await world.person("Jun"), await world.person("Sora")
        stranger = await world.outsider(drops=20_000_000)
        ask = bulk_ask(mode, [(jun, "1"), (stranger, "1"), (sora, "1")])
        done = await ordering.until(mina, await ordering.approve(mina, await ordering.draft(mina, ask)))
        assert (done["way"], done["state"], states(done)) == ("batch", "done", ["paid"] * 3), done
        assert await sora.balance_drops() == 1_001_000_000

        order = await ordering.draft(mina, ask)
        assert await stranger.submit({"TransactionType": "AccountSet", "SetFlag": 1}) == "tesSUCCESS"
        done = await ordering.until(mina, await ordering.approve(mina, order))
        # The Batch itself settled: that says nothing of what it carried.
        assert [step["state"] for step in done["steps"]] == ["settled"]
        assert (done["state"], states(done)) == (end, after)
        paid = states(done).count("paid")
        fees = 2 * order["fee_drops"]
        assert await mina.balance_drops() == 1_000_000_000 - (3 + paid) * 1_000_000 - fees
        # The number after it is the ledger's, whatever the Batch used up.
        single = await mina.until(await mina.pay(jun, "1"))
        assert single["state"] == "settled"
