"""`kill -9` of real processes while money moves in every way: web, worker, ledger node, PostgreSQL.

People pay each other without pause (singly, in tokens, what they were asked for, several at once in each
mode, on a Batch and on Tickets) and try again whatever fails, with the same idempotency key, as an app does.
Meanwhile one process after the other is killed and started again. In the end every intent has ended,
what ended paid is in the ledger once and what did not is not, nothing else is there, and the balances
agree to the last drop and token.
"""

import asyncio
import collections
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.fixtures_app import become_friends
from tests.simulation import payers
from tests.simulation.house import House
from tests.simulation.payers import Bystander, Issuer, Payer

pytestmark = [pytest.mark.integration, pytest.mark.simulation]

VICTIMS = ("worker", "ledger", "database", "web")
SEED = 20261123
"""Decides who dies when; what is under way at that moment differs from run to run."""
BYSTANDERS = 8
"""With a person that is one more than a Batch holds: the order goes on Tickets."""
START_DROPS = 1_000_000_000
XRP_DROPS = 1_000_000
INNER_BATCH = 0x40000000
"""tfInnerBatchTxn: carried, and paid for, by the Batch around it (XLS-56)."""
SETTLED_SHARE = 0.8
"""What was cut off in the middle may have expired, with nothing moved; most comes through."""

Ends = list[tuple[str, Payer, dict[str, Any]]]
"""Kind, sender, and the transfer or order at its end."""


@pytest.mark.parametrize(
    ("kills", "people", "payments"),
    [
        pytest.param(15, 3, 0, marks=pytest.mark.timeout(900)),
        pytest.param(100, 8, 1_000, marks=[pytest.mark.long, pytest.mark.timeout(7_200)]),
    ],
)
def test_killed_processes_lose_and_double_nothing(kills: int, people: int, payments: int) -> None:
    with House(close_interval_s=0.5) as house:
        asyncio.run(_live_and_die(house, kills, people, payments))


async def _live_and_die(house: House, kills: int, number: int, payments: int) -> None:
    chance = random.Random(SEED)
    await house.ready()
    people = [Payer(house.url, f"+82107700{each:04}") for each in range(number)]
    issuer, bystanders = Issuer(), [Bystander() for _ in range(BYSTANDERS)]
    await issuer.open(house)
    ends: Ends = []
    try:
        for person in people:
            await person.begin()
            ends.append(("trust_line", person, await person.trust(issuer.asset, payers.TRUST_LIMIT)))
            assert person.limit == payers.TRUST_LIMIT
            await issuer.pay(house, person.address, payers.TOKENS_AT_START)
        for payer, payee in zip(people, people[1:] + people[:1], strict=True):
            await become_friends(payer.http, payee.http, UUID(payee.user_id))
        ways = payers.gestures(issuer, bystanders)
        stopping = asyncio.Event()

        async def live(place: int) -> None:
            payer, payee = people[place], people[(place + 1) % len(people)]
            names = _all_and_again(list(ways), random.Random(place))
            tried: set[str] = set()
            while len(tried) < len(ways) or not stopping.is_set() or _paid(ends) < payments:
                name = next(names)
                tried.add(name)
                ends.append((name, payer, await ways[name](payer, payee)))

        async with asyncio.TaskGroup() as group:
            for place in range(len(people)):
                group.create_task(live(place))
            for round_ in range(kills):
                await asyncio.sleep(chance.uniform(0.2, 2.0))
                victim = VICTIMS[round_ % len(VICTIMS)]
                house.kill(victim)
                await asyncio.sleep(chance.uniform(0.0, 0.5))
                house.start(victim)
                await house.ready()
            stopping.set()
        await _agree(house, people, bystanders, issuer, ends)
    finally:
        for person in people:
            await person.http.aclose()


def _all_and_again(names: list[str], chance: random.Random) -> Iterator[str]:
    """Each once, in some order; then again, in another."""
    while True:
        yield from chance.sample(names, k=len(names))


