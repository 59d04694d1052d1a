"""Cards: other slices' messages, written in their own transactions, the same for everybody."""

import asyncio
from uuid import UUID, uuid4

import pytest

from talktalk.chat import cards
from talktalk.chat.cards import NewCard
from talktalk.chat.errors import RoomNotFound
from talktalk.platform import feed
from talktalk.platform.database import Database
from talktalk_wire.chat import Message, MessageKind
from tests.chat.world import Human, world_of
from tests.fixtures_app import RunningApp


def _card(
    human: Human, room_id: UUID | None, ref: UUID, state: str, client_id: str, other_id: UUID | None = None
) -> NewCard:
    return NewCard(
        room_id=room_id,
        other_id=other_id,
        sender_id=human.id,
        client_id=client_id,
        kind=MessageKind.TRANSFER,
        ref=ref,
        body="5 XRP",
        card={"state": state},
    )


async def _post(
    database: Database, human: Human, room_id: UUID, ref: UUID, state: str, key: str = ""
) -> Message:
    async with database.transaction() as db:
        return await cards.post_card(db, _card(human, room_id, ref, state, key or f"card-{ref.hex}"))


async def _turn(database: Database, ref: UUID, state: str) -> None:
    async with database.transaction() as db:
        await cards.turn_card(db, ref=ref, card={"state": state})


class _FactFailed(Exception):
    """What the card would have shown did not happen."""


async def _fail_after_posting(database: Database, human: Human, room_id: UUID) -> None:
    async with database.transaction() as db:
        await cards.post_card(db, _card(human, room_id, uuid4(), "drafted", "rolled-back"))
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


async def test_many_cards_at_once_stand_in_their_rooms_and_turn_together(running_app: RunningApp) -> None:
    """Old rooms, a room that is made for it, a room that a block forbids, and one that is not the sender's."""
    database = Database(running_app.settings.database_url)
    async with world_of(running_app) as world:
        mina, jun, room_id = await world.friends()
        stranger, enemy, outsider = [await world.human() for _ in range(3)]
        await world.call(enemy, "PUT", f"/blocks/{mina.id}")
        refs = [uuid4() for _ in range(6)]
        async with world.line(mina) as hers, world.line(jun) as his:
            async with database.transaction() as db:
                posted = await cards.post_cards(
                    db,
                    [
                        _card(mina, room_id, refs[0], "signed", "one"),
                        _card(jun, None, refs[1], "signed", "two", mina.id),
                        _card(mina, None, refs[2], "signed", "three", stranger.id),
                        _card(mina, None, refs[3], "signed", "four", enemy.id),
                        _card(outsider, room_id, refs[4], "signed", "five"),
                        _card(mina, room_id, refs[0], "signed", "one"),
                    ],
                )
                await feed.append_all(db, posted.news)
            fresh = posted.room_ids[2]
            assert posted.room_ids == [room_id, room_id, fresh, None, None, room_id]
            assert fresh not in (None, room_id)
            async with database.transaction() as db:
                await cards.turn_cards(db, {ref: {"state": "settled"} for ref in refs})
            for line in (hers, his):
                await line.until_seqs(room_id, [1, 2, 3, 4])
        events = await world.history(jun, room_id)
        assert [event.kind for event in events] == ["posted", "posted", "card", "card"]
        assert [event.message.card for event in events[:2] if event.message] == [{"state": "settled"}] * 2
        waiting = [room for room in await world.rooms(stranger) if room.id == fresh]
        assert [(room.folder, room.unread) for room in waiting] == [("requests", 1)], (
            "told with its first message"
        )
    await database.close()


async def test_sets_of_cards_for_crossing_rooms_do_not_wait_for_each_other(running_app: RunningApp) -> None:
    database = Database(running_app.settings.database_url)
    async with world_of(running_app) as world:
        mina = await world.human()
        others = [await world.human() for _ in range(4)]
        rooms = [(await world.open(mina, other)).id for other in others]

        async def post(turn: int) -> None:
            order = rooms if turn % 2 else rooms[::-1]
            async with database.transaction() as db:
                posted = await cards.post_cards(
                    db, [_card(mina, each, uuid4(), "signed", f"{turn}-{each}") for each in order]
                )
                await feed.append_all(db, posted.news)

        await asyncio.gather(*(post(turn) for turn in range(8)))
        for other, each in zip(others, rooms, strict=True):
            assert [event.seq for event in await world.history(other, each)] == list(range(1, 9))
    await database.close()
