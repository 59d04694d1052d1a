"""Bringing the wallet to a new device: earned, announced, delayed, vetoed."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.fixtures_app import RunningApp
from tests.transfers.world import Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]
CODE = "7K3QX-9V2MB-ADHEJ-W5TNR-0GZ8YC"
WRONG = "00000-00000-00000-00000-000000"


async def _by_code(device: Person, code: str, new_pin: str | None = None, status: int = 201) -> Any:
    context = device.id.bytes + device.device_id.bytes
    key_id, sealed_code = await device.sealed(code, "recovery.use", context)
    body: dict[str, Any] = {"method": "code", "worker_key_id": key_id, "sealed_code": sealed_code}
    if new_pin is not None:
        body["sealed_new_pin"] = (await device.sealed(new_pin, "pin.set", device.id.bytes))[1]
    return await device.post("/wallet/recoveries", body, status)


async def _consent(device: Person, recovery_id: str, pin: str, status: int = 200) -> Any:
    context = device.id.bytes + UUID(recovery_id).bytes
    key_id, sealed = await device.sealed(pin, "recovery.consent", context)
    body = {"worker_key_id": key_id, "sealed_pin": sealed}
    return await device.post(f"/wallet/recoveries/{recovery_id}/consent", body, status)


async def _events(person: Person, kind: str) -> list[dict[str, Any]]:
    async with person.world.rows() as db:
        found = await db.execute(
            text("SELECT data FROM feed_events WHERE user_id = :user AND kind = :kind ORDER BY seq"),
            {"user": person.id, "kind": kind},
        )
        return [dict(data) for data in found.scalars()]


async def test_code_brings_the_wallet_and_a_new_pin(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        old, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        await old.set_recovery_code(CODE)
        assert (await old.get("/wallet"))["has_recovery_code"]
        new = await world.other_device(old)
        before = await new.get("/wallet")
        assert before["trust"] == "untrusted"
        draft = await new.draft(jun, "1")
        assert (await new.approve(draft, status=403))["code"] == "device_not_trusted"
        # Typed in small letters, in other groups.
        done = await _by_code(new, CODE.lower().replace("-", " "), new_pin="135790")
        assert done["state"] == "done"
        after = await new.get("/wallet")
        assert (after["trust"], after["has_recovery_code"]) == ("trusted", False)
        assert (after["address"], after["balances"]) == (before["address"], before["balances"])
        new.pin = "135790"
        assert (await new.until(await new.pay(jun, "1")))["state"] == "settled"
        # Every device was told, and the code is used up.
        assert [event["recovery"]["state"] for event in await _events(old, "recovery.started")] == [
            "checking",
            "waiting",
        ]
        assert [event["recovery"]["state"] for event in await _events(old, "recovery.closed")] == ["done"]
        third = await world.other_device(old)
        assert (await _by_code(third, CODE, status=409))["code"] == "no_recovery_code"
        # The old PIN is the old PIN no more.
        refused = await old.until_refused(await old.approve(await old.draft(jun, "1")))
        assert refused["approval_error"] == "pin_wrong"


async def test_wrong_codes_are_counted_then_delayed(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        old = await world.person("Mina")
        await old.set_recovery_code(CODE)
        new = await world.other_device(old)
        for _ in range(5):
            refused = await _by_code(new, WRONG)
            assert (refused["state"], refused["reason"]) == ("refused", "code_wrong")
        for code in (WRONG, CODE):
            refused = await _by_code(new, code)
            assert (refused["state"], refused["reason"]) == ("refused", "too_many_tries")
        assert (await new.get("/wallet"))["trust"] == "untrusted"


async def test_delay_is_kept_and_a_veto_ends_it(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, recovery_delay_s=3600) as world:
        old, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        await old.set_recovery_code(CODE)
        new = await world.other_device(old)
        waiting = await _by_code(new, CODE, new_pin="135790")
        assert waiting["state"] == "waiting"
        wallet = await new.get("/wallet")
        assert (wallet["trust"], wallet["spend_after"]) == ("waiting", waiting["spend_after"])
        draft = await new.draft(jun, "1")
        assert (await new.approve(draft, status=403))["code"] == "device_not_trusted"
        # The device cannot vouch for itself, and a new PIN has no effect yet.
        assert (await new.post(f"/wallet/recoveries/{waiting['id']}/veto", status=403))["code"] == (
            "device_not_trusted"
        )
        assert (await old.until(await old.pay(jun, "1")))["state"] == "settled"
        vetoed = await old.post(f"/wallet/recoveries/{waiting['id']}/veto")
        assert (vetoed["state"], vetoed["reason"]) == ("refused", "vetoed")
        assert (await new.get("/wallet"))["trust"] == "untrusted"
        again = await old.post(f"/wallet/recoveries/{waiting['id']}/veto", status=409)
        assert again["code"] == "recovery_closed"
        # A code that was in wrong hands opens nothing any more.
        assert (await _by_code(new, CODE, status=409))["code"] == "no_recovery_code"


async def test_after_the_delay_the_device_may_spend_with_its_new_pin(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path, recovery_delay_s=2) as world:
        old, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        await old.set_recovery_code(CODE)
        new = await world.other_device(old)
        assert (await _by_code(new, CODE, new_pin="135790"))["state"] == "waiting"
        async with asyncio.timeout(30):
            while True:
                if (await new.get("/wallet"))["trust"] == "trusted":
                    break
                await asyncio.sleep(0.05)
        new.pin = "135790"
        assert (await new.until(await new.pay(jun, "1")))["state"] == "settled"
        assert [event["device_id"] for event in await _events(old, "device.trusted")] == [str(new.device_id)]


async def test_trusted_device_consents_with_its_pin(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        old, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        new = await world.other_device(old)
        asked = await new.post("/wallet/recoveries", {"method": "consent"}, 201)
        assert asked["state"] == "asked"
        # Asking again is the same asking.
        assert (await new.post("/wallet/recoveries", {"method": "consent"}, 201))["id"] == asked["id"]
        assert (await _consent(new, asked["id"], old.pin, 403))["code"] == "device_not_trusted"
        assert (await _consent(old, asked["id"], "999999", 403))["code"] == "pin_wrong"
        stranger = await world.person("Eve")
        assert (await _consent(stranger, asked["id"], stranger.pin, 404))["code"] == "recovery_not_found"
        assert (await _consent(old, asked["id"], old.pin))["state"] == "done"
        assert (await new.get("/wallet"))["trust"] == "trusted"
        assert (await new.until(await new.pay(jun, "1")))["state"] == "settled"
        late = await _consent(old, asked["id"], old.pin, 409)
        assert late["code"] == "recovery_closed"


async def test_asked_for_consent_then_the_code_was_found(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        old = await world.person("Mina")
        await old.set_recovery_code(CODE)
        new = await world.other_device(old)
        asked = await new.post("/wallet/recoveries", {"method": "consent"}, 201)
        done = await _by_code(new, CODE)
        assert (done["id"], done["state"], done["method"]) == (asked["id"], "done", "code")


async def test_pin_is_changed_only_with_the_old_one(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        assert (await mina.set_pin("111222", status=409))["code"] == "pin_needed"
        assert (await mina.set_pin("111222", old="000000", status=403))["code"] == "pin_wrong"
        for bad in ("12345", "1234567", "12345a", "١٢٣٤٥٦"):
            assert (await mina.set_pin(bad, old=mina.pin, status=422))["code"] == "pin_malformed"
        assert (await mina.set_pin("111222", old=mina.pin))["has_pin"]
        other = await world.other_device(mina)
        assert (await other.set_pin("333444", old="111222", status=403))["code"] == "device_not_trusted"


async def test_without_a_worker_nothing_is_set_and_nothing_comes_late(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina", pin=False)
        await world.stop_worker()
        assert (await mina.set_pin("111222", status=503))["code"] == "worker_silent"
        world.start_worker()
        await world.processed()
        assert (await mina.set_pin("333444"))["has_pin"]  # no old PIN was wanted
