"""Bad input: each shape gets its own code, and changes nothing."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures_app import RunningApp
from tests.transfers.world import Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]

NOBODY = "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe"
BAD_AMOUNTS = {
    "-1": "amount_negative",
    "-0.5": "amount_negative",
    "NaN": "amount_not_a_number",
    "nan": "amount_not_a_number",
    "Infinity": "amount_not_a_number",
    "-inf": "amount_not_a_number",
    "1e3": "amount_exponent",
    "1E-6": "amount_exponent",
    "0.0000001": "amount_too_precise",
    "1.0000000": "amount_too_precise",
    "0": "amount_zero",
    "0.000000": "amount_zero",
    "100000000001": "amount_too_large",
    "9" * 40: "amount_too_large",
    "": "amount_malformed",
    " 1": "amount_malformed",
    "1,000": "amount_malformed",
    "0x10": "amount_malformed",
    "+1": "amount_malformed",
    "1.": "amount_malformed",
    ".5": "amount_malformed",
    "007": "amount_malformed",
    "٣": "amount_malformed",
    "1_000": "amount_malformed",
}
BAD_ADDRESSES = {
    "": "address_malformed",
    "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYf": "address_malformed",
    "0x52908400098527886E0F7030069857D2E4169EE7": "address_malformed",
    "sEdTM1uX8pu2do5XvTnutH6HsouMaM2": "address_malformed",
    "XVPcpSm47b1CZkf5AkKM9a84dQHe3mTAxgxfLw2qYoe7Boa": "address_other_network",
    "rrrrrrrrrrrrrrrrrrrrrhoLvTp": "address_black_hole",
    "rrrrrrrrrrrrrrrrrrrrBZbvji": "address_black_hole",
}


async def _refusal(person: Person, body: dict[str, object]) -> tuple[int, str]:
    """Status and code of a refused transfer; the check refuses it in the same words."""
    made = await person.client.post("/api/v1/transfers", json=body, headers={"Idempotency-Key": "k"})
    checked = await person.client.post("/api/v1/transfers/checks", json=body)
    problem = made.json()
    assert made.headers["content-type"] == "application/problem+json", made.text
    assert (checked.status_code, checked.json()["code"]) == (made.status_code, problem["code"])
    return made.status_code, problem["code"]


async def test_each_bad_shape_has_its_code_and_makes_nothing(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        found = {value: (await _refusal(mina, mina.ask(jun, value)))[1] for value in BAD_AMOUNTS}
        assert found == BAD_AMOUNTS
        found = {text: (await _refusal(mina, mina.ask(text, "1")))[1] for text in BAD_ADDRESSES}
        assert found == BAD_ADDRESSES

        (held,) = (await mina.get("/wallet"))["balances"]
        assert (held["balance"]["value"], held["spendable"]["value"], held["reserved"]["value"]) == (
            "1000",
            "999",
            "1",
        )
        cases = {
            "to_self": mina.ask(mina, "1"),
            "recipient_ambiguous": mina.ask(jun, "1", address=jun.address),
            "recipient_not_found": {**mina.ask(jun, "1"), "user_id": str(mina.device_id)},
            "asset_not_held": mina.ask(jun, "1", amount={"value": "1", "asset": f"USD.{jun.address}"}),
            "note_refused": mina.ask(jun, "1", note="a\u0000b"),
            "asset_malformed": mina.ask(jun, "1", amount={"value": "1", "asset": "DOGE"}),
            "insufficient_balance": mina.ask(jun, "1000000"),
            "below_reserve": mina.ask(jun, "999.5"),
            "destination_below_reserve": mina.ask(NOBODY, "0.999999"),
        }
        codes = {code: (await _refusal(mina, body))[1] for code, body in cases.items()}
        assert codes == {code: code for code in cases}
        # To one's own address is to oneself as well.
        assert (await _refusal(mina, mina.ask(mina.address, "1")))[1] == "to_self"
        assert (await mina.get("/transfers"))["items"] == []


async def test_malformed_bodies_are_told_apart_from_refusals(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        for body in ({}, {"amount": 5}, {"amount": {"value": 5}}, mina.ask("r", "1", destination_tag=-1)):
            answer = await mina.client.post("/api/v1/transfers", json=body, headers={"Idempotency-Key": "k"})
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
        # Codes nobody knows are kept nowhere; what only looks like a key of the worker's is an old one.
        odd = {**mina.ask(NOBODY, "1"), "accepted_warnings": ["new_payee", "x\u0000", "y" * 300]}
        draft = await mina.post("/transfers", odd, 201, **{"Idempotency-Key": "odd"})
        body = {**await mina.approval(draft), "worker_key_id": "\u0000"}
        assert (await mina.post(f"/transfers/{draft['id']}/approve", body, 409))["code"] == "worker_key_old"
        unknown = mina.ask(NOBODY, "1", surprise=True)
        answer = await mina.client.post("/api/v1/transfers", json=unknown, headers={"Idempotency-Key": "k"})
        assert answer.json()["code"] == "malformed"


async def test_warnings_must_be_accepted_by_name(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        body = {**mina.ask(jun, "900"), "accepted_warnings": ["new_payee"]}
        check = await mina.post("/transfers/checks", body)
        assert [warning["code"] for warning in check["warnings"]] == [
            "new_payee",
            "not_a_friend",
            "large_share",
        ]
        problem = await mina.post("/transfers", body, 409, **{"Idempotency-Key": "k"})
        assert problem["code"] == "warnings_not_accepted"
        assert [error["field"] for error in problem["errors"]] == ["not_a_friend", "large_share"]
        body["accepted_warnings"] = [warning["code"] for warning in check["warnings"]]
        # The refused try used no key.
        made = await mina.post("/transfers", body, 201, **{"Idempotency-Key": "k"})
        assert made["state"] == "drafted"
        check = await mina.post("/transfers/checks", mina.ask(jun, "998.9"))
        assert "empties_wallet" in [warning["code"] for warning in check["warnings"]]


async def test_account_that_needs_a_tag_or_chooses_its_senders(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, manual=False) as world:
        mina = await world.person("Mina")
        exchange = await world.outsider(drops=50_000_000)
        await exchange.submit({"TransactionType": "AccountSet", "SetFlag": 1})
        problem = await mina.draft(exchange.address, "1", status=422)
        assert problem["code"] == "destination_tag_needed"
        assert (await mina.draft(exchange.address, "1", destination_tag=7))["destination_tag"] == 7
        x_address = exchange.x_address(tag=9)
        assert (await mina.draft(x_address, "1"))["destination_tag"] == 9
        contradiction = await mina.draft(x_address, "1", destination_tag=8, status=422)
        assert contradiction["code"] == "address_malformed"

        choosy = await world.outsider(drops=50_000_000)
        await choosy.submit({"TransactionType": "AccountSet", "SetFlag": 9})
        assert (await mina.draft(choosy.address, "5", status=409))["code"] == "destination_refuses"
        await choosy.submit({"TransactionType": "DepositPreauth", "Authorize": mina.address})
        paid = await mina.pay(choosy.address, "5")
        assert (await mina.until(paid))["state"] == "settled"


async def test_blocked_person_cannot_be_paid(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        answer = await jun.client.put(f"/api/v1/blocks/{mina.id}")
        assert answer.is_success
        for body in (mina.ask(jun, "1"), mina.ask(jun.address, "1")):
            assert await _refusal(mina, body) == (403, "blocked")


async def test_before_wallet_and_pin_exist_nothing_can_be_paid(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        jun = await world.person("Jun", pin=False)
        mina = await world.person("Mina", pin=False)
        draft = await mina.draft(jun, "1")
        assert (await mina.approve(draft, status=409))["code"] == "pin_needed"
        await world.stop_worker()
        newcomer = await world.person("New", ready=False, pin=False)
        assert (await newcomer.draft(jun, "1", status=409))["code"] == "wallet_not_ready"
        assert (await mina.draft(newcomer, "1", status=409))["code"] == "recipient_without_wallet"


async def test_transfers_of_others_are_not_there(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        draft = await mina.draft(jun, "1")
        await jun.get(f"/transfers/{draft['id']}", 404)  # nothing was approved: not for its recipient yet
        await jun.post(f"/transfers/{draft['id']}/cancel", status=404)
        body = await mina.approval(draft)
        await jun.post(f"/transfers/{draft['id']}/approve", body, 404)
        paid = await mina.approve(draft)
        await mina.until(paid, "settled")
        seen = await jun.get(f"/transfers/{draft['id']}")
        assert (seen["draft"], seen["warnings"]) == (None, [])
        room = await mina.draft(jun, "1", room_id=str(jun.id), status=404)
        assert room["code"] == "room_not_found"


async def test_what_the_ledger_would_refuse_now_is_said_before_anything_is_drafted(
    running_apps: Apps, tmp_path: Path
) -> None:
    """No validated ledger tells it yet: only simulating on the open one does."""
    async with World(running_apps, tmp_path, manual=True) as world:
        mina = await world.person_by_hand("Mina")
        exchange = await world.outsider()
        await world.net.fund(exchange.address, drops=50_000_000)
        await world.net.accept()
        await world.processed()
        demand = asyncio.create_task(exchange.submit({"TransactionType": "AccountSet", "SetFlag": 1}))
        async with asyncio.timeout(20):
            await _until_tag_is_wanted(world, exchange.address)
        refused = await mina.draft(exchange.address, "1", status=422)
        assert refused["code"] == "payee_wants_tag"
        assert refused["detail"].startswith("tecDST_TAG_NEEDED")
        check = await mina.post("/transfers/checks", mina.ask(exchange.address, "1"), 422)
        assert check["code"] == "payee_wants_tag"
        assert (await mina.get("/transfers"))["items"] == []
        await mina.draft(exchange.address, "1", destination_tag=7)
        await world.net.accept()
        assert await demand == "tesSUCCESS"


async def _until_tag_is_wanted(world: World, address: str) -> None:
    while True:
        found = await world.net.request("account_info", account=address, ledger_index="current")
        if found["account_flags"]["requireDestinationTag"]:
            return
        await asyncio.sleep(0.02)
