"""What transfers need from rooms; `chat.service` fills it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

News = list[tuple[UUID, str, object]]
"""Events for people's own sequences: (person, kind, data)."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A card that is to stand in a room."""

    room_id: UUID | None
    """Where; None for the direct room of the sender and `other_id`, made if there is none."""
    other_id: UUID | None
    sender_id: UUID
    client_id: str
    """Unique for ever among the sender's."""
    ref: UUID
    """What it shows."""
    body: str
    """The same in words."""
    card: Mapping[str, Any]


class Rooms(Protocol):
    """Where cards stand."""

    async def open_direct(self, db: AsyncSession, a: UUID, b: UUID) -> UUID:
        """The one room of these two, made by `a` if there is none.

        Raises:
            Trouble: There can be none (a block).
        """
        ...

    async def is_member(self, db: AsyncSession, room_id: UUID, user_id: UUID) -> bool:
        """Whether someone is in a room now."""
        ...

    async def members(self, db: AsyncSession, room_id: UUID) -> frozenset[UUID]:
        """Who is in a room now."""
        ...

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
        """Write a card into the room; a repeated `client_id` writes nothing.

        Raises:
            Trouble: The sender has left the room.
        """
        ...

    async def turn_card(self, db: AsyncSession, *, ref: UUID, card: Mapping[str, Any]) -> None:
        """Show the card's new state wherever it stands."""
        ...

    async def post_cards(self, db: AsyncSession, wanted: Sequence[Card]) -> tuple[list[UUID | None], News]:
        """Write cards into their rooms; a repeated `client_id` writes nothing.

        Returns:
            For each card its room; None where it cannot stand (the sender has left, or a block forbids
            the room). And what is to be told of rooms that appeared, together with what the caller tells.
        """
        ...

    async def turn_cards(self, db: AsyncSession, turned: Mapping[UUID, Mapping[str, Any]]) -> None:
        """Show the cards' new states wherever they stand, by `ref`."""
        ...
