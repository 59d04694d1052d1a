"""Sessions through HTTP: cookie and bearer, rotation, revocation, foreign pages."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import psycopg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from talktalk.platform.database import Database
from talktalk.platform.wake import Listener, Wake
from tests.fixtures_app import RunningApp, ask_code, sign_in
from tests.identity.test_sign_in import PHONE, answer_to, post_sign_in

COOKIE = "talktalk_session"


@asynccontextmanager
async def heard_wakes(app: RunningApp) -> AsyncIterator["asyncio.Queue[Wake]"]:
    """What other processes are told meanwhile."""
    heard: asyncio.Queue[Wake] = asyncio.Queue()
    listener = Listener(Database(app.settings.database_url).conninfo, heard.put_nowait, lambda: None)
    task = asyncio.create_task(listener.run())
    try:
        await listener.listening.wait()
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def sign_in_by_cookie(client: httpx.AsyncClient, phone: str = PHONE) -> httpx.Response:
    """Sign in as a browser does; `client` keeps the cookie."""
    challenge = await ask_code(client, phone)
    answer = await post_sign_in(client, answer_to(challenge, transport="cookie"))
    assert answer.status_code == 201, answer.text
    return answer


async def test_a_browser_gets_a_cookie_no_script_can_read(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        answer = await sign_in_by_cookie(client)
        assert answer.json()["token"] is None
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}=")
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= attributes
        assert "secure" not in attributes, "this server speaks plain HTTP on loopback"
        assert not any(part.startswith("domain") for part in attributes)
        assert (await client.get("/api/v1/me")).json()["phone"] == PHONE
        assert answer.headers["cache-control"] == "no-store"


async def test_under_https_the_cookie_is_pinned_to_the_host(running_apps: Callable[..., RunningApp]) -> None:
    app = running_apps(public_url="https://talk.example")
    async with app.client() as client:
        challenge = await ask_code(client, PHONE)
        answer = await post_sign_in(client, answer_to(challenge, transport="cookie"))
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-talktalk_session=")
    assert "secure" in cookie.lower()
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_a_cookie_counts_only_for_our_own_pages(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in_by_cookie(client)
        own, change = running_app.url, {"name": "Mina"}
        for headers, status in (
            ({}, 403),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": own.replace("127.0.0.1", "127.0.0.1.evil.example")}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "cross-site", "Origin": own}, 403),
            ({"Origin": own}, 200),
            ({"Sec-Fetch-Site": "same-origin"}, 200),
        ):
            answer = await client.patch("/api/v1/me", json=change, headers=headers)
            assert answer.status_code == status, headers
            if status == 403:
                assert answer.json()["code"] == "foreign_page"
        assert (await client.get("/api/v1/me", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


async def test_a_foreign_page_cannot_sign_its_visitor_in(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        challenge = await ask_code(client, PHONE)
        answer = await client.post(
            "/api/v1/auth/sessions",
            json=answer_to(challenge, transport="cookie"),
            headers={"Origin": "https://evil.example"},
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_page")


async def test_signing_in_again_ends_the_session_it_replaces(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in_by_cookie(client)
        first = client.cookies[COOKIE]
        await sign_in_by_cookie(client, "+821077776666")
        assert client.cookies[COOKIE] != first
        client.cookies.set(COOKIE, first, domain="127.0.0.1")
    async with running_app.client(cookies={COOKIE: first}) as old:
        assert (await old.get("/api/v1/me")).status_code == 401


async def test_a_planted_session_token_is_never_taken_over(running_app: RunningApp) -> None:
    planted = "attacker-chose-this-token-aaaaaaaaaaaaaaaaa"
    async with running_app.client(cookies={COOKIE: planted}) as client:
        challenge = await ask_code(client, PHONE)
        answer = await post_sign_in(client, answer_to(challenge, transport="cookie"))
        assert planted not in answer.headers["set-cookie"]
    async with running_app.client(headers={"Authorization": f"Bearer {planted}"}) as client:
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_one_device_has_one_session_and_keeps_its_record(running_app: RunningApp) -> None:
    async with running_app.client() as client, running_app.client() as other:
        first = await sign_in(client, PHONE)
        old = client.headers["Authorization"]
        second = await sign_in(client, PHONE, device_token=first.device_token)
        assert second.session.device_id == first.session.device_id
        assert (await client.get("/api/v1/me", headers={"Authorization": old})).status_code == 401
        third = await sign_in(other, PHONE)
        assert third.session.device_id != first.session.device_id
        listed = (await other.get("/api/v1/auth/sessions")).json()
        assert {each["device_id"] for each in listed} == {
            str(first.session.device_id),
            str(third.session.device_id),
        }
        assert [each["id"] for each in listed if each["current"]] == [str(third.session.id)]
        assert {each["address"] for each in listed} == {"127.0.0.1"}


async def test_a_device_token_of_another_person_names_no_device(running_app: RunningApp) -> None:
    async with running_app.client() as mina, running_app.client() as joon:
        hers = await sign_in(mina, PHONE)
        his = await sign_in(joon, "+821077776666", device_token=hers.device_token)
        assert his.session.device_id != hers.session.device_id
        assert his.device_token != hers.device_token


async def test_a_revoked_session_is_dead_at_once_and_sockets_are_told(running_app: RunningApp) -> None:
    async with running_app.client() as phone, running_app.client() as laptop:
        victim = await sign_in(phone, PHONE)
        await sign_in(laptop, PHONE)
        async with heard_wakes(running_app) as heard:
            gone = await laptop.delete(f"/api/v1/auth/sessions/{victim.session.id}")
            assert gone.status_code == 204
            async with asyncio.timeout(10):
                while (wake := await heard.get()).kind != "session":
                    pass
            assert wake.id == victim.session.id
        assert (await phone.get("/api/v1/me")).json()["code"] == "not_signed_in"
        again = await laptop.delete(f"/api/v1/auth/sessions/{victim.session.id}")
        assert (again.status_code, again.json()["code"]) == (404, "session_not_found")
        assert len((await laptop.get("/api/v1/auth/sessions")).json()) == 1


async def test_nobody_revokes_the_session_of_another_person(running_app: RunningApp) -> None:
    async with running_app.client() as mina, running_app.client() as eve:
        hers = await sign_in(mina, PHONE)
        await sign_in(eve, "+821077776666")
        assert (await eve.delete(f"/api/v1/auth/sessions/{hers.session.id}")).status_code == 404
        assert (await mina.get("/api/v1/me")).status_code == 200


async def test_signing_out_everywhere_else_leaves_this_session(running_app: RunningApp) -> None:
    async with running_app.client() as here, running_app.client() as there, running_app.client() as third:
        for client in (there, third, here):
            await sign_in(client, PHONE)
        assert (await here.delete("/api/v1/auth/sessions")).status_code == 204
        assert (await here.get("/api/v1/me")).status_code == 200
        assert {(await client.get("/api/v1/me")).status_code for client in (there, third)} == {401}


async def test_signing_out_takes_the_cookie_back(running_app: RunningApp) -> None:
    async with running_app.client(headers={"Origin": running_app.url}) as client:
        await sign_in_by_cookie(client)
        token = client.cookies[COOKIE]
        answer = await client.delete("/api/v1/auth/sessions/current")
        assert answer.status_code == 204
        assert COOKIE not in client.cookies
        client.headers["Authorization"] = f"Bearer {token}"
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_session_unused_for_ninety_days_has_ended(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in(client, PHONE)
        with psycopg.connect(Database(running_app.settings.database_url).conninfo) as db:
            db.execute("UPDATE sessions SET last_seen_at = last_seen_at - interval '89 days 23 hours'")
        assert (await client.get("/api/v1/auth/sessions")).status_code == 200
        with psycopg.connect(Database(running_app.settings.database_url).conninfo) as db:
            db.execute("UPDATE sessions SET last_seen_at = now() - interval '90 days 1 minute'")
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_without_a_session_every_private_route_answers_401(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        for headers in (
            {},
            {"Authorization": "Bearer x"},
            {"Authorization": "Basic eDp5"},
            {"Authorization": "Bearer " + "\xff" * 43},
            {"Cookie": f"{COOKIE}="},
            {"Cookie": f"{COOKIE}=%00%ff"},
        ):
            raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            for path in ("/api/v1/me", "/api/v1/auth/sessions", "/api/v1/friends"):
                answer = await client.get(path, headers=raw)
                assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), headers


async def test_a_handshake_is_refused_with_its_reason(running_app: RunningApp) -> None:
    address = running_app.url.replace("http", "ws") + "/api/v1/ws"
    async with running_app.client() as client:
        await sign_in_by_cookie(client)
        cookie = f"{COOKIE}={client.cookies[COOKIE]}"
    for headers, status, code in (
        ({}, 401, "not_signed_in"),
        ({"Authorization": "Bearer nobody"}, 401, "not_signed_in"),
        ({"Cookie": cookie}, 403, "foreign_page"),
        ({"Cookie": cookie, "Origin": "https://evil.example"}, 403, "foreign_page"),
    ):
        with pytest.raises(InvalidStatus) as refused:
            await connect(address, additional_headers=headers)
        response = refused.value.response
        assert response.status_code == status, headers
        assert json.loads(response.body)["code"] == code
    headers = {"Cookie": cookie, "Origin": running_app.url}
    async with connect(address, additional_headers=headers) as live:
        await live.send('{"t": "hello", "id": "1", "d": {}}')
        assert json.loads(await live.recv())["t"] == "welcome"


async def test_headers_that_are_nonsense_are_refused_and_nothing_breaks(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in_by_cookie(client)
        for name, value in (
            ("Origin", "http://["),
            ("Origin", "://"),
            ("Origin", "\x7f"),
            ("Sec-Fetch-Site", "\u00e9"),
            ("Host", "[::1"),
            ("X-Forwarded-For", "not an address"),
            ("Authorization", "Bearer \x00"),
            ("If-None-Match", "\xff"),
            ("Idempotency-Key", "\xff"),
        ):
            try:
                answer = await client.patch(
                    "/api/v1/me", json={"name": "x"}, headers=[(name.encode(), value.encode("latin-1"))]
                )
            except httpx.ProtocolError:
                continue  # no HTTP at all: refused by this client or by the server
            assert answer.status_code < 500, (name, value)
            assert (await client.get("/dev/inbox", headers=[(b"Host", b"[::1")])).status_code < 500
