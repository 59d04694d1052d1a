"""Background work of identity: forgetting challenges that nobody can use any more."""

from datetime import timedelta

from procrastinate import Blueprint, JobContext

from talktalk.identity import queries
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database

KEEP = timedelta(days=1)
"""Challenges stay for a day after they expire, so that a late code is told why it fails."""

blueprint = Blueprint()


@blueprint.periodic(cron="*/10 * * * *")
@blueprint.task(name="identity.sweep", pass_context=True, queueing_lock="identity.sweep")
async def sweep(context: JobContext, timestamp: int) -> None:
    """Remove old challenges. `timestamp` is when it was due, in Unix seconds."""
    database: Database = context.additional_context["database"]
    clock: Clock = context.additional_context["clock"]
    async with database.transaction() as db:
        await queries.sweep_challenges(db, clock.now() - KEEP)
