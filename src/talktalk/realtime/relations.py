"""Who may see whom (`social`), as the gateway asks for it."""

from uuid import UUID

from talktalk.platform.database import Database
from talktalk.social import service as social


class FriendRelations:
    """`ports.Relations` over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def visible_to(self, user_id: UUID) -> frozenset[UUID]:
        """Mutual friends; a block ends a friendship."""
        async with self._database.transaction() as db:
            return frozenset(await social.friend_ids(db, user_id))
