"""Connections to XRPL nodes: one WebSocket a node, kept open, with failover between nodes.

Each node is subscribed to its `ledger` stream, which tells its newest validated ledger and the
range of ledgers it holds. A read goes to the best node first (connected, newest ledger) and
moves on when that one does not answer; a node's definite error (`NodeRefused`) is an answer. A
submission goes to several nodes at once.

Nothing is buffered: a request to a node whose connection drops ends with `NodeUnavailable` and
nothing is known about it.
"""

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from talktalk.ledger.errors import NodeRefused, NodeUnavailable
from talktalk.ledger.schemas import LedgerClosed, SubmitAnswer
from talktalk.platform.tasks import end

API_VERSION = 2
REQUEST_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 5.0
RECONNECT_S_MIN = 0.1
RECONNECT_S_MAX = 10.0
MESSAGE_BYTES_MAX = 256 * 1024 * 1024
"""A whole busy ledger with metadata is tens of megabytes."""
SUBMIT_NODES_MAX = 3
STALE_AFTER_S = 30.0
"""A node that has validated nothing for so long is asked last."""

Connect = Callable[..., AbstractAsyncContextManager[ClientConnection]]

log = logging.getLogger(__name__)


class Node:
    """One node: connects again for as long as `run` runs."""

    def __init__(self, url: str, on_ledger: asyncio.Condition, connect: Connect = connect) -> None:
        self.url = url
        self._connect = connect
        self.latest: LedgerClosed | None = None
        """Its newest validated ledger, on this connection or an earlier one."""
        self.connections = 0
        """How often it was connected to: behind one address stands not always one server."""
        self._latest_at = 0.0
        self._on_ledger = on_ledger
        self._socket: ClientConnection | None = None
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    @property
    def connected(self) -> bool:
        """Whether a request would be sent now."""
        return self._socket is not None

    @property
    def is_fresh(self) -> bool:
        """Whether it has validated a ledger lately."""
        return self.latest is not None and _now() - self._latest_at < STALE_AFTER_S

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        pause_s = RECONNECT_S_MIN
        while True:
            try:
                async with self._connect(
                    self.url,
                    open_timeout=CONNECT_TIMEOUT_S,
                    close_timeout=1,
                    max_size=MESSAGE_BYTES_MAX,
                    compression=None,
                    proxy=None,
                ) as socket:
                    pause_s = RECONNECT_S_MIN
                    await self._serve(socket)
            except (OSError, WebSocketException, TimeoutError, NodeUnavailable, NodeRefused) as error:
                log.debug("ledger node %s: %s", self.url, error)
            await asyncio.sleep(pause_s * (1 + random.random() / 2))  # noqa: S311 - jitter, no secret
            pause_s = min(pause_s * 2, RECONNECT_S_MAX)

    async def request(
        self, command: str, *, timeout_s: float = REQUEST_TIMEOUT_S, **parameters: object
    ) -> dict[str, Any]:
        """Ask this node.

        Returns:
            The `result` of its answer.

        Raises:
            NodeUnavailable: Not connected, connection lost, or no answer in time.
            NodeRefused: It answered with an error.
        """
        socket = self._socket
        if socket is None:
            raise NodeUnavailable(f"{self.url} is not connected")
        number = next(self._ids)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        message = {"id": number, "command": command, "api_version": API_VERSION, **parameters}
        try:
            async with asyncio.timeout(timeout_s):
                await socket.send(msgspec.json.encode(message), text=True)
                body = await answer
        except (TimeoutError, OSError, WebSocketException) as error:
            raise NodeUnavailable(f"{self.url}: {command}: {error!r}") from error
        finally:
            self._waiting.pop(number, None)
        if body.get("status") != "success":
            raise NodeRefused(str(body.get("error", "unknown")), body)
        result: dict[str, Any] = body["result"]
        return result

    def holds(self, first: int, last: int) -> bool:
        """Whether it says it has every ledger from `first` to `last`."""
        if self.latest is None:
            return False
        return any(low <= first and last <= high for low, high in ranges(self.latest.validated_ledgers))

    async def _serve(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.connections += 1
        reader = asyncio.create_task(self._read(socket))
        try:
            answer = await self.request("subscribe", streams=["ledger"])
            if "ledger_index" in answer:
                await self._note(msgspec.convert(answer, LedgerClosed))
            await reader
        finally:
            self._socket = None
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError, WebSocketException):
                await reader
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(NodeUnavailable(f"{self.url}: connection lost"))
            async with self._on_ledger:
                self._on_ledger.notify_all()

    async def _read(self, socket: ClientConnection) -> None:
        async for text in socket:
            message = msgspec.json.decode(text)
            if message.get("type") == "response" or "id" in message:
                waiting = self._waiting.get(message.get("id"))
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
            elif message.get("type") == "ledgerClosed":
                await self._note(msgspec.convert(message, LedgerClosed))

    async def _note(self, closed: LedgerClosed) -> None:
        self.latest = closed
        self._latest_at = _now()
        async with self._on_ledger:
            self._on_ledger.notify_all()


