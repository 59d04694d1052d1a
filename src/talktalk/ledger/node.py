"""One connection to one XRPL node, kept open: requests, its `ledger` stream, and how it is doing.

Nothing is buffered: a request to a node whose connection drops ends with `NodeUnavailable` and nothing is
known about it. `server_info` is asked every `PROBE_S`, so that a node that stopped answering, was upgraded
or left the network is noticed while nobody asks it anything.
"""

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from talktalk.ledger.errors import NodeRefused, NodeUnavailable
from talktalk.ledger.health import Facts, Latency, Observed, Trust
from talktalk.ledger.schemas import LedgerClosed
from talktalk.platform.tasks import end

API_VERSION = 2
REQUEST_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 5.0
RECONNECT_S_MIN = 0.1
RECONNECT_S_MAX = 10.0
PROBE_S = 10.0
MESSAGE_BYTES_MAX = 256 * 1024 * 1024
"""A whole busy ledger with metadata is tens of megabytes."""
HASHES_MAX = 1024
"""Ledgers of which a node's word is remembered."""

Connect = Callable[..., AbstractAsyncContextManager[ClientConnection]]

log = logging.getLogger(__name__)


class Node:
    """One node: connects again for as long as `run` runs."""

    def __init__(self, url: str, on_closed: "Callable[[Node, LedgerClosed | None], None]", connect: Connect):
        """Args:
        url: Where it is.
        on_closed: Told of each ledger it validated, and with None of a lost connection.
        connect: Opens a WebSocket.
        """
        self.url = url
        self.latest: LedgerClosed | None = None
        """Its newest validated ledger, on this connection or an earlier one."""
        self.connections = 0
        """How often it was connected to: behind one address stands not always one server."""
        self.hashes: dict[int, str] = {}
        """Its word on the newest ledgers it told of."""
        self.facts = Facts()
        self.latency = Latency()
        self.trust = Trust()
        self._failures = 0
        self._latest_at = 0.0
        self._on_closed = on_closed
        self._connect = connect
        self._socket: ClientConnection | None = None
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    @property
    def connected(self) -> bool:
        """Whether a request would be sent now."""
        return self._socket is not None

    @property
    def observed(self) -> Observed:
        """What there is to judge it by."""
        now = _now()
        return Observed(
            connected=self.connected,
            facts=self.facts,
            distrust=self.trust.reason(now),
            failures=self._failures,
            ledger_index=self.latest.ledger_index if self.latest is not None else None,
            silent_s=now - self._latest_at,
        )

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
            except (msgspec.MsgspecError, TypeError, ValueError, LookupError, AttributeError) as error:
                log.warning("ledger node %s says what makes no sense: %r", self.url, error)
            await asyncio.sleep(pause_s * (1 + random.random() / 2))  # noqa: S311 - jitter, no secret
            pause_s = min(pause_s * 2, RECONNECT_S_MAX)

    async def request(
        self, command: str, *, timeout_s: float = REQUEST_TIMEOUT_S, **parameters: object
    ) -> dict[str, Any]:
        """Ask this node.

        Returns:
            The `result` of its answer.

        Raises:
            NodeUnavailable: Not connected, connection lost, no answer in time, or none that makes sense.
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
            self._failures += 1
            raise NodeUnavailable(f"{self.url}: {command}: {error!r}") from error
        finally:
            self._waiting.pop(number, None)
        self._failures = 0
        if body.get("status") != "success":
            raise NodeRefused(str(body.get("error", "unknown")), body)
        result = body.get("result")
        if not isinstance(result, dict):
            raise NodeUnavailable(f"{self.url}: {command}: an answer without a result")
        return result

    def holds(self, first: int, last: int) -> bool:
        """Whether it says it has every ledger from `first` to `last`."""
        if self.latest is None:
            return False
        return any(low <= first and last <= high for low, high in ranges(self.latest.validated_ledgers))

    def remember(self, ledger_index: int, ledger_hash: str) -> None:
        """Its word on a ledger; the last one counts."""
        self.hashes[ledger_index] = ledger_hash
        while len(self.hashes) > HASHES_MAX:
            del self.hashes[min(self.hashes)]

    async def _serve(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.connections += 1
        reader = asyncio.create_task(self._read(socket))
        prober: asyncio.Task[None] | None = None
        try:
            answer = await self.request("subscribe", streams=["ledger"])
            if "ledger_index" in answer:
                self._note(msgspec.convert(answer, LedgerClosed))
            prober = asyncio.create_task(self._probe())
            await reader
        finally:
            self._socket = None
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(NodeUnavailable(f"{self.url}: connection lost"))
            await end(task for task in (reader, prober) if task is not None)
            self._on_closed(self, None)

    async def _probe(self) -> None:
        while True:
            with contextlib.suppress(NodeUnavailable, NodeRefused):
                self.facts = facts_in(await self.request("server_info"), self.facts)
            await asyncio.sleep(PROBE_S)

    async def _read(self, socket: ClientConnection) -> None:
        async for text in socket:
            message = msgspec.json.decode(text)
            if message.get("type") == "response" or "id" in message:
                waiting = self._waiting.get(message.get("id"))
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
            elif message.get("type") == "ledgerClosed":
                self._note(msgspec.convert(message, LedgerClosed))

    def _note(self, closed: LedgerClosed) -> None:
        self.latest = closed
        self._latest_at = _now()
        if closed.network_id is not None:
            self.facts = msgspec.structs.replace(self.facts, network_id=closed.network_id)
        self.remember(closed.ledger_index, closed.ledger_hash)
        self._on_closed(self, closed)


def ranges(complete: str) -> list[tuple[int, int]]:
    """Read `validated_ledgers`: `"empty"`, or runs such as `"2-7,9,11-20"`."""
    runs = []
    for run in complete.split(","):
        low, _, high = run.strip().partition("-")
        if low.isdigit():
            runs.append((int(low), int(high) if high.isdigit() else int(low)))
    return runs


def facts_in(found: dict[str, Any], before: Facts) -> Facts:
    """What an answer to `server_info` says, of rippled or Clio; what it does not say stays as it was."""
    info = found.get("info")
    if not isinstance(info, dict):
        return before
    network_id = info.get("network_id")
    return Facts(
        build_version=str(info.get("build_version") or info.get("rippled_version") or ""),
        network_id=network_id if isinstance(network_id, int) else before.network_id,
        amendment_blocked=info.get("amendment_blocked") is True,
        server_state=str(info.get("server_state", "")),
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
