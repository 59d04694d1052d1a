"""People's activity as the books that are compared with the ledger: `ledger.ports.Books`."""

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.schemas import user_of_owner
from talktalk.ledger.comparing import Told
from talktalk.wallet import queries
from talktalk_wire.common import Amount


class ActivityBooks:
    """What people's activity says has moved. The operator's own accounts keep none."""

    def __init__(self, network: str) -> None:
        self._network = network

    async def told(self, db: AsyncSession, owner: str, *, after: int, until: int) -> list[Told] | None:
        """Settled movements of this owner in these ledgers."""
        user_id = user_of_owner(owner)
        if user_id is None:
            return None
        rows = await queries.settled_between(db, self._network, user_id, after=after, until=until)
        return [
            Told(
                tx_hash=row.tx_hash,
                incoming=row.incoming,
                amount=Amount(value=row.amount_value, asset=row.amount_asset),
                ledger_index=row.ledger_index or 0,
            )
            for row in rows
        ]
