"""Money that comes in: noticed once whatever breaks, worth what the ledger says it is worth.

Reconciliation is the judge: whatever happened, our rows and the ledger must be one story afterwards.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from xrpl.core.binarycodec import encode, encode_for_signing

from talktalk.reconciling import AGREED, compare_all
from talktalk.worker import Worker
from tests.fixtures_app import RunningApp
from tests.transfers.test_addressing import _signing_as
from tests.transfers.world import WAIT_S, Outsider, Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]
RIPPLE_EPOCH = 946_684_800
PARTIAL_PAYMENT = 0x00020000


def _payment(to: str, drops: int, **fields: Any) -> dict[str, Any]:
    return {"TransactionType": "Payment", "Destination": to, "Amount": str(drops), **fields}


async def _income(person: Person, source: Outsider) -> Counter[str]:
    """How often each amount came from that account."""
    items = (await person.get("/wallet/activity?limit=100"))["items"]
    return Counter(
        entry["amount"]["value"]
        for entry in items
        if entry["incoming"] and entry["address"] == source.address
    )


async def _settled_books(world: World) -> None:
    await world.processed()
    outcome = await compare_all(world.settings, [])
    assert outcome.exit_code == AGREED, outcome


async def test_each_payment_is_noticed_once_across_cuts_restarts_and_two_workers(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path, relayed=True) as world:
        mina = await world.person("Mina")
        stranger = await world.outsider(drops=500_000_000)
        second = Worker(world.settings)
        beside = asyncio.create_task(second.run())
        try:
            for number in range(1, 13):
                await stranger.submit(_payment(mina.address, number))
                match number % 4:
                    case 0:
                        world.relay.cut()
                    case 1:
                        # What is validated while nobody listens is read afterwards.
                        await world.stop_worker()
                    case 2:
                        world.start_worker()
                    case _:
                        world.relay.refuses = not world.relay.refuses
                        world.relay.cut()
        finally:
            world.relay.refuses = False
            if world._working is None:
                world.start_worker()
            await world.processed()
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)
        wanted = Counter({f"{number / 1_000_000:.6f}".rstrip("0"): 1 for number in range(1, 13)})
        assert await _income(mina, stranger) == wanted
        await _settled_books(world)


async def test_answers_told_twice_or_pruned_neither_double_nor_skip(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path, relayed=True) as world:
        mina = await world.person("Mina")
        stranger = await world.outsider(drops=100_000_000)
        await world.stop_worker()
        for drops in (7, 7, 9):
            await stranger.submit(_payment(mina.address, drops))
        pruned = Counter[int]()

        def forgetful(asked: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
            """Every ledger is missing at first, as on a node that has pruned or not yet read it."""
            index = asked.get("ledger_index")
            if asked.get("command") != "ledger" or not isinstance(index, int):
                return answer
            pruned[index] += 1
            if pruned[index] == 1:
                return {"id": answer["id"], "type": "response", "status": "error", "error": "lgrNotFound"}
            return answer

        world.relay.on_answer = forgetful
        world.start_worker()
        await world.processed()
        world.relay.on_answer = lambda _, answer: answer
        assert await _income(mina, stranger) == Counter({"0.000007": 2, "0.000009": 1})
        await _settled_books(world)


async def test_what_moves_nothing_is_no_income(running_apps: Apps, tmp_path: Path) -> None:
    """Failed and yet included; a token that calls itself XRP; a partial payment of a great name."""
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        thief = await world.outsider(drops=60_000_000)
        too_much = _payment(mina.address, 10**15)
        assert await thief.submit(too_much) == "tecUNFUNDED_PAYMENT"
        rich = {"currency": "USD", "issuer": thief.address, "value": "1000000"}
        token = {**_payment(mina.address, 1), "Amount": rich}
        assert (await thief.submit(token)).startswith("tec")
        note = {"Memo": {"MemoData": b"delivered_amount 1000000 XRP".hex().upper()}}
        await thief.submit(_payment(mina.address, 3, Memos=[note], DestinationTag=1_000_000))
        await world.processed()
        assert await _income(mina, thief) == Counter({"0.000003": 1})
        await _settled_books(world)


async def test_every_way_money_can_come_is_judged_by_what_the_ledger_did(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        giver = await world.outsider(drops=900_000_000)
        before = await mina.balance_drops()
        now = world.net.node.closed.close_time
        escrow = await _submit(
            giver,
            {
                "TransactionType": "EscrowCreate",
                "Destination": mina.address,
                "Amount": "2000001",
                "FinishAfter": now + 2,
            },
        )
        finish = {"TransactionType": "EscrowFinish", "Owner": giver.address, "OfferSequence": escrow}
        async with asyncio.timeout(WAIT_S):
            while True:
                if await giver.submit(finish) == "tesSUCCESS":
                    break
                await asyncio.sleep(0.2)
        channel = await _submit(
            giver,
            {
                "TransactionType": "PaymentChannelCreate",
                "Destination": mina.address,
                "Amount": "5000000",
                "SettleDelay": 60,
                "PublicKey": giver.public_key,
            },
        )
        entries = await world.net.request("account_channels", account=giver.address)
        (opened,) = entries["channels"]
        assert channel
        claim = {
            "TransactionType": "PaymentChannelClaim",
            "Channel": opened["channel_id"],
            "Balance": "1000002",
        }
        assert await giver.submit(claim) == "tesSUCCESS"
        check = await _submit(
            giver, {"TransactionType": "CheckCreate", "Destination": mina.address, "SendMax": "4000003"}
        )
        written = await world.net.request("account_objects", account=giver.address, type="check")
        (paper,) = written["account_objects"]
        assert check
        # She cashes it with her key elsewhere: noticed as income, and as a signature we did not make.
        by_hand = await _signing_as(world, mina)
        cash = {"TransactionType": "CheckCash", "CheckID": paper["index"], "Amount": "3000004"}
        assert await by_hand.submit(cash) == "tesSUCCESS"
        await world.processed()
        assert await _income(mina, giver) == Counter({"2.000001": 1, "1.000002": 1, "3.000004": 1})
        assert await mina.balance_drops() == before + 2_000_001 + 1_000_002 + 3_000_004 - 12
        assert world.worker is not None
        report = await world.worker.reconciler.whole(mina.address)
        assert report is not None
        assert {each.kind for each in report.differences if each.tx_hash} == {"orphan"}


async def test_payments_inside_a_batch_come_each_for_itself(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        giver = await world.outsider(drops=900_000_000)
        sequence = await giver.sequence()
        inner = [
            {
                "RawTransaction": {
                    **_payment(mina.address, drops),
                    "Account": giver.address,
                    "Fee": "0",
                    "Sequence": sequence + 1 + place,
                    "SigningPubKey": "",
                    "Flags": 0x40000000,
                }
            }
            for place, drops in enumerate((11, 10**15, 13))
        ]
        # Independent: the one in the middle cannot be paid, the others can.
        batch = {"TransactionType": "Batch", "Flags": 0x00080000, "RawTransactions": inner}
        await _submit(giver, batch, fee=200)
        await world.processed()
        assert await _income(mina, giver) == Counter({"0.000011": 1, "0.000013": 1})
        await _settled_books(world)


async def _submit(account: Outsider, fields: dict[str, Any], *, fee: int = 12) -> int:
    """Submit with another fee, and expect success; the number it used."""
    sequence = await account.sequence()
    transaction = {
        **fields,
        "Account": account.address,
        "Fee": str(fee),
        "Sequence": sequence,
        "SigningPubKey": account.public_key,
    }
    message = bytes.fromhex(encode_for_signing(transaction))
    transaction["TxnSignature"] = account.key.sign(message).signature.hex().upper()
    answer = await account.world.net.request("submit", tx_blob=encode(transaction))
    tx_hash = answer["tx_json"]["hash"] if "hash" in answer["tx_json"] else answer["hash"]
    assert await account.world.validated(tx_hash) == "tesSUCCESS"
    return sequence
