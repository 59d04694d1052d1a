"""Order books over the API: snapshots, live offers, standing searches for paths."""

import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.xrpl_devnet.signing import key, signed
from xrpl_codec.amounts import IssuedAmount
from xrpl_devnet.devnet import Devnet

USD = bytes(12) + b"USD" + bytes(5)
ISSUER, MAKER, TAKER = key(1), key(2), key(3)


def usd(value: int) -> IssuedAmount:
    return IssuedAmount.of(value, 0, USD, ISSUER.account)


async def submit(net: Devnet, signer: Any, **fields: Any) -> None:
    root = (await net.request("account_info", account=signer.address))["account_data"]
    blob = signed(signer, Sequence=root["Sequence"], **fields)
    assert (await net.request("submit", tx_blob=blob))["engine_result"] == "tesSUCCESS"


async def market(net: Devnet) -> None:
    """A maker who sells dollars for XRP."""
    for person in (ISSUER, MAKER, TAKER):
        await net.fund(person.address, drops=1_000_000_000)
    await net.accept()
    await submit(net, ISSUER, TransactionType="AccountSet", SetFlag=8)
    await submit(net, MAKER, TransactionType="TrustSet", LimitAmount=usd(1000))
    await submit(net, TAKER, TransactionType="TrustSet", LimitAmount=usd(1000))
    await submit(net, ISSUER, TransactionType="Payment", Destination=MAKER.account, Amount=usd(100))
    await submit(net, MAKER, TransactionType="OfferCreate", TakerPays=50_000_000, TakerGets=usd(10))
    await net.accept()


async def ask(socket: ClientConnection, **request: Any) -> Any:
    await socket.send(json.dumps(request))
    return json.loads(await socket.recv())


async def test_a_book_is_shown_at_once_and_then_told_of() -> None:
    async with Devnet(manual=True) as net, connect(net.ws_url) as socket:
        await market(net)
        dollars = {"currency": "USD", "issuer": ISSUER.address}
        book = {"taker_pays": {"currency": "XRP"}, "taker_gets": dollars, "both": True, "snapshot": True}
        answer = await ask(socket, command="subscribe", books=[book])
        assert [offer["quality"] for offer in answer["result"]["bids"]] == ["5000000"]
        assert answer["result"]["asks"] == []
        await submit(net, TAKER, TransactionType="OfferCreate", TakerPays=usd(4), TakerGets=20_000_000)
        await net.accept()
        told = json.loads(await socket.recv())
        assert told["transaction"]["TransactionType"] == "OfferCreate"
        await submit(net, ISSUER, TransactionType="AccountSet")
        await net.accept()
        gone = await ask(socket, command="unsubscribe", books=[book])
        assert gone["type"] == "response"


async def test_a_book_of_one_asset_is_refused() -> None:
    async with Devnet(manual=True) as net, connect(net.ws_url) as socket:
        same = {"taker_pays": {"currency": "XRP"}, "taker_gets": {"currency": "XRP"}}
        assert (await ask(socket, command="subscribe", books=[same]))["error"] == "badMarket"


async def test_paths_are_found_and_kept_up_with_the_ledger() -> None:
    async with Devnet(manual=True) as net, connect(net.ws_url) as socket:
        await market(net)
        wanted = {"currency": "USD", "issuer": ISSUER.address, "value": "5"}
        once = await net.request(
            "ripple_path_find",
            source_account=TAKER.address,
            destination_account=TAKER.address,
            destination_amount=wanted,
        )
        assert [way["source_amount"] for way in once["alternatives"]] == ["25000000"]
        first = await ask(
            socket,
            command="path_find",
            subcommand="create",
            source_account=TAKER.address,
            destination_account=TAKER.address,
            destination_amount=wanted,
        )
        assert first["result"]["full_reply"] is False
        for _ in range(2):
            assert json.loads(await socket.recv())["full_reply"] is True
        await submit(net, MAKER, TransactionType="OfferCancel", OfferSequence=_maker_offer(net))
        await net.accept()
        assert json.loads(await socket.recv())["alternatives"] == []


def _maker_offer(net: Devnet) -> int:
    """The number of the maker's only offer."""
    offers = net.service.call("account_offers", {"account": MAKER.address})
    return int(offers["offers"][0]["seq"])
