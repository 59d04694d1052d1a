"""The web process is killed while two programs talk and pay: nothing is lost, doubled or out of order."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from talktalk_client import ServerTrouble, TalkTalk, Unreachable
from talktalk_client.events import CardTurned, MessagePosted
from talktalk_client.inbox import inbox_code
from talktalk_client.messages import new_client_id
from talktalk_client.transfers import new_idempotency_key
from talktalk_wire.chat import MessageKind, Room
from talktalk_wire.transfers import TransferState
from tests.journeys.house import House
from tests.supervisor.support import descendants

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]

MESSAGES = 150
PATIENCE_S = 120.0
PIN = "271828"


def kill_role(house: House, role: str) -> None:
    """Kill one of the house's processes without a word; `up` starts it again."""
    for pid in descendants(house.process.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            if role in words and "talktalk" in words:
                os.kill(pid, signal.SIGKILL)
                return
    raise AssertionError(f"{role} does not run")


@contextlib.asynccontextmanager
async def friends(
    house: House, fresh_number: Callable[[], str]
) -> AsyncIterator[tuple[TalkTalk, TalkTalk, Room]]:
    """Two people who are friends, on clients of their own, and their room."""
    async with TalkTalk(house.url) as one, TalkTalk(house.url) as other:
        for client, name in ((one, "Mina"), (other, "Junho")):
            await client.sign_in(fresh_number(), read_code=inbox_code(house.url))
            await client.update_profile(name=name)
        await other.friends.accept(await one.friends.request(other.me.id))
        yield one, other, await one.rooms.open_direct(other.me.id)


async def test_messages_and_events_survive_kills_of_the_web_process(
    running_house: House, fresh_number: Callable[[], str]
) -> None:
    async with friends(running_house, fresh_number) as (mina, junho, room):
        async with junho.events() as events:
            await mina.connect()

            async def talk() -> None:
                for number in range(MESSAGES):
                    if number in (MESSAGES // 3, 2 * MESSAGES // 3):
                        kill_role(running_house, "serve")
                    # Asked again with the same key for as long as the process is away.
                    async with asyncio.timeout(PATIENCE_S):
                        await send_for_sure(mina, room, str(number))

            talking = asyncio.create_task(talk())
            heard: list[str] = []
            async with asyncio.timeout(PATIENCE_S * 2):
                async for event in events:
                    if isinstance(event, MessagePosted):
                        heard.append(event.message.body)
                    if len(heard) == MESSAGES:
                        break
            await talking
        assert heard == [str(number) for number in range(MESSAGES)]
        kept = [message.body async for message in junho.rooms.history(room)]
        assert kept == heard[::-1]


async def test_a_payment_survives_a_kill_of_web_or_worker_at_its_approval(
    running_house: House, fresh_number: Callable[[], str]
) -> None:
    async with friends(running_house, fresh_number) as (mina, junho, room):
        await asyncio.gather(mina.wallet.wait_ready(), junho.wallet.wait_ready())
        await mina.wallet.set_pin(PIN)
        async with junho.events() as events:
            for role in ("work", "serve"):
                paying = asyncio.create_task(pay_for_sure(mina, junho, role))
                kill_role(running_house, role)
                await paying
            settled: list[str] = []
            async with asyncio.timeout(PATIENCE_S):
                async for event in events:
                    if isinstance(event, CardTurned) and event.room_id == room.id:
                        card = event.transfer_card()
                        if card.state is TransferState.SETTLED:
                            settled.append(card.note)
                    if len(settled) == 2:
                        break
        assert settled == ["work", "serve"]
        cards = [
            message.kind
            async for message in junho.rooms.history(room)
            if message.kind is MessageKind.TRANSFER
        ]
        assert len(cards) == 2
        paid = [(transfer.note, transfer.state) async for transfer in mina.transfers.list()]
        assert sorted(paid) == [("serve", TransferState.SETTLED), ("work", TransferState.SETTLED)]


async def send_for_sure(client: TalkTalk, room: Room, text: str) -> None:
    """Send until it is certain, as a program does that keeps the key."""
    key = new_client_id()
    while True:
        with contextlib.suppress(Unreachable):
            await client.messages.send(room, text, client_id=key)
            return


async def pay_for_sure(payer: TalkTalk, payee: TalkTalk, note: str) -> None:
    """Pay until it is certain, with one key."""
    key = new_idempotency_key()
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(Unreachable, ServerTrouble):
                payment = await payer.transfers.pay(
                    to=payee.me.id,
                    amount="1",
                    note=note,
                    pin=PIN,
                    accept_warnings=("new_payee", "large_share"),
                    idempotency_key=key,
                )
                await payment.settled()
                return