def _payments(end: dict[str, Any]) -> list[dict[str, Any]]:
    """What of an intent paid somebody: the transfer itself, or items of the order."""
    if "items" in end:
        return [item for item in end["items"] if item["state"] == "paid"]
    return [end] if end["state"] == "settled" else []


def _paid(ends: Ends) -> int:
    return sum(len(_payments(end)) for _, _, end in ends)


async def _agree(
    house: House, people: list[Payer], bystanders: list[Bystander], issuer: Issuer, ends: Ends
) -> None:
    done = sum(end["state"] in ("settled", "done") for _, _, end in ends)
    assert {end["state"] for _, _, end in ends} <= {"settled", "done", "partly", "expired"}
    assert {end["way"] for _, _, end in ends if "way" in end} == {"direct", "batch", "tickets"}
    assert done >= len(ends) * SETTLED_SHARE, collections.Counter(end["state"] for _, _, end in ends)
    drops: collections.Counter[str] = collections.Counter()
    tokens: collections.Counter[str] = collections.Counter()
    for _, payer, end in ends:
        for payment in _payments(end):
            moved = tokens if payment["amount"]["asset"] == issuer.asset else drops
            unit = 1 if moved is tokens else XRP_DROPS
            value = int(Decimal(payment["amount"]["value"]) * unit)
            recipient = payment["recipient"]
            to = payment["address"] if recipient is None else _address(people, recipient["id"])
            moved[payer.address] -= value
            moved[to] += value
    for person in people:
        mine = [end for _, payer, end in ends if payer is person]
        sent = await _sent(house, person.address)
        # Every transaction the ledger has of this account is one an intent tells of, and the other way round.
        told = [tx_hash for end in mine for tx_hash in _stands(end)]
        assert len(told) == len(set(told))
        assert set(told) == set(sent)
        expected = START_DROPS + drops[person.address] - sum(sent.values())
        assert await _drops(house, person.address) == expected
        wallet = await person.ask("GET", "/wallet")
        assert Decimal(wallet["balances"][0]["balance"]["value"]) * XRP_DROPS == expected
        lines: Any = await house.rpc("account_lines", account=person.address, ledger_index="validated")
        (line,) = lines["lines"]
        assert (int(line["limit"]), int(line["balance"])) == (
            person.limit,
            payers.TOKENS_AT_START + tokens[person.address],
        )
    for bystander in bystanders:
        assert await _drops(house, bystander.address) == drops[bystander.address]


def _stands(end: dict[str, Any]) -> Iterator[str]:
    """Hashes of the intent's transactions that stand in the ledger, as it tells."""
    if "steps" not in end:
        if end["state"] == "settled":
            yield end["tx_hash"]
        return
    for step in end["steps"]:
        assert step["state"] in ("settled", "expired", "withdrawn"), end
        if step["state"] == "settled":
            yield step["tx_hash"]


def _address(people: list[Payer], user_id: str) -> str:
    return next(person.address for person in people if person.user_id == user_id)


async def _sent(house: House, address: str) -> dict[str, int]:
    """Hash and fee of every transaction of an account, those within a Batch left out."""
    sent: dict[str, int] = {}
    page: dict[str, Any] = {}
    while True:
        found: Any = await house.rpc("account_tx", account=address, ledger_index_min=-1, limit=400, **page)
        for entry in found["transactions"]:
            body = entry["tx_json"]
            if body["Account"] != address:
                continue
            assert entry["meta"]["TransactionResult"] == "tesSUCCESS"
            if not body.get("Flags", 0) & INNER_BATCH:
                sent[entry["hash"]] = int(body["Fee"])
        if "marker" not in found:
            return sent
        page = {"marker": found["marker"]}


async def _drops(house: House, address: str) -> int:
    info: Any = await house.rpc("account_info", account=address, ledger_index="validated")
    return int(info["account_data"]["Balance"])
