"""A payment whose worker dies at every place where it commits or speaks to the ledger.

First one payment is made undisturbed, noting every such place. Then, for each, a payment is made whose
worker dies exactly there; another worker, which knows only the rows, must bring it to its end. After
each: the intent is settled once, the balances agree to the drop, and no number was used twice.
"""

import asyncio
import contextlib
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from talktalk.worker import Worker
from tests.fixtures_app import RunningApp
from tests.simulation.crashes import Crashed, Places
from tests.transfers.world import TERMINAL, Person, World

pytestmark = [pytest.mark.integration, pytest.mark.simulation, pytest.mark.timeout(400)]
Apps = Callable[..., RunningApp]


# A worker that dies while it connects leaves its connection to the collector: that is the death, not a leak.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
async def test_worker_may_die_at_every_place(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, manual=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        await world.stop_worker()
        places = await _pay_and_die(world, mina, jun, deadly=None)
        # Judging, signing, sending, noting the answer, the ledger's accounts, end and cursor.
        assert {place.split(" ")[1] for place in places} >= {
            "check_all",
            "take_set",
            "request",
            "work_once",
            "_write_open",
            "process",
        }
        for place in sorted(places):
            await _pay_and_die(world, mina, jun, deadly=place)
        await _agree(world, mina, jun, payments=len(places) + 1)
    gc.collect()  # here, not in another test


async def _pay_and_die(world: World, mina: Person, jun: Person, *, deadly: str | None) -> set[str]:
    """One payment, whose first worker dies at `deadly`; the places it passed."""
    places = Places()
    worker = Worker(world.settings)
    places.watch(worker)
    working = asyncio.create_task(worker.run())
    draft = await mina.draft(jun, "1")
    places.arm(deadly)
    await mina.approve(draft)
    end = await _drive(world, mina, draft, places.died)
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError, BaseExceptionGroup, Crashed):
        await working
    if places.died.is_set():
        # Whatever it was doing, it is gone: only rows are left to the next one.
        world.start_worker()
        end = await _drive(world, mina, draft, asyncio.Event())
        await world.stop_worker()
    assert end["state"] == "settled", (deadly, end)
    return set(places.passed)


async def _drive(world: World, mina: Person, draft: dict[str, Any], died: asyncio.Event) -> dict[str, Any]:
    """Close ledgers, one at a time as the worker keeps up, until the transfer ends or the worker dies."""
    async with asyncio.timeout(60):
        while True:
            now = await mina.get(f"/transfers/{draft['id']}")
            if now["state"] in TERMINAL or died.is_set():
                return dict(now)
            if now["state"] in ("signed", "submitted") and await world.is_processed():
                await world.net.accept()
            await asyncio.sleep(0.02)


async def _agree(world: World, mina: Person, jun: Person, *, payments: int) -> None:
    """Ledger, transfers, activity and card tell the same of every payment."""
    transfers: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await mina.get(f"/transfers?limit=100{cursor}")
        transfers += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(transfers) == payments
    assert {transfer["state"] for transfer in transfers} == {"settled"}
    fees = sum(transfer["fee_drops"] for transfer in transfers)
    assert await mina.balance_drops() == 1_000_000_000 - payments * 1_000_000 - fees
    assert await jun.balance_drops() == 1_000_000_000 + payments * 1_000_000

    async with world.rows() as db:
        found = await db.execute(
            text("SELECT state, count(*), count(DISTINCT sequence) FROM outgoing_transactions GROUP BY state")
        )
        assert [tuple(row) for row in found] == [("settled", payments, payments)]
        found = await db.execute(
            text(
                "SELECT incoming, state, count(*) FROM activities WHERE transfer_id IS NOT NULL GROUP BY 1, 2"
            )
        )
        assert sorted(tuple(row) for row in found) == [
            (False, "settled", payments),
            (True, "settled", payments),
        ]
        # What a device got event by event is what it gets when it asks: each card ended where its row did.
        found = await db.execute(
            text(
                "SELECT card->>'state', card->>'version' = t.version::text, count(*)"
                " FROM room_events e JOIN transfers t ON t.id = e.ref WHERE e.kind = 'posted' GROUP BY 1, 2"
            )
        )
        assert [tuple(row) for row in found] == [("settled", True, payments)]
