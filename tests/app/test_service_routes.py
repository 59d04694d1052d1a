"""The service's own routes: health, about, documents, metrics, and what every answer carries."""

from tests.fixtures_app import RunningApp


async def test_a_fresh_server_is_alive_and_ready(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "alive"}
        ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"database": True, "migrations": True, "ledger": True}
