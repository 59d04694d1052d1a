"""Webhooks: what happens to a person, told to addresses they register, after Standard Webhooks 1.0.

Routes: GET, POST /api/v1/webhooks · GET, PATCH, DELETE /api/v1/webhooks/{id} ·
GET /api/v1/webhooks/event-types · POST /api/v1/webhooks/{id}/secret (rotate), /test, /replay ·
GET /api/v1/webhooks/{id}/deliveries · GET /api/v1/webhooks/{id}/deliveries/{delivery_id} ·
POST /api/v1/webhooks/{id}/deliveries/{delivery_id}/replay.

What an address receives: POST, `Content-Type: application/json`, body `{"type", "timestamp", "data"}`, and

    webhook-id          the same however often it is sent: the receiver's idempotency key
    webhook-timestamp   Unix seconds of this attempt
    webhook-signature   space-separated: `v1,<base64 HMAC-SHA256>` and `v1a,<base64 Ed25519>`, each over
                        `{webhook-id}.{webhook-timestamp}.{body}`, for every secret that is valid now

Answer 2xx within 20 s. Order is not promised; `version` in the data, where there is one, tells which of two
is newer. User event: `webhook.disabled` {webhook: Webhook}.
"""

import enum
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from talktalk_wire.common import Ask, Wire

URL_LENGTH_MAX = 2048
DESCRIPTION_LENGTH_MAX = 100
EVENT_TYPES_MAX = 50
PAYLOAD_BYTES_MAX = 64 * 1024

WebhookUrl = Annotated[str, Meta(min_length=1, max_length=URL_LENGTH_MAX)]
EventTypes = Annotated[
    tuple[Annotated[str, Meta(pattern=r"^[a-z_]+\.(\*|[a-z_]+)$", max_length=60)], ...],
    Meta(min_length=1, max_length=EVENT_TYPES_MAX),
]
"""Types such as `transfer.settled`, or a whole family: `transfer.*`."""


class WebhookAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/webhooks."""

    url: WebhookUrl
    """`https://…`; plain HTTP and private addresses only where the operator allows them."""
    event_types: EventTypes
    description: Annotated[str, Meta(max_length=DESCRIPTION_LENGTH_MAX)] = ""


class WebhookChangeAsk(Ask, frozen=True, kw_only=True):
    """PATCH /api/v1/webhooks/{id}; absent fields stay as they are."""

    url: WebhookUrl | UnsetType = UNSET
    event_types: EventTypes | UnsetType = UNSET
    description: Annotated[str, Meta(max_length=DESCRIPTION_LENGTH_MAX)] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    """What happens while it is disabled is not told later."""


class WebhookDisabledReason(enum.StrEnum):
    """Why an address is told nothing."""

    PERSON = "person"
    """Its owner wanted it so."""
    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """It accepted nothing for five days."""


class Webhook(Wire, frozen=True, kw_only=True):
    """An address that is told what happens."""

    id: UUID
    url: str
    event_types: list[str]
    description: str
    enabled: bool
    disabled_reason: WebhookDisabledReason | None
    public_key: str
    """`whpk_…`: verifies `v1a` signatures; no secret."""
    old_secret_until: datetime | None
    """The secret before the last rotation signs too until then."""
    failing_since: datetime | None
    """Every attempt since then has failed."""
    created_at: datetime


class WebhookMade(Wire, frozen=True, kw_only=True):
    """The answer that carries the secret, once."""

    webhook: Webhook
    secret: str
    """`whsec_…`: verifies `v1` signatures."""


class SecretRotateAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/webhooks/{id}/secret: a new secret; the old one signs beside it for a while."""

    overlap_hours: Annotated[int, Meta(ge=0, le=168)] = 24


class WebhookEventType(Wire, frozen=True, kw_only=True):
    """One thing that can be told."""

    name: str
    description: str


class DeliveryState(enum.StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    """Waiting for its first or next attempt."""
    DELIVERED = "delivered"
    """The address answered 2xx."""
    FAILED = "failed"
    """Given up; it can be replayed."""


class Delivery(Wire, frozen=True, kw_only=True):
    """One event on its way to one address."""

    id: UUID
    message_id: str
    """The `webhook-id` header."""
    event_type: str
    state: DeliveryState
    attempts: int
    last_status: int | None
    """HTTP status of the last attempt; null if there was no answer."""
    last_error: str | None
    """`timeout`, `connection`, `tls`, `name_unknown`, `address_refused`, `redirect`, `status`, `disabled`,
    `too_large`."""
    next_attempt_at: datetime | None
    created_at: datetime
    """When the event happened."""
    delivered_at: datetime | None


class DeliveryAttempt(Wire, frozen=True, kw_only=True):
    """One try."""

    at: datetime
    status: int | None
    error: str | None
    took_ms: int
    snippet: str
    """The beginning of what the address answered, at most 512 characters."""


class DeliveryDetail(Wire, frozen=True, kw_only=True):
    """A delivery with what was sent and every try."""

    delivery: Delivery
    payload: str
    """The exact body."""
    attempts: list[DeliveryAttempt]
    """The newest first, at most 20."""


class ReplayAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/webhooks/{id}/replay: send again what happened in a time range, under the same ids."""

    since: datetime
    until: datetime
    only_failed: bool = True


class Replayed(Wire, frozen=True, kw_only=True):
    """How much was put on its way again."""

    count: int
    next_since: datetime | None
    """Where the rest of the range begins, if there was more than one replay takes."""


class WebhookMessage(Wire, frozen=True, kw_only=True):
    """The body of what an address receives."""

    type: str
    timestamp: datetime
    data: dict[str, Any]
