"""Sign-in, sessions, devices, profile.

Routes: POST /api/v1/auth/challenges · POST /api/v1/auth/sessions (sign in) ·
GET /api/v1/auth/sessions · DELETE /api/v1/auth/sessions/{id} · DELETE /api/v1/auth/sessions/current
(sign out) · GET, POST /api/v1/access-tokens · DELETE /api/v1/access-tokens/{id} · GET, PATCH /api/v1/me ·
PUT, DELETE /api/v1/me/picture (the image as the body) · GET /api/v1/about.

User events: `profile.changed` {me: Me}; to friends: `person.changed` {person: Person}.
"""

import enum
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from talktalk_wire.common import Ask, Wire

PHONE_LENGTH_MAX = 32
NAME_LENGTH_MAX = 40


class ChallengeAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/auth/challenges: send a code to this number."""

    phone: Annotated[str, Meta(min_length=3, max_length=PHONE_LENGTH_MAX)]
    """As typed, or E.164; a national number is read in `region`."""
    region: Annotated[str, Meta(pattern="^[A-Z]{2}$")] | None = None
    """ISO 3166 country the number was typed for; null: the server's default."""
    device_token: Annotated[str, Meta(max_length=128)] | None = None
    """Of a device that signed in before: gives it a quota strangers cannot spend."""


class Challenge(Wire, frozen=True, kw_only=True):
    """A code is on its way. Only who holds `secret` can use it."""

    id: UUID
    secret: str
    phone: str
    """E.164."""
    expires_at: datetime
    resend_at: datetime
    """Not before this a further code for the number is sent."""
    tries_left: int


class SessionTransport(enum.StrEnum):
    """How the session is carried."""

    COOKIE = "cookie"
    """HttpOnly cookie, for browsers."""
    BEARER = "bearer"
    """Token in the answer, for programs: `Authorization: Bearer …`."""


class SignInAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/auth/sessions: exchange a code for a session."""

    challenge_id: UUID
    secret: Annotated[str, Meta(max_length=128)]
    code: Annotated[str, Meta(pattern="^[0-9]{6}$")]
    transport: SessionTransport = SessionTransport.COOKIE
    device_name: Annotated[str, Meta(max_length=60)] = ""
    device_token: Annotated[str, Meta(max_length=128)] | None = None


class Me(Wire, frozen=True, kw_only=True):
    """The signed-in person."""

    id: UUID
    phone: str
    name: str
    """Empty until chosen at first run."""
    picture_url: str | None = None
    locale: str
    created_at: datetime


class Session(Wire, frozen=True, kw_only=True):
    """One signed-in session, bound to a device."""

    id: UUID
    device_id: UUID
    device_name: str
    current: bool
    created_at: datetime
    last_seen_at: datetime
    address: str
    """IP address last seen from."""


class SignedIn(Wire, frozen=True, kw_only=True):
    """The answer to a right code. A browser also gets its cookie."""

    me: Me
    session: Session
    is_new_user: bool
    device_token: str
    """Keep it and send it with the next sign-in from this device."""
    token: str | None = None
    """Bearer token; null with the cookie transport."""


class ProfileAsk(Ask, frozen=True, kw_only=True):
    """PATCH /api/v1/me; absent fields stay as they are."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH_MAX)] | UnsetType = UNSET
    locale: Annotated[str, Meta(pattern="^(ko|en)$")] | UnsetType = UNSET


class Scope(enum.StrEnum):
    """What an access token may do. None lets it approve a payment: that needs a device and its PIN."""

    READ = "read"
    """See profile, wallet, activity and transfers; no messages."""
    DRAFTS = "drafts"
    """Check, draft and cancel payments that a person then approves on a device."""
    WEBHOOKS = "webhooks"
    """Manage webhook endpoints and see what was delivered to them."""


class AccessTokenAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/access-tokens, signed in: a token for a program."""

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=3)]
    expires_in_days: Annotated[int, Meta(ge=1, le=366)] | None = None
    """Null: until it is revoked."""


class AccessToken(Wire, frozen=True, kw_only=True):
    """A program's key to this person's account; the secret itself is never told again."""

    id: UUID
    name: str
    scopes: list[Scope]
    hint: str
    """The secret's last four characters."""
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class AccessTokenMade(Wire, frozen=True, kw_only=True):
    """The answer that carries the secret, once: `Authorization: Bearer <secret>`."""

    token: AccessToken
    secret: str


class DevSms(Wire, frozen=True, kw_only=True):
    """GET /dev/sms/{phone}: what the development inbox holds for a number."""

    phone: str
    text: str
    code: str | None
    sent_at: datetime
