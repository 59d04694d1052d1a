"""What a person does with webhooks. The edge opens and commits the transaction."""

import os
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.platform import audit, feed
from talktalk.platform.clock import Clock
from talktalk.platform.ids import uuid7
from talktalk.webhooks import catalogue, fanout, queries, rules, views
from talktalk.webhooks.errors import (
    DeliveryNotFound,
    EventTypeUnknown,
    TooManyWebhooks,
    WebhookDisabled,
    WebhookNotFound,
    WebhookUrlRefused,
)
from talktalk.webhooks.tables import DeliveryRow, EndpointRow
from talktalk_wire.common import FieldError
from talktalk_wire.webhooks import (
    Delivery,
    DeliveryDetail,
    DeliveryState,
    ReplayAsk,
    Replayed,
    SecretRotateAsk,
    Webhook,
    WebhookAsk,
    WebhookChangeAsk,
    WebhookDisabledReason,
    WebhookMade,
)

PER_PERSON_MAX: Final = 10
PAGE_MAX: Final = 100
ATTEMPTS_SHOWN_MAX: Final = 20
REPLAY_MAX: Final = 500


class WebhookDesk:
    """What needs the server's key, the operator's word on private addresses, and the time."""

    def __init__(self, *, server_key: bytes, private_targets: bool, clock: Clock) -> None:
        self._server_key = server_key
        self._private_targets = private_targets
        self._clock = clock

    async def all_of(self, db: AsyncSession, user_id: UUID) -> list[Webhook]:
        """A person's webhooks, newest first."""
        return [self._shown(row) for row in await queries.endpoints(db, user_id)]

    async def one(self, db: AsyncSession, user_id: UUID, webhook_id: UUID) -> Webhook:
        """One webhook.

        Raises:
            WebhookNotFound: None such, or another person's.
        """
        return self._shown(await self._access(db, user_id, webhook_id))

    async def register(self, db: AsyncSession, user_id: UUID, ask: WebhookAsk) -> WebhookMade:
        """A new webhook with its secret. It is told what happens from now on.

        Raises:
            WebhookUrlRefused, EventTypeUnknown, TooManyWebhooks: As named.
        """
        self._check(ask.url, ask.event_types)
        await queries.lock_owner(db, user_id)
        if len(await queries.endpoints(db, user_id)) >= PER_PERSON_MAX:
            raise TooManyWebhooks
        row = EndpointRow(
            id=uuid7(),
            user_id=user_id,
            url=ask.url,
            description=ask.description,
            event_types=sorted(set(ask.event_types)),
            enabled=True,
            secret_salt=os.urandom(rules.SALT_BYTES),
            feed_seq=await feed.head(db, user_id),
            created_at=self._clock.now(),
        )
        db.add(row)
        await db.flush()
        await audit.record(db, self._clock, "webhook.registered", actor_id=user_id, subject_id=row.id)
        return self._made(row)

    async def change(
        self, db: AsyncSession, user_id: UUID, webhook_id: UUID, ask: WebhookChangeAsk
    ) -> Webhook:
        """Change what is given. Enabling begins with what happens from now on.

        Raises:
            WebhookNotFound, WebhookUrlRefused, EventTypeUnknown: As named.
        """
        row = await self._access(db, user_id, webhook_id, lock=True)
        url = row.url if ask.url is UNSET else ask.url
        types = tuple(row.event_types) if ask.event_types is UNSET else ask.event_types
        self._check(url, types)
        row.url, row.event_types = url, sorted(set(types))
        if ask.description is not UNSET:
            row.description = ask.description
        if ask.enabled is not UNSET and ask.enabled != row.enabled:
            row.enabled = ask.enabled
            row.disabled_reason = None if ask.enabled else WebhookDisabledReason.PERSON
            row.failing_since = row.quiet_until = None
            if ask.enabled:
                row.feed_seq = await feed.head(db, user_id)
            else:
                await queries.give_up_pending(db, row.id)
        await db.flush()
        await audit.record(db, self._clock, "webhook.changed", actor_id=user_id, subject_id=row.id)
        return self._shown(row)

    async def remove(self, db: AsyncSession, user_id: UUID, webhook_id: UUID) -> None:
        """Remove a webhook with its log.

        Raises:
            WebhookNotFound: None such.
        """
        if not await queries.delete_endpoint(db, user_id, webhook_id):
            raise WebhookNotFound
        await audit.record(db, self._clock, "webhook.removed", actor_id=user_id, subject_id=webhook_id)

    async def rotate(
        self, db: AsyncSession, user_id: UUID, webhook_id: UUID, ask: SecretRotateAsk
    ) -> WebhookMade:
        """A new secret; the old one signs too for the overlap.

        Raises:
            WebhookNotFound: None such.
        """
        row = await self._access(db, user_id, webhook_id, lock=True)
        overlap = timedelta(hours=ask.overlap_hours)
        row.old_secret_salt = row.secret_salt if overlap else None
        row.old_secret_until = self._clock.now() + overlap if overlap else None
        row.secret_salt = os.urandom(rules.SALT_BYTES)
        await db.flush()
        await audit.record(db, self._clock, "webhook.secret_rotated", actor_id=user_id, subject_id=row.id)
        return self._made(row)

    async def test(self, db: AsyncSession, user_id: UUID, webhook_id: UUID) -> Delivery:
        """Send a `webhook.test` event, whatever types are chosen.

        Raises:
            WebhookNotFound, WebhookDisabled: As named.
        """
        row = await self._access(db, user_id, webhook_id, lock=True)
        if not row.enabled:
            raise WebhookDisabled
        now = self._clock.now()
        told = catalogue.Telling(catalogue.TEST_TYPE, {"webhook_id": row.id})
        fresh = fanout.new_delivery(row, told, now, now, None)
        await fanout.put(db, [fresh])
        made = await queries.delivery_of(db, row.id, fresh["id"])
        assert made is not None
        return views.delivery_of(made)

    async def deliveries(
        self,
        db: AsyncSession,
        user_id: UUID,
        webhook_id: UUID,
        *,
        state: DeliveryState | None,
        event_type: str | None,
        before: UUID | None,
        limit: int,
    ) -> tuple[list[Delivery], UUID | None]:
        """What was told to a webhook, newest first, and where the next page begins.

        Raises:
            WebhookNotFound: None such.
        """
        row = await self._access(db, user_id, webhook_id)
        found = await queries.deliveries(
            db, row.id, state=state, event_type=event_type, before=before, limit=limit + 1
        )
        page = [views.delivery_of(each) for each in found[:limit]]
        return page, page[-1].id if len(found) > limit else None

    async def delivery(
        self, db: AsyncSession, user_id: UUID, webhook_id: UUID, delivery_id: UUID
    ) -> DeliveryDetail:
        """One delivery with what was sent and every try.

        Raises:
            WebhookNotFound, DeliveryNotFound: As named.
        """
        row = await self._delivery(db, user_id, webhook_id, delivery_id)
        attempts = await queries.attempts(db, row.id, ATTEMPTS_SHOWN_MAX)
        return DeliveryDetail(
            delivery=views.delivery_of(row),
            payload=row.payload.decode(),
            attempts=[views.attempt_of(each) for each in attempts],
        )

    async def replay(self, db: AsyncSession, user_id: UUID, webhook_id: UUID, delivery_id: UUID) -> Delivery:
        """Send one again under the same id; one that is on its way is tried at once.

        Raises:
            WebhookNotFound, DeliveryNotFound, WebhookDisabled: As named.
        """
        endpoint = await self._access(db, user_id, webhook_id, lock=True)
        if not endpoint.enabled:
            raise WebhookDisabled
        row = await queries.delivery_of(db, endpoint.id, delivery_id, lock=True)
        if row is None:
            raise DeliveryNotFound
        await self._again(db, row, self._clock.now())
        return views.delivery_of(row)

    async def replay_range(
        self, db: AsyncSession, user_id: UUID, webhook_id: UUID, ask: ReplayAsk
    ) -> Replayed:
        """Send again what happened in a time range and is not on its way, at most `REPLAY_MAX`, oldest first.

        Raises:
            WebhookNotFound, WebhookDisabled: As named.
        """
        endpoint = await self._access(db, user_id, webhook_id, lock=True)
        if not endpoint.enabled:
            raise WebhookDisabled
        rows = await queries.ended_between(
            db, endpoint.id, ask.since, ask.until, only_failed=ask.only_failed, limit=REPLAY_MAX + 1
        )
        now = self._clock.now()
        for row in rows[:REPLAY_MAX]:
            await self._again(db, row, now)
        await audit.record(
            db, self._clock, "webhook.replayed", actor_id=user_id, subject_id=endpoint.id, count=len(rows)
        )
        following = rows[REPLAY_MAX].created_at if len(rows) > REPLAY_MAX else None
        return Replayed(count=min(len(rows), REPLAY_MAX), next_since=following)

    async def _again(self, db: AsyncSession, row: DeliveryRow, now: datetime) -> None:
        row.state, row.attempts, row.next_attempt_at = DeliveryState.PENDING, 0, now
        row.delivered_at = None
        await db.flush()
        await fanout.send_later(db, row.id)

    async def _access(
        self, db: AsyncSession, user_id: UUID, webhook_id: UUID, *, lock: bool = False
    ) -> EndpointRow:
        row = await queries.endpoint_of(db, user_id, webhook_id, lock=lock)
        if row is None:
            raise WebhookNotFound
        return row

    async def _delivery(
        self, db: AsyncSession, user_id: UUID, webhook_id: UUID, delivery_id: UUID
    ) -> DeliveryRow:
        endpoint = await self._access(db, user_id, webhook_id)
        row = await queries.delivery_of(db, endpoint.id, delivery_id)
        if row is None:
            raise DeliveryNotFound
        return row

    def _check(self, url: str, event_types: tuple[str, ...]) -> None:
        why = rules.why_refused(url, private_targets=self._private_targets)
        if why is not None:
            raise WebhookUrlRefused(why, errors=(FieldError(field="url", detail=why),))
        unknown = [name for name in event_types if not catalogue.is_known(name)]
        if unknown:
            raise EventTypeUnknown(
                errors=tuple(FieldError(field="event_types", detail=name) for name in unknown)
            )

    def _shown(self, row: EndpointRow) -> Webhook:
        return views.webhook_of(row, self._server_key)

    def _made(self, row: EndpointRow) -> WebhookMade:
        secret = rules.keys_from(self._server_key, row.secret_salt).shown_secret
        return WebhookMade(webhook=self._shown(row), secret=secret)
