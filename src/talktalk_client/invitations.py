"""Inviting by phone number: `TalkTalk.invitations`.

An invitation holds and moves no money. Once it is `ready`, `TalkTalk.transfers.pay_invitation` pays it.
"""

from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID

from talktalk_client import draft as drafts
from talktalk_client import pages
from talktalk_client.rest import Http
from talktalk_client.transfers import new_idempotency_key
from talktalk_wire.common import Page
from talktalk_wire.invitations import Invitation, InvitationAsk
from talktalk_wire.transfers import AmountAsk

_PATH = "/api/v1/invitations"


class Invitations:
    """People this person would pay, were they here."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def invite(
        self,
        phone: str,
        amount: str | int | Decimal,
        *,
        note: str = "",
        region: str | None = None,
        idempotency_key: str | None = None,
    ) -> Invitation:
        """Invite a number; it gets one text message.

        Raises:
            ApiError: `already_here`, `invited_already`, `phone_invalid`, `too_many`, …
            Unreachable: No answer; call again with the same `idempotency_key`.
        """
        ask = InvitationAsk(
            phone=phone, region=region, amount=AmountAsk(value=drafts.xrp_text(amount)), note=note
        )
        key = idempotency_key or new_idempotency_key()
        return await self._http.post(_PATH, ask, Invitation, idempotency_key=key)

    async def get(self, invitation: Invitation | UUID) -> Invitation:
        """One invitation as it is now."""
        return await self._http.get(f"{_PATH}/{_id_of(invitation)}", Invitation)

    def list(self) -> AsyncIterator[Invitation]:
        """This person's invitations, the newest first."""
        return pages.items(self._http, _PATH, Page[Invitation])

    async def cancel(self, invitation: Invitation | UUID) -> Invitation:
        """Take it back, as long as it is not being paid."""
        return await self._http.post(f"{_PATH}/{_id_of(invitation)}/cancel", None, Invitation)


def _id_of(invitation: Invitation | UUID) -> UUID:
    return invitation if isinstance(invitation, UUID) else invitation.id
