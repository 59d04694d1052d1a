"""What the wallet does for web and for other slices. The edge opens and commits the transaction.

`WalletDesk` is handed to web's routes and to `transfers`; it needs no key.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody import service as custody
from talktalk.custody.errors import DeviceNotTrusted
from talktalk.identity import service as identity
from talktalk.identity.schemas import Caller
from talktalk.ledger import accounts, holdings, payment_links
from talktalk.ledger.accounts import WatchedAccount
from talktalk.ledger.addresses import Destination
from talktalk.ledger.amounts import XRP, parse_amount
from talktalk.ledger.lines import Holding
from talktalk.ledger.memos import clean_memo
from talktalk.ledger.schemas import LedgerHead
from talktalk.platform.clock import Clock
from talktalk.platform.wake import Wake, notify
from talktalk.wallet import queries
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.balances import balances_of
from talktalk.wallet.errors import WalletNotReady
from talktalk.wallet.rules import address_prefix
from talktalk.wallet.schemas import ActivityEntry, ReadyWallet
from talktalk.wallet.tables import ActivityRow
from talktalk.wallet.tokens import NO_TOKENS, TokenList
from talktalk_wire.common import Amount
from talktalk_wire.wallet import (
    Activity,
    DeviceTrust,
    PaymentLink,
    RecoveryState,
    Wallet,
    WalletState,
)

WAKE_KIND = "wallet"
"""Wakes the worker: a wallet has something to be made or funded."""
ALIKE_CHARACTERS = 3
"""So many agreeing characters at either end make an address worth a closer look."""


class WalletDesk:
    """What needs to know the network, its explorer, and the time."""

    def __init__(
        self, *, network: str, explorer_url: str | None, clock: Clock, tokens: TokenList = NO_TOKENS
    ) -> None:
        self.network = network
        self.tokens = tokens
        self._explorer_url = explorer_url
        self.clock = clock

    async def begin(self, db: AsyncSession, *, user_id: UUID, device_id: UUID, address: str) -> bool:
        """Have an account made for a person, and trust the device they first signed in on.

        Args:
            db: The transaction in which the person was made, or first looks at the wallet.
            user_id: Whose.
            device_id: Trusted if this makes the wallet.
            address: The IP address the request came from, for the limits of funding.

        Returns:
            Whether there was none before.
        """
        now = self.clock.now()
        is_new = await queries.insert_wallet(
            db,
            user_id=user_id,
            network=self.network,
            device_id=device_id,
            address_prefix=address_prefix(address),
            now=now,
        )
        if is_new:
            await queries.see_device(db, user_id, device_id, now, trusted=True)
            await notify(db, Wake(WAKE_KIND, user_id, 0))
        return is_new

    async def look(self, db: AsyncSession, caller: Caller, *, address: str) -> Wallet:
        """The wallet as this device sees it; made if it is missing."""
        await self.begin(db, user_id=caller.user_id, device_id=caller.device_id, address=address)
        await queries.see_device(db, caller.user_id, caller.device_id, self.clock.now(), trusted=False)
        trust, spend_after = await self.trust(db, caller)
        (wallet,) = await self._wallets(db, [caller.user_id], trust={caller.user_id: (trust, spend_after)})
        return wallet[1]

    async def look_without_device(self, db: AsyncSession, user_id: UUID) -> Wallet:
        """The wallet as a program sees it, which is no device and spends nothing.

        Raises:
            WalletNotReady: The person has none yet.
        """
        found = await self._wallets(db, [user_id], trust={user_id: (DeviceTrust.UNTRUSTED, None)})
        if not found:
            raise WalletNotReady
        return found[0][1]

    async def trust(self, db: AsyncSession, caller: Caller) -> tuple[DeviceTrust, datetime | None]:
        """What the caller's device may do, and from when it may spend if it waits."""
        device = await queries.device(db, caller.user_id, caller.device_id)
        if device is not None and device.trusted_since is not None:
            return DeviceTrust.TRUSTED, None
        recovery = await queries.open_recovery(db, caller.user_id, caller.device_id)
        if recovery is not None and recovery.state == RecoveryState.WAITING:
            return DeviceTrust.WAITING, recovery.spend_after
        return DeviceTrust.UNTRUSTED, None

    async def access_as_trusted(self, db: AsyncSession, user_id: UUID, device_id: UUID) -> None:
        """Let pass whom the wallet trusts.

        Raises:
            DeviceNotTrusted: The device may look, not spend.
        """
        device = await queries.device(db, user_id, device_id)
        if device is None or device.trusted_since is None:
            raise DeviceNotTrusted

    async def ready_wallet(self, db: AsyncSession, user_id: UUID) -> ReadyWallet:
        """A person's account, as one validated ledger left it.

        Raises:
            WalletNotReady: It does not exist on the ledger (yet).
        """
        found = await self.find_ready(db, user_id)
        if found is None:
            raise WalletNotReady
        return found

    async def find_ready(self, db: AsyncSession, user_id: UUID) -> ReadyWallet | None:
        """As `ready_wallet`; None if it is not ready."""
        row = await queries.wallet(db, user_id)
        if row is None or row.address is None or row.public_key is None:
            return None
        account = await accounts.read(db, self.network, row.address)
        if account is None or not account.exists:
            return None
        return ReadyWallet(user_id=user_id, address=row.address, public_key=row.public_key, account=account)

    async def address_of(self, db: AsyncSession, user_id: UUID) -> str | None:
        """The address a person can be paid at; None before the key is made."""
        row = await queries.wallet(db, user_id)
        return None if row is None else row.address

    async def addresses_by_user(self, db: AsyncSession, user_ids: Collection[UUID]) -> dict[UUID, str]:
        """Person → address, of those who have one."""
        rows = await queries.wallets(db, user_ids)
        return {row.user_id: row.address for row in rows if row.address is not None}

    async def owners_of(self, db: AsyncSession, addresses: Collection[str]) -> dict[str, UUID]:
        """Address → person, of those addresses that are somebody's here."""
        return await queries.users_of_addresses(db, self.network, addresses)

    async def owner_of(self, db: AsyncSession, address: str) -> UUID | None:
        """The person here whose address it is."""
        return (await queries.users_of_addresses(db, self.network, [address])).get(address)

    async def addresses_of(self, db: AsyncSession, user_ids: Collection[UUID]) -> list[str]:
        """The addresses of those people who have one."""
        rows = await queries.wallets(db, user_ids) if user_ids else []
        return [row.address for row in rows if row.address is not None]

    async def ready_among(self, db: AsyncSession, user_ids: Collection[UUID]) -> set[UUID]:
        """Those of these people who can be paid at an account that exists."""
        rows = await queries.wallets(db, user_ids) if user_ids else []
        return {row.user_id for row in rows if row.state == WalletState.READY}

    async def paid_addresses_like(self, db: AsyncSession, user_id: UUID, address: str) -> list[str]:
        """Addresses the person has paid that begin, or end, as this one does."""
        return await queries.paid_like(
            db, user_id, begin=address[:ALIKE_CHARACTERS], end=address[-ALIKE_CHARACTERS:]
        )

    async def payment_link(
        self, db: AsyncSession, user_id: UUID, *, amount: str | None, tag: int | None, memo: str
    ) -> PaymentLink:
        """How others pay me, with what I want to propose to them.

        Raises:
            WalletNotReady: There is no address yet.
            BadAmount, BadMemo: As named.
        """
        address = await self.address_of(db, user_id)
        if address is None:
            raise WalletNotReady
        link = payment_links.PaymentLink(
            address=address,
            destination_tag=tag,
            amount=parse_amount(amount, XRP) if amount is not None else None,
            memo=clean_memo(memo),
        )
        is_main = self.network == "mainnet"
        return PaymentLink(
            uri=payment_links.write_payment_link(link),
            address=address,
            x_address=payment_links.x_address(Destination(address, tag), main_network=is_main),
        )

    async def has_paid(self, db: AsyncSession, user_id: UUID, address: str) -> bool:
        """Whether the person has paid this address before."""
        return await queries.has_paid(db, user_id, address)

    async def paid_before(self, db: AsyncSession, user_id: UUID, addresses: Collection[str]) -> set[str]:
        """Those of the addresses the person has paid before."""
        return await queries.paid_before(db, user_id, addresses)

    async def announce_wallets(
        self, db: AsyncSession, user_ids: Collection[UUID], announcements: Announcements
    ) -> None:
        """Tell these people how their wallets stand now.

        All devices of a person hear the same event, so `trust` is told only where every device that
        has seen the wallet is trusted.
        """
        mixed = await queries.users_with_untrusted_devices(db, user_ids)
        trust = {user_id: (None if user_id in mixed else DeviceTrust.TRUSTED, None) for user_id in user_ids}
        for user_id, wallet in await self._wallets(db, user_ids, trust=trust):
            announcements.add(user_id, "wallet.changed", {"wallet": wallet})

    async def put_activity(
        self, db: AsyncSession, entries: Sequence[ActivityEntry], announcements: Announcements
    ) -> None:
        """Write movements and tell whose they are; repeating it changes and tells nothing."""
        changed = await queries.put_activities(db, self.network, entries)
        for row, activity in zip(changed, await activities_of(db, changed), strict=True):
            announcements.add(row.user_id, "wallet.activity", {"entry": activity})

    async def _wallets(
        self,
        db: AsyncSession,
        user_ids: Collection[UUID],
        *,
        trust: Mapping[UUID, tuple[DeviceTrust | None, datetime | None]],
    ) -> list[tuple[UUID, Wallet]]:
        head = await accounts.read_head(db, self.network)
        rows = await queries.wallets(db, user_ids)
        addresses = [row.address for row in rows if row.address is not None]
        watched = {
            account.address: account for account in await accounts.read_many(db, self.network, addresses)
        }
        held: dict[str, list[Holding]] = {}
        for holding in await holdings.read(db, self.network, addresses):
            held.setdefault(holding.account, []).append(holding)
        decided = await queries.shown_tokens(db, self.network, user_ids)
        pins, codes = await custody.secrets_set(db, user_ids)
        made = []
        for row in rows:
            account = watched.get(row.address or "")
            device_trust, spend_after = trust[row.user_id]
            balances, hidden = balances_of(
                account, head, held.get(row.address or "", ()), self.tokens, decided[row.user_id]
            )
            made.append(
                (
                    row.user_id,
                    Wallet(
                        state=WalletState(row.state),
                        address=row.address,
                        public_key=row.public_key,
                        custody=row.custody,
                        balances=balances,
                        hidden_tokens=hidden,
                        reserve_base_drops=head.reserves.base_drops if head is not None else 0,
                        reserve_increment_drops=head.reserves.increment_drops if head is not None else 0,
                        owner_count=account.owner_count if account is not None else 0,
                        ledger_index=_newest(account, head),
                        network=row.network,
                        explorer_url=self._explorer_url,
                        has_pin=row.user_id in pins,
                        has_recovery_code=row.user_id in codes,
                        trust=device_trust,
                        spend_after=spend_after,
                    ),
                )
            )
        return made


def _newest(account: WatchedAccount | None, head: LedgerHead | None) -> int | None:
    """The ledger shown: an account is written a moment before the cursor moves past its ledger."""
    if head is None:
        return None
    return max(head.ledger_index, account.ledger_index or 0) if account is not None else head.ledger_index


async def activities_of(db: AsyncSession, rows: Sequence[ActivityRow]) -> list[Activity]:
    """The wire form of movements."""
    ids = {row.counterparty_id for row in rows if row.counterparty_id is not None}
    people = await identity.people(db, ids) if ids else {}
    return [
        Activity(
            id=row.id,
            incoming=row.incoming,
            amount=Amount(value=row.amount_value, asset=row.amount_asset),
            counterparty=people.get(row.counterparty_id) if row.counterparty_id is not None else None,
            address=row.address,
            destination_tag=row.destination_tag,
            note=row.note,
            memo=row.memo,
            state=row.state,
            uncertain=row.uncertain,
            transfer_id=row.transfer_id,
            tx_hash=row.tx_hash,
            ledger_index=row.ledger_index,
            created_at=row.created_at,
            settled_at=row.settled_at,
        )
        for row in rows
    ]
