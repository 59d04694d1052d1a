"""The worker role: what signs, sends, follows the ledger and runs jobs. Composition only.

Loops, each of which resumes from rows and may run in several workers at once:

- `asks`       decides what devices ask (PIN, approvals, recovery) and signs
- `submitter`  sends stored transactions and looks up what became of them
- `processor`  writes each validated ledger into rows (one worker leads, the others wait)
- `census`     reads trust lines and MPTs of accounts that were never read whole
- `founder`    makes and funds accounts
- `tidier`     ends drafts nobody approved, releases what waited for its time, ends requests whose time has
  come, and recoveries whose delay has passed
- `jobs`       the slices' background jobs
- `fanout`     turns people's own events into deliveries of webhooks
- `webhooks`   the attempts to deliver them
- `listener`   wakes the others when rows change

A loop that fails (database gone, node gone) is begun again after a pause; what it was doing was in
a transaction, or is in a row. The worker alone loads the key-encryption key.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import uvloop
from argon2 import PasswordHasher
from sqlalchemy.exc import OperationalError

from talktalk.config import Settings, SettingsError
from talktalk.custody import asks
from talktalk.custody import service as custody_service
from talktalk.custody.deciding import AskTaker
from talktalk.custody.envelope import KeyEncryptionKey
from talktalk.custody.key_files import read_key, read_or_make_key
from talktalk.custody.schemas import AskPurpose
from talktalk.custody.sealed import SealedCustody
from talktalk.custody.sealed_secrets import WorkerKey
from talktalk.custody.verifiers import HASHER, Verifiers
from talktalk.identity import jobs as identity_jobs
from talktalk.ledger import jobs as ledger_jobs
from talktalk.ledger.census import Census
from talktalk.ledger.errors import LedgerForked, NodeUnavailable
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.ports import Makers
from talktalk.ledger.processing import LedgerProcessor
from talktalk.ledger.reconcile import Reconciler
from talktalk.ledger.service import Ledger
from talktalk.ledger.submission import Submitter
from talktalk.platform import housekeeping, jobs, log, tasks
from talktalk.platform.clock import Clock, SystemClock
from talktalk.platform.database import Database
from talktalk.platform.server_key import read_server_key
from talktalk.platform.wake import Listener, Wake
from talktalk.transfers.approving import ApprovalDecider
from talktalk.transfers.invitations.service import InvitationDesk
from talktalk.transfers.making import PURPOSE, TransferMaker
from talktalk.transfers.orders.approving import OrderDecider
from talktalk.transfers.orders.bulk import Bulk
from talktalk.transfers.orders.making import PURPOSE as ORDER_PURPOSE
from talktalk.transfers.orders.making import OrderMaker, Releaser
from talktalk.transfers.orders.ports import Kinds
from talktalk.transfers.orders.service import OrderDesk
from talktalk.transfers.orders.trust import TrustLines
from talktalk.transfers.requests.service import RequestDesk
from talktalk.transfers.rooms import ChatRooms
from talktalk.transfers.schedules.service import ScheduleDesk
from talktalk.transfers.service import TransferDesk
from talktalk.wallet import recovery
from talktalk.wallet.books import ActivityBooks
from talktalk.wallet.deciders import (
    PinSetDecider,
    RecoveryConsentDecider,
    RecoverySetDecider,
    RecoveryUseDecider,
)
from talktalk.wallet.faucet import HttpFaucet
from talktalk.wallet.funding import SPONSOR_PURPOSE, Founder, SponsorMaker
from talktalk.wallet.listener import WalletListener
from talktalk.wallet.service import WAKE_KIND as WALLET_WAKE
from talktalk.wallet.service import WalletDesk
from talktalk.wallet.tokens import tokens_from
from talktalk.webhooks import jobs as webhook_jobs
from talktalk.webhooks.delivering import Deliverer
from talktalk.webhooks.fanout import QUEUE as WEBHOOK_QUEUE
from talktalk.webhooks.fanout import Fanout
from talktalk.webhooks.sending import Sender
from talktalk_wire.chat import MessageKind

POOL_SIZE = 20
"""Database connections: each of the asks decided at once uses two, the rest share."""
AGAIN_S = 0.5
AGAIN_S_MAX = 5.0
FORKED_AGAIN_S = 30.0
TIDY_S = 1.0
WORKER_KEY_NAME = "worker-key"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outside:
    """What a worker meets outside itself."""

    kek: KeyEncryptionKey
    key: WorkerKey
    database: Database
    pool: NodePool
    hasher: PasswordHasher = HASHER


def outside_of(settings: Settings) -> Outside:
    """What the settings name.

    Raises:
        SettingsError: A setting the worker needs is missing.
        KeyFileUnsafe: A key file is missing, malformed or open to others.
    """
    if settings.kek_file is None:
        raise SettingsError("settings: the worker needs TALKTALK_KEK_FILE, a file of mode 0600")
    if not settings.ledger_urls:
        raise SettingsError("settings: TALKTALK_LEDGER_URLS names no ledger node")
    return Outside(
        kek=KeyEncryptionKey(read_key(settings.kek_file)),
        key=WorkerKey(read_or_make_key(worker_key_file(settings.kek_file, settings.worker_key_file))),
        database=Database(settings.database_url, pool_size=POOL_SIZE),
        pool=NodePool(settings.ledger_urls),
    )


class Worker:
    """One worker process: what it is made of, and its life."""

    def __init__(
        self, settings: Settings, *, clock: Clock | None = None, outside: Outside | None = None
    ) -> None:
        """Read the keys, unless the simulation brings the `outside`.

        Raises:
            SettingsError: A setting the worker needs is missing.
            KeyFileUnsafe: A key file is missing, malformed or open to others.
        """
        self._settings = settings
        outside = outside or outside_of(settings)
        kek = outside.kek
        self.key = outside.key
        self._kek_id = kek.id
        self.clock: Clock = clock or SystemClock()
        self.database = outside.database
        self.pool = outside.pool
        self.ledger = Ledger(self.pool, network=settings.network_name)
        self.custody = SealedCustody(kek, self.clock)
        self.wallets = WalletDesk(
            network=settings.network_name,
            explorer_url=settings.explorer_url,
            clock=self.clock,
            tokens=tokens_from(settings),
        )
        self.transfers = TransferDesk(
            ledger=self.ledger, wallets=self.wallets, rooms=ChatRooms(), clock=self.clock
        )
        self.invitations = InvitationDesk(
            wallets=self.wallets, clock=self.clock, public_url=settings.public_url
        )
        self.schedules = ScheduleDesk(transfers=self.transfers, clock=self.clock)
        self.requests = RequestDesk(
            wallets=self.wallets, rooms=ChatRooms(MessageKind.REQUEST), clock=self.clock
        )
        bulk = Bulk(ledger=self.ledger, wallets=self.wallets, want=self.transfers.want)
        trust = TrustLines(ledger=self.ledger, wallets=self.wallets)
        kinds: Kinds = {bulk.name: bulk, trust.name: trust}
        self.orders = OrderDesk(self.transfers, ChatRooms(MessageKind.ORDER), kinds)
        order_maker = OrderMaker(self.orders)
        self.releaser = Releaser(self.database, self.orders, order_maker)
        self.makers: Makers = {
            PURPOSE: TransferMaker(self.transfers),
            ORDER_PURPOSE: order_maker,
            SPONSOR_PURPOSE: SponsorMaker(self.wallets),
        }
        self.submitter = Submitter(self.database, self.ledger, self.makers, self.clock)
        listener = WalletListener(self.wallets)
        self.processor = LedgerProcessor(self.database, self.ledger, listener, self.makers, self._processed)
        self.census = Census(self.database, self.ledger, listener)
        self.reconciler = Reconciler(
            self.database, self.ledger, ActivityBooks(settings.network_name), self.clock
        )
        self.faucet = HttpFaucet(settings.faucet_url) if settings.faucet_url is not None else None
        self.founder = Founder(
            database=self.database,
            ledger=self.ledger,
            custody=self.custody,
            desk=self.wallets,
            faucet=self.faucet,
            daily_limit=settings.sponsor_daily_limit,
            on_stored=self.submitter.wake.set,
        )
        verifiers = Verifiers(self.database, kek, self.clock, hasher=outside.hasher)
        delay_s = settings.recovery_delay_s
        self.asks = AskTaker(
            self.database,
            self.key,
            {
                AskPurpose.ORDER_APPROVE: OrderDecider(self.orders, verifiers, self.custody),
                AskPurpose.PIN_SET: PinSetDecider(self.wallets, verifiers),
                AskPurpose.RECOVERY_SET: RecoverySetDecider(self.wallets, verifiers),
                AskPurpose.RECOVERY_USE: RecoveryUseDecider(self.wallets, verifiers, delay_s=delay_s),
                AskPurpose.RECOVERY_CONSENT: RecoveryConsentDecider(self.wallets, verifiers, delay_s=delay_s),
            },
            self.clock,
            sets={AskPurpose.TRANSFER_APPROVE: ApprovalDecider(self.transfers, verifiers, self.custody)},
            on_decided=self.submitter.wake.set,
        )
        self.fanout = Fanout(self.database, self.clock)
        self.listener = Listener(self.database.conninfo, self._woken, self._reset)

    def loops(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What runs side by side, by name."""
        return {
            "publish": self._publish,
            "listener": self.listener.run,
            "asks": self.asks.run,
            "submitter": self.submitter.run,
            "processor": self.processor.run,
            "census": self.census.run,
            "founder": self.founder.run,
            "tidier": self._tidy,
            "jobs": self._jobs,
            "fanout": self.fanout.run,
            "webhooks": self._webhooks,
        }

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with self.pool:
                working = [
                    asyncio.create_task(_keep(name, loop), name=name) for name, loop in self.loops().items()
                ]
                try:
                    # None of them ends, except by what no loop may outlive.
                    ended, _ = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    await tasks.end(working)
                for task in ended:
                    task.result()
        finally:
            if self.faucet is not None:
                await self.faucet.close()
            await self.database.close()

    async def _publish(self) -> None:
        """Let devices seal to this worker's key; then rest, so that the loop does not begin again.

        Raises:
            KeyUnreadable: This worker could sign nothing: it asks for no secrets.
        """
        async with self.database.transaction() as db:
            await custody_service.require_kek(db, self._kek_id)
            await custody_service.publish_worker_key(db, self.key, self.clock.now())
        await asyncio.Event().wait()

    async def _tidy(self) -> None:
        while True:
            async with self.database.transaction() as db:
                await self.transfers.expire_lapsed(db)
            async with self.database.transaction() as db:
                await self.requests.expire_due(db)
            async with self.database.transaction() as db:
                await self.schedules.look(db)
            async with self.database.transaction() as db:
                await self.orders.expire_lapsed(db)
            if await self.releaser.work_once():
                self.submitter.wake.set()
            async with self.database.transaction() as db:
                await recovery.complete_due(db, self.wallets)
            async with self.database.transaction() as db:
                await self.invitations.advance(db)
            await asyncio.sleep(TIDY_S)

    async def _jobs(self) -> None:
        blueprints = [
            housekeeping.blueprint,
            webhook_jobs.sweeping,
            identity_jobs.blueprint,
            ledger_jobs.blueprint,
        ]
        context = {"database": self.database, "clock": self.clock, "reconciler": self.reconciler}
        await jobs.run(self.database.conninfo, blueprints, context)

    async def _webhooks(self) -> None:
        """Attempts have a queue of their own: an address that answers slowly keeps no other work waiting."""
        sender = Sender(self.clock, private_targets=self._settings.webhook_private_targets)
        deliverer = Deliverer(self.database, self.clock, sender, read_server_key(self._settings))
        await jobs.run(
            self.database.conninfo,
            [webhook_jobs.blueprint],
            {"deliverer": deliverer},
            queue=WEBHOOK_QUEUE,
            concurrency=webhook_jobs.CONCURRENCY,
        )

    def _processed(self, _: int) -> None:
        self.submitter.wake.set()

    def _woken(self, wake: Wake) -> None:
        if wake.kind == asks.WAKE_KIND:
            self.asks.wake(asks.purpose_of(wake))
        elif wake.kind == WALLET_WAKE:
            self.founder.wake.set()
        elif wake.kind == "user":
            self.fanout.wake.set()

    def _reset(self) -> None:
        self.asks.wake()
        self.founder.wake.set()
        self.submitter.wake.set()
        self.fanout.wake.set()


