"""Reconciliation over real parts: what agrees passes, each planted difference is found, gaps are no answer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from talktalk.ledger import jobs as ledger_jobs
from talktalk.ledger import reconcile
from talktalk.ledger.comparing import Kind
from talktalk.ledger.errors import LedgerGap
from talktalk.ledger.reconcile import Reconciler, Report, count_open
from talktalk.platform import jobs
from talktalk.reconciling import AGREED, DIFFERS, compare_all
from tests.fixtures_app import RunningApp
from tests.transfers.test_addressing import _signing_as
from tests.transfers.world import WAIT_S, Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]


@asynccontextmanager
async def _history(apps: Apps, folder: Path, **world: Any) -> AsyncIterator[tuple[World, Person, Person]]:
    """Two people, one of whom was paid by a stranger, paid the other, and failed to pay a third."""
    async with World(apps, folder, **world) as here:
        mina, jun = await here.person("Mina"), await here.person("Jun")
        stranger = await here.outsider(drops=90_000_000)
        await stranger.submit(
            {"TransactionType": "Payment", "Destination": mina.address, "Amount": "3000000"}
        )
        assert (await mina.until(await mina.pay(jun, "5")))["state"] == "settled"
        drafted = await mina.draft(stranger.address, "2")
        # Between drawing up and signing the stranger begins to want a tag.
        await stranger.submit({"TransactionType": "AccountSet", "SetFlag": 1})
        assert (await mina.until(await mina.approve(drafted)))["state"] == "failed"
        await here.processed()
        yield here, mina, jun


def _reconciler(world: World) -> Reconciler:
    assert world.worker is not None
    return world.worker.reconciler


async def _whole(world: World, person: Person) -> Report:
    report = await _reconciler(world).whole(person.address)
    assert report is not None
    return report


async def test_history_that_is_one_story_agrees(running_apps: Apps, tmp_path: Path) -> None:
    async with _history(running_apps, tmp_path) as (world, mina, jun):
        outcome = await compare_all(world.settings, [])
        assert outcome.exit_code == AGREED, outcome
        reports = {report.address: report for report in outcome.reports}
        assert {mina.address, jun.address} <= reports.keys()
        own = reports[mina.address]
        assert own.booked_drops == own.closing_drops == await mina.balance_drops()
        assert (own.opening_drops, own.transactions) == (0, 4)
        async with world.rows() as db:
            assert sum((await count_open(db)).values()) == 0


PLANTED = {
    "a movement lost": (
        "DELETE FROM activities WHERE user_id = :mina AND incoming AND amount_value = '3'",
        {Kind.MOVEMENT_MISSING, Kind.SUM_DIFFERS},
    ),
    "a movement of another amount": (
        "UPDATE activities SET amount_value = '3.000001' WHERE user_id = :mina AND amount_value = '3'",
        {Kind.MOVEMENT_MISSING, Kind.MOVEMENT_INVENTED, Kind.SUM_DIFFERS},
    ),
    "a movement the other way": (
        "UPDATE activities SET incoming = FALSE WHERE user_id = :mina AND amount_value = '3'",
        {Kind.MOVEMENT_MISSING, Kind.MOVEMENT_INVENTED, Kind.SUM_DIFFERS},
    ),
    "a movement of no transaction": (
        "UPDATE activities SET tx_hash = repeat('A', 64) WHERE user_id = :mina AND amount_value = '3'",
        {Kind.MOVEMENT_MISSING, Kind.MOVEMENT_INVENTED},
    ),
    "a failure told as success": (
        (
            "UPDATE activities SET state = 'settled', ledger_index = (SELECT max(ledger_index) FROM transfers"
            " WHERE state = 'failed') WHERE user_id = :mina AND state = 'failed'"
        ),
        {Kind.MOVEMENT_INVENTED, Kind.SUM_DIFFERS},
    ),
    "an end that is another": (
        "UPDATE outgoing_transactions SET state = 'failed' WHERE account = :address AND state = 'settled'",
        {Kind.END_DIFFERS},
    ),
    "a row under another hash": (
        (
            "UPDATE outgoing_transactions SET tx_hash = repeat('B', 64)"
            " WHERE account = :address AND state = 'settled'"
        ),
        {Kind.ORPHAN, Kind.TRANSACTION_INVENTED},
    ),
    "a balance off by a drop": (
        "UPDATE ledger_accounts SET balance_drops = balance_drops - 1 WHERE address = :address",
        {Kind.BALANCE_DIFFERS},
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
async def test_each_planted_difference_is_found(
    running_apps: Apps, tmp_path: Path, planted: str, caplog: pytest.LogCaptureFixture
) -> None:
    statement, kinds = PLANTED[planted]
    async with _history(running_apps, tmp_path) as (world, mina, jun):
        async with world.rows() as db:
            await db.execute(text(statement), {"mina": mina.id, "address": mina.address})
        with caplog.at_level(logging.ERROR, logger="talktalk.ledger.reconcile"):
            report = await _whole(world, mina)
        assert {each.kind for each in report.differences} == kinds
        worst = max(record.levelno for record in caplog.records)
        assert worst == (logging.CRITICAL if Kind.ORPHAN in kinds else logging.ERROR)
        assert (await _whole(world, jun)).differences == []


async def test_transaction_signed_elsewhere_with_our_key_is_an_orphan(
    running_apps: Apps, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with _history(running_apps, tmp_path) as (world, mina, jun):
        thief = await _signing_as(world, mina)
        stolen = {"TransactionType": "Payment", "Destination": jun.address, "Amount": "1000000"}
        assert await thief.submit(stolen) == "tesSUCCESS"
        await world.processed()
        report = await _whole(world, mina)
        (orphan,) = [each for each in report.differences if each.kind is Kind.ORPHAN]
        assert any(record.levelno == logging.CRITICAL for record in caplog.records)
        # Told once, however often it is found.
        caplog.clear()
        await _whole(world, mina)
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
        async with world.rows() as db:
            events = await db.execute(
                text("SELECT data FROM audit_events WHERE kind = 'ledger.orphan_found'")
            )
            assert [event.data["tx_hash"] for event in events] == [orphan.tx_hash]
            assert (await count_open(db))[Kind.ORPHAN] == 1
        metrics = (await mina.client.get("/metrics")).text
        assert 'talktalk_ledger_differences_open{kind="orphan"} 1.0' in metrics
        assert (await compare_all(world.settings, [mina.address])).exit_code == DIFFERS


async def test_difference_that_is_mended_is_resolved_and_kept(running_apps: Apps, tmp_path: Path) -> None:
    async with _history(running_apps, tmp_path) as (world, mina, _):
        change = text("UPDATE ledger_accounts SET balance_drops = balance_drops + :by WHERE address = :own")
        async with world.rows() as db:
            await db.execute(change, {"by": 7, "own": mina.address})
        (found,) = (await _whole(world, mina)).differences
        assert (found.kind, found.drops) == (Kind.BALANCE_DIFFERS, -7)
        async with world.rows() as db:
            await db.execute(change, {"by": -7, "own": mina.address})
        assert (await _whole(world, mina)).differences == []
        async with world.rows() as db:
            rows = await db.execute(text("SELECT kind, resolved_at FROM ledger_differences"))
            assert [(row.kind, row.resolved_at is not None) for row in rows] == [("balance_differs", True)]


async def test_node_that_leaves_history_out_is_no_answer(running_apps: Apps, tmp_path: Path) -> None:
    async with _history(running_apps, tmp_path, relayed=True) as (world, mina, _):

        def pruned(asked: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
            if asked.get("command") != "account_tx" or "result" not in answer:
                return answer
            kept = answer["result"]["transactions"][1:]
            first = 10**6
            return {**answer, "result": {**answer["result"], "transactions": kept, "ledger_index_min": first}}

        def silent(asked: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
            if asked.get("command") != "account_tx" or "result" not in answer:
                return answer
            return {
                **answer,
                "result": {**answer["result"], "transactions": answer["result"]["transactions"][:-1]},
            }

        world.relay.on_answer = pruned
        with pytest.raises(LedgerGap):
            await _reconciler(world).whole(mina.address)
        outcome = await compare_all(world.settings, [mina.address])
        assert [each.address for each in outcome.unknown] == [mina.address]
        # One that hides a transaction and claims to have all of them is caught by the ledger's own sum.
        world.relay.on_answer = silent
        kinds = {each.kind for each in (await _whole(world, mina)).differences}
        assert Kind.HISTORY_DIFFERS in kinds
        world.relay.on_answer = lambda _, answer: answer
        assert (await _whole(world, mina)).differences == []


async def _until_compared(world: World) -> None:
    """Wait until the worker's job has been through every account."""
    everybody = set(await _reconciler(world).addresses())
    async with asyncio.timeout(WAIT_S):
        while True:
            async with world.rows() as db:
                found = await db.execute(
                    text(
                        "SELECT count(*) FROM procrastinate_jobs"
                        " WHERE status IN ('todo', 'doing') AND task_name = :task"
                    ),
                    {"task": ledger_jobs.SLICE},
                )
                waiting = found.scalar_one()
                done = await db.execute(text("SELECT address FROM ledger_reconciliations"))
                if not waiting and set(done.scalars()) == everybody:
                    return
            await asyncio.sleep(0.05)


async def test_daily_job_goes_on_in_slices_from_where_it_stopped(
    running_apps: Apps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "SLICE_TRANSACTIONS", 2)
    monkeypatch.setattr(ledger_jobs, "ACCOUNTS", 1)
    async with _history(running_apps, tmp_path) as (world, mina, _):
        first = await _reconciler(world).onward(mina.address)
        assert first is not None
        assert (first.is_complete, first.differences) == (False, [])
        assert 0 < first.transactions < 4
        async with world.rows() as db:
            await db.execute(
                text("UPDATE activities SET amount_value = '4' WHERE user_id = :mina AND amount_value = '5'"),
                {"mina": mina.id},
            )
            await jobs.defer(db, ledger_jobs.SLICE, lock=ledger_jobs.SLICE, after="")
        await _until_compared(world)
        async with world.rows() as db:
            places = await db.execute(text("SELECT address, checked_index FROM ledger_reconciliations"))
            checked = {row.address: row.checked_index for row in places}
            assert checked.keys() == set(await _reconciler(world).addresses())
            counts = await count_open(db)
        assert checked[mina.address] > first.until
        assert counts[Kind.MOVEMENT_MISSING] == counts[Kind.MOVEMENT_INVENTED] == 1
