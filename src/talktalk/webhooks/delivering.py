"""One delivery's life in the worker: claim, send, write down what came of it.

Nothing is held while an address is asked. A claim counts the attempt and moves the next one on by `LEASE`;
should the process die, the delivery is tried again after that, under the same id. So an address may receive a
message twice, and can tell.

Rows are locked endpoint first, then delivery, then the owner's head of events.
"""

import logging
import random
from collections import Counter
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.platform import audit, feed
from talktalk.platform.clock import Clock
from talktalk.platform.database import Database
from talktalk.platform.ids import uuid7
from talktalk.webhooks import queries, rules, views
from talktalk.webhooks.fanout import send_later
from talktalk.webhooks.sending import TIMEOUT_S, Outcome, Sender
from talktalk.webhooks.tables import AttemptRow, DeliveryRow, EndpointRow
from talktalk_wire.webhooks import DeliveryState, WebhookDisabledReason

LEASE: Final = timedelta(seconds=3 * TIMEOUT_S)
AT_ONCE_MAX: Final = 4
"""Attempts to one endpoint at a time, in one worker."""
BUSY_PAUSE_S: Final = (1.0, 3.0)
GONE: Final = 410
THROTTLING: Final = frozenset({429, 502, 503, 504})
THROTTLED_PAUSE: Final = timedelta(seconds=30)

_log = logging.getLogger(__name__)


class _Claim(msgspec.Struct, frozen=True):
    url: str
    message_id: str
    payload: bytes
    keys: list[rules.Keys]


class Deliverer:
    """Tries deliveries. One a worker."""

    def __init__(self, database: Database, clock: Clock, sender: Sender, server_key: bytes) -> None:
        self._database = database
        self._clock = clock
        self._sender = sender
        self._server_key = server_key
        self._under_way: Counter[UUID] = Counter()

    async def deliver(self, delivery_id: UUID) -> Outcome | None:
        """Try a delivery that is due; None where there was nothing to do now."""
        async with self._database.transaction() as db:
            endpoint_id = await queries.endpoint_id_of(db, delivery_id)
        if endpoint_id is None:
            return None
        if self._under_way[endpoint_id] >= AT_ONCE_MAX:
            pause = timedelta(seconds=random.uniform(*BUSY_PAUSE_S))  # noqa: S311 - spreads load, guards nothing
            async with self._database.transaction() as db:
                await send_later(db, delivery_id, self._clock.now() + pause)
            return None
        self._under_way[endpoint_id] += 1
        try:
            return await self._attempt(endpoint_id, delivery_id)
        finally:
            self._under_way[endpoint_id] -= 1
            self._under_way += Counter()  # drops what has come to nothing

    async def _attempt(self, endpoint_id: UUID, delivery_id: UUID) -> Outcome | None:
        async with self._database.transaction() as db:
            claim = await self._claim(db, endpoint_id, delivery_id)
        if claim is None:
            return None
        outcome = await self._sender.send(claim.url, claim.message_id, claim.payload, claim.keys)
        async with self._database.transaction() as db:
            await self._note(db, endpoint_id, delivery_id, outcome)
        _log.info(
            "webhook.attempted",
            extra={"endpoint": str(endpoint_id), "status": outcome.status, "error": outcome.error},
        )
        return outcome

    async def _claim(self, db: AsyncSession, endpoint_id: UUID, delivery_id: UUID) -> _Claim | None:
        endpoint = await queries.endpoint(db, endpoint_id)
        row = None if endpoint is None else await queries.delivery(db, delivery_id)
        if endpoint is None or row is None or row.next_attempt_at is None or not endpoint.enabled:
            return None
        now = self._clock.now()
        not_before = max(row.next_attempt_at, endpoint.quiet_until or row.next_attempt_at)
        if not_before > now:
            await send_later(db, row.id, not_before)
            return None
        row.attempts += 1
        row.next_attempt_at = now + LEASE
        await db.flush()
        keys = views.keys_of(endpoint, self._server_key, now)
        return _Claim(endpoint.url, row.message_id, row.payload, keys)

    async def _note(self, db: AsyncSession, endpoint_id: UUID, delivery_id: UUID, outcome: Outcome) -> None:
        endpoint = await queries.endpoint(db, endpoint_id)
        row = None if endpoint is None else await queries.delivery(db, delivery_id)
        if endpoint is None or row is None:
            return  # removed meanwhile
        now = self._clock.now()
        db.add(
            AttemptRow(
                id=uuid7(),
                delivery_id=row.id,
                at=now,
                status=outcome.status,
                error=outcome.error,
                took_ms=outcome.took_ms,
                snippet=outcome.snippet,
            )
        )
        row.last_status, row.last_error = outcome.status, outcome.error
        if outcome.accepted:
            row.state, row.next_attempt_at, row.delivered_at = DeliveryState.DELIVERED, None, now
            endpoint.failing_since = endpoint.quiet_until = None
        else:
            await self._failed(db, endpoint, row, outcome)
        await db.flush()

    async def _failed(
        self, db: AsyncSession, endpoint: EndpointRow, row: DeliveryRow, outcome: Outcome
    ) -> None:
        now = self._clock.now()
        endpoint.failing_since = endpoint.failing_since or now
        if row.state == DeliveryState.PENDING and row.next_attempt_at is not None:
            row.next_attempt_at = rules.next_attempt(
                now,
                row.attempts,
                chance=random.random(),  # noqa: S311 - spreads load, guards nothing
                retry_after=outcome.retry_after,
            )
            if row.next_attempt_at is None:
                row.state = DeliveryState.FAILED
            else:
                await send_later(db, row.id, row.next_attempt_at)
        if outcome.status in THROTTLING:
            endpoint.quiet_until = now + (outcome.retry_after or THROTTLED_PAUSE)
        if not endpoint.enabled:
            return
        if outcome.status == GONE:
            await self._disable(db, endpoint, WebhookDisabledReason.GONE)
        elif now - endpoint.failing_since >= rules.FAILING_MAX:
            await self._disable(db, endpoint, WebhookDisabledReason.FAILING)

    async def _disable(self, db: AsyncSession, endpoint: EndpointRow, reason: WebhookDisabledReason) -> None:
        """Tell it nothing any more, and tell its owner."""
        endpoint.enabled, endpoint.disabled_reason = False, reason
        await db.flush()
        await queries.give_up_pending(db, endpoint.id)
        await audit.record(
            db,
            self._clock,
            "webhook.disabled",
            subject_id=endpoint.id,
            owner_id=endpoint.user_id,
            reason=reason,
        )
        webhook = views.webhook_of(endpoint, self._server_key)
        await feed.append(db, "webhook.disabled", {endpoint.user_id: {"webhook": webhook}})
