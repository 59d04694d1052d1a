"""`kill -9` of real processes while payments are under way: web, worker, ledger node, PostgreSQL.

People pay each other without pause and try again whatever fails, with the same idempotency key, as an
app does. Meanwhile one process after the other is killed and started again. In the end every intent has
ended, what ended settled is in the ledger once and what did not is not, and the balances agree to the
drop.
"""

import asyncio
import random
import secrets
from typing import Any

import httpx
import pytest

from talktalk.custody.sealed_secrets import seal
from tests.fixtures_app import sign_in
from tests.simulation.house import House

pytestmark = [pytest.mark.integration, pytest.mark.simulation, pytest.mark.timeout(900)]

VICTIMS = ("worker", "ledger", "database", "web")
ROUNDS = 2
SEED = 20261123
"""Decides who dies when; what is under way at that moment differs from run to run."""
PAYMENTS_MIN = 3
"""Each person's, in all."""
PIN = "402817"
TERMINAL = ("settled", "failed", "expired", "cancelled")
START_DROPS = 1_000_000_000


class Payer:
    """Someone whose app tries again until it has an answer."""

    def __init__(self, house: House, phone: str) -> None:
        self.phone = phone
        self.http = httpx.AsyncClient(base_url=house.url, timeout=10, trust_env=False)
        self.user_id = ""
        self.address = ""

    async def begin(self) -> None:
        """Sign in, wait for the wallet, set the PIN."""
        signed_in = await sign_in(self.http, self.phone)
        self.user_id = str(signed_in.me.id)
        async with asyncio.timeout(60):
            while True:
                wallet = (await self.http.get("/api/v1/wallet")).json()
                if wallet["state"] == "ready":
                    break
                await asyncio.sleep(0.1)
        self.address = wallet["address"]
        key = (await self.http.get("/api/v1/wallet/worker-key")).json()
        sealed = seal(PIN.encode(), key["public_key"], "pin.set", signed_in.me.id.bytes)
        body = {"worker_key_id": key["id"], "sealed_pin": sealed}
        assert (await self.http.put("/api/v1/wallet/pin", json=body)).status_code == 200

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """Ask until there is an answer that is not a breakdown."""
        while True:
            try:
                answer = await self.http.request(method, f"/api/v1{path}", **options)
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code < 500 and answer.status_code != 429:
                return answer.json()
            await asyncio.sleep(0.1)

    async def pay(self, to: "Payer") -> dict[str, Any]:
        """One payment to its end, whatever dies meanwhile."""
        warnings = ["new_payee", "not_a_friend"]
        intent = {"amount": {"value": "1"}, "user_id": to.user_id, "accepted_warnings": warnings}
        headers = {"Idempotency-Key": secrets.token_urlsafe(12)}
        transfer = await self.ask("POST", "/transfers", json=intent, headers=headers)
        assert "draft" in transfer, transfer
        approved = ""
        async with asyncio.timeout(240):
            while transfer["state"] not in TERMINAL:
                draft = transfer["draft"]
                if transfer["state"] == "drafted" and (
                    draft["signing_hash"] != approved or transfer["approval_error"]
                ):
                    approved = draft["signing_hash"]
                    await self._approve(transfer["id"], approved)
                await asyncio.sleep(0.05)
                transfer = await self.ask("GET", f"/transfers/{transfer['id']}")
        return dict(transfer)

    async def _approve(self, transfer_id: str, signing_hash: str) -> None:
        key = await self.ask("GET", "/wallet/worker-key")
        sealed = seal(PIN.encode(), key["public_key"], "transfer.approve", bytes.fromhex(signing_hash))
        body = {"signing_hash": signing_hash, "worker_key_id": key["id"], "sealed_pin": sealed}
        await self.ask("POST", f"/transfers/{transfer_id}/approve", json=body)


def test_killed_processes_lose_and_double_nothing() -> None:
    with House(close_interval_s=0.5) as house:
        asyncio.run(_live_and_die(house, random.Random(SEED)))


async def _live_and_die(house: House, chance: random.Random) -> None:
    await house.ready()
    people = [Payer(house, f"+82107700000{number}") for number in range(3)]
    for person in people:
        await person.begin()
    ends: list[dict[str, Any]] = []
    stopping = asyncio.Event()

    async def live(number: int) -> None:
        payer, payee = people[number], people[(number + 1) % len(people)]
        count = 0
        while count < PAYMENTS_MIN or not stopping.is_set():
            ends.append(await payer.pay(payee))
            count += 1

    async with asyncio.TaskGroup() as group:
        for number in range(len(people)):
            group.create_task(live(number))
        for victim in chance.sample(VICTIMS * ROUNDS, k=len(VICTIMS) * ROUNDS):
            await asyncio.sleep(chance.uniform(0.2, 2.0))
            house.kill(victim)
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            house.start(victim)
            await house.ready()
        stopping.set()
    try:
        await _agree(house, people, ends)
    finally:
        for person in people:
            await person.http.aclose()


async def _agree(house: House, people: list[Payer], ends: list[dict[str, Any]]) -> None:
    assert len(ends) >= len(people) * PAYMENTS_MIN
    settled = {end["tx_hash"]: end for end in ends if end["state"] == "settled"}
    assert len(settled) == sum(end["state"] == "settled" for end in ends)
    # What a network error cost is told as expired: nothing moved. Most came through.
    assert {end["state"] for end in ends} <= {"settled", "expired"}
    assert len(settled) >= len(ends) * 0.8
    on_ledger: dict[str, int] = {}
    for person in people:
        found = await house.rpc("account_tx", account=person.address, ledger_index_min=-1, limit=400)
        entries: Any = found["transactions"]
        assert "marker" not in found
        sent = [entry for entry in entries if entry["tx_json"]["Account"] == person.address]
        for entry in sent:
            assert entry["meta"]["TransactionResult"] == "tesSUCCESS"
            on_ledger[entry["hash"]] = int(entry["tx_json"]["Fee"])
    assert set(on_ledger) == set(settled)
    for person in people:
        paid = [end for end in settled.values() if end["sender"]["id"] == person.user_id]
        got = [end for end in settled.values() if end["recipient"]["id"] == person.user_id]
        fees = sum(on_ledger[end["tx_hash"]] for end in paid)
        expected = START_DROPS + 1_000_000 * (len(got) - len(paid)) - fees
        info: Any = await house.rpc("account_info", account=person.address, ledger_index="validated")
        assert int(info["account_data"]["Balance"]) == expected
        wallet = await person.ask("GET", "/wallet")
        assert float(wallet["balances"][0]["balance"]["value"]) == expected / 1_000_000
        activity = await person.ask("GET", "/wallet/activity?limit=100")
        hashes = [entry["tx_hash"] for entry in activity["items"] if entry["transfer_id"]]
        assert len(hashes) == len(set(hashes))
