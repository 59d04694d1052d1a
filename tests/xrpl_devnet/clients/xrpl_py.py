"""A newcomer's session with xrpl-py: every kind of client, autofill, reliable submission, requests of each group."""

import asyncio
from typing import Any

from xrpl.asyncio.account import get_balance
from xrpl.asyncio.clients import AsyncJsonRpcClient, AsyncWebsocketClient
from xrpl.asyncio.clients.async_client import AsyncClient
from xrpl.asyncio.transaction import autofill_and_sign, submit_and_wait
from xrpl.constants import CryptoAlgorithm
from xrpl.models.amounts import IssuedCurrencyAmount
from xrpl.models.currencies import XRP, IssuedCurrency
from xrpl.models.requests import (
    AccountInfo,
    AccountLines,
    AccountTx,
    BookOffers,
    GenericRequest,
    ServerInfo,
    Simulate,
    StreamParameter,
    Subscribe,
)
from xrpl.models.transactions import AccountSet, OfferCreate, Payment, TrustSet
from xrpl.models.transactions.transaction import Transaction
from xrpl.wallet import Wallet

MASTER_SEED = "snoPBrXtMeMyMHUVTgbuqAfg1SUTb"


async def _settled(client: AsyncClient, tx: Transaction, wallet: Wallet) -> dict[str, Any]:
    """`submit_and_wait` while somebody else closes ledgers, as on a network.

    xrpl-py looks once a second and gives up after 20 ledgers: four a second leave it time.
    """
    waiting = asyncio.create_task(submit_and_wait(tx, client, wallet))
    while not waiting.done():
        await asyncio.sleep(0.25)
        await client.request(GenericRequest(method="ledger_accept"))
    response = waiting.result()
    assert response.result["meta"]["TransactionResult"] == "tesSUCCESS"
    result: dict[str, Any] = response.result
    return result


async def _session(client: AsyncClient) -> None:
    master = Wallet.from_seed(MASTER_SEED, algorithm=CryptoAlgorithm.SECP256K1)
    issuer, alice = Wallet.create(), Wallet.create(CryptoAlgorithm.SECP256K1)
    for wallet in (issuer, alice):
        await _settled(
            client,
            Payment(account=master.address, destination=wallet.address, amount="400000000"),
            master,
        )
    usd = IssuedCurrency(currency="USD", issuer=issuer.address)
    hundred = IssuedCurrencyAmount(currency="USD", issuer=issuer.address, value="100")
    await _settled(client, AccountSet(account=issuer.address, set_flag=8), issuer)  # type: ignore[arg-type]  # its number is allowed too
    await _settled(client, TrustSet(account=alice.address, limit_amount=hundred), alice)
    await _settled(client, Payment(account=issuer.address, destination=alice.address, amount=hundred), issuer)
    await _settled(
        client,
        OfferCreate(account=alice.address, taker_gets=hundred, taker_pays="50000000"),
        alice,
    )
    lines = await client.request(AccountLines(account=alice.address, ledger_index="validated"))
    assert lines.result["lines"][0]["balance"] == "100"
    book = await client.request(BookOffers(taker_pays=XRP(), taker_gets=usd))
    assert book.result["offers"][0]["quality"] == "500000"
    history = await client.request(AccountTx(account=alice.address, forward=True))
    kinds = [entry["tx_json"]["TransactionType"] for entry in history.result["transactions"]]
    assert kinds == ["Payment", "TrustSet", "Payment", "OfferCreate"]
    signed = await autofill_and_sign(
        Payment(account=alice.address, destination=issuer.address, amount="1"), client, alice
    )
    simulated = await client.request(
        Simulate(transaction=Payment(account=alice.address, destination=issuer.address, amount="1"))
    )
    assert simulated.result["engine_result"] == "tesSUCCESS"
    assert signed.is_signed()
    before = await get_balance(alice.address, client)
    info = await client.request(AccountInfo(account=alice.address, ledger_index="validated"))
    assert info.result["account_data"]["Balance"] == str(before)
    server = await client.request(ServerInfo())
    assert server.result["info"]["complete_ledgers"].startswith("2-")


async def drive(rpc_url: str, ws_url: str) -> None:
    """The same session over both transports, and a stream over the one that has them."""
    await _session(AsyncJsonRpcClient(rpc_url))
    async with AsyncWebsocketClient(ws_url) as client:
        await _session(client)
        await client.send(Subscribe(streams=[StreamParameter.LEDGER]))
        await client.request(GenericRequest(method="ledger_accept"))
        async for message in client:
            if message.get("type") == "ledgerClosed":
                assert message["txn_count"] == 0
                break
