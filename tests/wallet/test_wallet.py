"""The wallet over real parts: made, funded, live, reconciled."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.fixtures_app import RunningApp
from tests.transfers.world import World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]


async def test_newcomer_gets_a_funded_wallet(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina", ready=False, pin=False)
        first = await mina.get("/wallet")
        assert first["trust"] == "trusted"
        assert (first["has_pin"], first["has_recovery_code"], first["custody"]) == (False, False, "sealed")
        wallet = await mina.ready()
        assert wallet["public_key"].startswith("ED")
        (held,) = wallet["balances"]
        assert held["balance"] == {"value": "1000", "asset": "XRP"}
        assert held["spendable"]["value"] == "999"
        assert (wallet["reserve_base_drops"], wallet["reserve_increment_drops"]) == (1_000_000, 200_000)
        await world.processed()
        (entry,) = (await mina.get("/wallet/activity"))["items"]
        assert (entry["incoming"], entry["amount"]["value"], entry["state"]) == (True, "1000", "settled")
        # Looking again makes nothing again.
        assert (await mina.get("/wallet"))["address"] == wallet["address"]


async def test_wallet_is_made_for_people_who_came_before_there_were_wallets(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina", ready=False, pin=False)
        async with world.rows() as db:
            await db.execute(text("DELETE FROM wallet_devices"))
            await db.execute(text("DELETE FROM wallets"))
        wallet = await mina.ready()
        assert wallet["trust"] == "trusted"


async def test_income_from_anywhere_appears_once(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina", pin=False)
        stranger = await world.outsider(drops=100_000_000)
        payment = {"TransactionType": "Payment", "Destination": mina.address, "Amount": "2500000"}
        assert await stranger.submit(payment, DestinationTag=7) == "tesSUCCESS"
        check = {"TransactionType": "CheckCreate", "Destination": mina.address, "SendMax": "9000000"}
        assert await stranger.submit(check) == "tesSUCCESS"
        escrow = {"TransactionType": "EscrowCreate", "Destination": mina.address, "Amount": "3000000"}
        now = (await world.net.request("ledger", ledger_index="validated"))["ledger"]["close_time"]
        assert await stranger.submit(escrow, FinishAfter=now + 3, CancelAfter=now + 3600) == "tesSUCCESS"
        sequence = await stranger.sequence() - 1
        finish = {"TransactionType": "EscrowFinish", "Owner": stranger.address, "OfferSequence": sequence}
        async with asyncio.timeout(30):
            while await stranger.submit(finish) != "tesSUCCESS":
                pass
        await world.processed()
        items = (await mina.get("/wallet/activity"))["items"]
        assert [(item["incoming"], item["amount"]["value"]) for item in items] == [
            (True, "3"),
            (True, "2.5"),
            (True, "1000"),
        ]
        assert (items[1]["destination_tag"], items[1]["counterparty"]) == (7, None)
        assert {item["address"] for item in items[:2]} == {stranger.address}
        (held,) = (await mina.get("/wallet"))["balances"]
        assert held["balance"]["value"] == "1005.5"
        # A worker that starts again reads no ledger twice.
        await world.stop_worker()
        world.start_worker()
        await stranger.submit(payment)
        await world.processed()
        items = (await mina.get("/wallet/activity"))["items"]
        assert [item["amount"]["value"] for item in items] == ["2.5", "3", "2.5", "1000"]


async def test_failed_payments_of_others_credit_nothing(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina", pin=False)
        poor = await world.outsider(drops=2_000_000)
        pay = {"TransactionType": "Payment", "Destination": mina.address, "Amount": "50000000"}
        assert await poor.submit(pay) == "tecUNFUNDED_PAYMENT"
        await world.processed()
        assert len((await mina.get("/wallet/activity"))["items"]) == 1


async def test_activity_pages_and_refuses_strange_cursors(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina", pin=False)
        stranger = await world.outsider(drops=100_000_000)
        for drops in range(1, 6):
            payment = {"TransactionType": "Payment", "Destination": mina.address, "Amount": str(drops)}
            await stranger.submit(payment)
        await world.processed()
        got, cursor = [], ""
        while True:
            page = await mina.get(f"/wallet/activity?limit=2{cursor}")
            got += [item["amount"]["value"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert got == ["0.000005", "0.000004", "0.000003", "0.000002", "0.000001", "1000"]
        for bad in ("AAAA", "!!", "x" * 30):
            answer = await mina.client.get("/api/v1/wallet/activity", params={"cursor": bad})
            assert (answer.status_code, answer.json()["code"]) == (400, "cursor_malformed")


async def test_sponsor_funds_within_its_limit(running_apps: Apps, tmp_path: Path) -> None:
    """Without a faucet the operator's account pays the base reserve, once each, up to the day's limit."""
    async with World(running_apps, tmp_path, faucet_url=None, sponsor_daily_limit=2) as world:
        async with asyncio.timeout(30):
            while True:
                async with world.rows() as db:
                    found = await db.execute(
                        text("SELECT address FROM sealed_keys WHERE owner = 'operator:sponsor'")
                    )
                    sponsor = found.scalar_one_or_none()
                if sponsor is not None:
                    break
                await asyncio.sleep(0.05)
        await world.validated(await world.net.fund(sponsor, drops=50_000_000))
        await world.processed()
        people = [await world.person(pin=False) for _ in range(2)]
        for person in people:
            assert (await person.get("/wallet"))["balances"][0]["balance"]["value"] == "1.1"
        third = await world.person("Third", ready=False, pin=False)
        async with asyncio.timeout(30):
            while True:
                wallet = await third.get("/wallet")
                if wallet["state"] == "unfunded":
                    break
                await asyncio.sleep(0.05)
        # Receiving the base reserve from anyone makes it an account.
        await world.validated(await world.net.fund(wallet["address"], drops=1_000_000))
        assert (await third.ready())["state"] == "ready"
        fees = 2 * 10
        assert await world.balance_drops(sponsor) == 50_000_000 - 2 * 1_100_000 - fees
