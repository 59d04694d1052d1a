"""What the wire shows of the rows, and the keys an endpoint signs with."""

from datetime import datetime

from talktalk.webhooks import rules
from talktalk.webhooks.tables import AttemptRow, DeliveryRow, EndpointRow
from talktalk_wire.webhooks import (
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    Webhook,
    WebhookDisabledReason,
)


def keys_of(row: EndpointRow, server_key: bytes, now: datetime) -> list[rules.Keys]:
    """Every key that signs now, the newest first."""
    keys = [rules.keys_from(server_key, row.secret_salt)]
    if row.old_secret_salt is not None and row.old_secret_until is not None and row.old_secret_until > now:
        keys.append(rules.keys_from(server_key, row.old_secret_salt))
    return keys


def webhook_of(row: EndpointRow, server_key: bytes) -> Webhook:
    """An endpoint, without its secret."""
    reason = row.disabled_reason
    return Webhook(
        id=row.id,
        url=row.url,
        event_types=list(row.event_types),
        description=row.description,
        enabled=row.enabled,
        disabled_reason=None if reason is None else WebhookDisabledReason(reason),
        public_key=rules.keys_from(server_key, row.secret_salt).public_key,
        old_secret_until=row.old_secret_until,
        failing_since=row.failing_since,
        created_at=row.created_at,
    )


def delivery_of(row: DeliveryRow) -> Delivery:
    """A delivery, without what was sent."""
    return Delivery(
        id=row.id,
        message_id=row.message_id,
        event_type=row.event_type,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        last_status=row.last_status,
        last_error=row.last_error,
        next_attempt_at=row.next_attempt_at,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
    )


def attempt_of(row: AttemptRow) -> DeliveryAttempt:
    """One try."""
    return DeliveryAttempt(
        at=row.at, status=row.status, error=row.error, took_ms=row.took_ms, snippet=row.snippet
    )
