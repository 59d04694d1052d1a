"""How events reach the gateways that serve a room's members.

One web process needs no more than `LocalBus`. With several, a bus over Redis takes its place: it hands
everything to the local hearer at once and to the others by its channels. Nothing relies on a bus being
complete or in order: positions and the sweep make good what it loses.
"""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID


class Hearer(Protocol):
    """A gateway, as a bus knows it."""

    def room_moved(self, room_id: UUID, first: int, frames: Sequence[bytes]) -> None:
        """These are the room's events from position `first` on."""

    def room_passing(self, room_id: UUID, frame: bytes, except_user: UUID | None) -> None:
        """Something without a position passes through the room."""

    def user_moved(self, user_id: UUID, first: int, frames: Sequence[bytes]) -> None:
        """These are the user's own events from position `first` on."""


class Bus(Hearer, Protocol):
    """Publishing is hearing, by everybody."""

    def connect(self, hearer: Hearer) -> None:
        """Hand `hearer` everything from now on."""


class LocalBus:
    """The bus of a single web process: whoever publishes is heard at once."""

    def __init__(self) -> None:
        self._hearers: list[Hearer] = []

    def connect(self, hearer: Hearer) -> None:
        """Hand `hearer` everything from now on."""
        self._hearers.append(hearer)

    def room_moved(self, room_id: UUID, first: int, frames: Sequence[bytes]) -> None:
        """Publish a room's events."""
        for hearer in self._hearers:
            hearer.room_moved(room_id, first, frames)

    def room_passing(self, room_id: UUID, frame: bytes, except_user: UUID | None) -> None:
        """Publish something without a position."""
        for hearer in self._hearers:
            hearer.room_passing(room_id, frame, except_user)

    def user_moved(self, user_id: UUID, first: int, frames: Sequence[bytes]) -> None:
        """Publish a user's own events."""
        for hearer in self._hearers:
            hearer.user_moved(user_id, first, frames)
