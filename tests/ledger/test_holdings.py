"""What people hold besides XRP is followed exactly, whatever comes twice, late, or was there before.

Every test ends by comparing all rows with the ledger's own entries.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from talktalk.ledger import holdings
from talktalk.ledger.census import Census
from talktalk.ledger.lines import Holding, HoldingFlag
from talktalk.ledger.stream import read_ledger
from talktalk.ledger.tables import AccountRow, HoldingRow
from tests.fixtures_app import RunningApp
from tests.ledger.issuer import Issuer, submit_as
from tests.transfers.world import WAIT_S, Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]


async def _held(world: World, person: Person) -> dict[str, Holding]:
    await world.processed()
    async with world.rows() as db:
        found = await holdings.read(db, world.settings.network_name, [person.address])
    return {holding.asset: holding for holding in found}


async def _unread(world: World, person: Person) -> bool:
    async with world.rows() as db:
        return person.address in await holdings.unread(db, world.settings.network_name, 10)


async def _census(world: World) -> Census:
    assert world.worker is not None
    return world.worker.census


async def _agrees(world: World, person: Person) -> None:
    await world.processed()
    assert await (await _census(world)).compare(person.address) == []


async def test_a_line_is_followed_from_first_to_last(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        usd = await Issuer.on(world)
        asset = str(usd.asset)
        trust = {"TransactionType": "TrustSet", "Flags": 0x00020000}
        assert await submit_as(world, mina, LimitAmount=usd.amount("500.5"), **trust) == "tesSUCCESS"
        line = (await _held(world, mina))[asset]
        assert (line.balance, line.limit, line.peer_limit) == ("0", "500.5", "0")
        assert line.has(HoldingFlag.NO_RIPPLE)
        assert line.has(HoldingFlag.RESERVED)
        assert not line.has(HoldingFlag.PEER_NO_RIPPLE)

        assert await usd.pay(mina.address, "12.00000000000003") == "tesSUCCESS"
        assert (await _held(world, mina))[asset].balance == "12.00000000000003"
        # Freeze, deep freeze, thaw: seen from the holder's side.
        await usd.line(mina.address, 0x00100000)
        assert (await _held(world, mina))[asset].has(HoldingFlag.FROZEN)
        await usd.line(mina.address, 0x00400000)
        assert (await _held(world, mina))[asset].has(HoldingFlag.DEEP_FROZEN)
        await _agrees(world, mina)
        await usd.line(mina.address, 0x00200000 | 0x00800000)
        line = (await _held(world, mina))[asset]
        assert not line.has(HoldingFlag.FROZEN)
        assert not line.has(HoldingFlag.FREEZES)

        pays = {
            "TransactionType": "Payment",
            "Destination": usd.account.address,
            "Amount": usd.amount("12.00000000000003"),
        }
        assert await submit_as(world, mina, **pays) == "tesSUCCESS"
        assert await submit_as(world, mina, LimitAmount=usd.amount("0"), **trust) == "tesSUCCESS"
        assert asset not in await _held(world, mina)
        await _agrees(world, mina)

        activity = (await mina.get("/wallet/activity"))["items"]
        told = [(line["incoming"], line["amount"]) for line in activity]
        amount = {"value": "12.00000000000003", "asset": asset}
        assert told[:2] == [(False, amount), (True, amount)]


async def test_an_mpt_is_followed(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        issuer = await Issuer.on(world)
        mpt = await issuer.mpt(AssetScale=2, Flags=0x20 | 0x02, MaximumAmount="1000000")
        opt_in = {"TransactionType": "MPTokenAuthorize", "MPTokenIssuanceID": mpt.issuance_id}
        assert await submit_as(world, mina, **opt_in) == "tesSUCCESS"
        assert (await _held(world, mina))[str(mpt)].balance == "0"
        amount = {"mpt_issuance_id": mpt.issuance_id, "value": "250"}
        paid = await issuer.account.submit(
            {"TransactionType": "Payment", "Destination": mina.address, "Amount": amount}
        )
        assert paid == "tesSUCCESS"
        assert (await _held(world, mina))[str(mpt)].balance == "250"
        await issuer.account.submit(
            {
                "TransactionType": "MPTokenIssuanceSet",
                "MPTokenIssuanceID": mpt.issuance_id,
                "Holder": mina.address,
                "Flags": 0x1,
            }
        )
        assert (await _held(world, mina))[str(mpt)].has(HoldingFlag.DEEP_FROZEN)
        await _agrees(world, mina)
        (entry,) = [
            line
            for line in (await mina.get("/wallet/activity"))["items"]
            if line["amount"]["asset"] == str(mpt)
        ]
        assert (entry["incoming"], entry["amount"]["value"]) == (True, "250")


async def test_a_clawback_is_told_as_what_it_took(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        account = await world.outsider(drops=500_000_000)
        for flag in (16, 8):
            await account.submit({"TransactionType": "AccountSet", "SetFlag": flag})
        usd = Issuer(account, "USD")
        await submit_as(world, mina, TransactionType="TrustSet", LimitAmount=usd.amount("100"))
        await usd.pay(mina.address, "10")
        took = {"currency": "USD", "issuer": mina.address, "value": "4"}
        assert await account.submit({"TransactionType": "Clawback", "Amount": took}) == "tesSUCCESS"
        assert (await _held(world, mina))[str(usd.asset)].balance == "6"
        activity = (await mina.get("/wallet/activity"))["items"]
        assert (activity[0]["incoming"], activity[0]["amount"]["value"]) == (False, "4")
        await _agrees(world, mina)


async def test_a_ledger_written_twice_and_old_news_change_nothing(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        usd = await Issuer.on(world)
        await submit_as(world, mina, TransactionType="TrustSet", LimitAmount=usd.amount("100"))
        first = world.net.node.closed.index
        await usd.pay(mina.address, "1")
        await usd.pay(mina.address, "2")
        before = await _held(world, mina)
        assert before[str(usd.asset)].balance == "3"
        activity = await mina.get("/wallet/activity")
        assert world.worker is not None
        for index in range(first - 2, world.net.node.closed.index):
            ledger = await read_ledger(world.worker.pool, index)
            await world.worker.processor.process(ledger)
        assert await _held(world, mina) == before
        assert await mina.get("/wallet/activity") == activity
        stale = Holding(
            account=mina.address,
            asset=str(usd.asset),
            balance="77",
            locked="0",
            limit="0",
            peer_limit="0",
            flags=0,
            present=True,
            ledger_index=first,
        )
        async with world.rows() as db:
            assert await holdings.write(db, world.settings.network_name, [stale]) == set()
        assert await _held(world, mina) == before


async def test_what_was_there_before_is_read_whole_and_differences_are_told(
    running_apps: Apps, tmp_path: Path
) -> None:
    """Rows are made wrong in each way; the comparison names them, reading whole mends them."""
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        issuers = [await Issuer.on(world, code) for code in ("USD", "EUR", "JPY")]
        for issuer in issuers:
            await submit_as(world, mina, TransactionType="TrustSet", LimitAmount=issuer.amount("100"))
            await issuer.pay(mina.address, "5")
        right = await _held(world, mina)
        assert {Decimal(each.balance) for each in right.values()} == {5}
        census = await _census(world)
        network = world.settings.network_name
        usd, eur, _ = (right[str(issuer.asset)] for issuer in issuers)
        async with world.rows() as db:
            ghost = replace(usd, asset=f"GBP.{issuers[0].account.address}", ledger_index=1)
            await holdings.write(db, network, [ghost])
            await db.execute(
                update(HoldingRow).where(HoldingRow.asset == eur.asset).values(balance="6", ledger_index=1)
            )
            await db.execute(
                update(HoldingRow).where(HoldingRow.asset == usd.asset).values(present=False, ledger_index=1)
            )
        found = {difference.asset: difference for difference in await census.compare(mina.address)}
        assert found.keys() == {ghost.asset, eur.asset, usd.asset}
        assert found[ghost.asset].ledgers is None
        assert found[usd.asset].ours is None
        theirs, ours = found[eur.asset].ledgers, found[eur.asset].ours
        assert (theirs and theirs.balance, ours and ours.balance) == ("5", "6")
        async with world.rows() as db:
            await db.execute(
                update(AccountRow).where(AccountRow.address == mina.address).values(holdings_ledger=None)
            )
        async with asyncio.timeout(WAIT_S):
            while await _unread(world, mina):
                await world.processed()
        await _agrees(world, mina)
        held = await _held(world, mina)
        assert {asset: each.balance for asset, each in held.items()} == dict.fromkeys(right, "5")
