"""Two of a hundred messages are lost, everywhere: of 200 payments at most one may not come through.

Lost are requests and answers between the apps and the web process, and requests, answers and announcements
between the worker and each of its three ledger nodes, whose connections also break.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fixtures_app import RunningApp
from tests.ledger.relay import Message, Relay
from tests.simulation.payers import Payer
from tests.transfers.world import World

pytestmark = [pytest.mark.integration, pytest.mark.simulation, pytest.mark.timeout(600)]
Apps = Callable[..., RunningApp]

LOST = 0.02
PEOPLE, PAYMENTS_EACH = 20, 10
SETTLED_SHARE = 0.995
SEED = 20261123


class LossyTransport(httpx.AsyncBaseTransport):
    """Loses requests, and answers of requests that had their effect."""

    def __init__(self, chance: random.Random) -> None:
        self._real = httpx.AsyncHTTPTransport()
        self._chance = chance
        self.lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, most of the time."""
        self._lose("request", request)
        answer = await self._real.handle_async_request(request)
        await answer.aread()
        self._lose("answer", request)
        return answer

    async def aclose(self) -> None:
        await self._real.aclose()

    def _lose(self, what: str, request: httpx.Request) -> None:
        if self._chance.random() < LOST:
            self.lost += 1
            raise httpx.ReadError(f"lost: the {what} of {request.method} {request.url.path}")


def _lose_some(relay: Relay, chance: random.Random) -> list[str]:
    """Make the way to a node as bad; what it loses, by kind."""
    lost: list[str] = []

    def kept(kind: str, message: Message) -> Message | None:
        if chance.random() >= LOST:
            return message
        lost.append(kind)
        if chance.random() < LOST:
            lost.append("connection")
            relay.cut()
        return None

    relay.on_request = lambda asked: kept("request", asked)
    relay.on_answer = lambda asked, answer: kept("answer", answer)
    relay.on_stream = lambda message: kept("announcement", message)
    return lost


async def test_payments_come_through_a_bad_network(running_apps: Apps, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    async with World(running_apps, tmp_path, relays=3, close_interval_s=1.0) as world:
        people = [Payer(world.app.url, f"+82107800{number:04}") for number in range(PEOPLE)]
        for person in people:
            await person.begin()
        transports = [LossyTransport(chance) for _ in people]
        for person, transport in zip(people, transports, strict=True):
            headers = person.http.headers
            await person.http.aclose()
            person.http = httpx.AsyncClient(
                base_url=world.app.url, headers=headers, timeout=10, transport=transport
            )
        lost = [_lose_some(relay, chance) for relay in world.relays]
        ends: list[dict[str, Any]] = []

        async def live(place: int) -> None:
            payer, payee = people[place], people[(place + 1) % PEOPLE]
            ends.extend([await payer.pay(payee) for _ in range(PAYMENTS_EACH)])

        try:
            async with asyncio.TaskGroup() as group:
                for place in range(PEOPLE):
                    group.create_task(live(place))
        finally:
            for person in people:
                await person.http.aclose()
        settled = [end["tx_hash"] for end in ends if end["state"] == "settled"]
        assert {end["state"] for end in ends} <= {"settled", "expired"}
        assert len(settled) >= SETTLED_SHARE * PEOPLE * PAYMENTS_EACH
        # Each once, and nothing else.
        for person in people:
            mine = [end["tx_hash"] for end in ends if end["sender"]["id"] == person.user_id]
            found = await world.net.request("account_tx", account=person.address, ledger_index_min=-1)
            sent = [each for each in found["transactions"] if each["tx_json"]["Account"] == person.address]
            assert {each["hash"] for each in sent} == set(mine) & set(settled)
        # It was a bad network.
        assert sum(transport.lost for transport in transports) >= 1
        assert {"request", "answer", "announcement"} <= {kind for each in lost for kind in each}
