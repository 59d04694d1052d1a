"""User events gathered while rows are written, and appended last, in the order of user ids.

`feed.append_all` holds a lock on each user's head until commit. A transaction that touches several
users takes these locks in one order, and as late as it can: with one `flush`, its last statement.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.platform import feed


class Announcements:
    """What to tell whom once everything is written."""

    def __init__(self) -> None:
        self._gathered: list[tuple[UUID, str, object]] = []

    def add(self, user_id: UUID, kind: str, data: object) -> None:
        """Tell `user_id` that `kind` happened; a user's own events keep their order."""
        self._gathered.append((user_id, kind, data))

    def add_all(self, news: Iterable[tuple[UUID, str, object]]) -> None:
        """Tell several: (person, kind, data)."""
        self._gathered += news

    async def flush(self, db: AsyncSession) -> None:
        """Append everything to the users' sequences."""
        await feed.append_all(db, self._gathered)
        self._gathered.clear()
