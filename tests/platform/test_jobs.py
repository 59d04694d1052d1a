"""Jobs ride the caller's transaction, keep their form across the queue, and survive a dead worker."""

import asyncio
from typing import Any

import psycopg
import pytest
from procrastinate import Blueprint, JobContext

from talktalk.platform import jobs
from talktalk.platform.database import Database
from talktalk.platform.ids import uuid7

blueprint = Blueprint()


@blueprint.task(name="test.note", pass_context=True)
async def note(context: JobContext, /, **arguments: Any) -> None:
    """Hand the arguments to the test."""
    context.additional_context["noted"].append(arguments)
    if event := context.additional_context.get("event"):
        event.set()


async def test_a_job_exists_exactly_when_its_fact_does(database_url: str) -> None:
    database = Database(database_url)
    user_id, noted = uuid7(), list[dict[str, Any]]()
    async with database.transaction() as db:
        await jobs.defer(db, "test.note", user_id=user_id, count=2, text="한글")

    async def fail() -> None:
        async with database.transaction() as db:
            await jobs.defer(db, "test.note", user_id=user_id, count=3)
            raise RuntimeError("the fact failed")

    with pytest.raises(RuntimeError, match="the fact failed"):
        await fail()
    await jobs.drain(database.conninfo, [blueprint], {"noted": noted})
    assert noted == [{"user_id": str(user_id), "count": 2, "text": "한글"}]
    await database.close()


async def test_a_serving_worker_hears_of_a_job_at_once(database_url: str) -> None:
    database = Database(database_url)
    noted, event = list[dict[str, Any]](), asyncio.Event()
    worker = asyncio.create_task(jobs.run(database.conninfo, [blueprint], {"noted": noted, "event": event}))
    try:
        async with database.transaction() as db:
            await jobs.defer(db, "test.note", number=1)
        async with asyncio.timeout(20):
            await event.wait()
        assert noted == [{"number": 1}]
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        await database.close()


async def test_the_job_of_a_worker_that_died_is_done_by_another(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(database_url)
    noted, event = list[dict[str, Any]](), asyncio.Event()
    async with database.transaction() as db:
        job_id = await jobs.defer(db, "test.note", number=7)
    with psycopg.connect(database.conninfo) as connection:
        # As a killed worker leaves it: taken, and no heartbeat any more.
        row = connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
        ).fetchone()
        assert row is not None
        connection.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE id = %s", (row[0], job_id)
        )
    worker = asyncio.create_task(jobs.run(database.conninfo, [blueprint], {"noted": noted, "event": event}))
    try:
        async with asyncio.timeout(20):
            await event.wait()
        assert noted == [{"number": 7}]
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        await database.close()


async def test_housekeeping_can_be_run(database_url: str) -> None:
    """Its schedules are due on the clock; here its tasks are queued by hand as well."""
    from talktalk.identity import jobs as identity_jobs
    from talktalk.platform import housekeeping
    from talktalk.platform.clock import SystemClock

    database = Database(database_url)
    async with database.transaction() as db:
        await jobs.defer(db, "platform.sweep", timestamp=0)
        await jobs.defer(db, "identity.sweep", timestamp=0)
    context = {"database": database, "clock": SystemClock()}
    await jobs.drain(database.conninfo, [housekeeping.blueprint, identity_jobs.blueprint], context)
    with psycopg.connect(database.conninfo) as connection:
        rows = connection.execute("SELECT task_name, status::text FROM procrastinate_jobs").fetchall()
    assert {row[0] for row in rows} == {"platform.sweep", "identity.sweep"}
    assert {row[1] for row in rows} == {"succeeded"}
    await database.close()


def test_blueprints_can_be_composed_twice() -> None:
    for _ in range(2):
        app = jobs.queue_app("postgresql://nowhere/none", [blueprint])
        assert "test.note" in app.tasks
