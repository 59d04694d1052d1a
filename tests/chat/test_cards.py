"""Cards: other slices' messages, written in their own transactions, the same for everybody."""

import asyncio
from uuid import UUID, uuid4

import pytest

from talktalk.chat import service
from talktalk.chat.errors import RoomNotFound
from talktalk.platform.database import Database
from talktalk_wire.chat import Message, MessageKind
from tests.chat.world import Human, world_of
from tests.fixtures_app import RunningApp


async def _post(
    database: Database, human: Human, room_id: UUID, ref: UUID, state: str, key: str = ""
) -> Message:
    async with database.transaction() as db:
        return await service.post_card(
            db,
            room_id=room_id,
            sender_id=human.id,
            client_id=key or f"card-{ref.hex}",
            kind=MessageKind.TRANSFER,
            ref=ref,
            body="5 XRP",
            card={"state": state},
        )


async def _turn(database: Database, ref: UUID, state: str) -> None:
    async with database.transaction() as db:
        await service.turn_card(db, ref=ref, card={"state": state})


class _FactFailed(Exception):
    """What the card would have shown did not happen."""


async def _fail_after_posting(database: Database, human: Human, room_id: UUID) -> None:
    async with database.transaction() as db:
        await service.post_card(
            db, room_id=room_id, sender_id=human.id, client_id="rolled-back", kind=MessageKind.TRANSFER,
            ref=uuid4(), body="5 XRP", card={},
        )  # fmt: skip
        raise _FactFailed


async def test_a_card_appears_and_turns_for_everybody_and_after_a_reload(running_app: RunningApp) -> None:
    database = Database(running_app.settings.database_url)
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        ref = uuid4()
        async with world.line(mina) as hers, world.line(jun) as his:
            message = await _post(database, mina, room_id, ref, "signing")
            assert (await _post(database, mina, room_id, ref, "signing")) == message, (
                "a repeat makes no second"
            )
            await hers.send(room_id, "a-text-between")
            await _turn(database, ref, "settled")
            await _turn(database, ref, "settled")
            for line in (hers, his):
                await line.until_seqs(room_id, [1, 2, 3])
                posted, _, turned = line.pushes("room.event")
                assert posted["message"]["card"] == {"state": "signing"}
                assert (turned["kind"], turned["target_id"]) == ("card", str(message.id))
                assert turned["data"] == {"state": "settled"}
        events = await world.history(jun, room_id)
        assert [event.kind for event in events] == ["posted", "posted", "card"]
        assert events[0].message is not None
        assert events[0].message.card == {"state": "settled"}, "history shows the present state"
        (room,) = await world.rooms(jun)
        assert (room.unread, room.head_seq) == (2, 3), "a turned card is no new message"
        assert room.last_message is not None
        assert room.last_message.seq == 2
    await database.close()


async def test_a_card_rolled_back_with_its_fact_leaves_no_trace_and_no_gap(running_app: RunningApp) -> None:
    database = Database(running_app.settings.database_url)
    async with world_of(running_app) as world:
        mina, _, room_id = await world.friends()
        with pytest.raises(_FactFailed):
            await _fail_after_posting(database, mina, room_id)
        async with world.line(mina) as hers:
            assert (await hers.send(room_id, "after-rollback")).d["seq"] == 1
        with pytest.raises(RoomNotFound):
            await _post(database, await world.human(), room_id, uuid4(), "drafted")
    await database.close()


async def test_cards_and_messages_at_once_share_one_gap_free_order(running_app: RunningApp) -> None:
    database = Database(running_app.settings.database_url)
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        async with world.line(mina) as hers, world.line(jun) as his:

            async def pay(number: int) -> None:
                ref = uuid4()
                await _post(database, (mina, jun)[number % 2], room_id, ref, "submitted", f"pay-{number:05}")
                await _turn(database, ref, "settled")

            await asyncio.gather(
                *(pay(number) for number in range(20)),
                *(hers.send(room_id, f"text-{number:05}") for number in range(60)),
            )
            for line in (hers, his):
                await line.until_count(room_id, 100)
                assert line.seqs(room_id) == list(range(1, 101))
    await database.close()
