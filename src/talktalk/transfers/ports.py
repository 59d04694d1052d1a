"""What transfers need from rooms; `chat.service` fills it."""

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession


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
