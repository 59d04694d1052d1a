"""Background work of webhooks: attempts, and forgetting."""

from datetime import timedelta
from uuid import UUID

from procrastinate import Blueprint, JobContext

from talktalk.platform.clock import Clock
from talktalk.platform.database import Database
from talktalk.webhooks import queries
from talktalk.webhooks.delivering import LEASE, Deliverer
from talktalk.webhooks.fanout import DELIVER_TASK, QUEUE, send_later

KEEP = timedelta(days=30)
"""How long a delivery can be looked at and replayed."""
OVERDUE_BATCH = 500
CONCURRENCY = 24

blueprint = Blueprint()
sweeping = Blueprint()


@blueprint.task(name=DELIVER_TASK, queue=QUEUE, pass_context=True)
async def deliver(context: JobContext, delivery_id: str) -> None:
    """Try one delivery; what comes of it, and the job of the next attempt, is in its row."""
    deliverer: Deliverer = context.additional_context["deliverer"]
    await deliverer.deliver(UUID(delivery_id))


@sweeping.periodic(cron="* * * * *")
@sweeping.task(name="webhooks.sweep", pass_context=True, queueing_lock="webhooks.sweep")
async def sweep(context: JobContext, timestamp: int) -> None:
    """Queue again what lost its job; forget what is old. `timestamp` is when it was due, in Unix seconds."""
    database: Database = context.additional_context["database"]
    clock: Clock = context.additional_context["clock"]
    async with database.transaction() as db:
        for delivery_id in await queries.overdue(db, clock.now() - LEASE, OVERDUE_BATCH):
            await send_later(db, delivery_id)
        await queries.forget(db, clock.now() - KEEP)
