"""Several nodes of which one is false, slow or elsewhere: the others are enough, and it is set aside."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from talktalk.ledger.errors import LedgerGap, NodeRefused, NodeUnavailable
from talktalk.ledger.follow import Search, look_up
from talktalk.ledger.health import Reason
from talktalk.ledger.node import Node
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.schemas import Settled
from talktalk.ledger.stream import ledgers, read_ledger
from tests.ledger.relay import Message, Relay
from tests.ledger.test_following import Sender
from xrpl_devnet.devnet import Devnet

pytestmark = pytest.mark.integration


class Net:
    """A ledger closed by hand, and a pool that reaches it through relays."""

    def __init__(self, net: Devnet, relays: list[Relay], pool: NodePool) -> None:
        self.net = net
        self.relays = relays
        self.pool = pool

    async def close(self) -> int:
        """Close a ledger; wait until every connected node has told of it."""
        before = [node.latest for node in self.pool.nodes]
        index = await self.net.accept()
        for node, told in zip(self.pool.nodes, before, strict=True):
            while node.connected and node.latest is told:
                await self.pool.news()
        return index

    def reasons(self) -> list[Reason | None]:
        """What speaks against each."""
        return [self.pool.reason_of(node) for node in self.pool.nodes]


@contextlib.asynccontextmanager
async def _nodes(count: int = 3, *, quorum: int | None = None, **options: Any) -> AsyncIterator[Net]:
    async with Devnet(manual=True, **options) as net, contextlib.AsyncExitStack() as stack:
        relays = [await stack.enter_async_context(Relay(net.ws_url)) for _ in range(count)]
        pool = await stack.enter_async_context(NodePool([relay.url for relay in relays], quorum=quorum))
        while not all(node.latest is not None and node.facts.build_version for node in pool.nodes):
            assert await pool.wait_beyond(0, timeout_s=20)
            await pool.request("ping")
        yield Net(net, relays, pool)


async def _paid(world: Net) -> tuple[str, int]:
    """A payment that failed in a closed ledger: its hash, and the ledger."""
    sender = Sender(world.net)
    await sender.fund()
    too_much = await sender.signed(drops=10**12, last_ledger=world.net.node.closed.index + 20)
    assert await world.pool.submit(too_much.blob)
    return too_much.tx_hash, await world.close()


def _forked(message: Message) -> Message:
    if message.get("type") != "ledgerClosed":
        return message
    return {**message, "ledger_hash": "AB" * 32}


async def test_node_with_another_history_is_set_aside_and_its_ledgers_are_not_read() -> None:
    async with _nodes() as world:
        start, parent = world.net.node.closed.index, world.net.node.closed.hash.hex().upper()
        world.relays[0].on_stream = _forked
        stream = ledgers(world.pool, after=start, parent_hash=parent)
        for _ in range(3):
            index = await world.close()
            ledger = await anext(stream)
            assert (ledger.ledger_index, ledger.ledger_hash) == (
                index,
                world.net.node.closed.hash.hex().upper(),
            )
        assert world.reasons() == [Reason.FORKED, None, None]
        assert world.pool.nodes[0] not in world.pool.ranked
        assert world.pool.counts() == {Reason.FORKED: 1, None: 2}


async def test_node_that_contradicts_a_processed_ledger_is_set_aside_even_alone() -> None:
    async with _nodes(1) as world:
        world.pool.settle(world.net.node.closed.index + 1, "CD" * 32)
        await world.close()
        assert world.reasons() == [Reason.FORKED]
        with pytest.raises(NodeUnavailable):
            await world.pool.request("fee")


async def test_invented_result_in_a_ledger_is_found_out() -> None:
    """The payment failed; one node serves the ledger with its metadata's last byte, the result, changed."""
    async with _nodes() as world:
        lied = []

        def invent(asked: Message, answer: Message) -> Message:
            if asked.get("command") == "ledger" and asked.get("expand"):
                for entry in answer["result"]["ledger"]["transactions"]:
                    entry["meta_blob"] = entry["meta_blob"][:-2] + "00"
                    lied.append(entry["hash"])
            return answer

        tx_hash, index = await _paid(world)
        liar = world.pool.holding(index)[0]
        world.relays[world.pool.nodes.index(liar)].on_answer = invent
        ledger = await read_ledger(world.pool, index)
        assert lied == [tx_hash]
        (taken,) = [each for each in ledger.transactions if each.hash == tx_hash]
        assert taken.result == "tecUNFUNDED_PAYMENT"
        assert world.pool.reason_of(liar) is Reason.LYING
        assert liar not in world.pool.ranked


