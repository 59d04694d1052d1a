"""Access tokens: shown once, kept as a hash, bound to scopes, ended at once, never a device."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from talktalk.platform.database import Database
from tests.fixtures_app import RunningApp, sign_in
from tests.transfers.world import World

pytestmark = pytest.mark.integration


async def make(client: httpx.AsyncClient, *scopes: str, **fields: Any) -> dict[str, Any]:
    """A token, with its secret."""
    ask = {"name": "Bookkeeping", "scopes": scopes, **fields}
    answer = await client.post("/api/v1/access-tokens", json=ask)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made: dict[str, Any] = answer.json()
    return made


def bearing(made: dict[str, Any]) -> dict[str, str]:
    """The header a program sends."""
    return {"Authorization": f"Bearer {made['secret']}"}


async def code_of(client: httpx.AsyncClient, method: str, path: str, **options: Any) -> tuple[int, str]:
    """Status and code of an answer."""
    answer = await client.request(method, f"/api/v1{path}", **options)
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


async def test_a_secret_is_shown_once_and_only_its_hash_is_kept(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in(client, "+821088880001")
        keyed = {"Idempotency-Key": "the-same"}
        ask = {"name": "Bot", "scopes": ["read"]}
        answers = [await client.post("/api/v1/access-tokens", json=ask, headers=keyed) for _ in range(2)]
        secrets = [answer.json()["secret"] for answer in answers]
        assert len(set(secrets)) == 2, "no stored answer holds a secret"
        (newest, oldest) = (await client.get("/api/v1/access-tokens")).json()
        assert "secret" not in newest
        assert [newest["hint"], oldest["hint"]] == [secrets[1][-4:], secrets[0][-4:]]
    dump = ""
    with psycopg.connect(Database(running_app.settings.database_url).conninfo) as db:
        for table in ("access_tokens", "stored_answers", "audit_events", "feed_events"):
            dump += str(db.execute(f"SELECT * FROM {table}").fetchall())
    assert not [secret for secret in secrets if secret in dump or secret.removeprefix("tt_pat_") in dump]


async def test_a_scope_opens_its_routes_and_no_others(running_app: RunningApp) -> None:
    async with running_app.client() as client, running_app.client() as program:
        await sign_in(client, "+821088880002")
        reader = bearing(await make(client, "read"))
        assert (await program.get("/api/v1/me", headers=reader)).status_code == 200
        assert (await program.get("/api/v1/wallet/activity", headers=reader)).status_code == 200
        assert (await program.get("/api/v1/wallet/activity.csv", headers=reader)).status_code == 200
        for method, path in (
            ("PATCH", "/me"),
            ("GET", "/rooms"),
            ("GET", "/friends"),
            ("GET", "/auth/sessions"),
            ("GET", "/access-tokens"),
            ("POST", "/access-tokens"),
            ("POST", "/transfers"),
            ("PUT", "/wallet/pin"),
            ("POST", "/wallet/recoveries"),
            ("DELETE", "/auth/sessions"),
        ):
            assert await code_of(program, method, path, headers=reader) == (403, "scope_missing"), path
        drafter = bearing(await make(client, "drafts"))
        assert await code_of(program, "GET", "/me", headers=drafter) == (403, "scope_missing")
        with pytest.raises(InvalidStatus) as refused:
            async with connect(
                running_app.url.replace("http", "ws") + "/api/v1/ws", additional_headers=reader
            ):
                pass
        assert refused.value.response.status_code == 403


async def test_a_token_ends_when_it_is_revoked_or_has_expired(running_app: RunningApp) -> None:
    async with running_app.client() as client, running_app.client() as other:
        await sign_in(client, "+821088880003")
        await sign_in(other, "+821088880004")
        made = await make(client, "read", expires_in_days=1)
        assert (await other.delete(f"/api/v1/access-tokens/{made['token']['id']}")).status_code == 404
        assert (await client.get("/api/v1/me", headers=bearing(made))).status_code == 200
        (listed,) = (await client.get("/api/v1/access-tokens")).json()
        assert listed["last_used_at"] is not None
        with psycopg.connect(Database(running_app.settings.database_url).conninfo) as db:
            db.execute("UPDATE access_tokens SET expires_at = now()")
        assert await code_of(client, "GET", "/me", headers=bearing(made)) == (401, "not_signed_in")
        again = await make(client, "read")
        assert (await client.delete(f"/api/v1/access-tokens/{again['token']['id']}")).status_code == 204
        assert await code_of(client, "GET", "/me", headers=bearing(again)) == (401, "not_signed_in")
        assert (await client.get("/api/v1/access-tokens")).json() == []
        for bad in ("tt_pat_", "tt_pat_" + "A" * 43, "tt_pat_~"):
            unknown = {"Authorization": f"Bearer {bad}"}
            assert await code_of(client, "GET", "/me", headers=unknown) == (401, "not_signed_in")


async def test_a_cookie_is_never_read_as_an_access_token(running_app: RunningApp) -> None:
    async with running_app.client() as client, running_app.client() as browser:
        await sign_in(client, "+821088880005")
        made = await make(client, "read")
        browser.cookies.set("talktalk_session", made["secret"])
        assert await code_of(browser, "GET", "/me") == (401, "not_signed_in")


async def test_nobody_has_more_than_twenty(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in(client, "+821088880006")
        for _ in range(20):
            await make(client, "read")
        ask = {"name": "One more", "scopes": ["read"]}
        assert await code_of(client, "POST", "/access-tokens", json=ask) == (409, "too_many_access_tokens")
        for bad in (
            {"name": "\u200b", "scopes": ["read"]},
            {"name": "x", "scopes": []},
            {"name": "x", "scopes": ["all"]},
        ):
            status, _ = await code_of(client, "POST", "/access-tokens", json=bad)
            assert status == 400


async def test_a_program_drafts_and_only_a_person_approves(
    running_apps: Callable[..., RunningApp], tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        made = await make(mina.client, "drafts", "read")
        program = await world.client()
        program.headers.update(bearing(made))
        ask = mina.ask(jun, "2")
        answer = await program.post("/api/v1/transfers", json=ask, headers={"Idempotency-Key": "invoice-1"})
        assert answer.status_code == 201, answer.text
        draft = answer.json()
        approval = await mina.approval(draft)
        refused = await program.post(f"/api/v1/transfers/{draft['id']}/approve", json=approval)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        wallet = (await program.get("/api/v1/wallet")).json()
        assert (wallet["address"], wallet["trust"]) == (mina.address, "untrusted")
        with psycopg.connect(Database(world.settings.database_url).conninfo) as db:
            devices = db.execute(
                "SELECT count(*) FROM wallet_devices WHERE user_id = %s", (mina.id,)
            ).fetchone()
        assert devices == (1,), "a program is no device"
        await mina.approve(draft)
        assert (await mina.until(draft))["state"] == "settled"
        seen = (await program.get(f"/api/v1/transfers/{draft['id']}")).json()
        assert seen["state"] == "settled"
