"""Tokens in a wallet: shown when vouched for or asked for, and otherwise neither shown nor counted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from nacl.signing import SigningKey

from talktalk.wallet import tokens
from tests.fixtures_app import RunningApp
from tests.ledger.issuer import Issuer, submit_as
from tests.transfers.world import Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]


def listing(folder: Path, key: SigningKey, *issuers: Issuer) -> None:
    """Write and sign a list of these issuers for the embedded network."""
    entries = [
        {
            "network": "embedded",
            "asset": str(issuer.asset),
            "code": issuer.code,
            "issuer_name": f"Bank {number}",
            "domain": f"bank{number}.example",
        }
        for number, issuer in enumerate(issuers)
    ]
    document = {"format": 1, "serial": 1, "issued_at": "2026-11-01T00:00:00Z", "tokens": entries}
    (folder / "tokens.json").write_text(json.dumps(document))
    tokens.sign(folder / "tokens.json", key)


async def listed(world: World, folder: Path, *issuers: Issuer) -> None:
    """Have web and worker vouch for these issuers, as if they had been started with such a list."""
    key = SigningKey.generate()
    listing(folder, key, *issuers)
    file = tokens.verify(folder / "tokens.json", bytes(key.verify_key).hex())
    assert world.worker is not None
    for desk in (world.app.web.wallet_desk, world.worker.wallets):
        desk.tokens = tokens.TokenList(file, world.settings.network_name)


async def held(person: Person, asset: object) -> dict[str, Any]:
    await person.world.processed()
    (found,) = [
        each for each in (await person.get("/assets"))["held"] if each["token"]["asset"] == str(asset)
    ]
    return dict(found)


async def balances(person: Person) -> dict[str, str]:
    await person.world.processed()
    return {
        each["balance"]["asset"]: each["balance"]["value"]
        for each in (await person.get("/wallet"))["balances"]
        if each["balance"]["asset"] != "XRP"
    }


async def test_a_verified_token_is_shown_and_an_airdropped_one_is_one_tap_away(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        bank, spammer = await Issuer.on(world), await Issuer.on(world)
        await listed(world, tmp_path, bank)
        everything = await mina.get("/assets")
        assert [each["asset"] for each in everything["listed"]] == [str(bank.asset)]
        assert everything["line_reserve_drops"] > 0

        await submit_as(
            world, mina, TransactionType="TrustSet", LimitAmount=bank.amount("100"), Flags=0x20000
        )
        await bank.pay(mina.address, "12.5")
        # The stranger opens a line of the same code to Mina, who asked for nothing.
        assert await spammer.line(mina.address, 0x20000, "1000") == "tesSUCCESS"
        assert await balances(mina) == {str(bank.asset): "12.5"}
        wallet = await mina.get("/wallet")
        assert wallet["hidden_tokens"] == 1
        token = wallet["balances"][1]["token"]
        assert (token["verified"], token["issuer_name"]) == (True, "Bank 0")

        spam = await held(mina, spammer.asset)
        assert spam["token"]["lookalike_of"] == str(bank.asset)
        assert (spam["shown"], spam["reserve_drops"]) == (False, 0)
        assert "not_asked_for" in spam["notices"]
        good = await held(mina, bank.asset)
        assert (good["notices"], good["removable"], good["limit"]["value"]) == ([], False, "100")
        assert good["reserve_drops"] == everything["line_reserve_drops"]
        assert (await mina.get("/assets"))["listed"] == []

        shown = await mina.client.put(
            f"/api/v1/assets/{quote(str(spammer.asset), safe='')}/shown", json={"shown": True}
        )
        assert shown.status_code == 200, shown.text
        assert (await balances(mina)).keys() == {str(bank.asset), str(spammer.asset)}
        await mina.client.put(f"/api/v1/assets/{bank.asset}/shown", json={"shown": False})
        assert (await balances(mina)).keys() == {str(spammer.asset)}
        nothing = await mina.client.put(
            f"/api/v1/assets/EUR.{bank.account.address}/shown", json={"shown": True}
        )
        assert nothing.json()["code"] == "token_not_held"


async def test_a_frozen_token_can_be_seen_and_not_spent(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        bank = await Issuer.on(world)
        await listed(world, tmp_path, bank)
        await submit_as(world, mina, TransactionType="TrustSet", LimitAmount=bank.amount("100"))
        await bank.pay(mina.address, "10")
        assert (await held(mina, bank.asset))["notices"] == ["ripples"]
        await bank.line(mina.address, 0x100000)
        frozen = await held(mina, bank.asset)
        assert (frozen["balance"]["value"], frozen["spendable"]["value"]) == ("10", "0")
        assert "frozen" in frozen["notices"]
        (_, shown) = (await mina.get("/wallet"))["balances"]
        assert (shown["spendable"]["value"], shown["reserved"]["value"]) == ("0", "10")


async def test_an_issuers_terms_are_told_before_anyone_trusts_it(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        bank = await Issuer.on(world, TransferRate=1_005_000_000, Domain=b"bank.example".hex().upper())
        await bank.account.submit({"TransactionType": "AccountSet", "SetFlag": 2})
        await bank.account.submit({"TransactionType": "AccountSet", "SetFlag": 7})
        terms = await mina.get(f"/assets/{bank.asset}")
        assert terms["transfer_fee_percent"] == "0.5"
        assert (terms["requires_authorization"], terms["frozen"], terms["transferable"]) == (True, True, True)
        assert (terms["claimed_domain"], terms["held"], terms["token"]["verified"]) == (
            "bank.example",
            None,
            False,
        )

        mpt = await bank.mpt(AssetScale=3, TransferFee=1500, Flags=0x20 | 0x40)
        terms = await mina.get(f"/assets/{mpt}")
        assert (terms["transfer_fee_percent"], terms["can_claw_back"]) == ("1.5", True)
        assert terms["token"]["issuer"] == bank.account.address

        nobody = await world.outsider()
        for asset, code in {
            f"USD.{nobody.address}": "asset_unknown",
            "XRP": "asset_unknown",
            "mpt." + "0" * 48: "asset_unknown",
            "DOGE": "asset_malformed",
        }.items():
            answer = await mina.client.get(f"/api/v1/assets/{asset}")
            assert answer.json()["code"] == code, answer.text
