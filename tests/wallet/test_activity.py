"""Activity: what filters and search find, and the table that is exported."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from talktalk.platform.database import Database
from talktalk.platform.ids import uuid7
from talktalk.wallet import activities
from tests.fixtures_app import RunningApp, sign_in

pytestmark = pytest.mark.integration

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def put(app: RunningApp, user_id: UUID, count: int = 1, **fields: Any) -> None:
    """Write movements straight into the table, an hour apart."""
    with psycopg.connect(Database(app.settings.database_url).conninfo) as db:
        for number in range(count):
            row = {
                "id": uuid7(),
                "user_id": user_id,
                "network": "embedded",
                "tx_hash": uuid7().hex.upper() * 2,
                "incoming": True,
                "amount_value": "1.5",
                "amount_asset": "XRP",
                "address": "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe",
                "note": "",
                "kind": "Payment",
                "state": "settled",
                "uncertain": False,
                "created_at": NOON + timedelta(hours=number),
                **fields,
            }
            names = ", ".join(row)
            db.execute(
                f"INSERT INTO activities ({names}) VALUES ({', '.join(['%s'] * len(row))})",
                list(row.values()),
            )


async def notes(client: httpx.AsyncClient, **query: Any) -> list[str]:
    """The notes of what a query finds, newest first."""
    answer = await client.get("/api/v1/wallet/activity", params=query)
    assert answer.status_code == 200, answer.text
    return [item["note"] for item in answer.json()["items"]]


async def rows(client: httpx.AsyncClient, **query: Any) -> list[list[str]]:
    """The exported table as a reader of RFC 4180 sees it."""
    answer = await client.get("/api/v1/wallet/activity.csv", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.text, newline=""), strict=True))


async def test_filters_and_search_find_what_they_name_and_nothing_else(running_app: RunningApp) -> None:
    async with running_app.client() as client, running_app.client() as other:
        jun = (await sign_in(other, "+821099990001", name="Jun Ho")).me
        mina = (await sign_in(client, "+821099990002", name="Mina")).me
        put(running_app, mina.id, note="coffee")
        put(running_app, mina.id, note="rent", incoming=False, counterparty_id=jun.id)
        put(running_app, mina.id, note="lost", incoming=False, state="failed", amount_value="77.25")
        issuer = "USD.rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe"
        put(running_app, mina.id, note="100%", amount_asset=issuer, created_at=NOON + timedelta(days=2))
        put(running_app, jun.id, note="not hers")
        assert await notes(client) == ["100%", "lost", "rent", "coffee"]
        assert await notes(client, direction="out") == ["lost", "rent"]
        assert await notes(client, state="failed") == ["lost"]
        assert await notes(client, asset=issuer) == ["100%"]
        assert await notes(client, person=str(jun.id)) == ["rent"]
        assert await notes(client, q="jun") == ["rent"]
        assert await notes(client, q="COFF") == ["coffee"]
        assert await notes(client, q="77.25") == ["lost"]
        assert await notes(client, q="%") == ["100%"], "a wildcard is a letter like any other"
        assert await notes(client, q="_") == []
        assert await notes(client, q="rPT1Sjq2", direction="out") == ["lost", "rent"]
        assert await notes(client, since="2026-11-02T00:00:00Z") == ["100%"]
        assert await notes(client, until="2026-11-01T12:00:00Z") == []
        for bad in ({"direction": "up"}, {"state": "paid"}, {"person": "x"}, {"since": "noon"}, {"limit": 0}):
            answer = await client.get("/api/v1/wallet/activity", params=bad)
            assert answer.status_code == 400, bad


async def test_one_movement_is_for_its_owner_alone(running_app: RunningApp) -> None:
    async with running_app.client() as client, running_app.client() as other:
        mina = (await sign_in(client, "+821099990003")).me
        await sign_in(other, "+821099990004")
        put(running_app, mina.id, note="mine")
        (entry,) = (await client.get("/api/v1/wallet/activity")).json()["items"]
        assert (await client.get(f"/api/v1/wallet/activity/{entry['id']}")).json() == entry
        assert (await other.get(f"/api/v1/wallet/activity/{entry['id']}")).status_code == 404


async def test_the_table_holds_every_row_once_and_keeps_to_the_filters(
    running_app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities, "EXPORT_BATCH", 3)
    async with running_app.client() as client:
        mina = (await sign_in(client, "+821099990005")).me
        put(running_app, mina.id, count=10, amount_value="0.000001")
        put(running_app, mina.id, incoming=False)
        names, *all_rows = await rows(client)
        assert tuple(names) == activities.COLUMNS
        assert len({row[0] for row in all_rows}) == len(all_rows) == 11
        listed = (await client.get("/api/v1/wallet/activity")).json()["items"]
        assert [row[0] for row in all_rows] == [item["id"] for item in listed]
        amount, created = names.index("amount"), names.index("created_at")
        assert all_rows[-1][amount] == "0.000001"
        assert all_rows[-1][created] == "2026-11-01T12:00:00Z"
        assert len(await rows(client, direction="out")) == 2
        assert await rows(client, direction="out", q="nothing like it") == [names]


async def test_no_cell_is_a_formula_and_every_text_survives(running_app: RunningApp) -> None:
    texts = ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", ' "quoted", \r\nlines', " =1", "김밥", "＝1"]
    async with running_app.client() as client:
        mina = (await sign_in(client, "+821099990006")).me
        for note in texts:
            put(running_app, mina.id, note=note)
        names, *exported = await rows(client)
        found = [row[names.index("note")] for row in reversed(exported)]
        assert [text.removeprefix("'") for text in found] == texts
        assert not [text for text in found if text.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "＝"))]
        plain = (await client.get("/api/v1/wallet/activity.csv")).content
        assert not plain.startswith("\ufeff".encode())
        assert plain.endswith(b"\r\n")
        excel = (await client.get("/api/v1/wallet/activity.csv", params={"excel": "true"})).content
        assert excel == "\ufeff".encode() + plain
        nul = await client.get(
            "/api/v1/wallet/activity.csv", params={"q": "\0", "since": "0001-01-01T00:00:00Z"}
        )
        assert nul.status_code == 200
