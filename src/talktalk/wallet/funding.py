"""Making accounts: the key, then the first reserve. Worker only.

    creating → funding → ready
                  ⇅
               unfunded     (a limit was reached, or nobody pays: receiving the base reserve helps)

A key is made and the address written in one transaction. Then a faucet is asked, or the operator's
own sponsor account pays the base reserve and a little for fees. An account that a validated ledger
shows is ready, whoever paid. Asking a faucet is not exactly once: it is asked again only while the
ledger does not show the account.

Limits on what we pay: so many a day in all, and so many a day from one address prefix; a person has
one wallet, so a device cannot ask twice.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.ports import Custody
from talktalk.custody.schemas import OperatorOrder, owner_of_user
from talktalk.ledger import accounts, fees, outgoing, transactions
from talktalk.ledger import service as ledger_service
from talktalk.ledger.errors import LedgerBusy, LedgerUnavailable
from talktalk.ledger.schemas import Closed, OutgoingTransaction, Settled
from talktalk.ledger.service import Ledger
from talktalk.platform.database import Database
from talktalk.wallet import queries
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.listener import WalletListener
from talktalk.wallet.ports import Faucet, FaucetRefused
from talktalk.wallet.rules import next_funding_at
from talktalk.wallet.service import WalletDesk
from talktalk.wallet.tables import WalletRow
from talktalk_wire.wallet import WalletState

PREFIX_DAILY_LIMIT = 30
"""New wallets funded a day from one network prefix."""
DAY = timedelta(days=1)
UNFUNDED_AGAIN = timedelta(hours=1)
ASKED_AGAIN = timedelta(seconds=10)
"""After a faucet or sponsor was asked, look again so much later if no ledger showed the account."""
SPONSOR_EXTRA_DROPS = 100_000
"""0.1 XRP over the base reserve: fees for a start."""
SPONSOR = "sponsor"
SPONSOR_PURPOSE = "wallet.sponsor"
BATCH = 10
IDLE_S = 2.0

log = logging.getLogger(__name__)


class _Todo(msgspec.Struct, frozen=True, kw_only=True):
    """An account that still has to be seen on the ledger."""

    user_id: UUID
    address: str
    tries: int


class Founder:
    """Makes and funds accounts for as long as `run` runs."""

    def __init__(
        self,
        *,
        database: Database,
        ledger: Ledger,
        custody: Custody,
        desk: WalletDesk,
        faucet: Faucet | None,
        daily_limit: int,
        on_stored: Callable[[], None],
    ) -> None:
        """`on_stored` is called once a sponsor's payment is committed and may be sent."""
        self._database = database
        self._ledger = ledger
        self._custody = custody
        self._desk = desk
        self._faucet = faucet
        self._daily_limit = daily_limit
        self._on_stored = on_stored
        self.wake = asyncio.Event()
        """Set it when a wallet may be due."""

    async def run(self) -> None:
        """Work off wallets that are due until cancelled."""
        if self._faucet is None:
            await self.open_sponsor()
        while True:
            self.wake.clear()
            if await self.work_once():
                continue
            try:
                async with asyncio.timeout(IDLE_S):
                    await self.wake.wait()
            except TimeoutError:
                continue

    async def open_sponsor(self) -> str:
        """The operator's account that pays first reserves; its address, to be funded by the operator."""
        async with self._database.transaction() as db:
            key = await self._custody.create(db, f"operator:{SPONSOR}")
            await accounts.watch(
                db,
                network=self._ledger.network,
                address=key.address,
                owner=f"operator:{SPONSOR}",
                public_key=key.public_key,
            )
        log.info("sponsor account %s pays the reserve of new wallets; keep it funded", key.address)
        await self._state_on_ledger(key.address)
        return key.address

    async def work_once(self) -> int:
        """Advance the wallets that are due; how many there were."""
        async with self._database.transaction() as db:
            rows = await queries.due_unfinished(db, self._ledger.network, self._desk.clock.now(), BATCH)
            todo = [await self._make_key(db, row) for row in rows]
        for each in todo:
            try:
                await self._fund(each)
            except (LedgerUnavailable, LedgerBusy, FaucetRefused) as error:
                log.warning("account %s is not funded yet: %s", each.address, error)
        return len(todo)

    async def _make_key(self, db: AsyncSession, row: WalletRow) -> _Todo:
        """Give a new wallet its key and address; leave the row to us for a while."""
        now = self._desk.clock.now()
        if row.address is None:
            owner = owner_of_user(row.user_id)
            key = await self._custody.create(db, owner)
            await accounts.watch(
                db,
                network=self._ledger.network,
                address=key.address,
                owner=owner,
                public_key=key.public_key,
            )
            row.address, row.public_key, row.state = key.address, key.public_key, WalletState.FUNDING
            await db.flush()
            announcements = Announcements()
            await self._desk.announce_wallets(db, [row.user_id], announcements)
            await announcements.flush(db)
        row.funding_tries += 1
        row.next_funding_at = next_funding_at(now, row.funding_tries)
        assert row.address is not None
        return _Todo(user_id=row.user_id, address=row.address, tries=row.funding_tries)

    async def _fund(self, todo: _Todo) -> None:
        if await self._state_on_ledger(todo.address):
            return
        async with self._database.transaction() as db:
            allowed = await self._allow(db, todo)
            if allowed and self._faucet is None:
                await self._pay_reserve(db, todo)
        if allowed and self._faucet is not None:
            await self._faucet.fund(todo.address)
        elif allowed:
            self._on_stored()

    async def _state_on_ledger(self, address: str) -> bool:
        """Whether a validated ledger shows the account; if so, its state is written."""
        state = await self._ledger.account(address)
        if state is None:
            return False
        async with self._database.transaction() as db:
            changes = await accounts.write_states(db, self._ledger.network, {address: state})
            await WalletListener(self._desk).accounts_changed(db, changes)
        return True

    async def _allow(self, db: AsyncSession, todo: _Todo) -> bool:
        """Count this funding against the limits, or put the wallet off."""
        row = await queries.wallet(db, todo.user_id, lock=True)
        assert row is not None
        now = self._desk.clock.now()
        if row.state == WalletState.READY:
            return False
        if row.funded_at is None:
            day_ago = now - DAY
            spent = await queries.funded_since(db, day_ago) >= self._daily_limit
            if row.address_prefix:
                from_there = await queries.funded_since(db, day_ago, row.address_prefix)
                spent = spent or from_there >= PREFIX_DAILY_LIMIT
            if spent:
                await self._turn(db, row, WalletState.UNFUNDED)
                row.next_funding_at = now + UNFUNDED_AGAIN
                log.warning("funding limit reached; account %s stays unfunded", row.address)
                return False
            row.funded_at = now
        row.next_funding_at = max(row.next_funding_at, now + ASKED_AGAIN)
        await self._turn(db, row, WalletState.FUNDING)
        return True

    async def _turn(self, db: AsyncSession, row: WalletRow, state: WalletState) -> None:
        if row.state == state:
            return
        row.state = state
        await db.flush()
        announcements = Announcements()
        await self._desk.announce_wallets(db, [row.user_id], announcements)
        await announcements.flush(db)

    async def _pay_reserve(self, db: AsyncSession, todo: _Todo) -> None:
        """Sign and store the sponsor's payment of the base reserve; sending it is the ledger's."""
        sponsor = await self._custody.public_key(db, f"operator:{SPONSOR}")
        assert sponsor is not None, "open_sponsor runs first"
        account = await accounts.read(db, self._ledger.network, sponsor.address, lock=True)
        head = await self._ledger.head(db)
        if account is None or not account.exists:
            raise LedgerUnavailable("the sponsor account is not funded")
        taken = await outgoing.taken(db, self._ledger.network, sponsor.address)
        if taken.is_full:
            raise LedgerUnavailable("the sponsor account has too much on its way")
        fee_drops = fees.capped(head.fee_drops)
        amount_drops = head.reserves.base_drops + SPONSOR_EXTRA_DROPS
        draft = transactions.payment(
            account=sponsor.address,
            public_key=sponsor.public_key,
            destination=todo.address,
            destination_tag=None,
            amount=str(amount_drops),
            sequence=outgoing.next_number(account.sequence, taken),
            fee_drops=fee_drops,
            first_ledger=head.ledger_index,
            last_ledger=head.ledger_index + ledger_service.window_ledgers(head),
            network_id=head.network_id,
        )
        order = OperatorOrder(
            role=SPONSOR, signing_hash=draft.signing_hash, spend_drops_max=amount_drops + fee_drops
        )
        signed = await self._custody.sign(db, draft, order)
        await outgoing.store(
            db,
            network=self._ledger.network,
            draft=draft,
            signed=signed,
            spend_drops=amount_drops + fee_drops,
            purpose=SPONSOR_PURPOSE,
            ref=todo.user_id,
            now=self._desk.clock.now(),
        )
        row = await queries.wallet(db, todo.user_id, lock=True)
        assert row is not None
        # Not again while this payment can still apply.
        row.next_funding_at = self._desk.clock.now() + timedelta(seconds=2 * ledger_service.WINDOW_S)


class SponsorMaker:
    """`ledger.ports.Maker` of the sponsor's payments."""

    def __init__(self, desk: WalletDesk) -> None:
        self._desk = desk

    async def transactions_progressed(
        self, db: AsyncSession, transactions: Sequence[OutgoingTransaction]
    ) -> None:
        """Nothing is shown of it."""

    async def transactions_closed(self, db: AsyncSession, closed: Sequence[Closed]) -> None:
        """Try again soon where it did not settle; the account itself tells when it is ready."""
        for each in closed:
            if not isinstance(each.outcome, Settled):
                await queries.push_funding(
                    db, each.transaction.ref, WalletState.FUNDING, next_funding_at=self._desk.clock.now()
                )
