"""Structs of identity that never leave the server."""

from datetime import datetime
from uuid import UUID

import msgspec

from talktalk_wire.identity import Me, Scope, Session


class Caller(msgspec.Struct, frozen=True):
    """Who a request comes from: `request.user` on every route that is not public.

    A program with an access token has no device: its `session_id` and `device_id` are the token's id, which
    no wallet trusts.
    """

    user_id: UUID
    session_id: UUID
    device_id: UUID
    scopes: frozenset[Scope] | None = None
    """What an access token may do; None for a signed-in person."""

    @property
    def is_program(self) -> bool:
        """Whether an access token speaks, and no device."""
        return self.scopes is not None


class PreparedCode(msgspec.Struct, frozen=True):
    """A challenge whose code is still to be sent; the only place where the code stands in the clear."""

    challenge_id: UUID
    secret: str
    phone: str
    code: str
    expires_at: datetime


class WrongCode(msgspec.Struct, frozen=True):
    """A try was used up."""

    tries_left: int


class SignedInDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh session, with the tokens its holder keeps."""

    me: Me
    session: Session
    is_new_user: bool
    device_token: str
    token: str


class StoredPicture(msgspec.Struct, frozen=True):
    """A picture's bytes and what they are."""

    media_type: str
    data: bytes
