"""From a person's own events to deliveries.

One pass takes one endpoint that is behind, reads what comes after its position, writes deliveries and their
jobs and moves the position, all in one transaction under the endpoint's lock. Several workers take different
endpoints; one that dies leaves everything as it was.
"""

import asyncio
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.platform import feed, jobs
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database
from talktalk.platform.ids import uuid7
from talktalk.webhooks import catalogue, queries, rules
from talktalk.webhooks.tables import EndpointRow
from talktalk_wire.webhooks import PAYLOAD_BYTES_MAX, DeliveryState, WebhookMessage

BATCH: Final = 200
POLL_S: Final = 2.0
"""Fallback where a wake-up was lost."""
PAUSE_S: Final = 0.2
"""Between two looks, so that a busy hour is not one long look."""
DELIVER_TASK: Final = "webhooks.deliver"
QUEUE: Final = "webhooks"
"""Of its own: an address that answers slowly keeps no other work waiting."""

_encode = msgspec.json.Encoder().encode


class Fanout:
    """Runs in every worker."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.wake = asyncio.Event()
        """Set when somebody's own events have grown."""

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self.wake.clear()
            while await self.step():
                pass
            try:
                async with asyncio.timeout(POLL_S):
                    await self.wake.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(PAUSE_S)

    async def step(self) -> bool:
        """Bring one endpoint forward; False if none is behind."""
        async with self._database.transaction() as db:
            row = await queries.endpoint_behind(db)
            if row is None:
                return False
            events = await feed.after(db, row.user_id, row.feed_seq, BATCH)
            fresh = []
            for event in events:
                told = catalogue.telling(event.kind, event.data)
                if told is not None and rules.wants(row.event_types, told.name):
                    fresh.append(new_delivery(row, told, event.created_at, self._clock.now(), event.seq))
                row.feed_seq = event.seq
            await db.flush()
            await put(db, fresh)
        return True


def new_delivery(
    endpoint: EndpointRow, told: catalogue.Telling, at: datetime, now: datetime, feed_seq: int | None
) -> dict[str, Any]:
    """The row of a delivery; one too large to send is given up at once, visibly."""
    delivery_id = uuid7()
    payload = _encode(WebhookMessage(type=told.name, timestamp=at, data=told.data))
    fits = len(payload) <= PAYLOAD_BYTES_MAX
    return {
        "id": delivery_id,
        "endpoint_id": endpoint.id,
        "feed_seq": feed_seq,
        "message_id": f"msg_{delivery_id.hex}",
        "event_type": told.name,
        "payload": payload,
        "state": DeliveryState.PENDING if fits else DeliveryState.FAILED,
        "attempts": 0,
        "next_attempt_at": now if fits else None,
        "last_error": None if fits else "too_large",
        "created_at": at,
    }


async def put(db: AsyncSession, rows: list[dict[str, Any]]) -> None:
    """Write deliveries with the jobs that send them."""
    await queries.insert_deliveries(db, rows)
    for row in rows:
        if row["state"] is DeliveryState.PENDING:
            await send_later(db, row["id"])


async def send_later(db: AsyncSession, delivery_id: UUID, at: datetime | None = None) -> None:
    """Queue the job that tries a delivery, now or not before `at`."""
    await jobs.defer(db, DELIVER_TASK, queue=QUEUE, at=at, delivery_id=delivery_id)
