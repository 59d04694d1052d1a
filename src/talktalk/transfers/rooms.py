"""`ports.Rooms` over the chat slice."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.chat import cards
from talktalk.chat import service as chat
from talktalk.chat.cards import NewCard
from talktalk.transfers.ports import Card, News
from talktalk_wire.chat import MessageKind


class ChatRooms:
    """Cards as messages of one kind."""

    def __init__(self, kind: MessageKind = MessageKind.TRANSFER) -> None:
        self._kind = kind

    async def open_direct(self, db: AsyncSession, a: UUID, b: UUID) -> UUID:
        """The one room of these two."""
        return await chat.open_direct(db, a, b)

    async def is_member(self, db: AsyncSession, room_id: UUID, user_id: UUID) -> bool:
        """Whether someone is in a room now."""
        return await chat.is_member(db, room_id, user_id)

    async def members(self, db: AsyncSession, room_id: UUID) -> frozenset[UUID]:
        """Who is in a room now."""
        return await chat.members(db, room_id)

    async def post_card(
        self,
        db: AsyncSession,
        *,
        room_id: UUID,
        sender_id: UUID,
        client_id: str,
        ref: UUID,
        body: str,
        card: Mapping[str, Any],
    ) -> None:
        """Write a card into the room."""
        made = NewCard(
            room_id=room_id,
            sender_id=sender_id,
            client_id=client_id,
            kind=self._kind,
            ref=ref,
            body=body,
            card=card,
        )
        await cards.post_card(db, made)

    async def turn_card(self, db: AsyncSession, *, ref: UUID, card: Mapping[str, Any]) -> None:
        """Show the card's new state wherever it stands."""
        await cards.turn_card(db, ref=ref, card=card)

    async def post_cards(self, db: AsyncSession, wanted: Sequence[Card]) -> tuple[list[UUID | None], News]:
        """Write cards into their rooms."""
        posted = await cards.post_cards(
            db,
            [
                NewCard(
                    room_id=card.room_id,
                    other_id=card.other_id,
                    sender_id=card.sender_id,
                    client_id=card.client_id,
                    kind=self._kind,
                    ref=card.ref,
                    body=card.body,
                    card=card.card,
                )
                for card in wanted
            ],
        )
        return posted.room_ids, posted.news

    async def turn_cards(self, db: AsyncSession, turned: Mapping[UUID, Mapping[str, Any]]) -> None:
        """Show the cards' new states wherever they stand."""
        await cards.turn_cards(db, turned)
