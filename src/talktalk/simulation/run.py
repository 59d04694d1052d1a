"""One seed, from an empty house to a quiet one."""

import asyncio
import gc
import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

import talktalk.app
import talktalk.worker
from talktalk.custody import deciding
from talktalk.custody.schemas import VerifierKind, owner_of_user
from talktalk.custody.verifiers import Verifiers
from talktalk.ledger import node as ledger_node
from talktalk.ledger import service as ledger_service
from talktalk.ledger import submission
from talktalk.platform import ids
from talktalk.platform.clock import SystemClock
from talktalk.platform.database import Base, Database
from talktalk.simulation import profiles
from talktalk.simulation.checks import Checks, Violated
from talktalk.simulation.house import HASHER, KEK, KEY, NETWORK, SETTINGS, House
from talktalk.simulation.loop import EPOCH, VirtualClock, VirtualLoop
from talktalk.simulation.memory.dialect import memory_engine, memory_store
from talktalk.simulation.memory.errors import UnknownShape
from talktalk.simulation.memory.store import Store
from talktalk.simulation.nodes import Network
from talktalk.simulation.people import PIN, People, Person
from talktalk.simulation.profiles import Profile
from talktalk.simulation.trace import Trace
from talktalk.transfers import rules
from xrpl_codec.base58 import decode_account
from xrpl_devnet.faucet import pay

START_DROPS: Final = 100_000_000
PEOPLE_MAX: Final = 4
QUIET_WITHIN_S: Final = 240.0
"""Virtual time, after the last fault, in which everything must have ended."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a seed."""

    seed: int
    profile: str
    violation: str | None
    trace: list[str]
    payments: int
    settled: int
    expired: int
    kills: int
    waits: int
    ledgers: int
    virtual_s: float
    cpu_s: float


class Bench:
    """What one process of the machine keeps between seeds: the store, with what was compiled for it."""

    def __init__(self) -> None:
        self._loop: VirtualLoop | None = None
        self.store: Store = memory_store(Base.metadata, self._now)
        self.hashes = {number: asyncio.run(_hash_of(Person(number))) for number in range(PEOPLE_MAX)}

    def begin(self, loop: VirtualLoop) -> Store:
        """An empty store for another run."""
        self._loop = loop
        self.store.clear()
        return self.store

    def _now(self) -> Any:
        assert self._loop is not None
        return VirtualClock(self._loop).now()


_bench: list[Bench] = []


def run_seed(seed: int, profile_name: str = profiles.MIXED, *, keeps_trace: bool = False) -> Outcome:
    """Run one seed; the same seed, profile and code do the same."""
    if not _bench:
        _bench.append(Bench())
    profile = profiles.of(profile_name, seed)
    chance = Random(f"{seed}/{profile.name}")  # noqa: S311 - a simulation
    random.seed(seed)
    loop = VirtualLoop(Random(chance.random()))  # noqa: S311
    began = time.process_time()
    with _pace(), _deterministic(loop, chance):
        run = _Run(loop, _bench[0], profile, chance, keeps_trace=keeps_trace)
        violation: str | None = None
        try:
            loop.run(run.whole())
        except Violated as error:
            violation = str(error)
        except UnknownShape:
            raise
        finally:
            loop.close()
    states = [row["state"] for row in run.checks.rows("transfers")]
    return Outcome(
        seed=seed,
        profile=profile.name,
        violation=violation,
        trace=run.trace.lines,
        payments=len(states),
        settled=states.count("settled"),
        expired=states.count("expired"),
        kills=run.house.kills,
        waits=run.store.waits,
        ledgers=run.network.ledger.closed.index,
        virtual_s=loop.time(),
        cpu_s=time.process_time() - began,
    )


