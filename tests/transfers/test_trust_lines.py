"""Taking up tokens and letting them go: the reserve is told first, and the ledger's word is the end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from talktalk.ledger.transactions import decode_blob
from tests.fixtures_app import RunningApp
from tests.ledger.issuer import Issuer
from tests.transfers import ordering
from tests.transfers.world import Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]
WARNINGS = ["lookalike_token", "unverified_token", "issuer_can_claw_back", "issuer_must_authorize"]
ADDED_BY_DEFAULT = "1000000000"


def ask(asset: object, action: str, **fields: object) -> dict[str, Any]:
    return {
        "kind": "trust_line",
        "trust_line": {"asset": str(asset), "action": action, **fields},
        "accepted_warnings": WARNINGS,
    }


async def carry_out(person: Person, body: dict[str, Any]) -> dict[str, Any]:
    """Make, approve and await it; then let the rows follow."""
    ended = await ordering.until(person, await ordering.approve(person, await ordering.draft(person, body)))
    await person.world.processed()
    return ended


async def held(person: Person, asset: object) -> dict[str, Any] | None:
    found = (await person.get("/assets"))["held"]
    return next((dict(each) for each in found if each["token"]["asset"] == str(asset)), None)


async def refusal(person: Person, body: dict[str, Any]) -> str:
    """The code it is refused with, the dry run's and the order's."""
    checked = await person.client.post("/api/v1/orders/checks", json=body)
    made = await person.client.post("/api/v1/orders", json=body, headers={"Idempotency-Key": "k"})
    assert checked.json()["code"] == made.json()["code"], (checked.text, made.text)
    return str(made.json()["code"])


async def test_a_line_is_added_changed_and_removed(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        usd = await Issuer.on(world)
        check = await ordering.check(mina, ask(usd.asset, "add"))
        assert check["reserve"]["value"] == "0.2"
        assert (check["way"], check["transactions"], check["total"]["value"]) == ("direct", 1, "0")
        assert [each["code"] for each in check["warnings"]] == ["unverified_token"]
        unread = {**ask(usd.asset, "add"), "accepted_warnings": []}
        assert (await ordering.draft(mina, unread, 409))["code"] == "warnings_not_accepted"

        draft = await ordering.draft(mina, ask(usd.asset, "add"))
        (step,) = draft["draft"]["steps"]
        fields = decode_blob(bytes.fromhex(step["tx_blob"]))
        assert (fields["TransactionType"], fields["Flags"]) == ("TrustSet", 0x00020000)
        assert fields["LimitAmount"] == usd.amount(ADDED_BY_DEFAULT)
        assert await held(mina, usd.asset) is None  # nothing before the approval
        assert (await ordering.until(mina, await ordering.approve(mina, draft)))["state"] == "done"
        await world.processed()
        line = await held(mina, usd.asset)
        assert line is not None
        assert (line["limit"]["value"], line["shown"], line["notices"]) == (ADDED_BY_DEFAULT, True, [])
        assert (line["reserve_drops"], line["removable"]) == (200_000, True)
        assert await refusal(mina, ask(usd.asset, "add")) == "line_unchanged"

        assert (await carry_out(mina, ask(usd.asset, "change", limit="12.5")))["state"] == "done"
        line = await held(mina, usd.asset)
        assert line is not None
        assert line["limit"]["value"] == "12.5"
        await usd.pay(mina.address, "3")
        await world.processed()
        assert await refusal(mina, ask(usd.asset, "remove")) == "line_not_empty"
        home = await mina.pay(usd.account.address, "", amount={"value": "3", "asset": str(usd.asset)})
        assert (await mina.until(home))["state"] == "settled"
        await world.processed()
        assert (await carry_out(mina, ask(usd.asset, "remove")))["state"] == "done"
        assert await held(mina, usd.asset) is None
        assert (await mina.get("/wallet"))["owner_count"] == 0


async def test_an_mpt_is_taken_up_and_let_go(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        mpt = await (await Issuer.on(world)).mpt(Flags=0x20 | 0x40 | 0x04)
        check = await ordering.check(mina, ask(mpt, "add"))
        assert [each["code"] for each in check["warnings"]] == WARNINGS[1:]
        assert (await carry_out(mina, ask(mpt, "add")))["state"] == "done"
        entry = await held(mina, mpt)
        assert entry is not None
        assert (entry["limit"], entry["removable"]) == (None, True)
        assert (await carry_out(mina, ask(mpt, "remove")))["state"] == "done"
        assert await held(mina, mpt) is None


async def test_what_cannot_be_is_refused_by_name(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        usd = await Issuer.on(world)
        nobody = await world.outsider()
        cases = {
            "asset_unsupported": ask("XRP", "add"),
            "asset_malformed": ask("DOGE", "add"),
            "asset_unknown": ask(f"USD.{nobody.address}", "add"),
            "token_not_held": ask(usd.asset, "remove"),
            "to_self": ask(f"USD.{mina.address}", "add"),
            "amount_zero": ask(usd.asset, "add", limit="0"),
            "amount_negative": ask(usd.asset, "add", limit="-5"),
            "order_malformed": ask(usd.asset, "change"),
        }
        codes = {code: await refusal(mina, body) for code, body in cases.items()}
        assert codes == {code: code for code in cases}
        assert await refusal(mina, {"kind": "trust_line"}) == "order_malformed"
        # An issuer that takes nobody new.
        await usd.account.submit({"TransactionType": "AccountSet", "SetFlag": 15})
        assert await refusal(mina, ask(usd.asset, "add")) == "no_new_lines"
        # Not enough for the line's reserve.
        empties = await mina.pay(usd.account.address, "998.9")
        assert (await mina.until(empties))["state"] == "settled"
        await world.processed()
        eur = await Issuer.on(world, "EUR")
        assert await refusal(mina, ask(eur.asset, "add")) == "below_reserve"
        assert (await mina.get("/orders"))["items"] == []


async def test_a_line_the_ledger_refuses_is_a_failed_order(running_apps: Apps, tmp_path: Path) -> None:
    """The issuer closes its door between the draft and the ledger."""
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        usd = await Issuer.on(world)
        draft = await ordering.draft(mina, ask(usd.asset, "add"))
        await usd.account.submit({"TransactionType": "AccountSet", "SetFlag": 15})
        ended = await ordering.until(mina, await ordering.approve(mina, draft))
        assert (ended["state"], ended["failure"]["code"]) == ("failed", "tecNO_PERMISSION")
        await world.processed()
        assert await held(mina, usd.asset) is None
