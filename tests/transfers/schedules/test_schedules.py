"""Notice, asking, paying once, missing, pausing, skipping, cancelling, over all real parts."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from talktalk.platform.clock import SystemClock
from tests.fixtures_app import RunningApp
from tests.transfers.world import WAIT_S, Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]


def body(to: Person | str, **fields: Any) -> dict[str, Any]:
    """A monthly payment of 3 XRP from the day after tomorrow on."""
    payee = {"address": to} if isinstance(to, str) else {"user_id": str(to.id)}
    starts_on = (SystemClock().now() + timedelta(days=2)).date().isoformat()
    return {
        "amount": {"value": "3"},
        "repeat": "monthly",
        "starts_on": starts_on,
        "zone": "UTC",
        **payee,
        **fields,
    }


async def schedule(person: Person, to: Person | str, *, status: int = 201, **fields: Any) -> Any:
    """Schedule it."""
    headers = {"Idempotency-Key": secrets.token_urlsafe(16)}
    return await person.post("/schedules", body(to, **fields), status, **headers)


async def come(world: World, made: dict[str, Any], *, due: bool) -> None:
    """Let the moment of the notice come, or that of the payment."""
    change = "next_look_at = now() - interval '1 second'"
    if due:
        change += ", next_due_at = now() - interval '1 second'"
    async with world.rows() as db:
        await db.execute(text(f"UPDATE schedules SET {change} WHERE id = :id"), {"id": UUID(made["id"])})


async def until_run(person: Person, made: dict[str, Any], *states: str) -> dict[str, Any]:
    """The schedule once its newest runs, the latest first, are in these states."""
    async with asyncio.timeout(WAIT_S):
        while True:
            now = await person.get(f"/schedules/{made['id']}")
            if [run["state"] for run in now["runs"]][: len(states)] == list(states):
                return dict(now)
            await asyncio.sleep(0.05)


async def kinds(world: World, person: Person) -> list[str]:
    """The kinds of what the person was told of schedules."""
    async with world.rows() as db:
        found = await db.execute(
            text("SELECT kind FROM feed_events WHERE user_id = :id AND kind LIKE 'schedule.%' ORDER BY seq"),
            {"id": person.id},
        )
        return list(found.scalars())


async def test_payment_is_noticed_asked_and_paid_once(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        made = await schedule(mina, jun, note="rent")
        assert (made["state"], made["runs"]) == ("active", [])
        await come(world, made, due=False)
        noticed = await until_run(mina, made, "coming")
        run = {"run_id": noticed["runs"][0]["id"]}
        assert (await mina.draft(jun, "3", status=409, **run))["code"] == "run_not_due"
        await come(world, made, due=True)
        asked = await until_run(mina, made, "due")
        assert asked["next_due_at"] > made["next_due_at"]
        assert await kinds(world, mina) == ["schedule.turned", "schedule.noticed", "schedule.asked"]

        assert (await mina.draft(jun, "4", status=422, **run))["code"] == "run_mismatch"
        assert (await mina.draft(jun.address, "3", status=422, **run))["code"] == "run_mismatch"
        assert (await jun.draft(mina, "3", status=404, **run))["code"] == "run_not_found"
        before = await jun.balance_drops()
        drafts = [await mina.draft(jun, "3", **run) for _ in range(2)]
        bodies = [await mina.approval(draft) for draft in drafts]
        answers = await asyncio.gather(
            *(
                mina.client.post(f"/api/v1/transfers/{draft['id']}/approve", json=approval)
                for draft, approval in zip(drafts, bodies, strict=True)
            )
        )
        assert sorted(each.json().get("code", "approved") for each in answers) == ["approved", "run_not_due"]
        paid = await until_run(mina, made, "paid")
        assert paid["state"] == "active"
        assert await jun.balance_drops() == before + 3_000_000
        assert (await mina.draft(jun, "3", status=409, **run))["code"] == "run_not_due"
        # A scheduled payment has its ordinary card in the room, and its ordinary transfer.
        transfers = (await mina.get("/transfers"))["items"]
        assert {each["run_id"] for each in transfers} == {run["run_id"]}


async def test_refused_pin_gives_the_run_back(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        made = await schedule(mina, jun.address, repeat="once")
        await come(world, made, due=True)
        asked = await until_run(mina, made, "due")
        assert (asked["state"], asked["next_due_at"]) == ("ended", None)
        draft = await mina.draft(jun.address, "3", run_id=asked["runs"][0]["id"])
        await mina.until_refused(await mina.approve(draft, pin="000000"))
        await until_run(mina, made, "due")
        other = await mina.pay(jun.address, "3", run_id=asked["runs"][0]["id"])
        assert (await mina.until(other))["state"] == "settled"
        await until_run(mina, made, "paid")


async def test_what_nobody_approves_is_missed(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina", pin=False), await world.person("Jun", pin=False)
        made = await schedule(mina, jun)
        await come(world, made, due=True)
        await until_run(mina, made, "due")
        # The next one becomes due: the earlier is not asked for any more.
        await come(world, made, due=True)
        await until_run(mina, made, "due", "missed")
        # A week passes.
        async with world.rows() as db:
            await db.execute(text("UPDATE schedule_runs SET due_at = due_at - interval '7 days'"))
        missed = await until_run(mina, made, "missed", "missed")
        assert missed["state"] == "active"


async def test_pause_skip_resume_and_cancel(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina", pin=False), await world.person("Jun", pin=False)
        made = await schedule(mina, jun)
        path = f"/schedules/{made['id']}"
        assert (await mina.post(f"{path}/skip", status=409))["code"] == "nothing_to_skip"
        await come(world, made, due=False)
        await until_run(mina, made, "coming")
        skipped = await mina.post(f"{path}/skip")
        assert [run["state"] for run in skipped["runs"]] == ["skipped"]
        assert skipped["next_due_at"] > made["next_due_at"]
        paused = await mina.post(f"{path}/pause")
        assert (paused["state"], paused["next_due_at"]) == ("paused", None)
        assert await mina.post(f"{path}/pause") == paused
        resumed = await mina.post(f"{path}/resume")
        assert (resumed["state"], resumed["next_due_at"]) == ("active", skipped["next_due_at"])
        await come(world, made, due=True)
        await until_run(mina, made, "due", "skipped")
        cancelled = await mina.post(f"{path}/cancel")
        assert cancelled["state"] == "cancelled"
        assert [run["state"] for run in cancelled["runs"]] == ["skipped", "skipped"]
        assert await mina.post(f"{path}/cancel") == cancelled
        assert (await mina.post(f"{path}/resume", status=409))["code"] == "schedule_over"
        assert (await jun.get(path, 404))["code"] == "schedule_not_found"
        assert (await jun.post(f"{path}/cancel", status=404))["code"] == "schedule_not_found"


async def test_block_that_came_meanwhile_pauses(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina", pin=False), await world.person("Jun", pin=False)
        made = await schedule(mina, jun)
        blocked = await jun.client.put(f"/api/v1/blocks/{mina.id}")
        assert blocked.status_code < 300, blocked.text
        await come(world, made, due=True)
        stopped = await until_run(mina, made, "blocked")
        assert (stopped["state"], stopped["next_due_at"]) == ("paused", None)
        assert await kinds(world, mina) == ["schedule.turned", "schedule.turned"]
        assert (await schedule(mina, jun, status=403))["code"] == "blocked"


async def test_key_and_refusals(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina", pin=False), await world.person("Jun", pin=False)
        asked = body(jun)
        assert (await mina.post("/schedules", asked, 400))["code"] == "idempotency_key_missing"
        answers = await asyncio.gather(
            *(
                mina.client.post("/api/v1/schedules", json=asked, headers={"Idempotency-Key": "same"})
                for _ in range(4)
            )
        )
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        other = await mina.post("/schedules", {**asked, "note": "x"}, 409, **{"Idempotency-Key": "same"})
        assert other["code"] == "idempotency_key_reused"
        cases: dict[str, dict[str, Any]] = {
            "to_self": body(mina),
            "recipient_ambiguous": body(jun, address=jun.address),
            "recipient_not_found": {**body(jun), "user_id": str(mina.device_id)},
            "amount_zero": body(jun, amount={"value": "0"}),
            "address_malformed": body("r"),
            "note_refused": body(jun, note="a\u0000b"),
            "zone_unknown": body(jun, zone="Mars/Olympus"),
            "schedule_refused": body(jun, starts_on="2020-01-01"),
            "malformed": body(jun, at="25:00"),
        }
        for code, wanted in cases.items():
            answer = await mina.client.post(
                "/api/v1/schedules", json=wanted, headers={"Idempotency-Key": "k"}
            )
            assert answer.json()["code"] == code, answer.text
        assert len((await mina.get("/schedules"))["items"]) == 1
