"""What social needs from outside."""

from collections.abc import Collection, Mapping
from typing import Protocol, runtime_checkable
from uuid import UUID

from talktalk_wire.realtime import Presence


@runtime_checkable
class PresencePort(Protocol):
    """Knows who is online now (the gateway)."""

    async def presence_of(self, user_ids: Collection[UUID]) -> Mapping[UUID, Presence]:
        """The presence of those it knows; who is left out is offline and was never seen."""
        ...
