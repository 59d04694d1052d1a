"""One run's house: workers and web processes over one database and one network, and who kills them.

The worker is `talktalk.worker.Worker` itself; its database, its way to the nodes, its keys and its clock are
brought. It runs the loops that single payments pass through (`LOOPS`). A web process is
what the routes of transfers do, over a `TransferDesk` of its own; restarting it loses what it had in memory.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import Context, copy_context
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

from argon2 import PasswordHasher
from argon2.low_level import Type
from sqlalchemy.exc import SQLAlchemyError

from talktalk.config import Settings
from talktalk.custody.envelope import KeyEncryptionKey
from talktalk.custody.sealed_secrets import WorkerKey
from talktalk.identity.schemas import Caller
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.service import Ledger
from talktalk.platform import feed
from talktalk.platform.database import Database
from talktalk.platform.wake import parse
from talktalk.simulation.gate import SeededGate
from talktalk.simulation.loop import PROCESS, Process, VirtualClock, VirtualLoop
from talktalk.simulation.memory.dialect import memory_engine
from talktalk.simulation.memory.store import Store
from talktalk.simulation.nodes import Network
from talktalk.simulation.profiles import Profile
from talktalk.simulation.trace import Trace
from talktalk.transfers.creating import create_once
from talktalk.transfers.rooms import ChatRooms
from talktalk.transfers.service import TransferDesk, checked_key
from talktalk.wallet.service import WalletDesk
from talktalk.worker import Outside, Worker
from talktalk_wire.transfers import ApproveAsk, Transfer, TransferAsk

NETWORK: Final = "simulated"
KEK: Final = KeyEncryptionKey(bytes(range(32)))
KEY: Final = WorkerKey(bytes(range(1, 33)))
HASHER: Final = PasswordHasher(
    time_cost=1, memory_cost=8, parallelism=1, hash_len=16, salt_len=8, type=Type.ID
)
"""As cheap as the library lets it be: PINs here are nobody's."""
SETTINGS: Final = Settings(
    database_url="postgresql+memory://", server_key_file=Path("/nowhere"), network_name=NETWORK
)
LOOPS: Final = ("publish", "asks", "submitter", "processor", "tidier")
"""Those that payments pass through; the others have worlds of their own to fail in."""
T = TypeVar("T")


class MemoryDatabase(Database):
    """`Database` of one process over the store."""

    def __init__(self, store: Store, gate: SeededGate, *, pool_size: int) -> None:
        super().__init__("postgresql+memory://", engine=memory_engine(store, gate=gate, pool_size=pool_size))
        self._store = store

    @asynccontextmanager
    async def holding(self, name: str) -> AsyncIterator[None]:
        """Be the only holder of a name; a process that dies holds nothing."""
        async with self._store.hold(name):
            yield


class House:
    """Everything of one run that is ours."""

    def __init__(
        self,
        loop: VirtualLoop,
        store: Store,
        network: Network,
        profile: Profile,
        chance: Random,
        trace: Trace,
    ) -> None:
        self.loop = loop
        self.store = store
        self.network = network
        self.profile = profile
        self.chance = chance
        self.trace = trace
        self.clock = VirtualClock(loop)
        self.is_calm = False
        self.kills = 0
        self.broken: BaseException | None = None
        """What ended a process that should not have ended."""
        self._gates: dict[Process, SeededGate] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self.webs: list[Web] = []

    # --- life ---

    def open(self, *, workers: int, webs: int) -> None:
        """Start so many of each, and keep them running."""
        for number in range(workers):
            self._keepers.append(self.loop.create_task(self._keep(f"worker-{number}", self._work)))
        for number in range(webs):
            web = Web(self, f"web-{number}")
            self.webs.append(web)
            self._keepers.append(self.loop.create_task(self._keep(web.name, web.serve)))

    async def close(self) -> None:
        """End everything."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    def calm(self) -> None:
        """From now on nothing fails."""
        self.is_calm = True
        self.network.calm()
        for process, gate in self._gates.items():
            gate.is_calm = True
            process.fuse = 0

    def kill(self, process: Process, why: str) -> None:
        """`kill -9`: what was not committed is lost, what was in memory is gone."""
        if not process.alive or self.is_calm:
            return
        self.kills += 1
        self.trace.note(process.name, f"dies {why}")
        self._gates[process].cut_all()
        process.die()

    def database(self, process: Process, *, pool_size: int = 20) -> MemoryDatabase:
        """A process's own connections."""
        gate = SeededGate(process, self.profile, self.chance, self.trace, self.kill)
        gate.is_calm = self.is_calm
        self._gates = {each: gate for each, gate in self._gates.items() if each.alive}
        self._gates[process] = gate
        return MemoryDatabase(self.store, gate, pool_size=pool_size)

    async def _keep(self, name: str, run: Callable[[Process], Awaitable[None]]) -> None:
        """A supervisor: starts the process, and starts it again when it has died."""
        while True:
            process = Process(name)
            if not self.is_calm and self.profile.fuses and self.chance.random() < self.profile.fuses / 8:
                process.fuse = int(10 ** (1.5 + self.chance.random() * 2.5))
                process.on_fuse = lambda dying=process: self.kill(dying, "at a step of its loop")  # type: ignore[misc]  # the process as it is now
            task = self.loop.create_task(run(process), context=_context_of(process))
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                process.alive = False
                self._gates[process].cut_all()
                process.die()
                await asyncio.wait([task])
                raise
            if not task.cancelled() and (error := task.exception()) is not None:
                self.trace.note(name, f"ends: {error!r}")
                if process.alive and not isinstance(error, SQLAlchemyError | OSError):
                    # No outage: a programmer's error, or a shape the store has not learned.
                    self.broken = error
            await asyncio.sleep(0.1 + self.chance.random() * 2)

    async def _work(self, process: Process) -> None:
        outside = Outside(
            kek=KEK,
            key=KEY,
            database=self.database(process),
            pool=NodePool(self.network.urls, connect=self.network.connect),
            hasher=HASHER,
        )
        worker = _Worker(SETTINGS, clock=self.clock, outside=outside)
        hear = _hearing(self.loop, self.chance, process, worker)
        self.store.listeners.append(hear)
        try:
            await worker.run()
        finally:
            if hear in self.store.listeners:
                self.store.listeners.remove(hear)