@pytest.mark.parametrize(
    "falsify",
    [
        lambda ledger: ledger["transactions"].clear(),
        lambda ledger: ledger["transactions"].append(ledger["transactions"][0]),
        lambda ledger: ledger.update(ledger_data="00" * 118),
        lambda ledger: ledger.update(ledger_data="00"),
        lambda ledger: ledger.update(ledger_data=None),
        lambda ledger: ledger.update(transactions=[{"tx_blob": "zz", "meta_blob": ""}]),
        lambda ledger: ledger.pop("transactions"),
    ],
    ids=["hidden", "doubled", "other header", "short header", "no header", "no hex", "no transactions"],
)
async def test_ledger_that_is_not_what_its_hash_says_is_never_taken(falsify: Any) -> None:
    async with _nodes(1) as world:

        def answer_falsely(asked: Message, answer: Message) -> Message:
            if asked.get("command") == "ledger" and asked.get("expand"):
                falsify(answer["result"]["ledger"])
            return answer

        _, index = await _paid(world)
        world.relays[0].on_answer = answer_falsely
        with pytest.raises(LedgerGap):
            await read_ledger(world.pool, index)
        assert world.reasons() == [Reason.LYING]


async def test_newest_ledger_is_what_a_quorum_has_reached() -> None:
    async with _nodes() as world:

        def boast(message: Message) -> Message:
            return {**message, "ledger_index": 10**9, "validated_ledgers": "2-1000000000"}

        world.relays[0].on_stream = boast
        index = await world.close()
        latest = world.pool.latest
        assert latest is not None
        assert latest.ledger_index == index
        assert not await world.pool.wait_beyond(index, timeout_s=0.05)


async def test_too_few_words_on_a_ledger_conclude_nothing() -> None:
    async with _nodes() as world:
        _, index = await _paid(world)
        assert await world.pool.agreed_hash(index) is not None
        for relay in world.relays[1:]:
            relay.refuses = True
            relay.cut()
        while sum(node.connected for node in world.pool.nodes) > 1:
            await world.pool.news()
        await world.net.accept()
        later = index + 1
        while later not in world.pool.nodes[0].hashes:
            await world.pool.news()
        # One of three has it, and nobody else can be asked.
        assert await world.pool.agreed_hash(later) is None
        with pytest.raises(LedgerGap):
            await read_ledger(world.pool, later)
        assert world.pool.latest is not None
        assert world.pool.latest.ledger_index == index


async def test_words_missed_on_the_stream_are_asked_for() -> None:
    async with _nodes() as world:
        for relay in world.relays[1:]:
            relay.on_stream = lambda _: None
        index = await world.net.accept()
        while index not in world.pool.nodes[0].hashes:
            await world.pool.news()
        assert await world.pool.agreed_hash(index) == world.net.node.closed.hash.hex().upper()


async def test_node_of_another_network_is_not_asked() -> None:
    async with _nodes(network_id=2000) as world, Devnet(manual=True, network_id=3000) as elsewhere:
        urls = [relay.url for relay in world.relays[:2]] + [elsewhere.ws_url]
        async with NodePool(urls) as pool:
            pool.network_id = 2000
            while not all(node.facts.build_version for node in pool.nodes):
                await pool.wait_beyond(0, timeout_s=20)
                with contextlib.suppress(NodeUnavailable):
                    await pool.request("ping")
            for _ in range(5):
                await elsewhere.accept()
            assert [pool.reason_of(node) for node in pool.nodes] == [None, None, Reason.OTHER_NETWORK]
            assert pool.nodes[2] not in pool.ranked
            assert pool.latest is not None
            assert pool.latest.ledger_index == world.net.node.closed.index


async def test_blocked_node_is_not_asked_and_comes_back_after_its_upgrade() -> None:
    async with _nodes(2, quorum=1) as world:
        relay, node = world.relays[0], world.pool.nodes[0]

        def blocked(asked: Message, answer: Message) -> Message:
            if asked.get("command") == "server_info":
                answer["result"]["info"]["amendment_blocked"] = True
            return answer

        async def until(reason: Reason | None) -> None:
            relay.cut()
            while not (node.connections > before and world.pool.reason_of(node) is reason):
                await world.pool.request("ping")

        before = node.connections
        relay.on_answer = blocked
        await until(Reason.BLOCKED)
        assert world.pool.ranked == [world.pool.nodes[1]]
        before = node.connections
        relay.on_answer = lambda _, answer: answer
        await until(None)


