"""Bulk transfers from end to end: each mode, each way, what fails in the middle."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.fixtures_app import RunningApp
from tests.transfers import ordering
from tests.transfers.ordering import NO_BATCH, bulk_ask, states
from tests.transfers.world import Outsider, Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]
Payment = tuple[Person | Outsider | str, str]


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


async def test_two_hundred_are_paid_within_three_ledgers_of_their_tickets(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path, manual=True, amendments=NO_BATCH) as world:
        mina = await world.person_by_hand("Mina")
        newcomers = [Outsider(world) for _ in range(200)]
        ask = bulk_ask("independent", [(newcomer, "1") for newcomer in newcomers])
        dry = await ordering.check(mina, ask)
        assert (dry["ledgers"], dry["creates_accounts"], dry["reserve"]["value"]) == (2, 200, "40")
        order = await ordering.approve(mina, await ordering.draft(mina, ask))
        await ordering.until_steps(mina, order, "submitted", 1)
        made_at = await world.net.accept()
        for _ in range(3):
            # As many as one may have sent by the time the next ledger closes.
            await _all_sent(mina, order)
            last = await world.net.accept()
            await world.processed()
            done = await mina.get(f"/orders/{order['id']}")
            if done["state"] == "done":
                break
        assert (done["state"], done["tally"]["paid"]) == ("done", 200)
        assert last - made_at <= 3
        assert {item["ledger_index"] for item in done["items"]} <= set(range(made_at + 1, last + 1))


async def _all_sent(person: Person, order: dict[str, Any]) -> None:
    async with asyncio.timeout(60):
        while True:
            now = await person.get(f"/orders/{order['id']}")
            open_ = {step["state"] for step in now["steps"]} - {"settled"}
            if open_ <= {"submitted"}:
                return
            await asyncio.sleep(0.2)


async def test_what_cannot_be_is_refused_before_anything_is_made(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, amendments=NO_BATCH) as world:
        mina, jun, sora = await world.person("Mina"), await world.person("Jun"), await world.person("Sora")
        tagged = await world.outsider(drops=20_000_000)
        assert await tagged.submit({"TransactionType": "AccountSet", "SetFlag": 1}) == "tesSUCCESS"
        nobody, too_much = Outsider(world).address, "99999999999"
        cases: list[tuple[list[Payment], int, str, int | None]] = [
            ([(jun, "1"), (jun, "2")], 422, "recipient_duplicate", 1),
            ([(jun, "1"), (jun.address, "2")], 422, "recipient_duplicate", 1),
            ([(jun, "1"), (mina, "2")], 422, "to_self", 1),
            ([(mina.address, "1"), (jun, "2")], 422, "to_self", 0),
            ([(jun, "1"), (sora, "0")], 422, "amount_zero", 1),
            ([(jun, "1"), (sora, "1e3")], 422, "amount_exponent", 1),
            ([(jun, "1"), (tagged, "1")], 422, "destination_tag_needed", 1),
            ([(jun, "1"), (nobody, "0.1")], 409, "destination_below_reserve", 1),
            ([(jun, "1"), ("rubbish", "1")], 422, "address_malformed", 1),
            ([(jun, too_much), (sora, too_much)], 409, "insufficient_balance", None),
            ([(jun, "499.6"), (sora, "499.6")], 409, "below_reserve", None),
        ]
        for recipients, status, code, where in cases:
            problem = await ordering.draft(mina, bulk_ask("independent", recipients), status)
            assert problem["code"] == code, (recipients, problem)
            named = [each["field"] for each in problem.get("errors", [])]
            assert named == ([] if where is None else [f"recipients[{where}]"]), problem
        lonely = bulk_ask("independent", [(jun, "1")])
        assert (await mina.post("/orders", lonely, 400, **{"Idempotency-Key": "one-alone-1"}))["code"]
        empty = {"kind": "bulk"}
        assert (await ordering.draft(mina, empty, 422))["code"] == "order_malformed"
        keyless = await mina.post("/orders", bulk_ask("independent", [(jun, "1"), (sora, "1")]), 400)
        assert keyless["code"] == "idempotency_key_missing"
        many = bulk_ask("all_or_nothing", [(jun, "1"), (sora, "1")])
        assert (await ordering.check(mina, many, 409))["code"] == "atomic_unavailable"
        assert (await ordering.draft(mina, many, 409))["code"] == "atomic_unavailable"
        async with world.rows() as db:
            assert (await db.execute(text("SELECT count(*) FROM orders"))).scalar_one() == 0


async def test_one_key_makes_one_order_and_one_approval_signs_it_once(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path, amendments=NO_BATCH) as world:
        mina, jun, sora = await world.person("Mina"), await world.person("Jun"), await world.person("Sora")
        ask = bulk_ask("independent", [(jun, "1"), (sora, "1")])
        order = await ordering.draft(mina, ask, key="the-same-key")
        assert (await ordering.draft(mina, ask, key="the-same-key"))["id"] == order["id"]
        other = bulk_ask("independent", [(jun, "1"), (sora, "2")])
        reused = await ordering.draft(mina, other, 409, key="the-same-key")
        assert reused["code"] == "idempotency_key_reused"
        # Nobody else sees or approves it; another hash or PIN does not.
        await jun.get(f"/orders/{order['id']}", 404)
        await jun.post(f"/orders/{order['id']}/approve", await ordering.approval(jun, order), 404)
        wrong = await ordering.approval(mina, order) | {"approval_hash": "0" * 64}
        assert (await mina.post(f"/orders/{order['id']}/approve", wrong, 409))["code"] == "draft_changed"
        await ordering.approve(mina, order, pin="000000")
        refused = await ordering.until_refused(mina, order)
        assert (refused["approval_error"], refused["tries_left"]) == ("pin_wrong", 4)
        # A PIN that was sealed to a transfer of the same hash opens nothing here.
        key_id, sealed = await mina.sealed(
            mina.pin, "transfer.approve", bytes.fromhex(order["draft"]["approval_hash"])
        )
        named = order["draft"]["approval_hash"]
        body = {"approval_hash": named, "worker_key_id": key_id, "sealed_pin": sealed}
        await mina.post(f"/orders/{order['id']}/approve", body)
        assert (await _until_error(mina, order, "approval_unreadable"))["state"] == "drafted"
        approval = await ordering.approval(mina, order)
        taps = [mina.post(f"/orders/{order['id']}/approve", approval) for _ in range(4)]
        await asyncio.gather(*taps)
        done = await ordering.until(mina, order)
        assert done["state"] == "done"
        assert await jun.balance_drops() == 1_001_000_000
        late = await mina.post(f"/orders/{order['id']}/cancel", None, 409)
        assert late["code"] == "too_late_to_cancel"


async def _until_error(person: Person, order: dict[str, Any], error: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            now = await person.get(f"/orders/{order['id']}")
            if now["approval_error"] == error:
                return dict(now)
            await asyncio.sleep(0.03)


async def test_order_whose_number_was_taken_comes_back_drawn_anew(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, amendments=NO_BATCH) as world:
        mina, jun, sora = await world.person("Mina"), await world.person("Jun"), await world.person("Sora")
        order = await ordering.draft(mina, bulk_ask("independent", [(jun, "1"), (sora, "1")]))
        assert (await mina.until(await mina.pay(jun, "1")))["state"] == "settled"
        fresh = await ordering.approve(mina, order)
        assert (fresh["state"], fresh["approval_error"]) == ("drafted", "draft_changed")
        assert fresh["draft"]["approval_hash"] != order["draft"]["approval_hash"]
        done = await ordering.until(mina, await ordering.approve(mina, fresh))
        assert done["state"] == "done"
        # Cancelled before it is signed, nothing of it ever happens.
        other = await ordering.draft(mina, bulk_ask("independent", [(jun, "1"), (sora, "1")]))
        gone = await mina.post(f"/orders/{other['id']}/cancel")
        assert gone["state"] == "cancelled"
        assert (await ordering.approve(mina, {**other}, status=409))["code"] == "not_drafted"


async def test_card_stands_in_the_room_and_turns_to_the_end(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, amendments=NO_BATCH) as world:
        mina, jun, sora = await world.person("Mina"), await world.person("Jun"), await world.person("Sora")
        room = await mina.post("/rooms/direct", {"user_id": str(jun.id)})
        ask = bulk_ask("independent", [(jun, "1"), (sora, "2")], room_id=room["id"], note="trip")
        assert (await ordering.draft(sora, ask, 422))["code"] == "to_self"
        foreign = bulk_ask("independent", [(jun, "1"), (mina, "2")], room_id=room["id"])
        assert (await ordering.draft(sora, foreign, 404))["code"] == "room_not_found"
        done = await ordering.until(mina, await ordering.approve(mina, await ordering.draft(mina, ask)))
        events = (await jun.get(f"/rooms/{room['id']}/events"))["items"]
        (posted,) = [event["message"] for event in events if event["kind"] == "posted"]
        assert (posted["kind"], posted["ref"]) == ("order", done["id"])
        card = posted["card"]
        assert (card["state"], card["version"], card["note"]) == ("done", done["version"], "trip")
        assert [item["state"] for item in card["items"]] == ["paid", "paid"]
