"""What is enabled is what the validated ledger says, read again when that may have changed."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from talktalk.ledger.amendments import FLAG_LEDGERS, NATIVE_BATCH, amendment_id
from talktalk.ledger.errors import LedgerUnavailable
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.service import Ledger
from tests.ledger.relay import Relay
from xrpl_devnet.devnet import Devnet

pytestmark = pytest.mark.integration


class Asked:
    """Counts what reaches the node."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Pass on."""
        self.count += asked["command"] == "ledger_entry"
        return asked


@contextlib.asynccontextmanager
async def _ledger(**options: Any) -> AsyncIterator[tuple[Devnet, Relay, Ledger]]:
    async with (
        Devnet(manual=True, **options) as net,
        Relay(net.ws_url) as relay,
        NodePool([relay.url]) as pool,
    ):
        assert await pool.wait_beyond(0, timeout_s=20)
        yield net, relay, Ledger(pool, network="test")


async def _close_to(net: Devnet, pool: NodePool, index: int) -> None:
    while net.node.closed.index < index:
        await net.accept()
    assert await pool.wait_beyond(index - 1, timeout_s=20)


def test_ids_are_those_the_network_publishes() -> None:
    assert amendment_id("BatchV1_1") == "9F287AED3CDB50A7BD1ACEC24296A30C9B5230CCD136219317AC790E3B884377"
    assert amendment_id("fixBatchV1_2") == "14A2B45E48A4A124D1BBA657AC7B0DC3D5EA8C256C89E8F0D8142D32960A7944"
    assert amendment_id("9f" + "00" * 31) == "9F" + "00" * 31


async def test_what_the_ledger_has_on_is_known_by_name_and_id_and_read_once() -> None:
    async with _ledger(enabled="all,-TokenEscrow,-fixBatchV1_2") as (_, relay, ledger):
        relay.on_request = asked = Asked()
        assert await ledger.enabled("MPTokensV1", "Credentials")
        assert await ledger.enabled(amendment_id("BatchV1_1").lower())
        assert not await ledger.enabled("TokenEscrow")
        # Half of what a native Batch needs is none, and the withdrawn one never counts.
        assert not await ledger.enabled(*NATIVE_BATCH)
        assert not await ledger.enabled("Batch")
        assert not await ledger.enabled("NoSuchAmendment")
        assert asked.count == 1


async def test_network_without_any_amendment_has_none_on() -> None:
    async with _ledger(enabled="none") as (_, _, ledger):
        assert not await ledger.enabled("Checks")
        assert await ledger.enabled()


async def test_change_is_seen_after_a_flag_ledger_after_reconnecting_and_when_told() -> None:
    async with _ledger(enabled="all,-Credentials") as (net, relay, ledger):
        assert await ledger.enabled("TokenEscrow")
        net.faults.set({"disabled_amendments": ["TokenEscrow"]})
        await _close_to(net, ledger.pool, net.node.closed.index + 1)
        assert await ledger.enabled("TokenEscrow")
        ledger.amendments.forget()
        assert not await ledger.enabled("TokenEscrow")

        net.faults.reset()
        await _close_to(net, ledger.pool, FLAG_LEDGERS + 1)
        assert await ledger.enabled("TokenEscrow")

        net.faults.set({"disabled_amendments": ["TokenEscrow"]})
        before = ledger.pool.connections
        relay.cut()
        await _close_to(net, ledger.pool, FLAG_LEDGERS + 2)
        assert ledger.pool.connections > before
        assert not await ledger.enabled("TokenEscrow")


async def test_without_an_answer_what_was_known_stays_and_nothing_is_made_up() -> None:
    async with _ledger() as (_, relay, ledger):
        relay.on_answer = lambda asked, answer: (
            {"id": answer["id"], "status": "error", "type": "response", "error": "tooBusy"}
            if asked.get("command") == "ledger_entry"
            else answer
        )
        with pytest.raises(LedgerUnavailable):
            await ledger.enabled("TokenEscrow")
        relay.on_answer = lambda _, answer: answer
        assert await ledger.enabled("TokenEscrow")
        relay.refuses = True
        relay.cut()
        ledger.amendments.forget()
        assert await ledger.enabled("TokenEscrow")
