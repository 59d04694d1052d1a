"""Paying somebody who is not here yet: an invitation by phone number.

Routes: POST /api/v1/invitations (needs `Idempotency-Key`) · GET /api/v1/invitations ·
GET /api/v1/invitations/{id} · POST /api/v1/invitations/{id}/cancel ·
POST /api/v1/invitations/{id}/pay (needs `Idempotency-Key`).

An invitation holds no money and moves none. Once the number has signed up and has a wallet, its sender is
asked (`ready`), and pays by an ordinary transfer that they approve then, or never.

A number that is here already is refused (`already_here`), as searching for it would tell, and drawing on the
same limits. Whoever blocks the sender counts as not here.

User event: `invitation.turned` {invitation: Invitation}, to the sender.
"""

import enum
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from talktalk_wire.common import Amount, Ask, Person, Wire
from talktalk_wire.transfers import NOTE_LENGTH_MAX, AmountAsk

PHONE_LENGTH_MAX = 32
WARNINGS_MAX = 16


class InvitationState(enum.StrEnum):
    """Where an invitation stands; the last three are terminal."""

    WAITING = "waiting"
    """For the number to sign up and have a wallet."""
    READY = "ready"
    """They are here: the sender may pay now."""
    PAYING = "paying"
    """A transfer of it is on its way; should it not settle, it is `ready` again."""
    PAID = "paid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class MessageFate(enum.StrEnum):
    """What became of the text message."""

    HANDED_OVER = "handed_over"
    """To whoever carries it; whether it arrives nobody tells."""
    UNKNOWN = "unknown"
    """Nobody can say; it is not sent again."""
    NOT_SENT = "not_sent"
    """Certainly not: tell them yourself."""


class InvitationAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/invitations."""

    phone: Annotated[str, Meta(min_length=1, max_length=PHONE_LENGTH_MAX)]
    """As typed, or E.164."""
    region: Annotated[str, Meta(pattern="^[A-Z]{2}$")] | None = None
    """Where a number without a country code is dialled."""
    amount: AmountAsk
    note: Annotated[str, Meta(max_length=NOTE_LENGTH_MAX)] = ""
    """For the two of us; it does not stand in the message."""


class InvitationPayAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/invitations/{id}/pay: draw up the transfer. It is approved as any other."""

    accepted_warnings: Annotated[tuple[str, ...], Meta(max_length=WARNINGS_MAX)] = ()


class Invitation(Wire, frozen=True, kw_only=True):
    """An invitation, as its sender sees it."""

    id: UUID
    state: InvitationState
    version: int
    """Grows with every change."""
    phone: str
    """E.164."""
    person: Person | None
    """Who signed up with the number, from `ready` on."""
    amount: Amount
    note: str
    message: MessageFate
    link: str
    """For the sender to pass on."""
    transfer_id: UUID | None
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
