"""Methods that read ledgers, accounts and books: what the recordings do not show of their options and errors."""

import json
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.xrpl_devnet.signing import key, payment, signed
from tests.xrpl_devnet.test_books import ISSUER, MAKER, TAKER, ask, market, submit, usd
from xrpl_devnet.devnet import Devnet

ALICE, BOB = key(11), key(12)


async def answer(net: Devnet, method: str, **params: Any) -> Any:
    """The whole answer of a method, errors too."""
    async with connect(net.ws_url) as socket:
        return await ask(socket, command=method, **params)


async def v1(net: Devnet, method: str, **params: Any) -> Any:
    """A method's result in API version 1."""
    return await net.request(method, api_version=1, **params)


async def people(net: Devnet) -> None:
    for person in (ALICE, BOB):
        await net.fund(person.address, drops=1_000_000_000)
    await net.accept()


async def test_the_first_page_of_a_ledgers_state_holds_its_header() -> None:
    async with Devnet(manual=True) as net:
        await people(net)
        first = await v1(net, "ledger_data", ledger_index="validated", limit=2)
        assert first["ledger"]["ledger_hash"] == first["ledger_hash"]
        assert first["ledger"]["ledger_index"] == str(first["ledger_index"])
        assert len(first["state"]) == 2
        second = await net.request("ledger_data", ledger_index="validated", limit=2, marker=first["marker"])
        assert "ledger" not in second
        assert second["state"][0]["index"] > first["state"][-1]["index"]
        binary = await net.request("ledger_data", ledger_index="validated", binary=True)
        assert set(binary["ledger"]) == {"closed", "ledger_data"}
        current = await net.request("ledger_data")
        assert current["ledger_index"] == current["ledger_current_index"]
        assert current["ledger_hash"] == first["ledger_hash"]
        assert current["ledger"]["closed"] is False


async def test_a_state_page_of_nothing_leads_on() -> None:
    async with Devnet(manual=True) as net:
        empty = await net.request("ledger_data", ledger_index="validated", limit=0)
        assert empty["state"] == []
        assert (await net.request("ledger_data", ledger_index="validated", marker=empty["marker"]))["state"]
        wrong = await answer(net, "ledger_data", limit="2")
        assert wrong["error_message"] == "Invalid field 'limit', not integer."


async def test_a_ledger_shows_its_entries_and_what_makers_of_offers_have() -> None:
    async with Devnet(manual=True) as net:
        await market(net)
        shown = await net.request(
            "ledger",
            ledger_index="validated",
            transactions=True,
            expand=True,
            owner_funds=True,
            accounts=True,
        )
        ledger = shown["ledger"]
        funds = [tx.get("owner_funds") for tx in ledger["transactions"]]
        assert [text for text in funds if text is not None] == ["100"]
        assert {entry["LedgerEntryType"] for entry in ledger["accountState"]} >= {"AccountRoot", "Offer"}
        plain = (await net.request("ledger", ledger_index="validated", accounts=True))["ledger"]
        assert plain["accountState"] == [entry["index"] for entry in ledger["accountState"]]
        full = (await net.request("ledger", ledger_index="validated", full=True))["ledger"]
        assert full["accountState"] == ledger["accountState"]
        assert len(full["transactions"]) == len(ledger["transactions"])
        binary = await net.request("ledger", ledger_index="validated", accounts=True, binary=True)
        assert set(binary["ledger"]["accountState"][0]) == {"hash", "tx_blob"}


async def test_headers_have_their_old_names_in_version_1_only() -> None:
    async with Devnet(manual=True) as net:
        old = await v1(net, "ledger", ledger_index="validated")
        new = await net.request("ledger", ledger_index="validated")
        names = {"accepted", "hash", "seqNum", "totalCoins"}
        assert names <= set(old["ledger"])
        assert set(old["ledger"]) - set(new["ledger"]) == names
        assert new["ledger"]["ledger_index"] == 2


