"""Who is online: leases, and who is told.

Each socket of a user holds a lease that its beats renew; a user is online while any lease lives.

| what happens      | the lease of that socket then ends       |
|-------------------|------------------------------------------|
| `hello`, `beat`   | `LEASE_S` later                          |
| the socket closes | `GRACE_S` later (a reload does not show) |

The sweep looks every few seconds, so that somebody who vanished is offline at most 30 s after their
last beat. Presence goes to friends only, and a block hides both, both ways: `visible` holds, for each
user online here, whom they may see, which is also who may see them; it is read at `hello` and again
whenever a relation of theirs changes.
"""

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from talktalk.platform.clock import Clock
from talktalk_wire import realtime as wire
from talktalk_wire.realtime import PRESENCE_OFFLINE_AFTER_S

SWEEP_S: Final = 5.0
LEASE_S: Final = PRESENCE_OFFLINE_AFTER_S - SWEEP_S - 1.0
GRACE_S: Final = 4.0
KEPT_MAX: Final = 20_000
"""Users gone whose friends are remembered for their return."""
LAST_SEEN_MAX: Final = 100_000
"""Users whose last moment online is remembered here."""


class Presence:
    """The leases of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[UUID, dict[Hashable, float]] = {}
        self._last_seen: dict[UUID, datetime] = {}
        self.visible: dict[UUID, frozenset[UUID]] = {}
        """Of each user online: whom they may see."""
        self._kept: dict[UUID, tuple[int, frozenset[UUID]]] = {}

    def renew(self, user_id: UUID, key: Hashable) -> bool:
        """A sign of life from one socket; true if the user has just come online."""
        leases = self._leases.get(user_id)
        came = leases is None
        if leases is None:
            leases = self._leases[user_id] = {}
        leases[key] = self._clock.monotonic() + LEASE_S
        return came

    def release(self, user_id: UUID, key: Hashable) -> None:
        """A socket has closed."""
        leases = self._leases.get(user_id)
        if leases is not None and key in leases:
            leases[key] = min(leases[key], self._clock.monotonic() + GRACE_S)

    def expire(self) -> list[UUID]:
        """Let ended leases go; who has none left has gone offline."""
        now = self._clock.monotonic()
        gone: list[UUID] = []
        for user_id, leases in list(self._leases.items()):
            for key in [key for key, end in leases.items() if end <= now]:
                del leases[key]
            if not leases:
                del self._leases[user_id]
                self._last_seen.pop(user_id, None)
                self._last_seen[user_id] = self._clock.now()
                gone.append(user_id)
        while len(self._last_seen) > LAST_SEEN_MAX:
            del self._last_seen[next(iter(self._last_seen))]
        return gone

    def keep(self, user_id: UUID, user_seq: int) -> None:
        """The last socket of a user has gone when their own sequence was at `user_seq`: until it moves, whom
        they may see stays the same, for every change of it is an event there."""
        visible = self.visible.get(user_id)
        if visible is not None:
            self._kept[user_id] = (user_seq, visible)
            if len(self._kept) > KEPT_MAX:
                del self._kept[next(iter(self._kept))]

    def kept(self, user_id: UUID, user_seq: int) -> frozenset[UUID] | None:
        """What was kept, if it still holds at `user_seq`."""
        seq, visible = self._kept.pop(user_id, (-1, None))
        return visible if seq == user_seq else None

    def is_online(self, user_id: UUID) -> bool:
        """Whether any lease lives."""
        return user_id in self._leases

    def last_seen_at(self, user_id: UUID) -> datetime | None:
        """When the user went offline, if this process saw it; None while online."""
        return None if user_id in self._leases else self._last_seen.get(user_id)

    def of(self, user_id: UUID) -> wire.Presence:
        """How a user is shown to those who may know."""
        return wire.Presence(
            user_id=user_id, online=self.is_online(user_id), last_seen_at=self.last_seen_at(user_id)
        )

    async def presence_of(self, user_ids: Iterable[UUID]) -> dict[UUID, wire.Presence]:
        """`social.ports.PresencePort`: how these users are. The caller has checked who may know."""
        return {user_id: self.of(user_id) for user_id in user_ids}