class _Worker(Worker):
    """The worker without the loops that no payment passes through."""

    def loops(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Those that matter here."""
        loops = super().loops()
        return {name: loops[name] for name in LOOPS}

    def woken(self, payload: str) -> None:
        """What the listener would hear."""
        wake = parse(payload)
        if wake is not None:
            self._woken(wake)


def _hearing(
    loop: VirtualLoop, chance: Random, process: Process, worker: _Worker
) -> Callable[[list[str]], None]:
    context = _context_of(process)

    def heard(payloads: list[str]) -> None:
        for payload in payloads:
            if payload.startswith("ask:"):
                loop.call_later(chance.random() * 0.01, worker.woken, payload, context=context)

    return heard


def _context_of(process: Process) -> Context:
    context = copy_context()
    context.run(PROCESS.set, process)
    return context


class WebDown(Exception):
    """Nobody knows what became of a request."""


class Web:
    """One web process: the routes of transfers."""

    def __init__(self, house: House, name: str) -> None:
        self._house = house
        self.name = name
        self._process: Process | None = None
        self._database: Database
        self._desk: TransferDesk

    async def serve(self, process: Process) -> None:
        """Stand ready until killed."""
        house = self._house
        self._database = house.database(process, pool_size=10)
        pool = NodePool(house.network.urls, connect=house.network.connect)
        wallets = WalletDesk(network=NETWORK, explorer_url=None, clock=house.clock)
        self._desk = TransferDesk(
            ledger=Ledger(pool, network=NETWORK), wallets=wallets, rooms=ChatRooms(), clock=house.clock
        )
        async with pool:
            self._process = process
            await asyncio.Event().wait()

    async def request(self, route: Callable[["Web"], Awaitable[T]]) -> T:
        """One request over a network that loses requests and answers.

        Raises:
            WebDown: No answer came.
        """
        house, process = self._house, self._process
        await asyncio.sleep(house.chance.random() * 0.02)
        if process is None or not process.alive:
            raise WebDown("nobody is there")
        if house.network.strikes(house.profile.loss):
            raise WebDown("the request was lost")
        task = house.loop.create_task(route(self), context=_context_of(process))
        await asyncio.wait([task])
        is_gone = task.cancelled() or not process.alive
        if is_gone or house.network.strikes(house.profile.loss):
            if not task.cancelled():
                task.exception()
            raise WebDown("the answer was lost")
        result: T = task.result()
        await asyncio.sleep(house.chance.random() * 0.02)
        return result

    async def create(self, caller: Caller, key: str, ask: TransferAsk) -> Transfer:
        """`POST /transfers`."""
        made = await create_once(self._database, self._desk, caller, checked_key(key), ask)
        return made.value

    async def approve(self, caller: Caller, transfer_id: UUID, ask: ApproveAsk) -> Transfer:
        """`POST /transfers/{id}/approve`."""
        async with self._database.transaction() as db:
            return await self._desk.approve(db, caller, transfer_id, ask)

    async def cancel(self, caller: Caller, transfer_id: UUID) -> Transfer:
        """`POST /transfers/{id}/cancel`."""
        async with self._database.transaction() as db:
            return await self._desk.cancel(db, caller, transfer_id)

    async def read(self, user_id: UUID, transfer_id: UUID) -> Transfer:
        """`GET /transfers/{id}`."""
        async with self._database.transaction() as db:
            return await self._desk.read(db, user_id, transfer_id)

    async def events(self, user_id: UUID, after: int) -> list[Any]:
        """What a device that comes back is told."""
        async with self._database.transaction() as db:
            return await feed.after(db, user_id, after, 50)