async def test_only_the_open_ledger_has_a_queue() -> None:
    async with Devnet(manual=True) as net:
        assert "queue_data" not in await net.request("ledger", ledger_index="current", queue=True)
        closed = await answer(net, "ledger", ledger_index="validated", queue=True)
        assert closed["error"] == "invalidParams"


async def test_a_transaction_entry_has_metadata_as_the_ledger_holds_it() -> None:
    async with Devnet(manual=True) as net:
        await people(net)
        blob = payment(ALICE, BOB, 5, 3)
        found = await v1(net, "submit", tx_blob=blob)
        await net.accept()
        tx_hash = found["tx_json"]["hash"]
        entry = await v1(net, "transaction_entry", tx_hash=tx_hash, ledger_index="validated")
        assert "delivered_amount" not in entry["metadata"]
        tx = await v1(net, "tx", transaction=tx_hash)
        assert tx["meta"].pop("delivered_amount") == "5"
        assert entry["metadata"] == tx["meta"]


async def test_pages_of_history_say_their_limit() -> None:
    async with Devnet(manual=True) as net:
        await people(net)
        old = await v1(net, "account_tx", account=ALICE.address)
        assert old["limit"] == 0
        new = await net.request("account_tx", account=ALICE.address, binary=True)
        assert new["limit"] == 200
        assert set(new["transactions"][0]) == {"ledger_index", "meta_blob", "tx_blob", "validated"}


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("account_objects", {"marker": "x"}, "Invalid field 'marker'."),
        ("account_objects", {"marker": 5}, "Invalid field 'marker', not string."),
        ("account_objects", {"type": 5}, "Invalid field 'type', not string."),
        ("account_lines", {"marker": "x"}, "Invalid parameters."),
        ("account_lines", {"limit": 0, "api_version": 2}, "Invalid field 'limit'."),
        ("account_tx", {"binary": "yes", "api_version": 2}, "Invalid field 'binary'."),
    ],
)
async def test_what_is_wrong_with_a_page_is_named(method: str, params: dict[str, Any], message: str) -> None:
    async with Devnet(manual=True) as net:
        await people(net)
        refused = await answer(net, method, account=ALICE.address, **params)
        assert (refused["error"], refused["error_message"]) == ("invalidParams", message)


@pytest.mark.parametrize("method", ["account_objects", "account_offers", "account_currencies"])
async def test_an_unknown_account_is_told_without_a_ledger(method: str) -> None:
    async with Devnet(manual=True) as net:
        refused = await answer(net, method, account=ALICE.address)
        assert refused["error"] == "actNotFound"
        assert "ledger_current_index" not in refused


async def test_entries_that_stand_alone_are_found_by_their_kind() -> None:
    async with Devnet(manual=True) as net:
        await net.accept(2)
        state = (await net.request("ledger_data", ledger_index="validated"))["state"]
        index = {entry["LedgerEntryType"]: entry["index"] for entry in state}
        for name, kind in (("amendments", "Amendments"), ("fee", "FeeSettings"), ("hashes", "LedgerHashes")):
            found = await net.request("ledger_entry", **{name: index[kind]}, ledger_index="validated")
            assert found["node"]["LedgerEntryType"] == kind
        wrong = await answer(net, "ledger_entry", fee=index["Amendments"], ledger_index="validated")
        assert wrong["error"] == "unexpectedLedgerType"


async def test_the_server_stream_begins_with_the_server() -> None:
    async with Devnet(manual=True) as net, connect(net.ws_url) as socket:
        told = (await ask(socket, command="subscribe", streams=["server"]))["result"]
        assert set(told) == {
            "hostid",
            "load_base",
            "load_factor",
            "pubkey_node",
            "random",
            "server_status",
            "stand_alone",
        }