class _Run:
    """The parts of one run, and its course."""

    def __init__(
        self, loop: VirtualLoop, bench: Bench, profile: Profile, chance: Random, *, keeps_trace: bool
    ) -> None:
        self._bench = bench
        self._chance = chance
        self._profile = profile
        self._loop = loop
        self.trace = Trace(loop.time, keeps=keeps_trace)
        self.store = bench.begin(loop)
        self.network = Network(loop, profile, chance, self.trace)
        self.house = House(loop, self.store, self.network, profile, chance, self.trace)
        self.persons = [Person(number) for number in range(chance.randint(2, PEOPLE_MAX))]
        self.people = People(self.house, self.persons, chance)
        self.checks = Checks(self.store, self.network, self.persons, self.people.intents, self.trace)

    async def whole(self) -> None:
        """Begin, let everything fail, let it come to rest, look."""
        await self._furnish()
        self.checks.begin(START_DROPS)
        self.house.open(workers=self._chance.randint(1, 4), webs=self._chance.randint(1, 3))
        closing = self._loop.create_task(self._close_ledgers(self._chance.choice((1.0, 1.5, 2.0))))
        devices = [self._loop.create_task(self.people.listen(person)) for person in self.persons]
        living = self._loop.create_task(self.people.live(self._chance.randint(2, 6)))
        try:
            await asyncio.sleep(self._profile.chaos_s)
            self.trace.note("HOUSE", "from now on nothing fails")
            self.house.calm()
            await self._until(living.done)
            if living.done():
                living.result()
            await self._until(lambda: self.checks.is_quiet)
            for task in (closing, *devices):
                task.cancel()
            await asyncio.gather(closing, *devices, return_exceptions=True)
            for person in self.persons:
                await self._catch_up(person)
            self.checks.end()
        finally:
            for task in (closing, living, *devices):
                task.cancel()
            await asyncio.gather(closing, living, *devices, return_exceptions=True)
            await self.house.close()

    async def _catch_up(self, person: Person) -> None:
        """Let a device hear all there is; a web process that is only just starting is asked again."""
        until = self._loop.time() + QUIET_WITHIN_S
        while (heard := await self.people.hear(person)) != 0 and self._loop.time() < until:
            if heard is None:
                await asyncio.sleep(1.0)

    async def _until(self, is_so: Any) -> None:
        until = self._loop.time() + QUIET_WITHIN_S
        while not is_so() and self._loop.time() < until and self.checks.violation is None:
            await asyncio.sleep(1.0)
            if self.house.broken is not None:
                raise self.house.broken

    async def _close_ledgers(self, interval_s: float) -> None:
        while True:
            await asyncio.sleep(interval_s * (0.8 + self._chance.random() * 0.4))
            self.network.close_ledger()

    async def _furnish(self) -> None:
        """People with funded wallets and a PIN, and a ledger that has their accounts."""
        ledger = self.network.ledger
        for person in self.persons:
            pay(ledger, decode_account(person.address), START_DROPS)
        ledger.close()
        index = ledger.closed.index
        hashes = self._bench.hashes
        engine = memory_engine(self.store)
        async with engine.begin() as db:
            await _insert(db, "worker_keys", id=KEY.id, public_key=KEY.public_key, published_at=EPOCH)
            for person in self.persons:
                await self._settle_in(db, person, index, hashes[person.number])
        await engine.dispose()

    async def _settle_in(self, db: AsyncConnection, person: Person, index: int, hashed: str) -> None:
        owner = owner_of_user(person.id)
        key_id = person.caller.session_id
        envelope = KEK.seal(bytes(person.key), f"talktalk/key/1/{owner}/{key_id}".encode())
        await _insert(
            db, "users", id=person.id, phone=f"+8210{person.number}", name="", locale="ko", created_at=EPOCH
        )
        await _insert(
            db,
            "sealed_keys",
            id=key_id,
            owner=owner,
            version=1,
            public_key=person.public_key,
            address=person.address,
            created_at=EPOCH,
            **msgspec.structs.asdict(envelope),
        )
        await _insert(
            db,
            "wallets",
            user_id=person.id,
            network=NETWORK,
            state="ready",
            address=person.address,
            public_key=person.public_key,
            custody="sealed",
            first_device_id=person.device_id,
            address_prefix="",
            funding_tries=0,
            next_funding_at=EPOCH,
            created_at=EPOCH,
        )
        await _insert(
            db,
            "wallet_devices",
            user_id=person.id,
            device_id=person.device_id,
            seen_at=EPOCH,
            trusted_since=EPOCH,
        )
        await _insert(db, "verifiers", user_id=person.id, kind="pin", hash=hashed, failures=0, set_at=EPOCH)
        await _insert(
            db,
            "ledger_accounts",
            network=NETWORK,
            address=person.address,
            owner=owner,
            public_key=person.public_key,
            balance_drops=START_DROPS,
            sequence=index,
            owner_count=0,
            flags=0,
            ledger_index=index,
            holdings_ledger=index,
        )


async def _hash_of(person: Person) -> str:
    """What is stored of everybody's PIN; hashing needs no rows."""
    verifiers = Verifiers(Database(SETTINGS.database_url, pool_size=1), KEK, SystemClock(), hasher=HASHER)
    return await verifiers.hash(VerifierKind.PIN, person.id, PIN)


async def _insert(db: AsyncConnection, table: str, **values: object) -> None:
    await db.execute(Base.metadata.tables[table].insert().values(**values))


@contextmanager
def _deterministic(loop: VirtualLoop, chance: Random) -> Iterator[None]:
    """Ids from the seed and the loop's time; no collector at a moment of its own; no log."""
    clock = VirtualClock(loop)
    logging.disable(logging.CRITICAL)
    gc.disable()
    try:
        with ids.made_from(lambda: int(clock.now().timestamp() * 1e9), Random(chance.random()).randbytes):  # noqa: S311
            yield
    finally:
        gc.enable()
        logging.disable(logging.NOTSET)


@contextmanager
def _pace() -> Iterator[None]:
    """Shorter windows and lives, and rarer looks while nothing happens: the same ways, fewer idle steps."""
    wanted: list[tuple[Any, str, object]] = [
        (ledger_service, "WINDOW_S", 16),
        (ledger_service, "WINDOW_LEDGERS_MIN", 8),
        (rules, "DRAFT_LIFE", rules.DRAFT_LIFE / 15),
        (deciding, "IDLE_S", 6.0),
        (deciding, "AT_A_TIME", 2),
        (submission, "IDLE_S", 4.0),
        (talktalk.worker, "TIDY_S", 10.0),
        (ledger_node, "PROBE_S", 60.0),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in wanted]
    for module, name, value in wanted:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
