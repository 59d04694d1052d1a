"""Who may see whom (`social`), as the gateway asks for it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.platform.database import Database
from talktalk.social import service as social


class FriendRelations:
    """`ports.Relations` over the database."""

    def __init__(self, database: Database) -> None:
        # One statement needs no transaction around it.
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")

    async def visible_to(self, user_id: UUID) -> frozenset[UUID]:
        """Mutual friends; a block ends a friendship."""
        async with AsyncSession(self._engine) as db:
            return frozenset(await social.friend_ids(db, user_id))
