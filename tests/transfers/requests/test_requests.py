"""Asking, paying, declining, cancelling, reminding, over all real parts."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.fixtures_app import RunningApp
from tests.transfers.requests.world import ask, ask_of, cards, friends, group, read, share_of, until_share
from tests.transfers.world import Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]


async def test_request_is_paid_in_two_payments_and_never_beyond(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        await friends(mina, jun)
        request = await ask(mina, jun, total="10", note="lunch")
        assert (request["state"], share_of(request, jun)["open"]["value"]) == ("open", "10")
        link: dict[str, Any] = {"request_id": request["id"]}

        over = await jun.draft(mina, "10.000001", status=409, **link)
        assert over["code"] == "money_request_overpaid"
        before = await mina.balance_drops()
        assert (await jun.until(await jun.pay(mina, "4", **link)))["state"] == "settled"
        part = await until_share(mina, request, jun, "part_paid")
        assert (share_of(part, jun)["paid"]["value"], share_of(part, jun)["open"]["value"]) == ("4", "6")
        assert (await jun.draft(mina, "6.000001", status=409, **link))["code"] == "money_request_overpaid"
        # A payment that does not name the request does not count.
        assert (await jun.until(await jun.pay(mina, "1")))["state"] == "settled"
        assert share_of(await read(mina, request), jun)["open"]["value"] == "6"

        assert (await jun.until(await jun.pay(mina, "6", **link)))["state"] == "settled"
        paid = await until_share(mina, request, jun, "paid")
        assert paid["state"] == "paid"
        assert await mina.balance_drops() == before + 11_000_000
        assert (await jun.draft(mina, "1", status=409, **link))["code"] == "money_request_closed"

        # One card, the same as asking afresh says, and no cards of the payments that are linked.
        room = await mina.post("/rooms/direct", {"user_id": str(jun.id)})
        (card,) = await cards(world, room["id"])
        assert (card["version"], card["state"]) == (paid["version"], "paid")
        async with world.rows() as db:
            kinds = await db.execute(
                text("SELECT message_kind FROM room_events WHERE kind = 'posted' ORDER BY seq")
            )
            assert list(kinds.scalars()) == ["request", "transfer"]


async def test_events_lead_where_asking_leads(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun, sora = [await world.person(name) for name in ("Mina", "Jun", "Sora")]
        await friends(mina, jun, sora)
        request = await ask(mina, mina, jun, sora, total="10")
        await jun.until(await jun.pay(mina, "3.333333", request_id=request["id"]))
        await until_share(mina, request, jun, "paid")
        await sora.post(f"/requests/{request['id']}/decline")
        told = {}
        async with world.rows() as db:
            found = await db.execute(
                text("SELECT user_id, data FROM feed_events WHERE kind = 'request.turned' ORDER BY seq")
            )
            for user_id, data in found:
                told[user_id] = data["request"]
        for person in (mina, jun, sora):
            assert told[person.id] == await read(person, request)
        # Outside a room each sees their own part alone; the unit that did not divide is the first one's.
        assert [len(told[person.id]["shares"]) for person in (mina, jun, sora)] == [2, 1, 1]
        assert told[mina.id]["own"]["value"] == "3.333334"


async def test_two_payments_at_once_pay_once(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        await friends(mina, jun)
        request = await ask(mina, jun, total="10")
        before = await mina.balance_drops()
        drafts = [await jun.draft(mina, "10", request_id=request["id"]) for _ in range(3)]
        bodies = [await jun.approval(draft) for draft in drafts]
        answers = await asyncio.gather(
            *(
                jun.client.post(f"/api/v1/transfers/{draft['id']}/approve", json=body)
                for draft, body in zip(drafts, bodies, strict=True)
            )
        )
        codes = sorted(answer.json().get("code", "approved") for answer in answers)
        assert codes == ["approved", "money_request_being_paid", "money_request_being_paid"]
        await until_share(mina, request, jun, "paid")
        for draft in drafts:
            if (await jun.get(f"/transfers/{draft['id']}"))["state"] == "drafted":
                refused = await jun.approve(draft, status=409)
                assert refused["code"] == "money_request_closed"
        assert await mina.balance_drops() == before + 10_000_000


async def test_refused_approval_gives_the_share_back(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        await friends(mina, jun)
        request = await ask(mina, jun, total="10")
        draft = await jun.draft(mina, "10", request_id=request["id"])
        await jun.until_refused(await jun.approve(draft, pin="000000"))
        share = share_of(await read(mina, request), jun)
        assert (share["paying"], share["open"]["value"]) == (False, "10")
        other = await jun.pay(mina, "10", request_id=request["id"])
        assert (await jun.until(other))["state"] == "settled"
        await until_share(mina, request, jun, "paid")


async def test_what_is_on_its_way_when_a_request_ends_still_counts(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path, manual=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        await friends(mina, jun)
        request = await ask(mina, jun, total="10")
        transfer = await jun.pay(mina, "4", request_id=request["id"])
        await jun.until(transfer, "submitted")
        cancelled = await mina.post(f"/requests/{request['id']}/cancel")
        share = share_of(cancelled, jun)
        # It waits for the ledger's word, and nothing more can be paid.
        assert (cancelled["state"], share["state"], share["paying"]) == ("open", "open", True)
        assert share["open"]["value"] == "0"
        refused = await jun.draft(mina, "1", status=409, request_id=request["id"])
        assert refused["code"] == "money_request_closed"
        await world.net.accept()
        assert (await jun.until(transfer))["state"] == "settled"
        ended = await until_share(mina, request, jun, "cancelled")
        assert (ended["state"], share_of(ended, jun)["paid"]["value"]) == ("closed", "4")
        # Cancelling again changes nothing.
        assert await mina.post(f"/requests/{request['id']}/cancel") == ended


async def test_group_splits_declines_reminds_and_shows_one_card(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        jun, sora = await world.person("Jun", pin=False), await world.person("Sora", pin=False)
        room = await group(world, mina, jun, sora)
        checked = await mina.post("/requests/checks", ask_of(mina, jun, sora, total="10", room_id=room))
        assert [part["amount"]["value"] for part in checked["parts"]] == ["3.333334", "3.333333", "3.333333"]
        assert [part["extra"] for part in checked["parts"]] == [
            {"value": "0.000001", "asset": "XRP"},
            None,
            None,
        ]
        assert checked["asked"]["value"] == "6.666666"
        request = await ask(mina, mina, jun, sora, total="10", room_id=room)
        path = f"/requests/{request['id']}"
        # Everyone of the room sees every part.
        assert len((await read(sora, request))["shares"]) == 2

        reminded = await mina.post(f"{path}/remind")
        assert all(share["reminded_at"] for share in reminded["shares"])
        again = await mina.post(f"{path}/remind", status=429)
        assert again["code"] == "remind_too_soon"
        assert 0 < again["retry_after_s"] <= 12 * 3600
        assert (await jun.post(f"{path}/remind", status=404))["code"] == "money_request_not_found"

        declined = await jun.post(f"{path}/decline")
        assert share_of(declined, jun)["state"] == "declined"
        assert await jun.post(f"{path}/decline") == declined
        assert (await jun.post(f"{path}/cancel", status=404))["code"] == "money_request_not_found"
        ended = await mina.post(f"{path}/cancel")
        assert [share["state"] for share in ended["shares"]] == ["declined", "cancelled"]
        assert ended["state"] == "closed"
        assert (await sora.post(f"{path}/decline", status=409))["code"] == "money_request_closed"
        (card,) = await cards(world, room)
        assert (card["version"], [share["state"] for share in card["shares"]]) == (
            ended["version"],
            ["declined", "cancelled"],
        )
        async with world.rows() as db:
            found = await db.execute(
                text("SELECT user_id FROM feed_events WHERE kind = 'request.reminded' ORDER BY user_id")
            )
            assert sorted(found.scalars()) == sorted([jun.id, sora.id])


async def test_requests_end_by_themselves(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina", pin=False), await world.person("Jun", pin=False)
        await friends(mina, jun)
        request = await ask(mina, jun, total="10")
        async with world.rows() as db:
            await db.execute(text("UPDATE money_requests SET expires_at = now() - interval '1 second'"))
        ended = await until_share(jun, request, jun, "expired")
        assert ended["state"] == "closed"
        assert (await jun.draft(mina, "1", status=409, request_id=request["id"]))[
            "code"
        ] == "money_request_closed"
        listed = await mina.get("/requests?made=true&open=true")
        assert listed["items"] == []
        assert [each["id"] for each in (await jun.get("/requests?made=false"))["items"]] == [request["id"]]


async def test_settling_up_closes_a_chain_with_one_payment(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun, sora = [await world.person(name) for name in ("Mina", "Jun", "Sora")]
        room = await group(world, mina, jun, sora)
        # Jun owes Mina 5, Mina owes Sora 5: Jun pays Sora.
        first = await ask(mina, jun, total="5", room_id=room)
        second = await ask(sora, mina, total="5", room_id=room)
        path = f"/requests/settle-up?room_id={room}"
        (plan,) = (await mina.get(path))["assets"]
        (line,) = plan["lines"]
        assert (line["payer"]["id"], line["payee"]["id"]) == (str(jun.id), str(sora.id))
        assert (line["amount"], plan["is_fewest"]) == ({"value": "5", "asset": "XRP"}, True)

        link: dict[str, Any] = {"settles_room_id": room}
        assert (await jun.draft(sora, "4", status=409, **link))["code"] == "settle_up_changed"
        assert (await jun.draft(mina, "5", status=409, **link))["code"] == "settle_up_changed"
        overtaken = await jun.draft(sora, "5", **link)
        transfer = await jun.pay(sora, "5", **link)
        assert (await jun.until(transfer))["state"] == "settled"
        await until_share(mina, first, jun, "paid")
        await until_share(mina, second, mina, "paid")
        refused = await jun.approve(overtaken, status=409)
        assert refused["code"] == "settle_up_changed"
        (even,) = (await mina.get(path))["assets"]
        assert even["lines"] == []
        sums = {
            each["person"]["id"]: (each["paid"]["value"], each["received"]["value"])
            for each in even["balances"]
        }
        assert sums == {str(jun.id): ("5", "0"), str(sora.id): ("0", "5")}
        outsider = await world.person("Hyun", pin=False)
        assert (await outsider.get(path, status=404))["code"] == "room_not_found"


async def test_key_makes_one_request_for_ever(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina", pin=False), await world.person("Jun", pin=False)
        await friends(mina, jun)
        body = ask_of(jun, total="3")
        missing = await mina.post("/requests", body, 400)
        assert missing["code"] == "idempotency_key_missing"
        answers = await asyncio.gather(
            *(
                mina.client.post("/api/v1/requests", json=body, headers={"Idempotency-Key": "same"})
                for _ in range(5)
            )
        )
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 4
        reused = await ask(mina, jun, key="same", total="4", status=409)
        assert reused["code"] == "idempotency_key_reused"
        assert len((await jun.get("/requests"))["items"]) == 1
        room = await mina.post("/rooms/direct", {"user_id": str(jun.id)})
        assert len(await cards(world, room["id"])) == 1


async def _code(person: Person, body: dict[str, object]) -> str:
    """The code of a refused request; the check refuses it in the same words."""
    made = await person.client.post("/api/v1/requests", json=body, headers={"Idempotency-Key": "k"})
    checked = await person.client.post("/api/v1/requests/checks", json=body)
    assert (checked.status_code, checked.json()["code"]) == (made.status_code, made.json()["code"])
    return str(made.json()["code"])


async def test_what_cannot_be_asked_is_refused_by_name(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina", pin=False)
        jun, sora, hyun = [await world.person(name, pin=False) for name in ("Jun", "Sora", "Hyun")]
        await friends(mina, jun, sora)
        direct = (await mina.post("/rooms/direct", {"user_id": str(hyun.id)}))["id"]
        room = await group(world, mina, jun, hyun)
        blocked = await jun.client.put(f"/api/v1/blocks/{mina.id}")
        assert blocked.status_code < 300, blocked.text
        token = f"USD.{jun.address}"
        cases = {
            "split_malformed": [
                ask_of(sora),
                ask_of(sora, sora, total="1"),
                ask_of(mina, total="1"),
                ask_of(sora, mode="own", total="1"),
                ask_of(sora, mode="shares", total="1"),
            ],
            "split_too_small": [ask_of(mina, sora, total="0.000001")],
            "amount_negative": [ask_of(sora, total="-1")],
            "amount_too_precise": [ask_of(sora, total="0.0000001")],
            "amount_zero": [ask_of(sora, total="0")],
            "amount_exponent": [ask_of(sora, total="1e3")],
            "amount_too_large": [
                ask_of(sora, total="100000000001"),
                {
                    "mode": "own",
                    "people": [
                        {"user_id": str(sora.id), "value": "100000000000"},
                        {"user_id": str(mina.id), "value": "1"},
                    ],
                },
            ],
            "asset_unsupported": [ask_of(sora, total="1", asset=token)],
            "asset_malformed": [ask_of(sora, total="1", asset="DOGE")],
            "note_refused": [ask_of(sora, total="1", note="a\u0000b")],
            "recipient_not_found": [{"people": [{"user_id": str(mina.device_id)}], "total": "1"}],
            "blocked": [ask_of(jun, total="1")],
            "debtor_unreachable": [ask_of(hyun, total="1"), ask_of(hyun, total="1", room_id=direct)],
            "room_not_found": [
                ask_of(sora, total="1", room_id=room),
                ask_of(sora, total="1", room_id=str(mina.device_id)),
            ],
            "expiry_refused": [
                ask_of(sora, total="1", expires_at="2020-01-01T00:00:00Z"),
                ask_of(sora, total="1", expires_at="2999-01-01T00:00:00Z"),
                ask_of(sora, total="1", expires_at="2026-12-01T00:00:00"),
            ],
        }
        for code, bodies in cases.items():
            for body in bodies:
                assert await _code(mina, body) == code, body
        assert (await mina.get("/requests"))["items"] == []


async def test_what_cannot_be_paid_is_refused_by_name(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun, sora = [await world.person(name, pin=False) for name in ("Mina", "Jun", "Sora")]
        await friends(mina, jun, sora)
        request = await ask(mina, jun, total="5")
        link: dict[str, Any] = {"request_id": request["id"]}
        # Not theirs to pay, not to that person, not without one, not two things at once.
        assert (await sora.draft(mina, "1", status=404, **link))["code"] == "money_request_not_found"
        assert (await mina.draft(jun, "1", status=404, **link))["code"] == "money_request_not_found"
        assert (await jun.draft(sora, "1", status=422, **link))["code"] == "money_request_mismatch"
        assert (await jun.draft(mina.address, "1", status=422, **link))["code"] == "pays_ambiguous"
        both = await jun.draft(mina, "1", status=422, settles_room_id=request["id"], **link)
        assert both["code"] == "pays_ambiguous"
        assert (await sora.get(f"/requests/{request['id']}", 404))["code"] == "money_request_not_found"
        assert (await jun.get("/transfers"))["items"] == []
