"""Background jobs: procrastinate's queue in PostgreSQL, deferred inside the caller's transaction.

- `defer` puts a job on the queue through the caller's own connection, so that it exists exactly when
  the fact it follows does.
- A slice's `jobs.py` holds `blueprint = Blueprint()` and names each task in full:

      @blueprint.task(name="transfers.submit", pass_context=True, retry=RetryStrategy(...))
      async def submit(context: JobContext, transfer_id: str) -> None: ...

- `run` serves blueprints until cancelled. What tasks need (database, clock, ports) is handed in as
  `context` and read from `JobContext.additional_context`.

Delivery is at least once: a job whose worker died is started again by another, so every task must be
safe to repeat.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import procrastinate
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.platform.tasks import together

QUEUE = "default"
HEARTBEAT_S = 5.0
STALLED_AFTER_S = 20.0
"""A worker silent for so long is taken for dead, and its jobs are started again."""
POLL_S = 2.0
"""Fallback where a notification was lost."""

_DEFER = text(
    """
    SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW(
        CAST(:queue AS varchar), CAST(:task AS varchar), 0, CAST(:lock AS text),
        CAST(:queueing_lock AS text), CAST(:args AS jsonb), CAST(:at AS timestamptz)
    )]::procrastinate_job_to_defer_v1[]))
    """
)


async def defer(
    db: AsyncSession,
    task: str,
    /,
    *,
    lock: str | None = None,
    at: datetime | None = None,
    queue: str = QUEUE,
    **arguments: object,
) -> int:
    """Queue `task` in this transaction.

    Args:
        db: The transaction of the fact the job follows.
        task: The full name, such as `transfers.submit`.
        lock: Jobs with the same lock run one after the other.
        at: Not before this moment.
        queue: Served by a worker of its own where it is not the usual one (see `run`).
        arguments: Whatever msgspec can write as JSON; the task receives the JSON form (ids as text).

    Returns:
        The job's number.
    """
    found = await db.execute(
        _DEFER,
        {
            "queue": queue,
            "task": task,
            "lock": lock,
            "queueing_lock": None,
            "args": msgspec.json.encode(arguments).decode(),
            "at": at,
        },
    )
    job_id: int = found.scalar_one()
    return job_id


def queue_app(conninfo: str, blueprints: Iterable[procrastinate.Blueprint]) -> procrastinate.App:
    """A procrastinate app that knows the tasks and schedules of `blueprints`, which stay untouched.

    Args:
        conninfo: libpq's form, `Database.conninfo`.
        blueprints: Those of the slices.
    """
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=conninfo, min_size=1, max_size=6)
    )
    for blueprint in blueprints:
        for task in blueprint.tasks.values():
            options: dict[str, Any] = {
                "name": task.name,
                "queue": task.queue,
                "lock": task.lock,
                "queueing_lock": task.queueing_lock,
                "pass_context": task.pass_context,
                "retry": task.retry_strategy or False,
            }
            app.task(**options)(task.func)
        for periodic in blueprint.periodic_registry.periodic_tasks.values():
            known: Any = app.tasks[periodic.task.name]
            app.periodic(cron=periodic.cron, periodic_id=periodic.periodic_id, **periodic.configure_kwargs)(
                known
            )
    return app


async def run(
    conninfo: str,
    blueprints: Iterable[procrastinate.Blueprint],
    context: Mapping[str, Any],
    *,
    queue: str = QUEUE,
    concurrency: int = 8,
) -> None:
    """Serve jobs until cancelled; jobs of workers that died are started again.

    Args:
        conninfo: libpq's form, `Database.conninfo`.
        blueprints: Those of the slices.
        context: What tasks find in `JobContext.additional_context`.
        queue: Whose jobs to serve.
        concurrency: Jobs at a time.
    """
    app = queue_app(conninfo, blueprints)
    async with app.open_async():
        serving = app.run_worker_async(
            queues=[queue],
            concurrency=concurrency,
            fetch_job_polling_interval=POLL_S,
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=STALLED_AFTER_S,
            shutdown_graceful_timeout=2.0,
            install_signal_handlers=False,
            delete_jobs="successful",
            additional_context=dict(context),
        )
        await together(_revive(app), serving)


async def drain(
    conninfo: str, blueprints: Iterable[procrastinate.Blueprint], context: Mapping[str, Any]
) -> None:
    """Do what is due now and return; for tests and one-off commands."""
    app = queue_app(conninfo, blueprints)
    async with app.open_async():
        await app.run_worker_async(
            wait=False, install_signal_handlers=False, listen_notify=False, additional_context=dict(context)
        )


async def _revive(app: procrastinate.App) -> None:
    """Put jobs of dead workers back on the queue."""
    while True:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
            await app.job_manager.retry_job(job)
        await asyncio.sleep(STALLED_AFTER_S / 2)
