"""What became of a transaction, with nodes that lose, lie or have gaps: never a guess."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from nacl.signing import SigningKey

from talktalk.ledger import transactions
from talktalk.ledger.addresses import address_of
from talktalk.ledger.errors import LedgerForked, LedgerGap, NodeUnavailable
from talktalk.ledger.follow import Search, follow, look_up
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.schemas import Expired, Failed, Pending, Settled, Signed
from talktalk.ledger.stream import ledgers, read_ledger
from tests.ledger.relay import Message, Relay
from xrpl_devnet.devnet import Devnet

pytestmark = pytest.mark.integration

GENESIS = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"


class Sender:
    """A funded account that signs payments."""

    def __init__(self, net: Devnet) -> None:
        self.net = net
        self.key = SigningKey.generate()
        self.public_key = "ED" + bytes(self.key.verify_key).hex().upper()
        self.address = address_of(bytes.fromhex(self.public_key))

    async def fund(self) -> None:
        """Give it 100 XRP."""
        await self.net.fund(self.address, drops=100_000_000)
        await self.net.accept()

    async def signed(self, *, drops: int = 5, last_ledger: int, sequence: int | None = None) -> Signed:
        """A payment to the genesis account."""
        info = await self.net.request("account_info", account=self.address, ledger_index="current")
        draft = transactions.payment(
            account=self.address,
            public_key=self.public_key,
            destination=GENESIS,
            destination_tag=None,
            amount=str(drops),
            sequence=sequence or info["account_data"]["Sequence"],
            fee_drops=10,
            first_ledger=1,
            last_ledger=last_ledger,
            network_id=None,
        )
        message = transactions.SIGNING_PREFIX + draft.blob
        return transactions.attach_signature(draft.blob, self.key.sign(message).signature)


@contextlib.asynccontextmanager
async def _network(relays: int = 1, **options: Any) -> AsyncIterator[tuple[Devnet, list[Relay], NodePool]]:
    """A ledger closed by hand, reached through so many relays."""
    async with Devnet(manual=True, **options) as net, contextlib.AsyncExitStack() as stack:
        between = [await stack.enter_async_context(Relay(net.ws_url)) for _ in range(relays)]
        pool = await stack.enter_async_context(NodePool([relay.url for relay in between]))
        await _caught_up(net, pool)
        yield net, between, pool


async def _caught_up(net: Devnet, pool: NodePool) -> int:
    """Close a ledger; wait until every connected node has told of it."""
    index = await net.accept()
    for node in pool.nodes:
        while node.latest is None or node.latest.ledger_index < index:
            assert await pool.wait_beyond(0, timeout_s=20)
            if node.latest is None or node.latest.ledger_index < index:
                await pool.news()
    return index


async def test_settled_failed_and_pending_are_told_apart() -> None:
    async with _network() as (net, _, pool):
        sender = Sender(net)
        await sender.fund()
        first = net.node.closed.index
        paid = await sender.signed(last_ledger=first + 20)
        search = Search(tx_hash=paid.tx_hash, first_ledger=first, last_ledger=first + 20)
        assert await look_up(pool, search) == Pending(seen=False)
        (answer,) = await pool.submit(paid.blob)
        assert answer.engine_result == "tesSUCCESS"
        # The node says success; no ledger does yet.
        assert await look_up(pool, search) == Pending(seen=True)
        index = await _caught_up(net, pool)
        assert await look_up(pool, search) == Settled(ledger_index=index, fee_drops=10)
        too_much = await sender.signed(drops=10**12, last_ledger=first + 20)
        await pool.submit(too_much.blob)
        index = await _caught_up(net, pool)
        search = Search(tx_hash=too_much.tx_hash, first_ledger=first, last_ledger=first + 20)
        outcome = await follow(pool, search)
        assert outcome == Failed(ledger_index=index, fee_drops=10, result="tecUNFUNDED_PAYMENT")


async def test_expired_only_after_the_last_ledger_on_complete_history() -> None:
    async with _network() as (net, (relay,), pool):
        sender = Sender(net)
        await sender.fund()
        first = net.node.closed.index
        never_sent = await sender.signed(last_ledger=first + 3)
        search = Search(tx_hash=never_sent.tx_hash, first_ledger=first, last_ledger=first + 3)
        for _ in range(2):
            await _caught_up(net, pool)
            assert await look_up(pool, search) == Pending(seen=False)

        def gap(asked: Message, answer: Message) -> Message:
            if asked.get("command") == "tx" and "error" in answer:
                return {**answer, "searched_all": False}
            return answer

        relay.on_answer = gap
        await _caught_up(net, pool)
        # The window has passed, but this node has not looked everywhere: nothing is known.
        with pytest.raises(LedgerGap):
            await look_up(pool, search)
        relay.on_answer = lambda _, answer: answer
        assert await look_up(pool, search) == Expired(last_ledger=first + 3)


async def test_found_in_the_last_ledger_of_its_window_is_settled() -> None:
    async with _network() as (net, _, pool):
        sender = Sender(net)
        await sender.fund()
        first = net.node.closed.index
        paid = await sender.signed(last_ledger=first + 1)
        await pool.submit(paid.blob)
        index = await _caught_up(net, pool)
        assert index == first + 1
        await _caught_up(net, pool)
        search = Search(tx_hash=paid.tx_hash, first_ledger=first, last_ledger=first + 1)
        assert await look_up(pool, search) == Settled(ledger_index=index, fee_drops=10)


def _never(asked: Message, answer: Message) -> Message:
    """The lie that it was nowhere."""
    if asked.get("command") != "tx":
        return answer
    lie = {"status": "error", "type": "response", "error": "txnNotFound", "searched_all": True}
    return {"id": answer["id"], **lie}


def _silent(asked: Message, answer: Message) -> Message | None:
    return None if asked.get("command") == "tx" else answer


async def test_end_counts_when_a_quorum_tells_the_same() -> None:
    async with _network(relays=3) as (net, (liar, other, _), pool):
        for node in pool.nodes:
            setattr(node, "request", _quick(node.request))  # noqa: B010 - a method is replaced
        sender = Sender(net)
        await sender.fund()
        first = net.node.closed.index
        paid = await sender.signed(last_ledger=first + 2)
        await pool.submit(paid.blob)
        for _ in range(3):
            await _caught_up(net, pool)
        search = Search(tx_hash=paid.tx_hash, first_ledger=first, last_ledger=first + 2)
        liar.on_answer = _never
        # Two found it, one says never: two of three are enough.
        assert isinstance(await look_up(pool, search), Settled)
        other.on_answer = _silent
        # One found it, one says never: who is right is not known here.
        with pytest.raises(LedgerGap):
            await look_up(pool, search)
        other.on_answer = lambda _, answer: answer
        # A single node that says it was found ends nothing either.
        unsent = await sender.signed(last_ledger=first + 2)
        search = Search(tx_hash=unsent.tx_hash, first_ledger=first, last_ledger=first + 2)

        def found(asked: Message, answer: Message) -> Message:
            if asked.get("command") != "tx":
                return answer
            body = {"hash": unsent.tx_hash, "validated": True, "ledger_index": first + 1}
            body |= {"tx_json": {"Fee": "10"}, "meta": {"TransactionResult": "tesSUCCESS"}}
            return {"id": answer["id"], "status": "success", "type": "response", "result": body}

        liar.on_answer = found
        assert await look_up(pool, search) == Expired(last_ledger=first + 2)
        other.on_answer = _silent
        with pytest.raises(LedgerGap):
            await look_up(pool, search)


async def test_answers_that_make_no_sense_are_dropped() -> None:
    async with _network() as (net, (relay,), pool):
        sender = Sender(net)
        await sender.fund()
        first = net.node.closed.index
        paid = await sender.signed(last_ledger=first + 2)
        await pool.submit(paid.blob)
        await _caught_up(net, pool)
        search = Search(tx_hash=paid.tx_hash, first_ledger=first, last_ledger=first + 2)
        lies: list[dict[str, Any]] = [
            {"hash": "00" * 32},
            {"ledger_index": first + 9},
            {"ledger_index": first},
        ]
        for lie in lies:

            def falsify(asked: Message, answer: Message, lie: dict[str, Any] = lie) -> Message:
                if asked.get("command") != "tx":
                    return answer
                return {**answer, "result": {**answer["result"], **lie}}

            relay.on_answer = falsify
            with pytest.raises(NodeUnavailable):
                await look_up(pool, search)


async def test_lost_connection_ends_requests_and_comes_back() -> None:
    async with _network() as (net, (relay,), pool):
        relay.on_answer = lambda _, __: relay.cut()  # loses the answer too
        with pytest.raises(NodeUnavailable):
            await pool.request("server_info")
        relay.on_answer = lambda _, answer: answer
        index = await _caught_up(net, pool)
        assert pool.latest is not None
        assert pool.latest.ledger_index == index
        assert (await pool.request("server_info"))["info"]["validated_ledger"]["seq"] == index


async def test_every_ledger_comes_once_and_in_order_across_cuts() -> None:
    async with _network(relays=2) as (net, (one, other), pool):
        start = net.node.closed.index
        got: list[int] = []
        stream = ledgers(pool, after=start, parent_hash=net.node.closed.hash.hex().upper())
        for turn in range(12):
            await net.accept()
            if turn % 3 == 1:
                one.cut()
            if turn % 4 == 2:
                other.cut()
            got.append((await anext(stream)).ledger_index)
        assert got == list(range(start + 1, start + 13))


async def test_history_of_another_network_is_refused() -> None:
    async with _network() as (net, _, pool):
        stream = ledgers(pool, after=net.node.closed.index, parent_hash="AB" * 32)
        await _caught_up(net, pool)
        with pytest.raises(LedgerForked):
            await anext(stream)


async def test_ledger_nobody_holds_is_a_gap() -> None:
    async with _network() as (net, _, pool):
        with pytest.raises(LedgerGap):
            await read_ledger(pool, net.node.closed.index + 100)


def _quick(request: Any) -> Any:
    async def asked(command: str, **parameters: Any) -> Any:
        return await request(command, **{**parameters, "timeout_s": 0.5})

    return asked
