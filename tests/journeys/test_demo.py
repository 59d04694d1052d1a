"""The demo's world: whole after one start, unchanged by the next."""

import msgspec
import pytest

from talktalk.demo import seed
from talktalk.demo_data.world import PIN, RESIDENTS, TALKS, Line, Pay, Who
from talktalk_client import TalkTalk
from talktalk_client.inbox import inbox_code
from talktalk_wire.chat import Message, MessageKind
from talktalk_wire.transfers import TransferState
from talktalk_wire.wallet import Wallet, WalletState
from tests.journeys.house import House

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]


class World(msgspec.Struct):
    """What one person of the demo has."""

    name: str
    friends: list[str]
    rooms: dict[str, list[Message]]
    paid: list[tuple[str, str, TransferState]]
    wallet: Wallet

    def said_with(self, name: str) -> list[str]:
        """The texts of the room with someone."""
        return [each.body for each in self.rooms[name] if each.kind is MessageKind.TEXT]


async def world_of(url: str, who: Who) -> World:
    async with TalkTalk(url) as client:
        await client.sign_in(RESIDENTS[who].phone, read_code=inbox_code(url), device_name="test")
        rooms = {}
        for room in await client.rooms.list():
            newest_first = [message async for message in client.rooms.history(room)]
            rooms[room.title] = newest_first[::-1]
        world = World(
            name=client.me.name,
            friends=sorted(friend.person.name for friend in await client.friends.list()),
            rooms=rooms,
            paid=sorted(
                [(each.note, each.amount.value, each.state) async for each in client.transfers.list()]
            ),
            wallet=msgspec.structs.replace(await client.wallet.get(), ledger_index=None),
        )
        await client.sign_out()
        return world


async def test_a_second_start_changes_nothing(running_house: House) -> None:
    people = await seed(running_house.url)
    assert [each.phone for each in people] == [each.phone for each in RESIDENTS.values()]
    assert all(each.pin == PIN and each.phone in str(people) for each in people)
    once = {who: await world_of(running_house.url, who) for who in Who}
    await seed(running_house.url)
    assert {who: await world_of(running_house.url, who) for who in Who} == once


async def test_everything_said_and_paid_is_there(running_house: House) -> None:
    await seed(running_house.url)
    for who, resident in RESIDENTS.items():
        world = await world_of(running_house.url, who)
        assert world.name == resident.name
        assert world.friends == sorted(each.name for name, each in RESIDENTS.items() if name is not who)
        for talk in TALKS:
            if who in (talk.one, talk.other):
                other = RESIDENTS[talk.other if talk.one is who else talk.one]
                assert world.said_with(other.name) == [
                    turn.text for turn in talk.turns if isinstance(turn, Line)
                ]
        pays = [turn for talk in TALKS for turn in talk.turns if isinstance(turn, Pay) and turn.who is who]
        assert world.paid == sorted((pay.note, pay.xrp, TransferState.SETTLED) for pay in pays)
        assert world.wallet.state is WalletState.READY
        assert world.wallet.has_pin
        assert world.wallet.has_recovery_code
