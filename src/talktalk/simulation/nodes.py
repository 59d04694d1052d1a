"""Nodes before one ledger, each with faults of its own, and the network between them and us.

The ledger is the embedded node's, whole: real signatures, real results, real metadata, real hashes. A
`FaultyNode` is what one server makes of it: it may lag behind, lose history, refuse work, take a transaction
and forget it, or say of a submission what is not so. `connect` opens what the pool takes for a WebSocket;
messages on it are lost, doubled, delayed and overtaken, and the connection may break.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Final

import msgspec

from talktalk.simulation.loop import EPOCH, PROCESS, Process, VirtualLoop
from talktalk.simulation.profiles import Profile
from talktalk.simulation.trace import Trace
from xrpl_codec.base58 import encode_account
from xrpl_devnet.ledger.header import RIPPLE_EPOCH
from xrpl_devnet.node import LedgerEvent, Node
from xrpl_devnet.service import Service
from xrpl_devnet.settings import Settings
from xrpl_devnet.tx.transaction import Transaction

_SUBMIT: Final = "submit"
_LIES: Final = ("tesSUCCESS", "tefPAST_SEQ", "temMALFORMED", "tecUNFUNDED_PAYMENT", "terPRE_SEQ")
PRUNED_LEDGERS: Final = 6


class LedgerClock:
    """`xrpl_devnet.clock.Clock` of a run."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now_s(self) -> float:
        """Seconds of the ripple epoch."""
        return EPOCH.timestamp() - RIPPLE_EPOCH + self._loop.time()


class Network:
    """The ledger, its nodes, and all ways to them."""

    def __init__(self, loop: VirtualLoop, profile: Profile, chance: Random, trace: Trace) -> None:
        self.profile = profile
        self.chance = chance
        self.trace = trace
        self.is_calm = False
        self.ledger = Node(Settings(), LedgerClock(loop))
        self.service = Service(self.ledger)
        self.withheld: set[bytes] = set()
        self.ledger.withholds = self._withholds
        faults = profile.node_faults
        self.nodes = {
            f"ws://node-{number}": FaultyNode(self, number, faults if number == 0 else frozenset())
            for number in range(3)
        }
        self.on_submission: Callable[[Process | None, Transaction], None] = lambda _who, _tx: None
        """Called with every blob that leaves a process of ours."""

    @property
    def urls(self) -> tuple[str, ...]:
        """Where the nodes are."""
        return tuple(self.nodes)

    def close_ledger(self) -> None:
        """The network agrees on the next ledger."""
        self.ledger.close()

    def calm(self) -> None:
        """From now on everything works; what was withheld stays so."""
        self.is_calm = True

    def strikes(self, chance: float) -> bool:
        """Whether a fault of this likelihood happens now."""
        return not self.is_calm and self.chance.random() < chance

    def _withholds(self, tx: Transaction) -> bool:
        return tx.id in self.withheld

    @asynccontextmanager
    async def connect(self, url: str, **_: object) -> AsyncIterator["Socket"]:
        """What `websockets.connect` is to the pool."""
        process = PROCESS.get()
        await asyncio.sleep(0.002 + self.chance.random() * 0.02)
        if process is not None and not process.alive:
            raise OSError("the process is dead")
        if self.strikes(self.profile.loss):
            raise OSError("no way to the node")
        socket = Socket(self, self.nodes[url], process)
        try:
            yield socket
        finally:
            socket.shut()


class FaultyNode:
    """One server's view of the ledger."""

    def __init__(self, network: Network, number: int, faults: frozenset[str]) -> None:
        self._network = network
        self.name = f"node-{number}"
        self._faults = faults

    def _does(self, fault: str, likelihood: float) -> bool:
        return fault in self._faults and self._network.strikes(likelihood)

    def lags(self) -> bool:
        """Whether it has not heard of a ledger."""
        return self._does("lags", 0.4)

    def answer(self, request: dict[str, Any], subscriber: "Subscription") -> bytes:
        """The answer to one request, true or not."""
        network = self._network
        command = request.get("command")
        if command != "subscribe" and self._does("refuses", 0.2):
            return _refusal(request, "tooBusy")
        if command == _SUBMIT:
            return self._submitted(request, subscriber)
        if command == "ledger" and self._is_pruned(request.get("ledger_index")):
            return _refusal(request, "lgrNotFound")
        if command == "tx" and self._does("forgets", 0.3):
            return _refusal(request, "txnNotFound", searched_all=self._network.chance.random() < 0.5)
        return network.service.answer_websocket(msgspec.json.encode(request), subscriber)

    def _is_pruned(self, index: object) -> bool:
        return (
            "prunes" in self._faults
            and not self._network.is_calm
            and isinstance(index, int)
            and index < self._network.ledger.closed.index - PRUNED_LEDGERS
        )

    def _submitted(self, request: dict[str, Any], subscriber: "Subscription") -> bytes:
        network = self._network
        blob = bytes.fromhex(request["tx_blob"])
        tx = Transaction.from_blob(blob)
        if network.strikes(network.profile.withheld):
            network.withheld.add(tx.id)
            network.trace.note(self.name, f"{tx.id.hex()[:8]} will never be in a ledger")
        if self._does("forgets", 0.4):
            network.trace.note(self.name, f"takes {tx.id.hex()[:8]} and forgets it")
            return _answer(request, _engine("tesSUCCESS"))
        answer = network.service.answer_websocket(msgspec.json.encode(request), subscriber)
        if self._does("lies", 0.5):
            told = network.chance.choice(_LIES)
            network.trace.note(self.name, f"says {told} of {tx.id.hex()[:8]}")
            return _answer(request, _engine(told))
        return answer


