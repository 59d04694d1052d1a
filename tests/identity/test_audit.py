"""Security events: one row for each, in the transaction of its fact, without secrets."""

import psycopg

from talktalk.platform.database import Database
from tests.fixtures_app import RunningApp, ask_code, sign_in
from tests.identity.test_sign_in import PHONE, another_code, answer_to, post_sign_in
from tests.social.world import people


def kinds(app: RunningApp) -> list[str]:
    """All events in order."""
    with psycopg.connect(Database(app.settings.database_url).conninfo) as db:
        return [row[0] for row in db.execute("SELECT kind FROM audit_events ORDER BY id")]


async def test_signing_in_and_out_leaves_its_trail(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        challenge = await ask_code(client, PHONE)
        await post_sign_in(client, answer_to(challenge, code=another_code(challenge["code"])))
        await sign_in(client, PHONE)
        await client.delete("/api/v1/auth/sessions/current")
    found = [kind for kind in kinds(running_app) if not kind.startswith(("wallet", "device.trust"))]
    assert found == [
        "challenge.sent",
        "sign_in.refused",
        "challenge.sent",
        "device.added",
        "user.joined",
        "session.started",
        "session.ended",
    ]
    with psycopg.connect(Database(running_app.settings.database_url).conninfo) as db:
        rows = db.execute("SELECT address, request_id, row_to_json(a)::text FROM audit_events a").fetchall()
    assert {row[0] for row in rows} == {"127.0.0.1"}
    assert all(len(row[1]) >= 8 for row in rows)
    assert not any(PHONE in row[2] or challenge["code"] in row[2].split('"') for row in rows)


async def test_friends_and_blocks_are_recorded(running_app: RunningApp) -> None:
    async with people(running_app, 2) as (mina, joon):
        await mina.befriend(joon)
        await mina.client.delete(f"/api/v1/friends/{joon.id}")
        await mina.block(joon)
        await mina.client.delete(f"/api/v1/blocks/{joon.id}")
    found = [kind for kind in kinds(running_app) if kind.startswith(("friend", "block"))]
    assert found == ["friend.added", "friend.removed", "block.added", "block.removed"]
