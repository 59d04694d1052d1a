"""What validated ledgers did, written into wallets and activity: `ledger.ports.LedgerListener`."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.schemas import user_of_owner
from talktalk.ledger.schemas import AccountChange, Moved
from talktalk.wallet import queries
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.schemas import ActivityEntry
from talktalk.wallet.service import WalletDesk
from talktalk_wire.wallet import WalletState


class WalletListener:
    """Keeps wallets and activity in step with the ledger."""

    def __init__(self, desk: WalletDesk) -> None:
        self._desk = desk

    async def accounts_changed(self, db: AsyncSession, changes: Sequence[AccountChange]) -> None:
        """An account that appeared is ready, one that was deleted is unfunded; everyone is told."""
        touched = {
            user_id: change for change in changes if (user_id := user_of_owner(change.owner)) is not None
        }
        turning = [
            row.user_id
            for row in await queries.wallets(db, touched)
            if touched[row.user_id].exists != (row.state == WalletState.READY)
        ]
        now = self._desk.clock.now()
        for row in await queries.lock_wallets(db, turning):
            if not touched[row.user_id].exists:
                row.state, row.next_funding_at = WalletState.UNFUNDED, now
            elif row.state != WalletState.READY:
                row.state, row.ready_at = WalletState.READY, row.ready_at or now
        await db.flush()
        if touched:
            announcements = Announcements()
            await self._desk.announce_wallets(db, touched, announcements)
            await announcements.flush(db)

    async def holdings_changed(self, db: AsyncSession, owners: Sequence[str]) -> None:
        """Everyone whose tokens changed is told."""
        user_ids = {user_id for owner in owners if (user_id := user_of_owner(owner)) is not None}
        if user_ids:
            announcements = Announcements()
            await self._desk.announce_wallets(db, user_ids, announcements)
            await announcements.flush(db)

    async def money_moved(self, db: AsyncSession, moved: Sequence[Moved]) -> None:
        """One line of activity for each movement of a person's account."""
        addresses = {each.movement.counterparty for each in moved}
        people = await queries.users_of_addresses(db, self._desk.network, addresses)
        entries = []
        for each in moved:
            user_id = user_of_owner(each.owner)
            if user_id is None:
                continue
            movement = each.movement
            entries.append(
                ActivityEntry(
                    user_id=user_id,
                    tx_hash=each.tx_hash,
                    incoming=movement.incoming,
                    amount=movement.amount,
                    address=movement.counterparty,
                    counterparty_id=people.get(movement.counterparty),
                    destination_tag=movement.destination_tag,
                    note="",
                    memo=movement.memo,
                    kind=movement.kind,
                    state="settled",
                    uncertain=False,
                    transfer_id=None,
                    ledger_index=each.ledger_index,
                    at=each.close_time,
                    settled_at=each.close_time,
                )
            )
        announcements = Announcements()
        await self._desk.put_activity(db, entries, announcements)
        await announcements.flush(db)