def _engine(result: str) -> dict[str, Any]:
    return {"engine_result": result, "engine_result_message": "", "accepted": True}


def _answer(request: dict[str, Any], result: dict[str, Any]) -> bytes:
    return msgspec.json.encode(
        {"id": request.get("id"), "result": result, "status": "success", "type": "response"}
    )


def _refusal(request: dict[str, Any], error: str, **more: object) -> bytes:
    return msgspec.json.encode(
        {"id": request.get("id"), "error": error, "status": "error", "type": "response", **more}
    )


class Socket:
    """One connection: what the pool sends goes to its node, what the node says comes back, sooner or later."""

    def __init__(self, network: Network, node: FaultyNode, process: Process | None) -> None:
        self._network = network
        self._node = node
        self._process = process
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._subscription = Subscription(self, node)
        self._is_open = True
        self._loop = asyncio.get_running_loop()

    # --- the pool's side ---

    async def send(self, message: bytes, text: bool = True) -> None:
        """Send one request.

        Raises:
            OSError: The connection, or the process, is gone.
        """
        if not self._is_open or (self._process is not None and not self._process.alive):
            raise OSError("the connection is closed")
        network = self._network
        request = msgspec.json.decode(message)
        if request.get("command") == _SUBMIT:
            network.on_submission(self._process, Transaction.from_blob(bytes.fromhex(request["tx_blob"])))
        if network.strikes(network.profile.cut):
            self.shut()
            raise OSError("the connection broke")
        for _ in range(self._copies()):
            self._loop.call_later(self._way_s(), self._arrive, request)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._inbox.get()
            if message is None:
                return
            yield message

    def shut(self) -> None:
        """Close it; whoever reads comes to the end."""
        if self._is_open:
            self._is_open = False
            self._network.service.subscriptions.drop(self._subscription)
            self._inbox.put_nowait(None)

    # --- the node's side ---

    def send_to_client(self, message: bytes) -> None:
        """Put a message on its way back."""
        for _ in range(self._copies()):
            self._loop.call_later(self._way_s(), self._deliver, message)

    def _arrive(self, request: dict[str, Any]) -> None:
        if self._is_open:
            self.send_to_client(self._node.answer(request, self._subscription))

    def _deliver(self, message: bytes) -> None:
        if self._is_open:
            self._inbox.put_nowait(message)

    def _copies(self) -> int:
        network = self._network
        if network.strikes(network.profile.loss):
            return 0
        return 2 if network.strikes(network.profile.repeat) else 1

    def _way_s(self) -> float:
        network = self._network
        if network.strikes(network.profile.late):
            return network.chance.random() * 8
        return 0.001 + network.chance.random() * network.profile.delay_s


class Subscription:
    """What the streams of the ledger write to; see `Socket.send_to_client`."""

    def __init__(self, socket: Socket, node: FaultyNode) -> None:
        self._socket = socket
        self._node = node

    def send(self, message: bytes) -> None:
        """A ledger has closed; a node that lags does not say so at once."""
        if not self._node.lags():
            self._socket.send_to_client(message)


def effects(event: LedgerEvent) -> list[tuple[str, int, str, int, bytes]]:
    """Payments of a closed ledger: sender, drops, result, fee, id."""
    found = []
    for applied in event.transactions:
        fields = applied.tx.fields
        if fields.get("TransactionType") == "Payment" and isinstance(fields.get("Amount"), int):
            sender = encode_account(applied.tx.account)
            found.append((sender, fields["Amount"], applied.result, int(fields["Fee"]), applied.tx.id))
    return found
