"""The nodes we may ask, together: whom to ask, how many must agree, and who is set aside.

- **Reads** go to the node that is well and answers fastest; after the time it usually takes, the next is
  asked as well, and the first answer counts. A definite error (`actNotFound`) is an answer; one that only
  says that this server cannot (`tooBusy`, `lgrNotFound`) sends us on.
- **Submissions** go to several nodes at once: it is one blob and one hash, however often it arrives.
- **Which ledger is the ledger** is never one node's word where several are configured: a hash counts when
  a `quorum` of them names it for that index, by default more than half of all that are configured. So a
  minority may lie, lag or be down; when too few answer, nothing is concluded.
- **Who speaks against the quorum**, or against a ledger we have processed, gave what does not hash to what
  it says, or stands in another network, is set aside (`health.Reason`) and comes back when it is well.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import msgspec
from websockets.asyncio.client import connect

from talktalk.ledger.errors import LedgerError, NodeRefused, NodeUnavailable
from talktalk.ledger.health import FALSE, SOFT, Reason, judge
from talktalk.ledger.node import HASHES_MAX, REQUEST_TIMEOUT_S, Connect, Node
from talktalk.ledger.schemas import LedgerClosed, SubmitAnswer
from talktalk.platform.tasks import end, until_enough

SUBMIT_NODES_MAX = 3
ASK_NODES_MAX = 4
"""Nodes one read is sent to at most."""
CANNOT: Final = frozenset(
    {
        "amendmentBlocked",
        "failedToForward",
        "forbidden",
        "internal",
        "lgrNotFound",
        "ledgerNotFound",
        "noClosed",
        "noCurrent",
        "noNetwork",
        "noPermission",
        "notReady",
        "notSupported",
        "notSynced",
        "reportingUnsupported",
        "slowDown",
        "tooBusy",
        "unknownCmd",
    }
)
"""Refusals that speak of the server, not of the ledger: another may know."""

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class NodePool:
    """All nodes we may ask. Use as an async context manager; connecting goes on behind it."""

    def __init__(
        self, urls: Sequence[str], *, quorum: int | None = None, connect: Callable[..., Any] = connect
    ) -> None:
        """Args:
        urls: Where the nodes are.
        quorum: How many must name a ledger's hash; None: more than half of them.
        connect: Opens a WebSocket; the simulation brings one of its own.
        """
        opener: Connect = connect
        self.nodes = [Node(url, self._heard, opener) for url in urls]
        self.quorum = quorum if quorum is not None else len(self.nodes) // 2 + 1
        self.network_id: int | None = None
        """The network we are on, once known: set by who has processed ledgers of it."""
        self._settled: dict[int, str] = {}
        """Hashes of ledgers that are beyond doubt."""
        self._reasons: dict[str, Reason | None] = {}
        self._news = asyncio.Event()
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
    def connections(self) -> int:
        """How often any node was connected to."""
        return sum(node.connections for node in self.nodes)

    @property
    def latest(self) -> LedgerClosed | None:
        """The newest validated ledger that a quorum of nodes has reached; None if too few told of any."""
        told = [node.latest for node in self.nodes if node.latest is not None and not self._is_false(node)]
        if len(told) < self.quorum:
            return None
        told.sort(key=lambda closed: closed.ledger_index, reverse=True)
        return told[self.quorum - 1]

    @property
    def ranked(self) -> list[Node]:
        """Nodes that may be asked, the one to ask first in front."""
        usable = []
        for node in self.nodes:
            reason = self.reason_of(node)
            if reason is None or reason in SOFT:
                usable.append((reason is not None, node.latency.mean_s, node))
        return [node for *_, node in sorted(usable, key=lambda each: each[:2])]

    def holding(self, ledger_index: int) -> list[Node]:
        """As `ranked`, those in front that say they hold this ledger."""
        return sorted(self.ranked, key=lambda node: not node.holds(ledger_index, ledger_index))

    def reason_of(self, node: Node) -> Reason | None:
        """What speaks against a node now; None if nothing does."""
        latest = self.latest
        return judge(
            node.observed,
            newest=latest.ledger_index if latest is not None else None,
            network_id=self.network_id,
        )

    def counts(self) -> Counter[Reason | None]:
        """How many nodes there are for each reason, None for those that are well."""
        return Counter(self.reason_of(node) for node in self.nodes)

    def distrust(self, node: Node, reason: Reason, why: str) -> None:
        """Set a node aside that was caught."""
        log.error("ledger node %s is set aside (%s): %s", node.url, reason, why)
        node.trust.lose(reason, _now())
        self._tell()

    def settle(self, ledger_index: int, ledger_hash: str) -> None:
        """Take a hash as beyond doubt, and judge every node by its word on it."""
        self._settled[ledger_index] = ledger_hash
        while len(self._settled) > HASHES_MAX:
            del self._settled[min(self._settled)]
        for node in self.nodes:
            said = node.hashes.get(ledger_index)
            if said == ledger_hash:
                node.trust.agree()
            elif said is not None:
                self._caught(node, ledger_index)

    async def agreed_hash(self, ledger_index: int) -> str | None:
        """The hash that a quorum of nodes names for a validated ledger; None if too few name one.

        Those that have not told it by their stream are asked.
        """
        if (agreed := self._tally(ledger_index)) is None:
            silent = [
                node
                for node in self.nodes
                if node.connected and not self._is_false(node) and ledger_index not in node.hashes
            ]
            parts = (self._ask_hash(node, ledger_index) for node in silent)
            await until_enough(parts, lambda _: self._tally(ledger_index) is not None)
            agreed = self._tally(ledger_index)
        if agreed is not None and ledger_index not in self._settled:
            self.settle(ledger_index, agreed)
        return agreed

    async def request(
        self, command: str, *, timeout_s: float = REQUEST_TIMEOUT_S, **parameters: object
    ) -> dict[str, Any]:
        """Ask the best node, and the next one when it is late or cannot; the first answer counts.

        Raises:
            NodeUnavailable: None answered.
            NodeRefused: One answered with an error.
        """
        nodes = self.ranked[:ASK_NODES_MAX]
        if len(nodes) == 1:
            return await nodes[0].request(command, timeout_s=timeout_s, **parameters)

        def ask(node: Node) -> Awaitable[dict[str, Any]]:
            return node.request(command, timeout_s=timeout_s, **parameters)

        return await self.first_answer(nodes, ask, _is_the_servers_own)

    async def first_answer(
        self,
        nodes: Sequence[Node],
        ask: Callable[[Node], Awaitable[Answer]],
        is_passed_over: Callable[[LedgerError], bool],
    ) -> Answer:
        """Ask the first node, and the next one as well when it is late or cannot; the first answer counts.

        Args:
            nodes: Whom to ask, in order.
            ask: Asks one.
            is_passed_over: Whether to go on to the next node after this error;
                silence is always passed over.

        Raises:
            NodeUnavailable: None answered.
            LedgerError: Any other that `ask` raises: at once if it is not passed over, else when it was the last.
        """
        asked: list[asyncio.Task[Answer]] = []
        refused: LedgerError | None = None
        last: NodeUnavailable | None = None
        try:
            for turn, node in enumerate(nodes):
                asked.append(asyncio.create_task(_timed(node, ask)))
                is_last = turn == len(nodes) - 1
                while waiting := [task for task in asked if not task.done()]:
                    patience_s = None if is_last else node.latency.hedge_after_s
                    done, _ = await asyncio.wait(
                        waiting, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
                    )
                    for task in waiting:
                        if task not in done:
                            continue
                        try:
                            return task.result()
                        except NodeUnavailable as error:
                            last = error
                        except LedgerError as error:
                            if not is_passed_over(error):
                                raise
                            refused = error
                    if not is_last:
                        break
        finally:
            if left := [task for task in asked if not task.done()]:
                await end(left)
        if refused is not None:
            raise refused
        raise NodeUnavailable("no node answered") from last

    async def submit(self, blob: bytes) -> list[SubmitAnswer]:
        """Send one signed blob to several nodes at once.

        Returns:
            What each node said that answered in time; empty means nothing is known. No answer
            is final. Once one has answered, the others are waited for only as long as they usually take.
        """
        text = blob.hex().upper()
        nodes = self.ranked[:SUBMIT_NODES_MAX]
        usual_s = max((node.latency.hedge_after_s for node in nodes), default=0.0)
        parts = (self._submit_to(node, text) for node in nodes)
        answers = await until_enough(parts, any, patience_s=usual_s)
        return [answer for answer in answers if answer is not None]

    async def wait_beyond(self, ledger_index: int, *, timeout_s: float) -> bool:
        """Wait until a quorum has validated a ledger after `ledger_index`; False if in vain."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self._is_beyond(ledger_index):
                    await self.news()
        return self._is_beyond(ledger_index)

    async def news(self) -> None:
        """Wait until a node tells of a ledger, or loses its connection."""
        await self._news.wait()

    def _is_beyond(self, ledger_index: int) -> bool:
        latest = self.latest
        return latest is not None and latest.ledger_index > ledger_index

    def _is_false(self, node: Node) -> bool:
        """Whether its words count for nothing."""
        return judge(node.observed, newest=None, network_id=self.network_id) in FALSE

    def _heard(self, node: Node, closed: LedgerClosed | None) -> None:
        if closed is not None:
            settled = self._settled.get(closed.ledger_index)
            if settled is None:
                if (agreed := self._tally(closed.ledger_index)) is not None:
                    self.settle(closed.ledger_index, agreed)
            elif settled == closed.ledger_hash:
                node.trust.agree()
            else:
                self._caught(node, closed.ledger_index)
        self._tell()
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _caught(self, node: Node, ledger_index: int) -> None:
        if node.trust.reason(_now()) is None:
            self.distrust(node, Reason.FORKED, f"it names another hash for ledger {ledger_index}")
        else:
            node.trust.lose(Reason.FORKED, _now())

    def _tell(self) -> None:
        """Log whose reason has changed."""
        for node in self.nodes:
            reason = self.reason_of(node)
            if self._reasons.get(node.url, Reason.UNREACHABLE) is not reason:
                log.info("ledger node %s: %s", node.url, reason or f"well, {node.facts.build_version}")
                self._reasons[node.url] = reason

    def _tally(self, ledger_index: int) -> str | None:
        # A node in distrust counts here as well: that a quorum names one hash cannot be its doing alone,
        # and were it left out, two honest nodes that a third accuses would have to be told apart first.
        words = Counter(
            node.hashes[ledger_index]
            for node in self.nodes
            if ledger_index in node.hashes and self._is_ours(node)
        )
        for ledger_hash, count in words.most_common(1):
            if count >= self.quorum:
                return ledger_hash
        return None

    def _is_ours(self, node: Node) -> bool:
        return self.network_id is None or node.facts.network_id in (None, self.network_id)

    async def _ask_hash(self, node: Node, ledger_index: int) -> None:
        try:
            found = await node.request("ledger", ledger_index=ledger_index)
        except (NodeUnavailable, NodeRefused):
            return
        ledger_hash = found.get("ledger_hash")
        if found.get("validated") is True and isinstance(ledger_hash, str):
            node.remember(ledger_index, ledger_hash)

    async def _submit_to(self, node: Node, blob: str) -> SubmitAnswer | None:
        try:
            return msgspec.convert(await node.request("submit", tx_blob=blob), SubmitAnswer)
        except NodeRefused as error:
            return SubmitAnswer(engine_result=error.error, engine_result_message=str(error))
        except (NodeUnavailable, msgspec.ValidationError):
            return None


def _is_the_servers_own(error: LedgerError) -> bool:
    return isinstance(error, NodeRefused) and error.error in CANNOT


async def _timed(node: Node, ask: Callable[[Node], Awaitable[Answer]]) -> Answer:
    """One node's answer; how long it took, or had taken when another was faster, is noted."""
    began = _now()
    took_s_min = 0.0
    try:
        return await ask(node)
    except NodeUnavailable:
        # That a connection broke at once is no sign of speed.
        took_s_min = node.latency.mean_s
        raise
    finally:
        node.latency.note(max(_now() - began, took_s_min))


def _now() -> float:
    return asyncio.get_running_loop().time()