async def test_a_proposed_transaction_is_told_to_all_it_names() -> None:
    async with Devnet(manual=True) as net, connect(net.ws_url) as socket:
        await market(net)
        await ask(socket, command="subscribe", accounts_proposed=[ISSUER.address, BOB.address])
        await submit(net, TAKER, TransactionType="Payment", Destination=MAKER.account, Amount=1)
        await submit(net, MAKER, TransactionType="Payment", Destination=TAKER.account, Amount=usd(1))
        told = json.loads(await socket.recv())
        assert told["transaction"]["Amount"]["issuer"] == ISSUER.address
        root = (await net.request("account_info", account=TAKER.address))["account_data"]
        await net.request(
            "submit",
            tx_blob=signed(
                TAKER,
                TransactionType="SetRegularKey",
                RegularKey=BOB.account,
                Sequence=root["Sequence"],
            ),
        )
        told = json.loads(await socket.recv())
        assert told["transaction"]["RegularKey"] == BOB.address


async def test_a_snapshot_shows_what_is_validated() -> None:
    async with Devnet(manual=True) as net, connect(net.ws_url) as socket:
        await market(net)
        await submit(net, MAKER, TransactionType="OfferCreate", TakerPays=usd(1), TakerGets=1_000_000)
        dollars = {"currency": "USD", "issuer": ISSUER.address}
        sold = {"taker_pays": {"currency": "XRP"}, "taker_gets": dollars, "snapshot": True}
        bought = {"taker_pays": dollars, "taker_gets": {"currency": "XRP"}, "snapshot": True}
        told = await ask(socket, command="subscribe", books=[sold, bought])
        assert len(told["result"]["offers"]) == 1
        bad = {"taker_pays": {"currency": "XRP"}, "taker_gets": {}}
        refused = await ask(socket, command="subscribe", books=[bad])
        assert refused["error"] == "dstAmtMalformed"


async def test_a_simulation_says_what_would_have_been() -> None:
    async with Devnet(manual=True) as net:
        await people(net)
        wanted = {
            "TransactionType": "Payment",
            "Account": ALICE.address,
            "Destination": BOB.address,
            "Amount": "7",
        }
        found = await net.request("simulate", tx_json=wanted)
        assert found["engine_result_message"] == "The simulated transaction would have been applied."
        assert found["tx_json"]["Amount"] == "7"
        assert len(found["tx_json"]["hash"]) == 64
        again = await net.request("simulate", tx_json=wanted, binary=True)
        from_blob = await net.request("simulate", tx_blob=again["tx_blob"])
        assert from_blob["tx_json"] == found["tx_json"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "Neither `tx_blob` nor `tx_json` included."),
        ({"tx_blob": "00", "tx_json": {}}, "Can only include one of `tx_blob` and `tx_json`."),
        ({"tx_blob": "00"}, "Invalid field 'tx_blob'."),
        ({"tx_json": []}, "Invalid field 'tx_json', not object."),
        ({"tx_json": {}}, "Missing field 'tx.TransactionType'."),
        ({"tx_json": {}, "binary": 1}, "Invalid field 'binary'."),
    ],
)
async def test_what_cannot_be_simulated_is_named(params: dict[str, Any], message: str) -> None:
    async with Devnet(manual=True) as net:
        refused = await answer(net, "simulate", **params)
        assert (refused["error"], refused["error_message"]) == ("invalidParams", message)


async def test_the_newest_transactions_of_all_are_listed_in_version_1() -> None:
    async with Devnet(manual=True) as net:
        await people(net)
        newest = await net.fund(ALICE.address, drops=1_000_000)
        await net.accept()
        listed = await v1(net, "tx_history", start=0)
        assert listed["txs"][0]["hash"] == newest
        assert (listed["index"], len(listed["txs"])) == (0, 3)
        assert len((await v1(net, "tx_history", start=2))["txs"]) == 1
        assert (await answer(net, "tx_history", start=0, api_version=2))["error"] == "unknownCmd"
        assert (await answer(net, "tx_history"))["error"] == "invalidParams"


