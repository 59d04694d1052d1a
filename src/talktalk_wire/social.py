"""Friends, requests and blocks.

Routes: POST /api/v1/friends/search · GET /api/v1/friends · DELETE /api/v1/friends/{user_id}
(`?side=one|both`) · GET, POST /api/v1/friend-requests · POST /api/v1/friend-requests/{id}/accept,
/decline, /cancel · GET /api/v1/blocks · PUT, DELETE /api/v1/blocks/{user_id}.

User events (see `realtime`): `friend.requested`, `friend.request_closed`, `friend.added`,
`friend.removed`, `block.added`, `block.removed`, each with the struct's own fields as data.
"""

import enum
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from talktalk_wire.common import Ask, Person, Wire
from talktalk_wire.identity import PHONE_LENGTH_MAX


class Relation(enum.StrEnum):
    """What another person is to me."""

    SELF = "self"
    STRANGER = "stranger"
    FRIEND = "friend"
    REQUESTED = "requested"
    """I asked; they have not answered."""
    ASKED_ME = "asked_me"
    """They asked; I have not answered."""
    BLOCKED = "blocked"
    """I blocked them."""


class FriendSearchAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/friends/search: exact number only, rate-limited."""

    phone: Annotated[str, Meta(min_length=3, max_length=PHONE_LENGTH_MAX)]
    region: Annotated[str, Meta(pattern="^[A-Z]{2}$")] | None = None


class FoundPerson(Wire, frozen=True, kw_only=True):
    """Someone found by number, and what they are to me."""

    person: Person
    relation: Relation
    request_id: UUID | None = None
    """The open request between us, if any."""


class FriendSearchResult(Wire, frozen=True, kw_only=True):
    """`found` is null where nobody with this number can be found (or they blocked me)."""

    phone: str
    found: FoundPerson | None


class Friend(Wire, frozen=True, kw_only=True):
    """A friend, live status included."""

    person: Person
    since: datetime
    online: bool
    last_seen_at: datetime | None = None


class FriendRequestAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/friend-requests."""

    user_id: UUID


class RequestState(enum.StrEnum):
    """Where a friend request stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class FriendRequest(Wire, frozen=True, kw_only=True):
    """A request between me and `person`."""

    id: UUID
    person: Person
    incoming: bool
    state: RequestState
    created_at: datetime


class RemovalSide(enum.StrEnum):
    """Whose list a removed friend leaves."""

    ONE = "one"
    """Mine only: they still list me."""
    BOTH = "both"


class Blocked(Wire, frozen=True, kw_only=True):
    """Someone I blocked."""

    person: Person
    since: datetime
