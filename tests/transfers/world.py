"""A world for tests of money: a real ledger node, PostgreSQL, web process and worker, and people in it.

    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        transfer = await mina.pay(jun, "5")
        await mina.until(transfer, "settled")

The node closes ledgers every `close_interval_s`, or by hand (`world.net.accept()`).
"""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx
import msgspec
from nacl.signing import SigningKey
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from xrpl.core.addresscodec import classic_address_to_xaddress
from xrpl.core.binarycodec import encode, encode_for_signing

from talktalk.config import Settings
from talktalk.custody.envelope import KeyEncryptionKey
from talktalk.custody.key_files import read_key, read_or_make_key
from talktalk.custody.sealed import SealedCustody
from talktalk.custody.sealed_secrets import seal
from talktalk.custody.tables import SealedKeyRow
from talktalk.ledger import accounts
from talktalk.ledger.addresses import address_of
from talktalk.platform.clock import SystemClock
from talktalk.platform.database import Database
from talktalk.transfers.rules import WARNINGS
from talktalk.worker import Worker
from tests.fixtures_app import RunningApp, sign_in
from tests.ledger.relay import Relay
from xrpl_devnet.devnet import Devnet
from xrpl_devnet.rpc.errors import RpcError

PIN = "402817"
TERMINAL = ("settled", "failed", "expired", "cancelled")
WAIT_S = 40.0
_numbers = itertools.count(10_000_000)


