"""Verifying what a TalkTalk webhook sends (Standard Webhooks 1.0). Needs no session and no network.

message = webhooks.verify(request.headers, request.body, "whsec_…")
if message.type == "transfer.settled" and seen.add(message.id):
    ship(message.data["transfer"])
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from talktalk_client.errors import TalkTalkError
from talktalk_wire.webhooks import WebhookMessage

TOLERANCE_S: Final = 300
"""How far the sender's clock and ours may be apart; older messages may be somebody's replay."""
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the prefix of secrets, no secret
PUBLIC_KEY_PREFIX: Final = "whpk_"


class WebhookRefused(TalkTalkError):
    """Not a message of this webhook, or not a fresh one. Answer 4xx and do nothing."""


class VerifiedMessage(msgspec.Struct, frozen=True):
    """What happened. `id` is the same however often the message is sent."""

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]


def verify(
    headers: Mapping[str, str],
    body: bytes,
    keys: str | Sequence[str],
    *,
    now_s: float | None = None,
    tolerance_s: int = TOLERANCE_S,
) -> VerifiedMessage:
    """Check a request before believing it.

    Args:
        headers: The request's, whatever their case.
        body: The exact bytes received, before anything parsed them.
        keys: A secret `whsec_…`, a public key `whpk_…`, or several while one is replaced by another.
        now_s: Unix seconds; None: this machine's.
        tolerance_s: How old, or how far ahead, `webhook-timestamp` may be.

    Raises:
        WebhookRefused: No signature fits, a header is missing or malformed, or the message is too old.
        ValueError: A key is none.
    """
    found = {name.lower(): value for name, value in headers.items()}
    try:
        message_id = found["webhook-id"]
        timestamp = found["webhook-timestamp"]
        signatures = found["webhook-signature"].split(" ")
    except KeyError as error:
        raise WebhookRefused(f"the header {error.args[0]} is missing") from error
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise WebhookRefused("webhook-timestamp is no number of seconds")
    if abs((time.time() if now_s is None else now_s) - int(timestamp)) > tolerance_s:
        raise WebhookRefused("the message is too old, or a clock is wrong")
    content = f"{message_id}.{timestamp}.".encode() + body
    wanted = [keys] if isinstance(keys, str) else keys
    if not any(_fits(key, signatures, content) for key in wanted):
        raise WebhookRefused("no signature fits")
    try:
        message = msgspec.json.decode(body, type=WebhookMessage)
    except msgspec.DecodeError as error:
        raise WebhookRefused("the body is no message") from error
    return VerifiedMessage(message_id, message.type, message.timestamp, message.data)


def _fits(key: str, signatures: Sequence[str], content: bytes) -> bool:
    if key.startswith(SECRET_PREFIX):
        mac = hmac.digest(_decoded(key.removeprefix(SECRET_PREFIX)), content, hashlib.sha256)
        return any(hmac.compare_digest(mac, each) for each in _of_kind("v1", signatures))
    if key.startswith(PUBLIC_KEY_PREFIX):
        public_key = VerifyKey(_decoded(key.removeprefix(PUBLIC_KEY_PREFIX)))
        return any(_is_signed(public_key, each, content) for each in _of_kind("v1a", signatures))
    raise ValueError("a key begins with whsec_ or whpk_")


def _of_kind(kind: str, signatures: Sequence[str]) -> list[bytes]:
    found = []
    for each in signatures:
        name, _, value = each.partition(",")
        if name == kind:
            try:
                found.append(base64.b64decode(value, validate=True))
            except binascii.Error:
                continue
    return found


def _is_signed(key: VerifyKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(content, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("the key is not base64") from error