async def test_an_offer_is_told_with_what_its_maker_has() -> None:
    async with Devnet(manual=True) as net, connect(net.ws_url) as socket:
        await market(net)
        await ask(socket, command="subscribe", streams=["transactions_proposed"])
        await submit(net, MAKER, TransactionType="OfferCreate", TakerPays=1_000_000, TakerGets=usd(3))
        proposed = json.loads(await socket.recv())
        assert (proposed["validated"], proposed["transaction"]["owner_funds"]) == (False, "100")
        await net.accept()
        told = json.loads(await socket.recv())
        assert (told["validated"], told["transaction"]["owner_funds"]) == (True, "100")


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"streams": ["book_changes"]}, "malformedStream"),
        ({"account_history_tx_stream": {"account": ALICE.address}}, "notSupported"),
    ],
)
async def test_streams_that_are_absent_are_refused(params: dict[str, Any], error: str) -> None:
    async with Devnet(manual=True) as net:
        assert (await answer(net, "subscribe", **params))["error"] == error


async def test_a_full_page_of_objects_leads_on_to_whatever_follows() -> None:
    async with Devnet(manual=True) as net:
        await market(net)
        both = (await net.request("account_objects", account=MAKER.address))["account_objects"]
        assert {entry["LedgerEntryType"] for entry in both} == {"Offer", "RippleState"}
        first = {"account": MAKER.address, "type": both[0]["LedgerEntryType"], "limit": 1}
        page = await net.request("account_objects", **first)
        assert page["account_objects"] == both[:1]
        rest = await net.request("account_objects", **first, marker=page["marker"])
        assert rest["account_objects"] == []
        assert "marker" not in rest


async def test_fee_limits_of_signing_are_checked() -> None:
    async with Devnet(manual=True) as net:
        await people(net)
        wanted = {"TransactionType": "AccountSet", "Account": ALICE.address}
        secret = {"seed_hex": f"{11:032X}", "key_type": "ed25519"}
        refused = await answer(net, "sign", **secret, tx_json=wanted, fee_div_max=0)
        assert refused["error_message"] == "Invalid field 'fee_div_max', not a positive integer."
        refused = await answer(net, "sign", **secret, tx_json=wanted, fee_mult_max=0)
        assert refused["error"] == "highFee"


async def test_what_sign_for_answers_can_be_signed_on_and_submitted() -> None:
    async with Devnet(manual=True) as net:
        await people(net)
        await net.fund(MAKER.address, drops=1_000_000_000)
        await net.accept()
        entries = [{"SignerEntry": {"Account": one.account, "SignerWeight": 1}} for one in (ALICE, BOB)]
        await submit(net, MAKER, TransactionType="SignerListSet", SignerQuorum=2, SignerEntries=entries)
        await net.accept()
        root = (await v1(net, "account_info", account=MAKER.address))["account_data"]
        tx = {
            "TransactionType": "AccountSet",
            "Account": MAKER.address,
            "Sequence": root["Sequence"],
            "Fee": "30",
        }
        for number, person, kind in ((11, ALICE, "ed25519"), (12, BOB, "secp256k1")):
            secret = {"seed_hex": f"{number:032X}", "key_type": kind}
            tx = (await v1(net, "sign_for", account=person.address, tx_json=tx, **secret))["tx_json"]
            assert len(tx["hash"]) == 64
        done = await v1(net, "submit_multisigned", tx_json=tx)
        assert done["engine_result"] == "tesSUCCESS"
        assert done["tx_json"]["hash"] == tx["hash"]
        refused = await answer(net, "submit_multisigned", tx_json={**tx, "hash": "x"})
        assert refused["error_message"] == "Field 'tx_json.hash' has invalid data."


async def test_a_search_through_an_empty_ledger_is_complete_in_version_2_only() -> None:
    async with Devnet(manual=True) as net:
        await people(net)
        await net.accept()
        unknown = {"transaction": "AB" * 32, "min_ledger": 3}
        full = await answer(net, "tx", **unknown, max_ledger=3)
        through_empty = await answer(net, "tx", **unknown, max_ledger=4)
        assert (full["searched_all"], through_empty["searched_all"]) == (True, False)
        assert (await answer(net, "tx", **unknown, max_ledger=4, api_version=2))["searched_all"] is True
        assert (await answer(net, "tx", **unknown, max_ledger=5, api_version=2))["searched_all"] is False
