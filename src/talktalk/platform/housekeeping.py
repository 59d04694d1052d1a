"""Background work of the platform: forgetting idle limits and expired answers."""

from procrastinate import Blueprint, JobContext

from talktalk.platform import idempotency, limits
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database

blueprint = Blueprint()


@blueprint.periodic(cron="*/5 * * * *")
@blueprint.task(name="platform.sweep", pass_context=True, queueing_lock="platform.sweep")
async def sweep(context: JobContext, timestamp: int) -> None:
    """Remove what says nothing any more. `timestamp` is when it was due, in Unix seconds."""
    database: Database = context.additional_context["database"]
    clock: Clock = context.additional_context["clock"]
    async with database.transaction() as db:
        await limits.forget_idle(db, clock.now())
        await idempotency.forget_expired(db, clock.now())
