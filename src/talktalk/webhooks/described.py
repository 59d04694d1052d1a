"""What addresses receive, as the `webhooks` of the OpenAPI 3.1 document."""

from typing import Any

from talktalk.platform.web.openapi import Told
from talktalk.webhooks import catalogue
from talktalk_wire.webhooks import WebhookEventType

_HEADERS = {
    "webhook-id": "The same however often it is sent: what was done once need not be done again.",
    "webhook-timestamp": "Unix seconds of this attempt.",
    "webhook-signature": "Space-separated `v1,…` (HMAC-SHA256) and `v1a,…` (Ed25519), base64, over "
    "`{webhook-id}.{webhook-timestamp}.{body}`.",
}


def operations() -> dict[str, Told]:
    """Each event type's operation."""
    found = {each.name: _told(each, *catalogue.struct_of(each.name)) for each in catalogue.event_types()}
    test = WebhookEventType(name=catalogue.TEST_TYPE, description="A test its owner asked for")
    found[test.name] = Told(
        _operation(test, {"webhook_id": {"type": "string", "format": "uuid"}}), structs=()
    )
    return found


def _told(event: WebhookEventType, field: str, struct: type) -> Told:
    data = {field: {"$ref": f"#/components/schemas/{struct.__name__}"}}
    return Told(_operation(event, data), structs=(struct,))


def _operation(event: WebhookEventType, data: dict[str, Any]) -> dict[str, Any]:
    body = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": event.name},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {"type": "object", "required": list(data), "properties": data},
        },
    }
    return {
        "operationId": "webhook_" + event.name.replace(".", "_"),
        "summary": event.description,
        "tags": ["Webhook events"],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": words,
                "schema": {"type": "string"},
            }
            for name, words in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "2XX": {"description": "Taken; it is not sent again."},
            "410": {"description": "Never send anything here again: the webhook is disabled."},
            "default": {"description": "Not taken; it is tried again, up to ten times over three days."},
        },
    }