class NodePool:
    """All nodes we may ask. Use as an async context manager; connecting goes on behind it."""

    def __init__(self, urls: Sequence[str], *, connect: Connect = connect) -> None:
        """Args:
        urls: Where the nodes are.
        connect: Opens a WebSocket; the simulation brings one of its own.
        """
        self._on_ledger = asyncio.Condition()
        self.nodes = [Node(url, self._on_ledger, connect) for url in urls]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(node.run()) for node in self.nodes]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await end(self._tasks)

    @property
    def ranked(self) -> list[Node]:
        """Connected nodes, the one to ask first in front."""
        connected = [node for node in self.nodes if node.connected]
        return sorted(
            connected,
            key=lambda node: (
                not node.is_fresh,
                -(node.latest.ledger_index if node.latest is not None else 0),
            ),
        )

    @property
    def connections(self) -> int:
        """How often any node was connected to."""
        return sum(node.connections for node in self.nodes)

    @property
    def latest(self) -> LedgerClosed | None:
        """The newest validated ledger any node told of."""
        known = [node.latest for node in self.nodes if node.latest is not None]
        return max(known, key=lambda closed: closed.ledger_index, default=None)

    async def request(
        self, command: str, *, timeout_s: float = REQUEST_TIMEOUT_S, **parameters: object
    ) -> dict[str, Any]:
        """Ask the nodes in turn until one answers.

        Raises:
            NodeUnavailable: None did.
            NodeRefused: One answered with an error.
        """
        last: NodeUnavailable | None = None
        for node in self.ranked:
            try:
                return await node.request(command, timeout_s=timeout_s, **parameters)
            except NodeUnavailable as error:
                last = error
        raise NodeUnavailable(f"no node answered {command}") from last

    async def submit(self, blob: bytes) -> list[SubmitAnswer]:
        """Send one signed blob to several nodes at once.

        Returns:
            What each node said that answered in time; empty means nothing is known. No answer
            is final.
        """
        text = blob.hex().upper()
        answers = await asyncio.gather(
            *(self._submit_to(node, text) for node in self.ranked[:SUBMIT_NODES_MAX])
        )
        return [answer for answer in answers if answer is not None]

    async def wait_beyond(self, ledger_index: int, *, timeout_s: float) -> bool:
        """Wait until some node has validated a ledger after `ledger_index`; False if in vain."""

        def is_beyond() -> bool:
            return self.latest is not None and self.latest.ledger_index > ledger_index

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._on_ledger:
                await self._on_ledger.wait_for(is_beyond)
        return is_beyond()

    async def _submit_to(self, node: Node, blob: str) -> SubmitAnswer | None:
        try:
            return msgspec.convert(await node.request("submit", tx_blob=blob), SubmitAnswer)
        except NodeRefused as error:
            return SubmitAnswer(engine_result=error.error, engine_result_message=str(error))
        except NodeUnavailable:
            return None


def ranges(complete: str) -> list[tuple[int, int]]:
    """Read `validated_ledgers`: `"empty"`, or runs such as `"2-7,9,11-20"`."""
    runs = []
    for run in complete.split(","):
        low, _, high = run.strip().partition("-")
        if low.isdigit():
            runs.append((int(low), int(high) if high.isdigit() else int(low)))
    return runs


def _now() -> float:
    return asyncio.get_running_loop().time()
