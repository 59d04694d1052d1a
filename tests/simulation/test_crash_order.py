"""An order whose worker dies at every place where it commits or speaks to the ledger.

First an order is carried out undisturbed, noting every such place: judging, signing the whole set,
making the tickets, releasing what was held, ends, the next release. Then, for each, an order is made whose
worker dies exactly there; another worker, which knows only the rows, must bring it to its end. After each:
everybody is paid once, the balances agree to the drop, and no ticket or number was used twice.
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
from tests.transfers import ordering
from tests.transfers.ordering import NO_BATCH, bulk_ask, states
from tests.transfers.world import Person, World

pytestmark = [pytest.mark.integration, pytest.mark.simulation, pytest.mark.timeout(600)]
Apps = Callable[..., RunningApp]


# A worker that dies while it connects leaves its connection to the collector: that is the death, not a leak.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
async def test_worker_may_die_at_every_place_of_an_order(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, manual=True, amendments=NO_BATCH) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        sora = await world.person_by_hand("Sora")
        await world.stop_worker()
        places = await _order_and_die(world, mina, [jun, sora], deadly=None)
        assert {place.split(" ")[1] for place in places} >= {"take_once", "request", "work_once", "process"}
        fees = 0
        for place in sorted(places):
            await _order_and_die(world, mina, [jun, sora], deadly=place)
        count = len(places) + 1
        async with world.rows() as db:
            fees = (await db.execute(text("SELECT sum(fee_charged_drops) FROM orders"))).scalar_one()
            used = "SELECT count(*), count(DISTINCT (sequence, ticket_sequence)) FROM outgoing_transactions"
            assert len(set((await db.execute(text(used))).one())) == 1
            cards = "SELECT state, count(*) FROM order_items GROUP BY state"
            assert [tuple(row) for row in await db.execute(text(cards))] == [("paid", 2 * count)]
        assert await mina.balance_drops() == 1_000_000_000 - count * 3_000_000 - fees
        assert await jun.balance_drops() == 1_000_000_000 + count * 1_000_000
        assert await sora.balance_drops() == 1_000_000_000 + count * 2_000_000
    gc.collect()  # here, not in another test


async def _order_and_die(world: World, mina: Person, payees: list[Person], *, deadly: str | None) -> set[str]:
    """One order, whose first worker dies at `deadly`; the places it passed."""
    places = Places()
    worker = Worker(world.settings)
    places.watch(worker)
    working = asyncio.create_task(worker.run())
    ask = bulk_ask("until_failure", [(payees[0], "1"), (payees[1], "2")])
    order = await ordering.draft(mina, ask)
    places.arm(deadly)
    await ordering.approve(mina, order)
    end = await _drive(world, mina, order, places.died)
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError, BaseExceptionGroup, Crashed):
        await working
    if places.died.is_set():
        # Whatever it was doing, it is gone: only rows are left to the next one.
        world.start_worker()
        end = await _drive(world, mina, order, asyncio.Event())
        await world.stop_worker()
    assert (end["state"], states(end)) == ("done", ["paid", "paid"]), (deadly, end)
    return set(places.passed)


async def _drive(world: World, mina: Person, order: dict[str, Any], died: asyncio.Event) -> dict[str, Any]:
    """Close ledgers, one at a time as the worker keeps up, until the order ends or the worker dies."""
    async with asyncio.timeout(90):
        while True:
            now = await mina.get(f"/orders/{order['id']}")
            if now["state"] in ordering.TERMINAL or died.is_set():
                return dict(now)
            going = any(step["state"] in ("signed", "submitted") for step in now["steps"])
            if now["state"] == "working" and going and await world.is_processed():
                await world.net.accept()
            await asyncio.sleep(0.02)
