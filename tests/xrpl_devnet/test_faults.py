"""The node misbehaves when asked to, exactly so, and behaves again afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.xrpl_devnet.signing import key, payment
from xrpl_devnet.devnet import Devnet
from xrpl_devnet.faults import FaultError
from xrpl_devnet.rpc.errors import RpcError

ALICE, BOB = key(1), key(2)


@asynccontextmanager
async def two_people(net: Devnet) -> AsyncIterator[None]:
    """Alice and Bob with 100 XRP each."""
    async with net:
        for person in (ALICE, BOB):
            await net.fund(person.address, drops=100_000_000)
        await net.accept()
        yield


async def one_xrp(net: Devnet, **fields: Any) -> str:
    """A signed payment of Alice to Bob."""
    root = (await net.request("account_info", account=ALICE.address))["account_data"]
    sequence = fields.pop("Sequence", root["Sequence"])
    return payment(ALICE, BOB, 1_000_000, sequence, **fields)


async def pay(net: Devnet, **fields: Any) -> dict[str, Any]:
    return await net.request("submit", tx_blob=await one_xrp(net, **fields))


async def balance(net: Devnet) -> int:
    """Bob's drops in the validated ledger."""
    answer = await net.request("account_info", account=BOB.address, ledger_index="validated")
    return int(answer["account_data"]["Balance"])


async def post_submit(net: Devnet, blob: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        body = {"method": "submit", "params": [{"tx_blob": blob}]}
        return await client.post(net.rpc_url, json=body)


async def test_a_lost_submission_never_reaches_the_node() -> None:
    async with two_people(net := Devnet(manual=True)):
        net.faults.set({"lose_submissions": 1})
        blob = await one_xrp(net)
        with pytest.raises(httpx.RemoteProtocolError):
            await post_submit(net, blob)
        await net.accept()
        assert await balance(net) == 100_000_000
        assert (await post_submit(net, blob)).json()["result"]["engine_result"] == "tesSUCCESS"


async def test_a_lost_answer_hides_a_submission_that_counts() -> None:
    async with two_people(net := Devnet(manual=True)):
        net.faults.set({"drop_answers": 1})
        with pytest.raises(httpx.RemoteProtocolError):
            await post_submit(net, await one_xrp(net))
        await net.accept()
        assert await balance(net) == 101_000_000


async def test_a_withheld_transaction_is_taken_and_never_validated() -> None:
    async with two_people(net := Devnet(manual=True)):
        net.faults.set({"withhold": [ALICE.address]})
        last = net.node.open.index + 1
        submitted = await pay(net, LastLedgerSequence=last)
        assert submitted["engine_result"] == "tesSUCCESS"
        first = net.node.closed.index
        for _ in range(4):
            await net.accept()
        net.faults.reset()
        await net.accept()
        with pytest.raises(RpcError) as refused:
            await net.request("tx", transaction=submitted["hash"], min_ledger=first, max_ledger=last)
        assert refused.value.token == "txnNotFound"
        assert refused.value.extra["searched_all"] is True
        assert await balance(net) == 100_000_000


async def test_hidden_history_is_never_called_complete() -> None:
    async with two_people(net := Devnet(manual=True)):
        submitted = await pay(net)
        held = await net.accept()
        await net.accept()
        net.faults.set({"hidden_ledgers": [[held, held]]})
        info = await net.request("server_info")
        assert info["info"]["complete_ledgers"] == f"2-{held - 1},{held + 1}"
        with pytest.raises(RpcError) as refused:
            await net.request("tx", transaction=submitted["hash"], min_ledger=held - 1, max_ledger=held + 1)
        assert refused.value.token == "txnNotFound"
        assert refused.value.extra["searched_all"] is False
        with pytest.raises(RpcError):
            await net.request("ledger", ledger_index=held)
        history = await net.request("account_tx", account=BOB.address)
        assert history["ledger_index_min"] == held + 1
        net.faults.reset()
        assert (await net.request("tx", transaction=submitted["hash"]))["validated"] is True


async def test_an_expensive_network_refuses_the_base_fee() -> None:
    async with two_people(net := Devnet(manual=True)):
        net.faults.set({"fee_factor": 50})
        assert (await net.request("fee"))["drops"]["open_ledger_fee"] == "500"
        assert (await pay(net))["engine_result"] == "telINSUF_FEE_P"
        assert (await pay(net, Fee=500))["engine_result"] == "tesSUCCESS"


async def test_an_amendment_can_be_switched_off_and_on() -> None:
    async with two_people(net := Devnet(manual=True)):
        net.faults.set({"disabled_amendments": ["TicketBatch"]})
        await net.accept()
        feature = await net.request("feature", feature="TicketBatch")
        assert not next(iter(feature.values()))["enabled"]
        blob = await one_xrp(net, Sequence=0, TicketSequence=1)
        assert (await net.request("submit", tx_blob=blob))["engine_result"] == "temMALFORMED"
        net.faults.reset()
        await net.accept()
        feature = await net.request("feature", feature="TicketBatch")
        assert next(iter(feature.values()))["enabled"]


async def test_streams_are_cut_and_can_be_opened_again() -> None:
    async with two_people(net := Devnet(manual=True)):
        async with connect(net.ws_url) as socket:
            await socket.send('{"command":"subscribe","streams":["ledger"]}')
            await socket.recv()
            net.faults.disconnect()
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        async with connect(net.ws_url) as socket:
            await socket.send('{"command":"ping"}')
            assert "success" in str(await socket.recv())


async def test_a_restart_from_disk_keeps_ports_ledgers_and_balances(tmp_path: Path) -> None:
    async with two_people(net := Devnet(manual=True, data=tmp_path)):
        await pay(net)
        held = await net.accept()
        before = net.node.closed.hash
        address = net.ws_url
        await net.restart()
        assert net.ws_url == address
        assert (net.node.closed.index, net.node.closed.hash) == (held, before)
        assert await balance(net) == 101_000_000


async def test_faults_travel_over_an_admin_port_and_bad_ones_change_nothing() -> None:
    async with two_people(net := Devnet(manual=True)):
        answer = await net.request("devnet_faults", fee_factor=3)
        assert answer["fee_factor"] == 3
        for wrong in ({"fee_factor": 0}, {"nonsense": 1}, {"disabled_amendments": ["Nothing"]}):
            with pytest.raises(RpcError):
                await net.request("devnet_faults", **wrong)
            with pytest.raises(FaultError):
                net.faults.set(wrong)
        assert (await net.request("devnet_faults"))["fee_factor"] == 3
        assert (await net.request("devnet_faults", reset=True))["fee_factor"] == 1
