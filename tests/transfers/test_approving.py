"""Approvals: bound to one hash, judged by the worker, heard once."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from talktalk.platform.database import Database
from tests.fixtures_app import RunningApp
from tests.transfers.world import World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]


async def test_double_tap_on_many_devices_debits_once(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        before = await mina.balance_drops()
        drafts = await asyncio.gather(*(mina.draft(jun, "3", key="the same key") for _ in range(6)))
        assert len({draft["id"] for draft in drafts}) == 1
        body = await mina.approval(drafts[0])
        path = f"/api/v1/transfers/{drafts[0]['id']}/approve"
        answers = await asyncio.gather(*(mina.client.post(path, json=body) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {200}
        settled = await mina.until(drafts[0])
        assert settled["state"] == "settled"
        again = await mina.client.post(path, json=body)
        assert again.json()["state"] == "settled"
        assert await mina.balance_drops() == before - 3_000_000 - settled["fee_drops"]
        found = await world.net.request("account_tx", account=mina.address, ledger_index_min=-1)
        sent = [entry for entry in found["transactions"] if entry["tx_json"]["Account"] == mina.address]
        assert len(sent) == 1


async def test_key_is_for_ever_and_for_one_input(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        body = mina.ask(jun, "2")
        missing = await mina.client.post("/api/v1/transfers", json=body)
        assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_missing")
        for bad in ("", "x" * 129):
            answer = await mina.client.post("/api/v1/transfers", json=body, headers={"Idempotency-Key": bad})
            assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")
        key = {"Idempotency-Key": "key-1"}
        first = await mina.client.post("/api/v1/transfers", json=body, headers=key)
        assert (first.status_code, "idempotency-replayed" in first.headers) == (201, False)
        repeated = await mina.client.post("/api/v1/transfers", json=body, headers=key)
        assert (repeated.status_code, repeated.headers["idempotency-replayed"]) == (201, "true")
        assert repeated.json() == first.json()
        other = await mina.post("/transfers", mina.ask(jun, "2.000001"), 409, **key)
        assert other["code"] == "idempotency_key_reused"
        settled = await mina.until(await mina.approve(first.json()))
        # Long after, and with another balance: still the same intent.
        repeated = await mina.client.post("/api/v1/transfers", json=body, headers=key)
        assert repeated.json() == settled
        # Another person's key is another key.
        assert (await jun.draft(mina, "2", key="key-1"))["id"] != first.json()["id"]


async def test_wrong_pin_is_counted_then_delayed_and_never_signs(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        draft = await mina.draft(jun, "1")
        for tries_left in (4, 3):
            await mina.approve(draft, pin="000000")
            refused = await mina.until_refused(draft)
            assert (refused["approval_error"], refused["tries_left"]) == ("pin_wrong", tries_left)
            assert refused["draft"] == draft["draft"]
        # A right PIN sets the count back.
        assert (await mina.until(await mina.approve(refused)))["state"] == "settled"
        draft = await mina.draft(jun, "1")
        for tries_left in (4, 3, 2, 1, 0):
            await mina.approve(draft, pin="000000")
            refused = await mina.until_refused(draft)
            assert refused["tries_left"] == tries_left
        assert refused["retry_at"] is not None
        # Now even the right one is not heard, and web says so at once.
        problem = await mina.approve(draft, status=429)
        assert problem["code"] == "pin_locked"
        assert 0 < problem["retry_after_s"] <= 30
        assert await jun.balance_drops() == 1_001_000_000


async def test_guesses_made_at_once_are_all_counted(running_apps: Apps, tmp_path: Path) -> None:
    """Twelve drafts, twelve wrong PINs at the same moment: five are judged, no more."""
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        drafts = [await mina.draft(jun, "1") for _ in range(12)]
        bodies = [await mina.approval(draft, "111111") for draft in drafts]
        await asyncio.gather(
            *(
                mina.client.post(f"/api/v1/transfers/{draft['id']}/approve", json=body)
                for draft, body in zip(drafts, bodies, strict=True)
            )
        )
        async with asyncio.timeout(30):
            while True:
                states = [(await mina.get(f"/transfers/{draft['id']}"))["state"] for draft in drafts]
                if "signing" not in states:
                    break
                await asyncio.sleep(0.05)
        now = [await mina.get(f"/transfers/{draft['id']}") for draft in drafts]
        errors = [transfer["approval_error"] for transfer in now]
        assert errors.count("pin_wrong") == 5
        # The others were not heard, by the worker or by web.
        assert set(errors) <= {"pin_wrong", "pin_locked", None}


async def test_approval_is_for_this_hash_this_purpose_this_person(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        one, other = await mina.draft(jun, "1"), await mina.draft(jun, "2")
        body_of_one = await mina.approval(one)
        body_of_other = await mina.approval(other)
        # The hash of another draft is refused at once.
        changed = await mina.post(f"/transfers/{other['id']}/approve", body_of_one, 409)
        assert changed["code"] == "draft_changed"
        # The right hash with a PIN that was sealed for another transaction does not open.
        mixed = {**body_of_other, "sealed_pin": body_of_one["sealed_pin"]}
        await mina.post(f"/transfers/{other['id']}/approve", mixed)
        assert (await mina.until_refused(other))["approval_error"] == "approval_unreadable"
        # Nor does what was sealed for setting a PIN.
        _, sealed = await mina.sealed(mina.pin, "pin.set", bytes.fromhex(other["draft"]["signing_hash"]))
        await mina.post(f"/transfers/{other['id']}/approve", {**body_of_other, "sealed_pin": sealed})
        assert (await mina.until_refused(other))["approval_error"] == "approval_unreadable"
        # A key nobody published is told at once.
        unknown = {**body_of_other, "worker_key_id": "0" * 16}
        problem = await mina.post(f"/transfers/{other['id']}/approve", unknown, 409)
        assert problem["code"] == "worker_key_old"
        # A device that is not trusted may look, not spend.
        stranger = await world.other_device(mina)
        assert (await stranger.get("/wallet"))["trust"] == "untrusted"
        problem = await stranger.post(f"/transfers/{other['id']}/approve", body_of_other, 403)
        assert problem["code"] == "device_not_trusted"
        assert await mina.balance_drops() == 1_000_000_000


async def test_two_drafts_with_one_number_are_signed_one_after_the_other(
    running_apps: Apps, tmp_path: Path
) -> None:
    """Both name the number that was free; the second comes back with the next one, for a new look."""
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        one, other = await mina.draft(jun, "1"), await mina.draft(jun, "2")
        bodies = [await mina.approval(draft) for draft in (one, other)]
        await asyncio.gather(
            *(
                mina.post(f"/transfers/{draft['id']}/approve", body)
                for draft, body in zip((one, other), bodies, strict=True)
            )
        )
        async with asyncio.timeout(30):
            while True:
                now = [await mina.get(f"/transfers/{draft['id']}") for draft in (one, other)]
                if sorted(transfer["state"] for transfer in now) == ["drafted", "settled"]:
                    break
                await asyncio.sleep(0.05)
        (waiting,) = [transfer for transfer in now if transfer["state"] == "drafted"]
        assert waiting["approval_error"] == "draft_changed"
        assert waiting["draft"]["signing_hash"] not in (
            one["draft"]["signing_hash"],
            other["draft"]["signing_hash"],
        )
        assert (await mina.until(await mina.approve(waiting)))["state"] == "settled"
        assert await jun.balance_drops() == 1_003_000_000


async def test_cancelled_is_cancelled(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        draft = await mina.draft(jun, "1")
        cancelled = await mina.post(f"/transfers/{draft['id']}/cancel")
        assert cancelled["state"] == "cancelled"
        assert (await mina.post(f"/transfers/{draft['id']}/cancel"))["state"] == "cancelled"
        problem = await mina.approve(draft, status=409)
        assert problem["code"] == "not_drafted"
        # Approved, and taken back before a worker came to it.
        draft = await mina.draft(jun, "1")
        await world.stop_worker()
        assert (await mina.approve(draft))["state"] == "signing"
        assert (await mina.post(f"/transfers/{draft['id']}/cancel"))["state"] == "cancelled"
        world.start_worker()
        paid = await mina.until(await mina.pay(jun, "2"))
        assert paid["state"] == "settled"
        too_late = await mina.post(f"/transfers/{paid['id']}/cancel", status=409)
        assert too_late["code"] == "too_late_to_cancel"
        assert await jun.balance_drops() == 1_002_000_000


async def test_draft_that_aged_comes_back_new(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, manual=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        draft = await mina.draft(jun, "1")
        while await world.net.accept() < draft["draft"]["last_ledger"]:
            pass
        await world.processed()
        aged = await mina.approve(draft)
        assert (aged["state"], aged["approval_error"]) == ("drafted", "draft_expired")
        assert aged["draft"]["last_ledger"] > draft["draft"]["last_ledger"]
        # The old approval is worth nothing for the new draft.
        assert (await mina.approve(draft, status=409))["code"] == "draft_changed"
        paid = await mina.approve(aged)
        await mina.until(paid, "submitted")
        await world.net.accept()
        assert (await mina.until(paid))["state"] == "settled"


async def test_no_secret_is_in_the_database_or_the_log(
    running_apps: Apps, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        await mina.set_recovery_code("0123456789ABCDEFGHJKMNPQRS")
        await mina.until(await mina.pay(jun, "1"))
        wrong = await mina.draft(jun, "1")
        await mina.approve(wrong, pin="913376")
        await mina.until_refused(wrong)
        keys = await world.opened_keys()
        kek = (tmp_path / "kek").read_text().strip()
        rows = await _dump(world.app.settings.database_url)
    secrets = [mina.pin, "913376", "0123456789ABCDEFGHJKMNPQRS", kek, *keys]
    for place in (rows, caplog.text):
        lowered = place.lower()
        for secret in secrets:
            assert secret.lower() not in lowered
    assert rows.count("tesSUCCESS") >= 1  # the dump is a dump
    assert len(keys) == 2


async def _dump(url: str) -> str:
    """Every row of every table, as text; bytes as hex."""
    database = Database(url)
    parts = []
    try:
        async with database.transaction() as db:
            names = await db.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
            )
            for name in names.scalars().all():
                found = await db.execute(text(f'SELECT t::text FROM "{name}" t'))
                parts += [str(row) for row in found.scalars()]
    finally:
        await database.close()
    return "\n".join(parts)
