"""Asking for money and splitting bills: `TalkTalk.requests`.

A request moves nothing. Paying one is a payment that names it: `TalkTalk.transfers.pay(request=…)`.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from talktalk_client import draft as drafts
from talktalk_client import pages
from talktalk_client.people import SomePerson, person_id
from talktalk_client.rest import Http
from talktalk_client.rooms import SomeRoom, room_id_of
from talktalk_client.transfers import SomeRequest, new_idempotency_key, request_id_of
from talktalk_wire.common import Page
from talktalk_wire.requests import MoneyRequest, RequestAsk, SettleUp, ShareAsk, SplitCheck, SplitMode

Number = str | int | Decimal
_PATH = "/api/v1/requests"


class Requests:
    """Money this person asks for, or is asked for."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def check(self, ask: RequestAsk) -> SplitCheck:
        """Everyone's part, exact; nothing is made.

        Raises:
            ApiError: What would stop it.
        """
        return await self._http.post(f"{_PATH}/checks", ask, SplitCheck, repeatable=True)

    async def ask(self, ask: RequestAsk, *, idempotency_key: str | None = None) -> MoneyRequest:
        """Ask people for money; `equal`, `by_shares` and `own_amounts` make the ask.

        Args:
            ask: Of whom, and how much.
            idempotency_key: The key of an earlier try whose outcome is not known. None makes a new one.

        Raises:
            ApiError: Refused: `debtor_unreachable`, `split_too_small`, `blocked`, …
            Unreachable: No answer; call again with the same `idempotency_key`.
        """
        key = idempotency_key or new_idempotency_key()
        return await self._http.post(_PATH, ask, MoneyRequest, idempotency_key=key)

    async def get(self, request: SomeRequest) -> MoneyRequest:
        """One request as it is now."""
        return await self._http.get(f"{_PATH}/{request_id_of(request)}", MoneyRequest)

    def list(self, *, made: bool | None = None, open_only: bool = False) -> AsyncIterator[MoneyRequest]:
        """Requests this person made, is asked by, or both, the newest first."""
        query = {"made": None if made is None else str(made).lower(), "open": str(open_only).lower()}
        return pages.items(self._http, _PATH, Page[MoneyRequest], query)

    async def decline(self, request: SomeRequest) -> MoneyRequest:
        """Say no to this person's part."""
        return await self._http.post(f"{_PATH}/{request_id_of(request)}/decline", None, MoneyRequest)

    async def cancel(self, request: SomeRequest) -> MoneyRequest:
        """Take back what is not paid."""
        return await self._http.post(f"{_PATH}/{request_id_of(request)}/cancel", None, MoneyRequest)

    async def remind(self, request: SomeRequest) -> MoneyRequest:
        """Remind who has something left to pay."""
        return await self._http.post(f"{_PATH}/{request_id_of(request)}/remind", None, MoneyRequest)

    async def settle_up(self, room: SomeRoom) -> SettleUp:
        """Who owes whom in a room, and the payments that make it even: `transfers.pay(settles_room=…)`."""
        query = {"room_id": str(room_id_of(room))}
        return await self._http.get(f"{_PATH}/settle-up", SettleUp, query=query)


def equal(
    people: Sequence[SomePerson],
    total: Number,
    *,
    room: SomeRoom | None = None,
    note: str = "",
    expires_at: datetime | None = None,
) -> RequestAsk:
    """An ask in equal parts. Name oneself to count one's own part."""
    shares = tuple(ShareAsk(user_id=person_id(person)) for person in people)
    return _ask(shares, SplitMode.EQUAL, total, room, note, expires_at)


def by_shares(
    people: Sequence[tuple[SomePerson, int]],
    total: Number,
    *,
    room: SomeRoom | None = None,
    note: str = "",
    expires_at: datetime | None = None,
) -> RequestAsk:
    """An ask by whole-number weights."""
    shares = tuple(ShareAsk(user_id=person_id(person), weight=weight) for person, weight in people)
    return _ask(shares, SplitMode.SHARES, total, room, note, expires_at)


def own_amounts(
    people: Sequence[tuple[SomePerson, Number]],
    *,
    room: SomeRoom | None = None,
    note: str = "",
    expires_at: datetime | None = None,
) -> RequestAsk:
    """An ask of each for an amount of their own."""
    shares = tuple(
        ShareAsk(user_id=person_id(person), value=drafts.xrp_text(value)) for person, value in people
    )
    return _ask(shares, SplitMode.OWN, None, room, note, expires_at)


def _ask(
    shares: tuple[ShareAsk, ...],
    mode: SplitMode,
    total: Number | None,
    room: SomeRoom | None,
    note: str,
    expires_at: datetime | None,
) -> RequestAsk:
    room_id: UUID | None = None if room is None else room_id_of(room)
    value = None if total is None else drafts.xrp_text(total)
    return RequestAsk(
        people=shares, mode=mode, total=value, room_id=room_id, note=note, expires_at=expires_at
    )
