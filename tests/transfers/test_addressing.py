"""Whom an address belongs to, what a link says, what a memo tells, who lets whom in: over real parts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey
from sqlalchemy import text

from talktalk.ledger.addresses import address_of
from tests.fixtures_app import RunningApp
from tests.transfers.world import Outsider, Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]

BINANCE = "rJb5KsHsDHF1YS5B5DU6QCkH5NsPaKQTcy"
NOBODY = "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe"


async def _warnings(person: Person, body: dict[str, Any]) -> list[str]:
    check = await person.post("/transfers/checks", body)
    return [warning["code"] for warning in check["warnings"]]


async def test_memo_stands_in_the_ledger_and_in_both_histories(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        settled = await mina.until(await mina.pay(jun, "2", note="for us", memo="  Invoice 17, 커피  "))
        assert (settled["state"], settled["memo"]) == ("settled", "Invoice 17, 커피")
        found = await world.net.request("tx", transaction=settled["tx_hash"])
        fields = found.get("tx_json", found)
        assert fields["Memos"] == [
            {
                "Memo": {
                    "MemoData": "Invoice 17, 커피".encode().hex().upper(),
                    "MemoFormat": "746578742F706C61696E",
                }
            }
        ]
        assert b"for us".hex().upper() not in str(fields)
        await world.processed()
        for person in (mina, jun):
            (entry,) = [
                entry
                for entry in (await person.get("/wallet/activity"))["items"]
                if entry["tx_hash"] == settled["tx_hash"]
            ]
            assert (entry["memo"], entry["note"]) == ("Invoice 17, 커피", "for us")


async def test_strangers_memo_is_shown_as_text_and_moves_nothing(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        stranger = await world.outsider(drops=50_000_000)
        memo = "You received 5000 XRP\u202e from Jun"
        await stranger.submit(
            {
                "TransactionType": "Payment",
                "Destination": mina.address,
                "Amount": "1",
                "Memos": [{"Memo": {"MemoData": memo.encode().hex().upper()}}],
            }
        )
        await world.processed()
        (entry,) = [
            entry
            for entry in (await mina.get("/wallet/activity"))["items"]
            if entry["address"] == stranger.address
        ]
        assert entry["amount"] == {"value": "0.000001", "asset": "XRP"}
        assert entry["memo"] == "You received 5000 XRP from Jun"
        assert entry["note"] == ""


@pytest.mark.parametrize(
    ("memo", "code"), [("a\u202eb", "memo_refused"), ("가" * 200, "memo_too_long"), ("a\x00", "memo_refused")]
)
async def test_memos_that_cannot_be_sent_are_refused(
    running_apps: Apps, tmp_path: Path, memo: str, code: str
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        problem = await mina.draft(NOBODY, "20", memo=memo, status=422)
        assert problem["code"] == code
        assert (await mina.get("/transfers"))["items"] == []


async def test_exchange_without_its_tag_is_warned_of(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        body = mina.ask(BINANCE, "20")
        check = await mina.post("/transfers/checks", body)
        assert check["exchange"] == "Binance"
        assert check["warnings"][0]["code"] == "exchange_without_tag"
        assert "exchange_without_tag" not in await _warnings(mina, {**body, "destination_tag": 5})
        accepted = [code for code in body["accepted_warnings"] if code != "exchange_without_tag"]
        refused = await mina.draft(BINANCE, "20", accepted_warnings=accepted, status=409)
        assert [each["field"] for each in refused["errors"]] == ["exchange_without_tag"]


async def test_address_that_looks_like_a_payee_is_warned_of(running_apps: Apps, tmp_path: Path) -> None:
    """The history holds an address with the same ends: as if the outsider had made keys until it had."""
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        twin = await world.outsider(drops=50_000_000)
        await mina.until(await mina.pay(jun, "1"))
        await world.processed()
        assert "looks_like_another" not in await _warnings(mina, mina.ask(twin.address, "1"))
        paid = f"{twin.address[:5]}{'z' * 20}{twin.address[-4:]}"
        async with world.rows() as db:
            await db.execute(
                text("UPDATE activities SET address = :paid WHERE user_id = :mina AND incoming IS FALSE"),
                {"paid": paid, "mina": mina.id},
            )
        check = await mina.post("/transfers/checks", mina.ask(twin.address, "1"))
        assert check["warnings"][0]["code"] == "looks_like_another"
        assert paid in check["warnings"][0]["detail"]
        # The true payee, once paid, is no look-alike of itself.
        async with world.rows() as db:
            await db.execute(
                text("UPDATE activities SET address = :own WHERE address = :paid"),
                {"own": twin.address, "paid": paid},
            )
        assert await _warnings(mina, mina.ask(twin.address, "1")) == []


async def test_text_is_read_into_a_target(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        link = await jun.get("/wallet/payment-link?amount=2.50&destination_tag=7&memo=tea%20%26%20cake")
        assert link["address"] == jun.address
        target = await mina.post("/transfers/targets", {"text": link["uri"]})
        assert (target["address"], target["destination_tag"], target["memo"]) == (
            jun.address,
            7,
            "tea & cake",
        )
        assert target["amount"] == {"value": "2.5", "asset": "XRP"}
        assert target["person"]["name"] == "Jun"
        assert (target["uri"], target["x_address"]) == (link["uri"], link["x_address"])
        again = await mina.post("/transfers/targets", {"text": link["x_address"]})
        assert (again["address"], again["destination_tag"], again["amount"]) == (jun.address, 7, None)
        problem = await mina.post("/transfers/targets", {"text": f"{link['uri']}&dt=8"}, 422)
        assert problem["code"] == "payment_link_malformed"
        problem = await mina.post("/transfers/targets", {"text": "hello"}, 422)
        assert problem["code"] == "address_malformed"


async def test_credentials_open_an_account_that_chooses_its_senders(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        shop, issuer = await world.outsider(drops=90_000_000), await world.outsider(drops=90_000_000)
        kinds = ["AB" * 4, "CD" * 4]
        assert await shop.submit({"TransactionType": "AccountSet", "SetFlag": 9}) == "tesSUCCESS"
        wanted = [{"Credential": {"Issuer": issuer.address, "CredentialType": kind}} for kind in kinds]
        preauth = {"TransactionType": "DepositPreauth", "AuthorizeCredentials": wanted}
        assert await shop.submit(preauth) == "tesSUCCESS"
        for kind in kinds:
            create = {"TransactionType": "CredentialCreate", "Subject": mina.address, "CredentialType": kind}
            assert await issuer.submit(create) == "tesSUCCESS"
        refused = await mina.draft(shop.address, "25", status=409)
        assert refused["code"] == "destination_refuses"
        by_hand = await _signing_as(world, mina)
        for kind in kinds:
            accept = {
                "TransactionType": "CredentialAccept",
                "Issuer": issuer.address,
                "CredentialType": kind,
            }
            assert await by_hand.submit(accept) == "tesSUCCESS"
        await world.processed()
        drafted = await mina.draft(shop.address, "25")
        assert len(drafted["draft"]["credential_ids"]) == len(kinds)
        settled = await mina.until(await mina.approve(drafted))
        assert settled["state"] == "settled"


async def _signing_as(world: World, person: Person) -> Outsider:
    """The person's own account, as if they signed with their key elsewhere."""
    for private_key in await world.opened_keys():
        key = SigningKey(bytes.fromhex(private_key))
        public_key = "ED" + bytes(key.verify_key).hex().upper()
        if address_of(bytes.fromhex(public_key)) == person.address:
            outsider = Outsider(world)
            outsider.key, outsider.public_key, outsider.address = key, public_key, person.address
            return outsider
    raise AssertionError("the person has no key here")
