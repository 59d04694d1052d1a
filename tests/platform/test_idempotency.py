"""`Idempotency-Key` on ordinary writes: done once, answered alike, refused for another input."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
from tests.fixtures_app import RunningApp, sign_in

from talktalk.platform import idempotency
from talktalk.platform.database import Database

PHONE = "+821012345678"


def count_events(app: RunningApp) -> int:
    """How often a profile was really changed."""
    with psycopg.connect(Database(app.settings.database_url).conninfo) as db:
        row = db.execute("SELECT count(*) FROM feed_events WHERE kind = 'profile.changed'").fetchone()
        assert row is not None
        return int(row[0])


async def test_a_repeated_write_is_done_once_and_answered_alike(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in(client, PHONE, name="Mina")
        before = count_events(running_app)
        keyed = {"Idempotency-Key": "a-key-of-mine"}
        answers = await asyncio.gather(
            *(client.patch("/api/v1/me", json={"name": "Other"}, headers=keyed) for _ in range(6))
        )
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert [("idempotency-replayed" in answer.headers) for answer in answers].count(False) == 1
        assert count_events(running_app) == before + 1
        other = await client.patch("/api/v1/me", json={"name": "Another"}, headers=keyed)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
        elsewhere = await client.delete("/api/v1/me/picture", headers=keyed)
        assert elsewhere.status_code == 409


async def test_an_answer_without_body_is_replayed_too(running_app: RunningApp) -> None:
    async with running_app.client() as here, running_app.client() as there:
        await sign_in(there, PHONE)
        await sign_in(here, PHONE)
        keyed = {"Idempotency-Key": "sign-out-all"}
        answers = [await here.delete("/api/v1/auth/sessions", headers=keyed) for _ in range(2)]
        assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2


async def test_a_write_that_failed_may_be_tried_again_under_its_key(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in(client, PHONE, name="Mina")
        keyed = {"Idempotency-Key": "k"}
        path = "/api/v1/auth/sessions/00000000-0000-7000-8000-000000000000"
        for _ in range(2):
            answer = await client.delete(path, headers=keyed)
            assert (answer.status_code, answer.json()["code"]) == (404, "session_not_found")


async def test_keys_belong_to_their_person(running_app: RunningApp) -> None:
    keyed = {"Idempotency-Key": "same"}
    async with running_app.client() as mina, running_app.client() as joon:
        await sign_in(mina, PHONE)
        await sign_in(joon, "+821077776666")
        one = await mina.patch("/api/v1/me", json={"name": "Mina"}, headers=keyed)
        two = await joon.patch("/api/v1/me", json={"name": "Joon"}, headers=keyed)
        assert (one.json()["name"], two.json()["name"]) == ("Mina", "Joon")


async def test_bad_keys_are_refused(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in(client, PHONE)
        for key in ("", "x" * 129):
            answer = await client.patch("/api/v1/me", json={"name": "x"}, headers={"Idempotency-Key": key})
            assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")


async def test_an_expired_answer_is_forgotten(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in(client, PHONE)
        keyed = {"Idempotency-Key": "old"}
        await client.patch("/api/v1/me", json={"name": "Old"}, headers=keyed)
        database = Database(running_app.settings.database_url)
        with psycopg.connect(database.conninfo) as db:
            db.execute("UPDATE stored_answers SET expires_at = now() - interval '1 second'")
        fresh = await client.patch("/api/v1/me", json={"name": "New"}, headers=keyed)
        assert (fresh.status_code, fresh.json()["name"]) == (200, "New")
        again = await client.patch("/api/v1/me", json={"name": "New"}, headers=keyed)
        assert again.headers["idempotency-replayed"] == "true"
        async with database.transaction() as session:
            assert await idempotency.forget_expired(session, datetime.now(UTC)) == 0
            assert await idempotency.forget_expired(session, datetime.now(UTC) + timedelta(days=2)) == 1
        await database.close()
