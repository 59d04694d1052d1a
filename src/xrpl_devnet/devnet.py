"""The node in a program of ours: for tests, demonstrations and the command line.

    async with Devnet(manual=True) as net:
        await net.fund("rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe", drops=50_000_000)
        await net.accept()
        answer = await net.request("account_info", account="rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe")

`net.rpc_url`, `net.ws_url` and `net.faucet_url` are what clients connect to. With `manual=True` ledgers
close only by `accept` (or the `ledger_accept` method) and time is a `ManualClock`; otherwise they close
every `close_interval_s` seconds.
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

from xrpl_codec.base58 import decode_account
from xrpl_devnet import amendments, faucet
from xrpl_devnet.clock import Clock, ManualClock, SystemClock
from xrpl_devnet.faults import Faults
from xrpl_devnet.ledger.views import Fees
from xrpl_devnet.net.listener import Listener
from xrpl_devnet.node import Node
from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.service import Service
from xrpl_devnet.settings import Settings

LOOPBACK: Final = "127.0.0.1"


class Devnet:
    """A node with its ports. Use it as an asynchronous context manager, or `start` and `stop` it."""

    def __init__(
        self,
        *,
        manual: bool = False,
        close_interval_s: float = 1.0,
        host: str = LOOPBACK,
        rpc_port: int = 0,
        ws_port: int = 0,
        faucet_port: int = 0,
        data: Path | None = None,
        network_id: int = 0,
        base_fee: int = 10,
        reserve_base: int = 1_000_000,
        reserve_increment: int = 200_000,
        enabled: str = "all",
        history: int | None = None,
        clock: Clock | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Prepare a node; nothing is opened yet.

        Args:
            manual: Close ledgers by hand only.
            close_interval_s: Seconds between closes otherwise.
            host: Address to listen on.
            rpc_port: JSON-RPC; 0 takes a free one, as for the others. Every port speaks all protocols.
            ws_port: WebSocket.
            faucet_port: Faucet.
            data: Folder for the ledgers; None keeps them in memory.
            network_id: Above 1024, transactions must carry it.
            base_fee: Drops.
            reserve_base: Drops an account must keep.
            reserve_increment: Drops more for each object it owns.
            enabled: Amendments, as `amendments.parse` reads them.
            history: Closed ledgers to keep; None keeps all.
            clock: What tells the time.
            settings: All of the ledger's settings at once, in place of those above.

        Raises:
            UnknownAmendment: `enabled` names one that no server knows.
        """
        self._manual = manual
        self._close_interval_s = close_interval_s
        self._host = host
        self._ports = (rpc_port, ws_port, faucet_port)
        self.settings = settings or Settings(
            data=data,
            network_id=network_id,
            rules=amendments.parse(enabled),
            fees=Fees(base_fee, reserve_base, reserve_increment),
            history=history,
        )
        self.clock: Clock = clock or (ManualClock() if manual else SystemClock())
        self._node: Node | None = None
        self._service: Service | None = None
        self._listener: Listener | None = None
        self.rpc_url = self.ws_url = self.faucet_url = ""

    async def __aenter__(self) -> "Devnet":
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open the data and the ports.

        Raises:
            StoreError: The data cannot be used.
            PortTaken: A port cannot be opened.
        """
        self._node = Node(self.settings, self.clock)
        self._service = Service(self._node)
        self._listener = Listener(self._service)
        try:
            rpc, ws, faucet_port = [await self._listener.open(self._host, port) for port in self._ports]
        except BaseException:
            await self.stop()
            raise
        self.rpc_url = f"http://{self._host}:{rpc}"
        self.ws_url = f"ws://{self._host}:{ws}"
        self.faucet_url = f"http://{self._host}:{faucet_port}/accounts"
        if not self._manual:
            self._service.start_closing(self._close_interval_s)

    async def stop(self) -> None:
        """Close ports and data. Stopping twice does nothing."""
        if self._service is not None:
            await self._service.stop_closing()
        if self._listener is not None:
            await self._listener.close()
        if self._node is not None:
            self._node.shut_down()
        self._node = self._service = self._listener = None

    @property
    def node(self) -> Node:
        """The node, while it runs."""
        assert self._node is not None, "the node is not running"
        return self._node

    @property
    def service(self) -> Service:
        """The service, while it runs."""
        assert self._service is not None, "the node is not running"
        return self._service

    @property
    def faults(self) -> Faults:
        """What the node does wrong on request."""
        return self.service.faults

    async def restart(self) -> None:
        """Stop and start again on the same ports and data, as after a crash and a repair."""
        ports = [urlsplit(url).port or 0 for url in (self.rpc_url, self.ws_url, self.faucet_url)]
        await self.stop()
        self._ports = (ports[0], ports[1], ports[2])
        await self.start()

    async def accept(self, close_time: int | None = None) -> int:
        """Close the open ledger and return the index of the closed one.

        Args:
            close_time: Seconds of the ripple epoch; by default the clock's.
        """
        return self.node.close(close_time).index

    async def request(self, method: str, /, *, api_version: int = 2, **params: Any) -> dict[str, Any]:
        """Call a method without a socket and return its result.

        Raises:
            RpcError: The method's error.
        """
        return self.service.call(method, {**params, "api_version": api_version})

    async def fund(self, address: str, *, drops: int) -> str:
        """Submit a payment of the genesis account and return its hash; `accept` makes it final.

        Raises:
            RpcError: The payment was refused.
        """
        tx, result = faucet.pay(self.node, decode_account(address), drops)
        if result != "tesSUCCESS":
            raise RpcError(result)
        return tx.id.hex().upper()
