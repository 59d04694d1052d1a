"""Payments of tokens: settled exactly, refused by name, and never for more than was shown."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from talktalk.ledger import issuers
from talktalk.ledger.amounts import Issued, Mpt
from talktalk.ledger.transactions import decode_blob
from talktalk.transfers.tables import TransferRow
from tests.fixtures_app import RunningApp
from tests.ledger.issuer import Issuer, submit_as
from tests.transfers.world import Outsider, Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]
NO_RIPPLE = 0x00020000


async def trusts(world: World, person: Person, issuer: Issuer, limit: str = "1000", value: str = "0") -> None:
    """Give a person a line, and something on it."""
    assert (
        await submit_as(
            world, person, TransactionType="TrustSet", LimitAmount=issuer.amount(limit), Flags=NO_RIPPLE
        )
        == "tesSUCCESS"
    )
    if value != "0":
        assert await issuer.pay(person.address, value) == "tesSUCCESS"
    await world.processed()


async def balance(world: World, person: Person | Outsider, asset: Issued | Mpt) -> Decimal:
    """What the ledger itself says."""
    assert world.worker is not None
    held = await issuers.read_holding(world.worker.ledger, person.address, asset)
    return Decimal(held.balance) if held is not None else Decimal(0)


def of(asset: object, value: str) -> dict[str, Any]:
    return {"amount": {"value": value, "asset": str(asset)}}


async def refusal(person: Person, to: Person | str, asset: object, value: str = "1", **more: object) -> str:
    """The code a payment is refused with; the check says the same."""
    body = person.ask(to, value, **of(asset, value), **more)
    made = await person.client.post("/api/v1/transfers", json=body, headers={"Idempotency-Key": "k"})
    checked = await person.client.post("/api/v1/transfers/checks", json=body)
    assert checked.status_code == made.status_code, (checked.text, made.text)
    code: str = made.json()["code"]
    assert checked.json()["code"] == code
    return code


async def test_a_token_is_paid_between_friends_and_the_issuers_fee_comes_on_top(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        usd = await Issuer.on(world, TransferRate=1_002_500_000)
        await trusts(world, mina, usd, value="100")
        await trusts(world, jun, usd)
        check = await mina.post("/transfers/checks", mina.ask(jun, "", **of(usd.asset, "33.3333333333333")))
        assert check["spend"]["value"] == "33.41666666666664"
        assert check["balance_after"] == {"value": "66.58333333333336", "asset": str(usd.asset)}

        draft = await mina.draft(jun, "", **of(usd.asset, "33.3333333333333"))
        fields = decode_blob(bytes.fromhex(draft["draft"]["tx_blob"]))
        assert fields["Amount"] == usd.amount("33.3333333333333")
        assert fields["SendMax"] == usd.amount("33.41666666666664")
        assert "Paths" not in fields
        settled = await mina.until(await mina.approve(draft))
        assert settled["state"] == "settled", settled
        assert await balance(world, jun, usd.asset) == Decimal("33.3333333333333")
        assert Decimal(100) - await balance(world, mina, usd.asset) <= Decimal("33.41666666666664")
        await world.processed()
        (line, *_) = (await jun.get("/wallet/activity"))["items"]
        assert (line["incoming"], line["amount"]["asset"]) == (True, str(usd.asset))

        # Back to the issuer nothing comes on top, and no line of the issuer's is needed.
        draft = await mina.draft(usd.account.address, "", **of(usd.asset, "10"))
        assert draft["spend"] == draft["amount"]
        assert (await mina.until(await mina.approve(draft)))["state"] == "settled"


async def test_an_mpt_is_paid_with_its_fee_and_refused_by_its_own_rules(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        issuer = await Issuer.on(world)
        mpt = await issuer.mpt(AssetScale=2, TransferFee=1234, Flags=0x20 | 0x02)
        opt_in = {"TransactionType": "MPTokenAuthorize", "MPTokenIssuanceID": mpt.issuance_id}
        await submit_as(world, mina, **opt_in)
        amount = {"mpt_issuance_id": mpt.issuance_id, "value": "5000"}
        await issuer.account.submit(
            {"TransactionType": "Payment", "Destination": mina.address, "Amount": amount}
        )
        await world.processed()
        assert await refusal(mina, jun, mpt, "100") == "destination_without_line"
        await submit_as(world, jun, **opt_in)
        assert await refusal(mina, jun, mpt, "1.5") == "amount_too_precise"
        assert await refusal(mina, jun, mpt, "4999") == "insufficient_balance"
        assert await refusal(mina, jun, mpt, "10", spend_asset="XRP") == "asset_unsupported"
        draft = await mina.draft(jun, "", **of(mpt, "999"))
        assert draft["spend"]["value"] == "1012"
        assert (await mina.until(await mina.approve(draft)))["state"] == "settled"
        assert await balance(world, jun, mpt) == 999
        lock = {"TransactionType": "MPTokenIssuanceSet", "MPTokenIssuanceID": mpt.issuance_id, "Flags": 0x1}
        await issuer.account.submit({**lock, "Holder": jun.address})
        assert await refusal(mina, jun, mpt) == "destination_frozen"
        await issuer.account.submit(lock)
        assert await refusal(mina, jun, mpt) == "asset_frozen"
        stuck = await issuer.mpt(Flags=0)
        stuck_in = {"TransactionType": "MPTokenAuthorize", "MPTokenIssuanceID": stuck.issuance_id}
        for person in (mina, jun):
            await submit_as(world, person, **stuck_in)
        pays = {"Amount": {"mpt_issuance_id": stuck.issuance_id, "value": "5"}, "Destination": mina.address}
        assert await issuer.account.submit({"TransactionType": "Payment", **pays}) == "tesSUCCESS"
        await world.processed()
        assert await refusal(mina, jun, stuck) == "asset_not_transferable"


async def test_each_thing_that_stops_a_token_has_its_name(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        usd = await Issuer.on(world)
        nobody = await world.outsider()
        assert await refusal(mina, jun, usd.asset) == "asset_not_held"
        assert await refusal(mina, jun, f"USD.{nobody.address}") == "asset_unknown"
        await trusts(world, mina, usd, value="100")
        assert await refusal(mina, jun, usd.asset) == "destination_without_line"
        assert await refusal(mina, nobody.address, usd.asset) == "destination_missing"
        await trusts(world, jun, usd, limit="50")
        assert await refusal(mina, jun, usd.asset, "50.00001") == "destination_line_full"
        await trusts(world, jun, usd, limit="1000")
        assert await refusal(mina, jun, usd.asset, "100.01") == "insufficient_balance"
        assert await refusal(mina, jun, usd.asset, "1234567890.1234567") == "amount_too_precise"

        draft = await mina.draft(jun, "", **of(usd.asset, "5"))
        await usd.line(mina.address, 0x100000)  # the issuer freezes Mina
        await world.processed()
        assert await refusal(mina, jun, usd.asset) == "asset_frozen"
        # The draft made before is refused by the worker, before anything is signed.
        refused = await mina.until_refused(await mina.approve(draft))
        assert refused["approval_error"] == "asset_frozen"
        # Frozen, it can still go home.
        home = await mina.pay(usd.account.address, "", **of(usd.asset, "1"))
        assert (await mina.until(home))["state"] == "settled"
        await usd.line(mina.address, 0x200000)
        await usd.line(jun.address, 0x100000)  # whoever is frozen still receives
        await world.processed()
        paid = await mina.pay(jun, "", **of(usd.asset, "5"))
        assert (await mina.until(paid))["state"] == "settled"
        await usd.line(jun.address, 0x400000)  # deep frozen, not even that
        assert await refusal(mina, jun, usd.asset) == "destination_frozen"
        await usd.line(jun.address, 0x200000 | 0x800000)
        await usd.account.submit({"TransactionType": "AccountSet", "SetFlag": 7})
        assert await refusal(mina, jun, usd.asset) == "asset_frozen"


async def test_authorisation_and_rippling_are_asked_for(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        account = await world.outsider(drops=500_000_000)
        for flag in (2, 8):
            await account.submit({"TransactionType": "AccountSet", "SetFlag": flag})
        strict = Issuer(account, "USD")
        for person in (mina, jun):
            await trusts(world, person, strict)
        await strict.line(mina.address, 0x10000)
        assert await strict.pay(mina.address, "10") == "tesSUCCESS"
        await world.processed()
        assert await refusal(mina, jun, strict.asset) == "destination_unauthorized"
        await strict.line(jun.address, 0x10000)
        paid = await mina.pay(jun, "", **of(strict.asset, "2"))
        assert (await mina.until(paid))["state"] == "settled"

        # An issuer that never turned DefaultRipple on: its holders cannot pay each other.
        plain = Issuer(await world.outsider(drops=500_000_000), "EUR")
        await trusts(world, mina, plain, value="10")
        await trusts(world, jun, plain)
        assert await refusal(mina, jun, plain.asset) == "asset_not_transferable"


async def test_two_payments_cannot_promise_the_same_tokens(running_apps: Apps, tmp_path: Path) -> None:
    """Ledgers close by hand, so the first payment is still open when the second is approved."""
    async with World(running_apps, tmp_path, close_interval_s=3.0) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        usd = await Issuer.on(world)
        await trusts(world, mina, usd, value="10")
        await trusts(world, jun, usd)
        first = await mina.draft(jun, "", **of(usd.asset, "6"))
        second = await mina.draft(jun, "", **of(usd.asset, "6"))
        await mina.until(await mina.approve(first), "signed", "submitted", "settled")
        again = await mina.post(f"/transfers/{second['id']}/approve", await mina.approval(second))
        if again["state"] == "drafted":  # its number was taken: approve the draft drawn anew
            again = await mina.approve(again)
        refused = await mina.until_refused(again)
        if refused["approval_error"] in ("draft_changed", "draft_expired"):
            refused = await mina.until_refused(await mina.approve(refused))
        assert refused["approval_error"] == "insufficient_balance"
        assert (await mina.until(first))["state"] == "settled"
        assert await balance(world, jun, usd.asset) == 6


async def maker_of(world: World, usd: Issuer) -> Outsider:
    """Somebody who sells 1,000 of a token for 500 XRP, and buys 1,000 for 400."""
    maker = await world.outsider(drops=2_000_000_000)
    await usd.trusted_by(maker)
    assert await usd.pay(maker.address, "5000") == "tesSUCCESS"
    sells = {"TransactionType": "OfferCreate", "TakerGets": usd.amount("1000"), "TakerPays": "500000000"}
    buys = {"TransactionType": "OfferCreate", "TakerGets": "400000000", "TakerPays": usd.amount("1000")}
    for offer in (sells, buys):
        assert await maker.submit(offer) == "tesSUCCESS"
    return maker


async def test_an_exchange_delivers_exactly_and_costs_at_most_what_was_shown(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        usd = await Issuer.on(world)
        await trusts(world, jun, usd)
        assert await refusal(mina, jun, usd.asset, "10", spend_asset="XRP") == "no_path"
        await maker_of(world, usd)
        draft = await mina.draft(jun, "", **of(usd.asset, "10"), spend_asset="XRP")
        assert draft["spend"] == {"value": "5.025", "asset": "XRP"}  # 5 XRP, and half a percent of room
        assert draft["quote_expires_at"] is not None
        before = await mina.balance_drops()
        settled = await mina.until(await mina.approve(draft))
        assert settled["state"] == "settled", settled
        assert await balance(world, jun, usd.asset) == 10
        assert before - await mina.balance_drops() - settled["fee_drops"] == 5_000_000

        # The other way: Jun pays XRP to Mina with dollars.
        await world.processed()
        draft = await jun.draft(mina, "", **of("XRP", "2"), spend_asset=str(usd.asset))
        assert draft["spend"]["value"] == "5.025"
        before = await mina.balance_drops()
        settled = await jun.until(await jun.approve(draft))
        assert settled["state"] == "settled", settled
        assert await mina.balance_drops() - before == 2_000_000
        assert await balance(world, jun, usd.asset) == 5
        # A node finds no way for what the sender does not have.
        assert await refusal(jun, mina, "XRP", "3", spend_asset=str(usd.asset)) == "no_path"


async def test_an_exchange_whose_price_moved_or_aged_moves_nothing(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        usd = await Issuer.on(world)
        await trusts(world, jun, usd)
        maker = await maker_of(world, usd)
        old = await mina.draft(jun, "", **of(usd.asset, "10"), spend_asset="XRP")
        async with world.rows() as db:
            row = await db.get_one(TransferRow, old["id"])
            await db.execute(
                update(TransferRow)
                .where(TransferRow.id == row.id)
                .values(quote_expires_at=row.created_at, state="signing")
            )
        problem = await mina.post(f"/transfers/{old['id']}/approve", await mina.approval(old), 200)
        assert problem["state"] == "signing"  # approving again changes nothing
        async with world.rows() as db:
            await db.execute(update(TransferRow).where(TransferRow.id == row.id).values(state="drafted"))
        ended = await mina.until(old, "expired")
        assert ended["failure"]["code"] == "quote_expired"

        moved = await mina.draft(jun, "", **of(usd.asset, "10"), spend_asset="XRP")
        # The maker takes its offer away and asks twice as much.
        offers = await world.net.request("account_offers", account=maker.address)
        for offer in offers["offers"]:
            await maker.submit({"TransactionType": "OfferCancel", "OfferSequence": offer["seq"]})
        dearer = {"TakerGets": usd.amount("1000"), "TakerPays": "1000000000"}
        await maker.submit({"TransactionType": "OfferCreate", **dearer})
        before = await mina.balance_drops()
        failed = await mina.until(await mina.approve(moved))
        assert (failed["state"], failed["failure"]["code"]) == ("failed", "tecPATH_PARTIAL")
        assert before - await mina.balance_drops() == failed["failure"]["fee_charged_drops"]
        assert await balance(world, jun, usd.asset) == 0
