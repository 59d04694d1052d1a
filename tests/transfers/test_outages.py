"""Nodes that are lost, silent, forgetful; ledgers that refuse: the end is the ledger's, never a guess."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.fixtures_app import RunningApp, become_friends
from tests.ledger.relay import Message
from tests.transfers.world import Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]


async def _until_uncertain(person: Person, transfer: dict[str, Any], *, uncertain: bool) -> dict[str, Any]:
    async with asyncio.timeout(40):
        while True:
            now = await person.get(f"/transfers/{transfer['id']}")
            if now["uncertain"] is uncertain and now["state"] in ("signed", "submitted"):
                return dict(now)
            await asyncio.sleep(0.05)


async def test_never_sent_payment_expires_and_its_number_is_used_again(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path, manual=True, relayed=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        world.relay.on_request = lambda asked: None if asked["command"] == "submit" else asked
        lost = await mina.pay(jun, "1")
        lost = await mina.until(lost, "signed")
        async with world.rows() as db:
            sequence, last_ledger = (
                await db.execute(text("SELECT sequence, last_ledger FROM outgoing_transactions"))
            ).one()
        # While it may still apply, the next payment takes the next number.
        second = await mina.draft(jun, "2")
        while await world.net.accept() < last_ledger - 1:
            pass
        await world.processed()
        assert (await mina.get(f"/transfers/{lost['id']}"))["state"] == "signed"
        await world.net.accept()
        expired = await mina.until(lost)
        assert (expired["state"], expired["uncertain"]) == ("expired", False)
        assert expired["failure"] == {
            "code": "expired",
            "detail": "The ledger did not take it in time; nothing moved",
            "fee_charged_drops": 0,
        }
        assert await mina.balance_drops() == 1_000_000_000
        world.relay.on_request = lambda asked: asked
        aged = await mina.approve(second)
        assert aged["approval_error"] == "draft_expired"
        paid = await mina.until(await mina.approve(aged), "submitted")
        await world.net.accept()
        assert (await mina.until(paid))["state"] == "settled"
        async with world.rows() as db:
            found = await db.execute(
                text("SELECT state FROM outgoing_transactions WHERE sequence = :s ORDER BY created_at"),
                {"s": sequence},
            )
            assert list(found.scalars()) == ["expired", "settled"]


async def test_lost_answer_is_shown_as_not_known_and_then_found(running_apps: Apps, tmp_path: Path) -> None:
    """The node took the payment, and the connection died before it could say so."""
    async with World(running_apps, tmp_path, manual=True, relayed=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")

        def die(asked: Message, answer: Message) -> Message | None:
            if asked.get("command") != "submit":
                return answer
            world.relay.refuses = True
            world.relay.cut()
            return None

        world.relay.on_answer = die
        paid = await mina.pay(jun, "1")
        assert (await _until_uncertain(mina, paid, uncertain=True))["state"] == "signed"
        # Ledgers go on meanwhile, and nobody guesses.
        for _ in range(3):
            await world.net.accept()
        assert (await mina.get(f"/transfers/{paid['id']}"))["uncertain"]
        world.relay.on_answer = lambda _, answer: answer
        world.relay.refuses = False
        settled = await mina.until(paid)
        assert (settled["state"], settled["uncertain"]) == ("settled", False)
        assert await jun.balance_drops() == 1_001_000_000


async def _last_ledger(world: World) -> int:
    async with world.rows() as db:
        found = await db.execute(text("SELECT last_ledger FROM outgoing_transactions"))
        return int(found.scalar_one())


def _refused(answer: Message, error: str, **more: object) -> Message:
    return {"id": answer["id"], "status": "error", "type": "response", "error": error, **more}


async def test_gap_in_history_keeps_it_open_past_its_last_ledger(running_apps: Apps, tmp_path: Path) -> None:
    """A ledger of the window cannot be read: what stands in it is not known, whatever nodes say of the rest."""
    async with World(running_apps, tmp_path, manual=True, relayed=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        world.relay.on_request = lambda asked: None if asked["command"] == "submit" else asked
        lost = await mina.until(await mina.pay(jun, "1"), "signed")
        last_ledger = await _last_ledger(world)

        def pruned(asked: Message, answer: Message) -> Message:
            if asked.get("command") == "ledger" and asked["ledger_index"] == last_ledger - 1:
                return _refused(answer, "lgrNotFound")
            if asked.get("command") == "tx":
                return _refused(answer, "txnNotFound", searched_all=True)
            return answer

        world.relay.on_answer = pruned
        while await world.net.accept() < last_ledger + 5:
            pass
        open_ = await _until_uncertain(mina, lost, uncertain=True)
        assert open_["state"] == "signed"
        world.relay.on_answer = lambda _, answer: answer
        assert (await mina.until(lost))["state"] == "expired"


async def test_node_that_invents_a_settlement_ends_nothing(running_apps: Apps, tmp_path: Path) -> None:
    """The payment never reached the ledger; the node swears that it stands in a validated one."""
    async with World(running_apps, tmp_path, manual=True, relayed=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        world.relay.on_request = lambda asked: None if asked["command"] == "submit" else asked
        lies = asyncio.Event()

        def sworn(asked: Message, answer: Message) -> Message:
            if asked.get("command") != "tx":
                return answer
            lies.set()
            body = {"hash": asked["transaction"], "validated": True, "ledger_index": asked["min_ledger"] + 1}
            body |= {"tx_json": {"Fee": "10"}, "meta": {"TransactionResult": "tesSUCCESS"}}
            return {"id": answer["id"], "status": "success", "type": "response", "result": body}

        world.relay.on_answer = sworn
        lost = await mina.pay(jun, "1")
        await mina.until(lost, "signed", "submitted")
        last_ledger = await _last_ledger(world)
        async with asyncio.timeout(40):
            await lies.wait()
        while await world.net.accept() < last_ledger - 1:
            pass
        await world.processed()
        assert (await mina.get(f"/transfers/{lost['id']}"))["state"] in ("signed", "submitted")
        await world.net.accept()
        assert (await mina.until(lost))["state"] == "expired"
        assert await jun.balance_drops() == 1_000_000_000


async def test_node_that_denies_a_settlement_does_not_end_it_as_expired(
    running_apps: Apps, tmp_path: Path
) -> None:
    """The payment stands in a ledger; the node swears that it searched all of them in vain."""
    async with World(running_apps, tmp_path, manual=True, relayed=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        world.relay.on_answer = lambda asked, answer: (
            _refused(answer, "txnNotFound", searched_all=True) if asked.get("command") == "tx" else answer
        )
        paid = await mina.until(await mina.pay(jun, "1"), "submitted")
        last_ledger = await _last_ledger(world)
        while await world.net.accept() < last_ledger + 2:
            pass
        settled = await mina.until(paid)
        assert (settled["state"], settled["uncertain"]) == ("settled", False)
        assert await jun.balance_drops() == 1_001_000_000


async def test_ledger_that_refuses_costs_the_fee_and_says_why(running_apps: Apps, tmp_path: Path) -> None:
    """Between draft and ledger the receiver begins to demand a tag."""
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        exchange = await world.outsider(drops=50_000_000)
        draft = await mina.draft(exchange.address, "1")
        await exchange.submit({"TransactionType": "AccountSet", "SetFlag": 1})
        failed = await mina.until(await mina.approve(draft))
        assert failed["state"] == "failed"
        assert failed["failure"]["code"] == "tecDST_TAG_NEEDED"
        assert failed["failure"]["fee_charged_drops"] == failed["fee_drops"]
        assert await mina.balance_drops() == 1_000_000_000 - failed["fee_drops"]
        newest = (await mina.get("/wallet/activity"))["items"][0]
        assert (newest["state"], newest["transfer_id"]) == ("failed", failed["id"])
        # The number was used: the next payment goes on.
        assert (await mina.until(await mina.pay(exchange.address, "1", destination_tag=1)))[
            "state"
        ] == "settled"


async def test_card_and_activity_are_the_row_on_both_sides(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        await become_friends(mina.client, jun.client, jun.id)
        room = await mina.post("/rooms/direct", {"user_id": str(jun.id)}, 200)
        settled = await mina.until(await mina.pay(jun, "5", note="for lunch", room_id=room["id"]))
        assert settled["room_id"] == room["id"]
        pages = [await person.get(f"/rooms/{room['id']}/events") for person in (mina, jun)]
        assert pages[0]["items"] == pages[1]["items"]
        (posted,) = [event for event in pages[0]["items"] if event["kind"] == "posted"]
        card = posted["message"]["card"]
        assert posted["message"]["kind"] == "transfer"
        assert (card["state"], card["version"], card["tx_hash"]) == (
            "settled",
            settled["version"],
            settled["tx_hash"],
        )
        assert card["amount"] == {"value": "5", "asset": "XRP"}
        turned = [event["data"]["state"] for event in pages[0]["items"] if event["kind"] == "card"]
        assert turned[-1] == "settled"
        assert set(turned) <= {"submitted", "settled"}
        versions = [event["data"]["version"] for event in pages[0]["items"] if event["kind"] == "card"]
        assert versions == sorted(set(versions))
        await world.processed()
        sent = (await mina.get("/wallet/activity"))["items"][0]
        received = (await jun.get("/wallet/activity"))["items"][0]
        assert (sent["incoming"], received["incoming"]) == (False, True)
        for entry, other in ((sent, jun), (received, mina)):
            assert entry["counterparty"]["id"] == str(other.id)
            assert (entry["note"], entry["state"]) == ("for lunch", "settled")
            assert (entry["transfer_id"], entry["tx_hash"]) == (settled["id"], settled["tx_hash"])


async def test_payment_to_a_stranger_opens_a_room_with_its_card(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        cancelled = await mina.draft(jun, "1")
        await mina.post(f"/transfers/{cancelled['id']}/cancel")
        assert await jun.get("/rooms") in ([], {"items": [], "next": None})
        settled = await mina.until(await mina.pay(jun, "1"))
        room = await jun.get(f"/rooms/{settled['room_id']}")
        assert room["folder"] == "requests"
        assert room["last_message"]["card"]["state"] == "settled"