class Person:
    """Someone signed in on one device."""

    def __init__(self, world: "World", client: httpx.AsyncClient, phone: str) -> None:
        self.world = world
        self.client = client
        self.phone = phone
        self.id = UUID(int=0)
        self.device_id = UUID(int=0)
        self.address = ""
        self.pin = PIN

    async def sign_in(self, name: str = "") -> None:
        """Come in, on a device never seen before."""
        signed_in = await sign_in(self.client, self.phone, name=name)
        self.id, self.device_id = signed_in.me.id, signed_in.session.device_id

    async def get(self, path: str, status: int = 200) -> Any:
        """GET under `/api/v1`."""
        answer = await self.client.get(f"/api/v1{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    async def post(self, path: str, body: object = None, status: int = 200, **headers: str) -> Any:
        """POST under `/api/v1`."""
        answer = await self.client.post(f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def sealed(self, plaintext: str, purpose: str, context: bytes) -> tuple[str, str]:
        """Worker key id, and the text sealed to it."""
        key = await self.get("/wallet/worker-key")
        return key["id"], seal(plaintext.encode(), key["public_key"], purpose, context)

    async def ready(self) -> dict[str, Any]:
        """The wallet, once the ledger has it."""
        async with asyncio.timeout(WAIT_S):
            while True:
                wallet = await self.get("/wallet")
                if wallet["state"] == "ready":
                    self.address = wallet["address"]
                    return dict(wallet)
                await asyncio.sleep(0.05)

    async def set_pin(self, pin: str, old: str | None = None, status: int = 200) -> Any:
        """Set the payment PIN."""
        key_id, sealed = await self.sealed(pin, "pin.set", self.id.bytes)
        body = {"worker_key_id": key_id, "sealed_pin": sealed}
        if old is not None:
            body["sealed_old_pin"] = (await self.sealed(old, "pin.set", self.id.bytes))[1]
        answer = await self.client.put("/api/v1/wallet/pin", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def set_recovery_code(self, code: str, status: int = 200) -> Any:
        """Set the recovery code."""
        key_id, sealed_code = await self.sealed(code, "recovery.set", self.id.bytes)
        _, sealed_pin = await self.sealed(self.pin, "recovery.pin", self.id.bytes)
        body = {"worker_key_id": key_id, "sealed_code": sealed_code, "sealed_pin": sealed_pin}
        return await self.post("/wallet/recovery-code", body, status)

    def ask(self, to: "Person | str", value: str, **fields: object) -> dict[str, Any]:
        """The body of a transfer that accepts every warning."""
        payee = {"address": to} if isinstance(to, str) else {"user_id": str(to.id)}
        warnings = list(WARNINGS)
        return {"amount": {"value": value}, "accepted_warnings": warnings, **payee, **fields}

    async def draft(
        self, to: "Person | str", value: str, *, key: str | None = None, status: int = 201, **fields: object
    ) -> Any:
        """Make an intent."""
        headers = {"Idempotency-Key": key or secrets.token_urlsafe(16)}
        return await self.post("/transfers", self.ask(to, value, **fields), status, **headers)

    async def approval(self, transfer: Mapping[str, Any], pin: str | None = None) -> dict[str, Any]:
        """The body that approves its draft."""
        signing_hash = transfer["draft"]["signing_hash"]
        key_id, sealed = await self.sealed(pin or self.pin, "transfer.approve", bytes.fromhex(signing_hash))
        return {"signing_hash": signing_hash, "worker_key_id": key_id, "sealed_pin": sealed}

    async def approve(self, transfer: Mapping[str, Any], pin: str | None = None, status: int = 200) -> Any:
        """Approve its draft."""
        body = await self.approval(transfer, pin)
        return await self.post(f"/transfers/{transfer['id']}/approve", body, status)

    async def pay(self, to: "Person | str", value: str, **fields: Any) -> Any:
        """Make an intent and approve it."""
        return await self.approve(await self.draft(to, value, **fields))

    async def until(self, transfer: Mapping[str, Any], *states: str) -> dict[str, Any]:
        """The transfer once it is in one of the states (by default: a terminal one)."""
        wanted = states or TERMINAL
        async with asyncio.timeout(WAIT_S):
            while True:
                now = await self.get(f"/transfers/{transfer['id']}")
                if now["state"] in wanted:
                    return dict(now)
                await asyncio.sleep(0.03)

    async def until_refused(self, transfer: Mapping[str, Any]) -> dict[str, Any]:
        """The transfer once its approval was refused."""
        async with asyncio.timeout(WAIT_S):
            while True:
                now = await self.get(f"/transfers/{transfer['id']}")
                if now["state"] == "drafted" and now["approval_error"] is not None:
                    return dict(now)
                await asyncio.sleep(0.03)

    async def balance_drops(self) -> int:
        """What the ledger itself says."""
        return await self.world.balance_drops(self.address)


class Outsider:
    """An account of the ledger that nobody here owns."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.key = SigningKey.generate()
        self.public_key = "ED" + bytes(self.key.verify_key).hex().upper()
        self.address = address_of(bytes.fromhex(self.public_key))

    def x_address(self, tag: int | None = None) -> str:
        """Its X-address for test networks."""
        return classic_address_to_xaddress(self.address, tag, is_test_network=True)

    async def sequence(self) -> int:
        """Its next number."""
        info = await self.world.net.request("account_info", account=self.address, ledger_index="current")
        return int(info["account_data"]["Sequence"])

    async def submit(self, fields: Mapping[str, Any], **more: Any) -> str:
        """Sign, submit and wait for a validated ledger; the result."""
        net = self.world.net
        transaction = {
            **fields,
            **more,
            "Account": self.address,
            "Fee": "12",
            "Sequence": await self.sequence(),
            "SigningPubKey": self.public_key,
        }
        message = bytes.fromhex(encode_for_signing(transaction))
        transaction["TxnSignature"] = self.key.sign(message).signature.hex().upper()
        answer = await net.request("submit", tx_blob=encode(transaction))
        tx_hash = answer["tx_json"]["hash"] if "hash" in answer["tx_json"] else answer["hash"]
        return await self.world.validated(tx_hash)


class World:
    """All real parts, for one test."""

    def __init__(
        self,
        running_apps: Callable[..., RunningApp],
        folder: Path,
        *,
        manual: bool = False,
        close_interval_s: float = 0.25,
        with_worker: bool = True,
        relayed: bool = False,
        relays: int = 0,
        amendments: str = "all",
        **settings: Any,
    ) -> None:
        """With `relayed`, the worker (not web) reaches the node through `relay`, a network that can fail;
        with `relays`, through so many, each a node of its own to the worker."""
        self._running_apps = running_apps
        self._folder = folder
        self._with_worker = with_worker
        self._changes = settings
        self.net = Devnet(manual=manual, close_interval_s=close_interval_s, enabled=amendments)
        self.relay: Relay
        self.relays: list[Relay] = []
        self._relay_count = relays or int(relayed)
        self.app: RunningApp
        self.settings: Settings
        self.worker: Worker | None = None
        self._working: asyncio.Task[None] | None = None
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.net)
        kek_file = self._folder / "kek"
        read_or_make_key(kek_file)
        changes = {
            "ledger_urls": (self.net.ws_url,),
            "faucet_url": self.net.faucet_url,
            "recovery_delay_s": 0,
            **self._changes,
        }
        # The web process is started in a thread, and must not wait for this loop.
        self.app = await asyncio.to_thread(self._running_apps, **changes)
        self.settings = msgspec.structs.replace(self.app.settings, kek_file=kek_file)
        for _ in range(self._relay_count):
            self.relays.append(await self._stack.enter_async_context(Relay(self.net.ws_url)))
        if self.relays:
            self.relay = self.relays[0]
            urls = tuple(relay.url for relay in self.relays)
            self.settings = msgspec.structs.replace(self.settings, ledger_urls=urls)
        if self._with_worker:
            self.start_worker()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop_worker()
        await self._stack.aclose()

    def start_worker(self) -> Worker:
        """Start a worker in this loop."""
        self.worker = Worker(self.settings)
        self._working = asyncio.create_task(self.worker.run())
        return self.worker

    async def stop_worker(self) -> None:
        """Stop it wherever it is."""
        if self._working is not None:
            self._working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._working
            self._working = None

    async def client(self) -> httpx.AsyncClient:
        """A client of its own, closed with the world."""
        return await self._stack.enter_async_context(self.app.client())

    async def person(self, name: str = "", *, ready: bool = True, pin: bool = True) -> Person:
        """Someone new, with a funded wallet and a PIN."""
        person = Person(self, await self.client(), f"+8210{next(_numbers)}")
        await person.sign_in(name)
        if ready:
            await person.ready()
        if pin:
            await person.set_pin(PIN)
        return person

    async def person_by_hand(self, name: str = "") -> Person:
        """As `person`, where ledgers close by hand: closes what funding needs."""
        person = await self.person(name, ready=False, pin=False)
        async with asyncio.timeout(WAIT_S):
            while (wallet := await person.get("/wallet"))["state"] != "ready":
                await self.net.accept()
                await self.processed()
        person.address = wallet["address"]
        await person.set_pin(PIN)
        return person

    @contextlib.asynccontextmanager
    async def rows(self) -> AsyncIterator[AsyncSession]:
        """A transaction of the test's own."""
        database = Database(self.app.settings.database_url, pool_size=1)
        try:
            async with database.transaction() as db:
                yield db
        finally:
            await database.close()

    async def is_processed(self, newest: int | None = None) -> bool:
        """Whether the worker has processed `newest`, by default every ledger the node has validated."""
        wanted = newest or self.net.node.closed.index
        async with self.rows() as db:
            head = await accounts.read_head(db, self.settings.network_name)
        return head is not None and head.ledger_index >= wanted

    async def processed(self) -> None:
        """Wait until it has processed what is validated now."""
        newest = self.net.node.closed.index
        async with asyncio.timeout(WAIT_S):
            while True:
                if await self.is_processed(newest):
                    return
                await asyncio.sleep(0.02)

    async def opened_keys(self) -> list[str]:
        """Every private key, opened as only the worker can, in hex."""
        assert self.settings.kek_file is not None
        kek = KeyEncryptionKey(read_key(self.settings.kek_file))
        async with self.rows() as db:
            rows = (await db.execute(select(SealedKeyRow))).scalars().all()
        return [SealedCustody(kek, SystemClock())._open(row).hex() for row in rows]

    async def other_device(self, person: Person) -> Person:
        """The same person on a device never seen before."""
        other = Person(self, await self.client(), person.phone)
        await other.sign_in()
        other.address = person.address
        return other

    async def outsider(self, *, drops: int = 0) -> Outsider:
        """An account of somebody else, funded with so many drops."""
        outsider = Outsider(self)
        if drops:
            await self.validated(await self.net.fund(outsider.address, drops=drops))
        return outsider

    async def validated(self, tx_hash: str) -> str:
        """Wait until a validated ledger holds a transaction; its result."""
        async with asyncio.timeout(WAIT_S):
            while True:
                with contextlib.suppress(RpcError):
                    found = await self.net.request("tx", transaction=tx_hash)
                    if found.get("validated"):
                        return str(found["meta"]["TransactionResult"])
                await asyncio.sleep(0.02)

    async def balance_drops(self, address: str) -> int:
        """What the validated ledger says of an address; 0 if it is no account."""
        try:
            found = await self.net.request("account_info", account=address, ledger_index="validated")
        except RpcError:
            return 0
        return int(found["account_data"]["Balance"])