async def test_pruned_node_is_passed_over_and_not_blamed() -> None:
    async with _nodes() as world:
        _, index = await _paid(world)
        for relay in world.relays[:2]:
            relay.on_answer = lambda asked, answer: (
                {"id": answer["id"], "status": "error", "type": "response", "error": "lgrNotFound"}
                if asked.get("command") == "ledger"
                else answer
            )
        assert (await read_ledger(world.pool, index)).ledger_index == index
        assert world.reasons() == [None, None, None]


async def test_late_node_is_not_waited_for() -> None:
    async with _nodes() as world:
        first = world.pool.ranked[0]
        lost = _loses(world, first, "fee")
        assert (await world.pool.request("fee"))["drops"]["base_fee"] == "10"
        assert len(lost) == 1
        # Its time had not run out: another was simply faster.
        assert first.observed.failures == 0


async def test_ledger_is_read_from_another_node_when_the_first_is_late() -> None:
    async with _nodes() as world:
        index = await world.close()
        first = world.pool.holding(index)[0]
        lost = _loses(world, first, "ledger")
        assert (await read_ledger(world.pool, index)).ledger_index == index
        assert len(lost) == 1
        assert first.observed.failures == 0


async def test_one_silent_node_holds_up_neither_submissions_nor_searches() -> None:
    async with _nodes() as world:
        sender, silent = Sender(world.net), world.pool.nodes[1]
        await sender.fund()
        paid = await sender.signed(last_ledger=world.net.node.closed.index + 20)
        lost = _loses(world, silent, "submit", "tx")
        assert len(await world.pool.submit(paid.blob)) == 2
        index = await world.close()
        found = await look_up(
            world.pool, Search(tx_hash=paid.tx_hash, first_ledger=index - 1, last_ledger=index + 18)
        )
        assert isinstance(found, Settled)
        assert len(lost) == 2
        assert silent.observed.failures == 0


def _loses(world: Net, node: Node, *commands: str) -> list[Message]:
    """Let the node's answers to these be lost; those that were."""
    lost: list[Message] = []

    def lose(asked: Message, answer: Message) -> Message | None:
        if asked.get("command") not in commands:
            return answer
        lost.append(answer)
        return None

    world.relays[world.pool.nodes.index(node)].on_answer = lose
    return lost


async def test_server_that_cannot_is_no_answer_and_a_ledger_that_has_not_is_one() -> None:
    async with _nodes() as world:
        busy = world.pool.ranked[0]
        world.relays[world.pool.nodes.index(busy)].on_answer = lambda asked, answer: (
            {"id": answer["id"], "status": "error", "type": "response", "error": "tooBusy"}
            if asked.get("command") == "fee"
            else answer
        )
        assert "drops" in await world.pool.request("fee")
        asked = []
        for relay in world.relays:

            def count(request: Message) -> Message:
                asked.append(request["command"])
                return request

            relay.on_request = count
        with pytest.raises(NodeRefused, match="actNotFound"):
            await world.pool.request("account_info", account="rrrrrrrrrrrrrrrrrrrrrhoLvTp")
        assert asked.count("account_info") <= len(world.relays)


async def test_node_that_talks_nonsense_costs_only_itself() -> None:
    async with _nodes() as world:
        for nonsense in ({"type": "ledgerClosed"}, {"type": "ledgerClosed", "ledger_index": "many"}, {}):
            told = world.pool.nodes[0].connections

            def babble(_: Message, nonsense: Message = nonsense) -> Message:
                return nonsense

            world.relays[0].on_stream = babble
            await world.net.accept()
            index = world.net.node.closed.index
            while not all(index in node.hashes for node in world.pool.nodes[1:]):
                await world.pool.news()
            assert (await read_ledger(world.pool, index)).ledger_index == index
            assert world.pool.nodes[0].connections >= told


async def test_submission_reaches_several_nodes_under_one_hash() -> None:
    async with _nodes() as world:
        sender = Sender(world.net)
        await sender.fund()
        paid = await sender.signed(last_ledger=world.net.node.closed.index + 20)
        answers = await world.pool.submit(paid.blob)
        assert len(answers) == 3
        index = await world.close()
        ledger = await read_ledger(world.pool, index)
        assert [each.hash for each in ledger.transactions].count(paid.tx_hash) == 1
