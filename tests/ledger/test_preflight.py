"""A draft is asked of the ledger before a person is: refusals are said in words, nothing else stops it."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktalk.ledger import errors, transactions
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.preflight import REFUSALS, WOULD_FAIL, refusal
from talktalk.ledger.service import Ledger
from tests.ledger.relay import Message, Relay
from tests.ledger.test_following import GENESIS, Sender
from xrpl_codec.fields import RESULT_CODES
from xrpl_devnet.devnet import Devnet

pytestmark = pytest.mark.integration
NOBODY = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf"


@contextlib.asynccontextmanager
async def _ledger(**options: Any) -> AsyncIterator[tuple[Devnet, Relay, Ledger, Sender]]:
    async with (
        Devnet(manual=True, **options) as net,
        Relay(net.ws_url) as relay,
        NodePool([relay.url]) as pool,
    ):
        sender = Sender(net)
        await sender.fund()
        assert await pool.wait_beyond(0, timeout_s=20)
        yield net, relay, Ledger(pool, network="test"), sender


def _draft(
    sender: Sender, *, to: str = GENESIS, drops: int = 5, sequence: int = 1, last_ledger: int = 90
) -> bytes:
    return transactions.payment(
        account=sender.address,
        public_key=sender.public_key,
        destination=to,
        destination_tag=None,
        amount=str(drops),
        sequence=sequence,
        fee_drops=10,
        first_ledger=1,
        last_ledger=last_ledger,
        network_id=None,
    ).blob


async def test_refusals_are_typed_and_numbers_are_no_matter() -> None:
    async with _ledger() as (_, _, ledger, sender):
        # Neither a number others hold before it, nor one used long ago, is a reason.
        for sequence in (1, 3, 99):
            await ledger.preflight(_draft(sender, sequence=sequence))
        with pytest.raises(errors.WouldBeUnfunded, match="tecUNFUNDED_PAYMENT"):
            await ledger.preflight(_draft(sender, drops=10**12))
        with pytest.raises(errors.PayeeNotOnLedger, match="tecNO_DST_INSUF_XRP"):
            await ledger.preflight(_draft(sender, to=NOBODY))
        # What has aged is drawn up anew; that is no refusal.
        await ledger.preflight(_draft(sender, last_ledger=1))


async def test_account_that_is_not_there_yet_is_no_refusal() -> None:
    async with _ledger() as (net, _, ledger, _):
        await ledger.preflight(_draft(Sender(net)))


async def test_disabled_amendment_is_said_and_asked_for_again() -> None:
    async with _ledger(enabled="all,-MPTokensV1") as (_, relay, ledger, sender):
        assert not await ledger.enabled("MPTokensV1")
        asked = []

        def listen(message: Message) -> Message:
            asked.append(message["command"])
            return message

        relay.on_request = listen
        fields = {"TransactionType": "MPTokenIssuanceCreate", "Account": sender.address, "Flags": 0}
        draft = transactions.draft(
            fields,
            public_key=sender.public_key,
            sequence=1,
            fee_drops=10,
            first_ledger=1,
            last_ledger=90,
            network_id=None,
        )
        with pytest.raises(errors.NotOnThisNetwork):
            await ledger.preflight(draft.blob)
        assert not await ledger.enabled("MPTokensV1")
        assert asked == ["simulate", "ledger_entry"]


async def test_node_without_simulate_is_fine_and_not_asked_again() -> None:
    async with _ledger() as (_, relay, ledger, sender):
        asked = []

        def old(request: Message, answer: Message) -> Message:
            if request.get("command") != "simulate":
                return answer
            asked.append(request)
            return {"id": answer["id"], "status": "error", "type": "response", "error": "unknownCmd"}

        relay.on_answer = old
        await ledger.preflight(_draft(sender, drops=10**12))
        await ledger.preflight(_draft(sender, drops=10**12))
        assert len(asked) == 1


async def test_node_that_cannot_be_asked_stops_nothing() -> None:
    async with _ledger() as (_, relay, ledger, sender):
        relay.refuses = True
        relay.cut()
        await ledger.preflight(_draft(sender, drops=10**12))


async def test_asking_leaves_the_ledger_as_it_was() -> None:
    async with _ledger() as (net, _, ledger, sender):
        before = await net.request("account_info", account=sender.address, ledger_index="current")
        await ledger.preflight(_draft(sender, drops=10_000_000))
        after = await net.request("account_info", account=sender.address, ledger_index="current")
        assert before["account_data"] == after["account_data"]


@given(st.sampled_from(sorted(RESULT_CODES)))
def test_every_result_there_is_has_a_meaning(result: str) -> None:
    refused = refusal(result)
    if result.startswith(("tes", "ter", "tel")):
        assert refused is None
    else:
        assert refused is None or refused in WOULD_FAIL


def test_results_named_here_are_results_the_ledger_knows() -> None:
    assert set(REFUSALS) <= set(RESULT_CODES)