def worker_key_file(kek_file: Path, named: Path | None) -> Path:
    """Where the workers' HPKE key lies: as named, or beside the key-encryption key."""
    return named or kek_file.with_name(WORKER_KEY_NAME)


async def _keep(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """Run a loop for ever; one that fails is begun again after a pause that grows."""
    pause_s = AGAIN_S
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await loop()
        except LedgerForked:
            logger.critical("the ledger's history is not the one we know; nothing is written", exc_info=True)
            pause_s = FORKED_AGAIN_S
        except Exception as error:  # whatever it was, the rows are right and are read again
            logger.warning("loop %s failed: %r", name, error, exc_info=not _is_outage(error))
        if asyncio.get_running_loop().time() - began > AGAIN_S_MAX:
            pause_s = AGAIN_S
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, AGAIN_S_MAX)


def _is_outage(error: BaseException) -> bool:
    """Whether a part is merely down: expected trouble, told in a line."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_outage(each) for each in error.exceptions)
    return isinstance(error, psycopg.OperationalError | OperationalError | NodeUnavailable | OSError)


async def run_until_stopped(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    working = asyncio.create_task(Worker(settings).run())
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


def work(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM; stops within three seconds, and may be killed at any moment.

    Raises:
        SettingsError: A setting the worker needs is missing.
        KeyFileUnsafe: A key file is missing, malformed or open to others.
    """
    log.configure()
    uvloop.run(run_until_stopped(settings))
