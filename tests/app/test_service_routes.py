"""The service's own routes: health, about, documents, metrics, and what every answer carries."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from talktalk.app import asyncapi_document, openapi_document
from talktalk.platform.database import Database
from talktalk.platform.migrate import MIGRATIONS
from talktalk.platform.web.health import newest_revision
from tests.fixtures_app import RunningApp, sign_in


async def test_a_fresh_server_is_alive_and_ready(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "alive"}
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json() == {"database": True, "migrations": True, "ledger": True}
        about = (await client.get("/api/v1/about")).json()
        assert (about["network"], about["database_ok"], about["dev_inbox"]) == ("embedded", True, True)


async def test_a_database_of_another_schema_is_not_ready(running_app: RunningApp) -> None:
    with psycopg.connect(Database(running_app.settings.database_url).conninfo) as db:
        db.execute("UPDATE alembic_version SET version_num = 'older'")
    async with running_app.client() as client:
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["migrations"]) == (503, False)
        assert (await client.get("/healthz")).status_code == 200


async def test_a_silent_ledger_is_not_ready_and_one_that_answers_is_enough(
    running_apps: Callable[..., RunningApp],
) -> None:
    from websockets.asyncio.server import ServerConnection, serve

    async def answer(connection: ServerConnection) -> None:
        async for message in connection:
            request = json.loads(message)
            await connection.send(json.dumps({"id": request.get("id"), "status": "success", "result": {}}))

    async with serve(answer, "127.0.0.1", 0) as node:
        alive = f"ws://127.0.0.1:{next(iter(node.sockets)).getsockname()[1]}"
        dead = "ws://127.0.0.1:9"
        async with running_apps(ledger_urls=(dead,)).client() as client:
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()["ledger"]) == (503, False)
        async with running_apps(ledger_urls=(dead, alive)).client() as client:
            assert (await client.get("/readyz")).status_code == 200


async def test_without_its_database_the_server_says_so_and_lives(
    running_apps: Callable[..., RunningApp],
) -> None:
    app = running_apps()
    async with app.client() as client:
        await sign_in(client, "+821012345678")
        admin = re.sub(r"/test_[0-9a-f]+\?", "/postgres?", Database(app.settings.database_url).conninfo)
        name = re.search(r"test_[0-9a-f]+", app.settings.database_url)
        assert name is not None
        with psycopg.connect(admin, autocommit=True) as db:
            db.execute(f'ALTER DATABASE "{name[0]}" ALLOW_CONNECTIONS false')
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name[0],)
            )
            try:
                answers = [await client.get("/api/v1/me") for _ in range(12)]
                assert {answer.status_code for answer in answers} == {503}
                assert {answer.json()["code"] for answer in answers} == {"unavailable"}
                assert (await client.get("/healthz")).status_code == 200
                assert (await client.get("/readyz")).status_code == 503
            finally:
                db.execute(f'ALTER DATABASE "{name[0]}" ALLOW_CONNECTIONS true')
        assert (await client.get("/api/v1/me")).status_code == 200


async def test_every_answer_carries_the_security_headers(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        for path in ("/healthz", "/api/v1/me", "/nowhere", "/docs", "/openapi.json", "/dev/inbox"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            assert "script-src 'self';" in policy
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert "permissions-policy" in headers
            assert "server" not in headers
            assert "strict-transport-security" not in headers
            assert len(headers["x-request-id"]) >= 8
        given = await client.get("/healthz", headers={"X-Request-ID": "my-own-request-id"})
        assert given.headers["x-request-id"] == "my-own-request-id"
        forged = await client.get("/healthz", headers={"X-Request-ID": 'x" injected=1'})
        assert forged.headers["x-request-id"] != 'x" injected=1'


async def test_what_is_not_there_is_a_problem_too(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        for method, path, status, code in (
            ("GET", "/nowhere", 404, "not_found"),
            ("GET", "/api/v1/nowhere", 404, "not_found"),
            ("GET", "/api/v1/people/not-an-id/pictures/1", 404, "not_found"),
            ("PUT", "/healthz", 405, "method_not_allowed"),
            ("TRACE", "/api/v1/me", 405, "method_not_allowed"),
        ):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (status, code), path
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert problem["type"] == f"urn:talktalk:problem:{code}"
            assert problem["status"] == status


async def test_metrics_count_by_route_and_never_by_id(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in(client, "+821012345678")
        await client.delete("/api/v1/auth/sessions/00000000-0000-7000-8000-000000000000")
        text = (await client.get("/metrics")).text
    assert 'talktalk_http_requests_total{method="GET",route="/dev/sms/{phone}",status="200"} 1.0' in text
    assert "00000000-0000-7000" not in text
    assert "821012345678" not in text
    assert "process_resident_memory_bytes" in text


async def test_the_documentation_needs_no_network_and_no_script(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        page = await client.get("/docs")
        assert page.headers["content-type"].startswith("text/html")
        assert "/api/v1/auth/challenges" in page.text
        assert "<script" not in page.text
        assert not re.search(r"(?:src|href)=.?https?:", page.text)
        document = (await client.get("/openapi.json")).json()
        assert document["openapi"].startswith("3.1")
        assert document == json.loads(json.dumps(openapi_document()))
        frames = (await client.get("/asyncapi.json")).json()
        assert frames["asyncapi"] == "3.0.0"


def test_the_socket_is_described_frame_by_frame() -> None:
    document = asyncapi_document()
    messages = document["components"]["messages"]
    assert {"hello", "welcome", "message.send", "message.ack", "room.event", "error", "bye"} <= set(messages)
    for name, message in messages.items():
        assert message["payload"]["properties"]["t"] == {"const": name}
    text = json.dumps(document)
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        found: object = document
        for part in reference.split("/"):
            assert isinstance(found, dict)
            assert part in found, reference
            found = found[part]


def test_the_newest_migration_is_the_head_of_the_chain() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert newest_revision(MIGRATIONS / "versions") == ScriptDirectory.from_config(config).get_current_head()


async def test_the_certificate_authority_of_the_local_network_can_be_had(
    running_apps: Callable[..., RunningApp], tmp_path: Path
) -> None:
    certificate = tmp_path / "ca.crt"
    certificate.write_bytes(b"-----BEGIN CERTIFICATE-----\n")
    async with running_apps(lan_ca=certificate).client() as client:
        answer = await client.get("/lan/ca.crt")
        assert (answer.content, answer.headers["content-type"]) == (
            certificate.read_bytes(),
            "application/x-x509-ca-cert",
        )
    async with running_apps().client() as client:
        assert (await client.get("/lan/ca.crt")).status_code == 404


@pytest.mark.parametrize("key", ["", "zz", "00" * 31, "00" * 33])
def test_a_key_file_that_is_none_stops_the_start(tmp_path: Path, key: str) -> None:
    from talktalk.config import Settings, SettingsError
    from talktalk.platform.server_key import read_server_key

    file = tmp_path / "key"
    file.write_text(key)
    with pytest.raises(SettingsError, match="key"):
        read_server_key(Settings(database_url="postgresql+psycopg://x/y", server_key_file=file))


async def test_many_requests_at_once_share_few_connections(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await sign_in(client, "+821012345678")
        answers = await asyncio.gather(*(client.get("/api/v1/friends") for _ in range(60)))
    assert {answer.status_code for answer in answers} == {200}
