"""What can go wrong with webhooks.

Trouble
├── WebhookNotFound    404
├── DeliveryNotFound   404
├── WebhookUrlRefused  400  not an address we send to
├── EventTypeUnknown   400
├── TooManyWebhooks    409
└── WebhookDisabled    409  enable it first
"""

from talktalk.platform.problems import Trouble


class WebhookNotFound(Trouble):
    """No such endpoint of this person."""

    status, code, title = 404, "webhook_not_found", "No such webhook"


class DeliveryNotFound(Trouble):
    """No such delivery of this endpoint, or it is too old to be kept."""

    status, code, title = 404, "delivery_not_found", "No such delivery"


class WebhookUrlRefused(Trouble):
    """Not an address anything is sent to; the detail says why."""

    status, code, title = 400, "webhook_url_refused", "Nothing is sent to this address"


class EventTypeUnknown(Trouble):
    """No event has this name."""

    status, code, title = 400, "event_type_unknown", "There is no such event type"


class TooManyWebhooks(Trouble):
    """Remove one first."""

    status, code, title = 409, "too_many_webhooks", "There are as many webhooks as there may be"


class WebhookDisabled(Trouble):
    """Nothing is sent while it is disabled."""

    status, code, title = 409, "webhook_disabled", "Enable the webhook first"
