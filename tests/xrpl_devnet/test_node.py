"""The node as a program of ours uses it: closing, history, restart, determinism, refusals."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xrpl_devnet.signing import key, payment, signed
from xrpl_codec.keys import genesis_key
from xrpl_devnet import Devnet, ManualClock, RpcError, Settings
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.keylets import skip_list
from xrpl_devnet.node import Node
from xrpl_devnet.rpc.registry import METHODS
from xrpl_devnet.store import StoreError
from xrpl_devnet.tx.transaction import Transaction

GENESIS = genesis_key()
ALICE, BOB = key(1), key(2)


async def _submit(net: Devnet, blob: str, **params: Any) -> str:
    answer = await net.request("submit", tx_blob=blob, **params)
    result: str = answer["engine_result"]
    return result


async def _balance(net: Devnet, address: str) -> int:
    answer = await net.request("account_info", account=address, ledger_index="validated")
    return int(answer["account_data"]["Balance"])


async def test_a_payment_makes_an_account_and_is_final_after_the_close() -> None:
    async with Devnet(manual=True) as net:
        assert await _submit(net, payment(GENESIS, ALICE, 50_000_000, 1)) == "tesSUCCESS"
        with pytest.raises(RpcError, match="actNotFound"):
            await _balance(net, ALICE.address)
        index = await net.accept()
        found = await net.request("account_info", account=ALICE.address, ledger_index=index)
        assert found["account_data"]["Balance"] == "50000000"
        assert found["account_data"]["Sequence"] == index
        assert found["validated"] is True


async def test_ledgers_chain_and_remember_each_other() -> None:
    async with Devnet(manual=True) as net:
        before = net.node.closed
        for _ in range(300):
            await net.accept()
        ledger = net.node.closed
        assert ledger.index == before.index + 300
        recent = ledger.read(skip_list())
        assert recent is not None
        assert len(recent["Hashes"]) == 256
        assert recent["Hashes"][-1] == ledger.header.parent_hash
        assert recent["LastLedgerSequence"] == ledger.index - 1
        flag = ledger.read(skip_list(256))
        assert flag is not None
        found = net.node.store.header(256)
        assert found is not None
        assert flag["Hashes"] == [found[1]]


async def test_old_ledgers_are_read_as_they_were() -> None:
    async with Devnet(manual=True, settings=Settings(recent_states=2)) as net:
        await net.fund(ALICE.address, drops=100_000_000)
        first = await net.accept()
        for _ in range(5):
            await net.fund(ALICE.address, drops=1)
            await net.accept()
        for later in range(6):
            answer = await net.request("account_info", account=ALICE.address, ledger_index=first + later)
            assert answer["account_data"]["Balance"] == str(100_000_000 + later)
        old = net.node.ledger(first)
        assert old is not None
        assert old.state.hash() == old.header.account_hash


async def test_history_is_pruned_and_the_state_stays() -> None:
    async with Devnet(manual=True, history=20) as net:
        await net.fund(ALICE.address, drops=100_000_000)
        for _ in range(64):
            await net.accept()
        low, high = net.node.complete_range()
        assert high - low < 40
        assert await _balance(net, ALICE.address) == 100_000_000
        with pytest.raises(RpcError, match="lgrNotFound"):
            await net.request("ledger", ledger_index=5)


async def test_a_restarted_node_goes_on_where_it_was(tmp_path: Path) -> None:
    async with Devnet(manual=True, data=tmp_path) as net:
        await net.fund(ALICE.address, drops=100_000_000)
        await net.accept()
        await _submit(net, payment(ALICE, BOB, 20_000_000, 3))
        await net.accept()
        await net.fund(BOB.address, drops=1)
        closed = net.node.closed
    async with Devnet(manual=True, data=tmp_path) as net:
        assert net.node.closed.hash == closed.hash
        assert net.node.closed.state.hash() == closed.header.account_hash
        assert await _balance(net, BOB.address) == 20_000_000
        history = await net.request("account_tx", account=ALICE.address)
        assert len(history["transactions"]) == 2
        assert await net.accept() == closed.index + 1


async def test_two_nodes_may_not_share_a_folder(tmp_path: Path) -> None:
    async with Devnet(manual=True, data=tmp_path):
        with pytest.raises(StoreError):
            await Devnet(manual=True, data=tmp_path).start()


async def test_the_same_transactions_give_the_same_ledgers() -> None:
    hashes = []
    for _ in range(2):
        async with Devnet(manual=True, clock=ManualClock(800_000_000)) as net:
            for number in range(1, 9):
                await _submit(net, payment(GENESIS, key(number), 40_000_000, number))
            await net.accept()
            for number in range(1, 9):
                await _submit(net, payment(key(number), key(9 - number), number, 3))
            await net.accept()
            hashes.append(net.node.closed.hash)
    assert hashes[0] == hashes[1]


async def test_a_close_time_of_ours_is_taken_as_it_is() -> None:
    async with Devnet(manual=True) as net:
        later = net.node.closed.close_time + 12_345
        await net.accept(close_time=later)
        assert net.node.closed.close_time == later
        await net.accept(close_time=later - 100)
        assert net.node.closed.close_time == later + 1


async def test_an_unfunded_fee_charges_nothing_and_fail_hard_keeps_nothing() -> None:
    async with Devnet(manual=True) as net:
        blob = payment(ALICE, BOB, 1, 5)
        assert await _submit(net, blob, fail_hard=True) == "terNO_ACCOUNT"
        assert len(net.node.local) == 0
        assert await _submit(net, blob) == "terNO_ACCOUNT"
        assert len(net.node.local) == 1


async def test_a_held_transaction_follows_the_one_it_waits_for() -> None:
    async with Devnet(manual=True) as net:
        await net.fund(ALICE.address, drops=100_000_000)
        await net.accept()
        assert await _submit(net, payment(ALICE, GENESIS, 2, 4)) == "terPRE_SEQ"
        assert await _submit(net, payment(ALICE, GENESIS, 1, 3)) == "tesSUCCESS"
        root = await net.request("account_info", account=ALICE.address)
        assert root["account_data"]["Sequence"] == 5


async def test_a_second_submission_of_a_malformed_transaction_is_refused_at_once() -> None:
    async with Devnet(manual=True) as net:
        await net.fund(ALICE.address, drops=100_000_000)
        await net.accept()
        blob = payment(ALICE, BOB, 0, 3)
        assert await _submit(net, blob) == "temBAD_AMOUNT"
        assert await _submit(net, blob) == "temBAD_SIGNATURE"


@pytest.mark.parametrize(
    ("network_id", "fields", "result"),
    [
        (0, {"NetworkID": 0}, "telNETWORK_ID_MAKES_TX_NON_CANONICAL"),
        (2000, {}, "telREQUIRES_NETWORK_ID"),
        (2000, {"NetworkID": 2001}, "telWRONG_NETWORK"),
        (2000, {"NetworkID": 2000}, "tesSUCCESS"),
    ],
)
async def test_network_ids(network_id: int, fields: dict[str, int], result: str) -> None:
    async with Devnet(manual=True, network_id=network_id) as net:
        assert await _submit(net, payment(GENESIS, ALICE, 10_000_000, 1, **fields)) == result


async def test_a_type_that_is_not_here_or_switched_off_is_disabled() -> None:
    async with Devnet(manual=True, enabled="-TicketBatch") as net:
        blob = signed(GENESIS, TransactionType="TicketCreate", TicketCount=1, Sequence=1)
        assert await _submit(net, blob) == "temDISABLED"
        blob = signed(GENESIS, TransactionType="NFTokenMint", NFTokenTaxon=0, Sequence=1)
        assert await _submit(net, blob) == "temDISABLED"


async def test_the_faucet_answers_as_public_ones_do() -> None:
    async with Devnet(manual=True) as net, httpx.AsyncClient() as client:
        answer = await client.post(net.faucet_url, json={})
        account = answer.json()["account"]
        assert account["address"] == account["classicAddress"]
        assert account["secret"] == answer.json()["seed"]
        given = {"destination": ALICE.address, "xrpAmount": "25"}
        assert (await client.post(net.faucet_url, json=given)).json()["amount"] == 25
        await net.accept()
        assert await _balance(net, ALICE.address) == 25_000_000
        assert await _balance(net, account["address"]) == 1_000_000_000
        refused: tuple[Any, ...] = ({"destination": "x"}, {"xrpAmount": "-1"}, {"xrpAmount": 1e9}, [])
        for bad in refused:
            assert (await client.post(net.faucet_url, json=bad)).status_code == 400


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(-1, 60_000_000), st.integers(0, 6)),
        max_size=25,
    )
)
def test_no_sequence_of_payments_makes_or_loses_xrp(
    moves: list[tuple[int, int, int, int]],
) -> None:
    node = Node(Settings(), ManualClock())
    people = [GENESIS, *(key(number) for number in range(1, 5))]
    for count, (source, target, drops, ahead) in enumerate(moves):
        sequence = max(node.open.index + ahead - 3, 0)
        blob = payment(people[source], people[target], max(drops, 0), sequence)
        node.submit(Transaction.from_blob(bytes.fromhex(blob)))
        if count % 4 == 3:
            node.close()
    ledger = node.close()
    total = 0
    for index, stored in ledger.state.items():
        fields = Entry.from_blob(index, stored)
        if fields["LedgerEntryType"] == "AccountRoot":
            assert fields["Balance"] >= 0
            total += fields["Balance"]
    assert total == ledger.header.drops
    node.shut_down()


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["account", "ledger_index", "marker", "limit", "tx_blob", "id", "streams"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


async def test_no_request_stops_the_node_or_shows_its_insides() -> None:
    async with Devnet(manual=True) as net:
        names = sorted(METHODS)

        @settings(deadline=None, max_examples=400)
        @given(st.sampled_from(names), st.dictionaries(st.text(max_size=8), GARBAGE) | GARBAGE)
        def attempt(name: str, params: Any) -> None:
            chosen = params if isinstance(params, dict) else {"account": params, "marker": params}
            token = ""
            try:
                json.dumps(net.service.call(name, {**chosen, "api_version": 2}))
            except RpcError as error:
                token = error.token
            assert token != "internal", (name, chosen)

        attempt()
        assert (await net.request("ping")) == {"role": "admin"}
