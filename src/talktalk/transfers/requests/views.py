"""What the wire shows of requests."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import service as identity
from talktalk.transfers.requests import queries, rules
from talktalk.transfers.requests.tables import RequestRow, ShareRow
from talktalk.wallet.announcements import Announcements
from talktalk_wire.common import Amount, Person
from talktalk_wire.requests import (
    CardShare,
    MoneyRequest,
    MoneyRequestState,
    RequestCard,
    Share,
    ShareState,
    SplitMode,
)

Cards = dict[UUID, dict[str, Any]]
"""Cards as they are now, by what they show."""


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A request with its shares and everyone in it."""

    row: RequestRow
    shares: list[ShareRow]
    people: Mapping[UUID, Person]

    def seen_by(self, user_id: UUID) -> MoneyRequest:
        """The wire form; who is asked outside a room sees their own part alone."""
        row = self.row
        sees_all = row.requester_id == user_id or row.room_id is not None
        shares = [share for share in self.shares if sees_all or share.debtor_id == user_id]
        return MoneyRequest(
            id=row.id,
            state=MoneyRequestState(row.state),
            version=row.version,
            requester=self.people[row.requester_id],
            mode=SplitMode(row.mode),
            total=self._amount(row.total_units),
            own=self._own(),
            shares=[
                Share(
                    person=self.people[share.debtor_id],
                    amount=self._amount(share.units),
                    paid=self._amount(share.paid_units),
                    open=self._amount(_open(share)),
                    paying=share.live_units > 0,
                    state=ShareState(share.state),
                    reminded_at=share.reminded_at,
                )
                for share in shares
            ],
            room_id=row.room_id,
            note=row.note,
            expires_at=row.expires_at,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    def announce(self, announcements: Announcements) -> None:
        """Tell everyone who may see it how it stands."""
        for user_id in [self.row.requester_id, *(share.debtor_id for share in self.shares)]:
            announcements.add(user_id, "request.turned", {"request": self.seen_by(user_id)})

    def cards(self) -> Cards:
        """Its one card in its room, or one a share in the direct rooms."""
        if self.row.room_id is not None:
            return {self.row.id: self._card(self.shares)}
        return {share.id: self._card([share]) for share in self.shares}

    def _card(self, shares: Sequence[ShareRow]) -> dict[str, Any]:
        row = self.row
        card = RequestCard(
            request_id=row.id,
            version=row.version,
            state=rules.request_state([ShareState(share.state) for share in shares]),
            requester_id=row.requester_id,
            mode=SplitMode(row.mode),
            total=self._amount(row.total_units),
            own=self._own(),
            shares=[
                CardShare(
                    user_id=share.debtor_id,
                    name=self.people[share.debtor_id].name,
                    amount=self._amount(share.units),
                    paid=self._amount(share.paid_units),
                    open=self._amount(_open(share)),
                    paying=share.live_units > 0,
                    state=ShareState(share.state),
                )
                for share in shares
            ],
            note=row.note,
            expires_at=row.expires_at,
            updated_at=row.updated_at,
        )
        data: dict[str, Any] = msgspec.to_builtins(card)
        return data

    def _own(self) -> Amount | None:
        return None if self.row.own_units is None else self._amount(self.row.own_units)

    def _amount(self, units: int) -> Amount:
        return rules.from_units(units, self.row.asset)


async def wholes(db: AsyncSession, rows: Sequence[RequestRow]) -> list[Whole]:
    """Requests with all that is shown of them, in the order given."""
    shares = await queries.shares_of(db, [row.id for row in rows])
    ids = {row.requester_id for row in rows}
    ids |= {share.debtor_id for each in shares.values() for share in each}
    people = await identity.people(db, ids) if ids else {}
    return [Whole(row=row, shares=shares[row.id], people=people) for row in rows]


def _open(share: ShareRow) -> int:
    return rules.open_units(
        units=share.units,
        paid=share.paid_units,
        live=share.live_units,
        closed_as=ShareState(share.closed_as) if share.closed_as is not None else None,
    )
