"""Event streams over a network that drops, doubles, delays and breaks."""

import asyncio
from uuid import UUID, uuid4

import msgspec
import pytest

from talktalk_client import Event, EventStream, NotSignedIn
from talktalk_client.events import MessagePosted, OtherRoomEvent, OtherUserEvent, RoomFoldered
from talktalk_client.sequencer import HELD_MAX
from talktalk_wire.chat import RoomFolder
from talktalk_wire.realtime import Stale, Typing
from tests.client.model_server import FRIEND, Faults, ModelServer
from tests.client.worlds import HASTY, client_of

ROOM = UUID("0190f000-0000-7000-8000-00000000000a")


async def take(stream: EventStream, count: int) -> list[Event]:
    async with asyncio.timeout(30):
        return [await anext(stream) for _ in range(count)]


def bodies(events: list[Event]) -> list[str]:
    return [event.message.body for event in events if isinstance(event, MessagePosted)]


async def silence(stream: EventStream) -> None:
    """Nothing comes that was sent before this mark, and then the mark."""
    async with asyncio.timeout(30):
        event = await anext(stream)
    assert isinstance(event, Typing)


async def test_events_come_typed_and_in_order() -> None:
    async with ModelServer() as server, client_of(server) as client, client.events() as events:
        await server.post(ROOM, "one")
        await server.happen("room.folder", {"room_id": str(ROOM), "folder": "main"})
        await server.happen("from.the_future", {"x": 1})
        await server.push("typing", Typing(room_id=ROOM, user_id=FRIEND))
        posted, foldered, other, typing = await take(events, 4)
        assert isinstance(posted, MessagePosted)
        assert posted.message.body == "one"
        assert isinstance(foldered, RoomFoldered)
        assert foldered.room_id == ROOM
        assert foldered.folder is RoomFolder.MAIN
        assert isinstance(other, OtherUserEvent)
        assert other.data == {"x": 1}
        assert typing == Typing(room_id=ROOM, user_id=FRIEND)


async def test_data_of_another_form_come_as_received() -> None:
    async with ModelServer() as server, client_of(server) as client, client.events() as events:
        await server.happen("room.folder", {"folder": "attic"})
        (event,) = await take(events, 1)
        assert isinstance(event, OtherUserEvent)
        assert event.kind == "room.folder"


async def test_a_room_event_of_an_unknown_kind_keeps_its_place() -> None:
    async with ModelServer() as server, client_of(server) as client, client.events() as events:
        await server.post(ROOM, "one")
        strange = {"room_id": str(ROOM), "seq": 2, "kind": "reaction", "created_at": "2026-01-01T00:00:00Z"}
        text = msgspec.json.encode({"t": "room.event", "d": strange}).decode()
        for each in server.sockets:
            await each.send({"type": "websocket.send", "text": text})
        server.rooms[ROOM].append(server.rooms[ROOM][0])  # takes its place in the facts
        await server.post(ROOM, "three")
        one, other, three = await take(events, 3)
        assert other == OtherRoomEvent(seq=2, room_id=ROOM, kind="reaction")
        assert bodies([one, three]) == ["one", "three"]
        assert server.fetches == []


async def test_a_repeated_frame_is_shown_once() -> None:
    faults = Faults(twice=1.0)
    async with ModelServer(faults) as server, client_of(server) as client, client.events() as events:
        await server.post(ROOM, "one")
        await server.post(ROOM, "two")
        assert bodies(await take(events, 2)) == ["one", "two"]
        faults.twice = 0
        await server.push("typing", Typing(room_id=ROOM, user_id=FRIEND))
        await silence(events)


async def test_a_lost_frame_is_fetched_when_the_next_one_shows_the_gap() -> None:
    faults = Faults()
    calm = ModelServer(faults, heartbeat_s=60)
    async with calm as server, client_of(server) as client, client.events() as events:
        faults.drop = 1.0
        await server.post(ROOM, "one")
        faults.drop = 0.0
        await server.post(ROOM, "two")
        assert bodies(await take(events, 2)) == ["one", "two"]
        assert len(server.fetches) == 1


async def test_a_lost_last_frame_is_fetched_when_the_heartbeat_tells_the_heads() -> None:
    lossy = ModelServer(Faults(drop=1.0))
    async with lossy as server, client_of(server) as client, client.events() as events:
        await server.post(ROOM, "last")
        await server.happen("from.the_future", {})
        both = await take(events, 2)
        assert bodies(both) == ["last"]


async def test_after_a_broken_socket_the_server_replays_from_the_position() -> None:
    async with ModelServer(heartbeat_s=60) as server, client_of(server) as client, client.events() as events:
        await server.post(ROOM, "one")
        await take(events, 1)
        server.break_sockets()
        await server.post(ROOM, "two")
        assert bodies(await take(events, 1)) == ["two"]
        assert server.hellos[0].position is None
        position = server.hellos[-1].position
        assert position is not None
        assert position.rooms == {ROOM: 1}
        assert server.fetches == []


async def test_a_room_that_appeared_while_away_is_shown_from_its_beginning() -> None:
    async with ModelServer(heartbeat_s=60) as server, client_of(server) as client, client.events() as events:
        server.break_sockets()
        await server.post(uuid4(), "first")
        await server.post(ROOM, "other")
        assert sorted(bodies(await take(events, 2))) == ["first", "other"]


async def test_a_replay_that_never_comes_is_healed_by_the_heartbeat() -> None:
    faults = Faults()
    async with ModelServer(faults) as server, client_of(server) as client, client.events() as events:
        await server.post(ROOM, "one")
        await take(events, 1)
        faults.silent_replay = True
        server.break_sockets()
        await server.post(ROOM, "two")
        assert bodies(await take(events, 1)) == ["two"]


async def test_the_stream_survives_a_restart_of_the_server() -> None:
    async with ModelServer() as server, client_of(server) as client, client.events() as events:
        await server.post(ROOM, "before")
        await server.stop()
        await server.post(ROOM, "meanwhile")
        await server.start()
        await server.post(ROOM, "after")
        assert bodies(await take(events, 3)) == ["before", "meanwhile", "after"]


async def test_a_server_that_says_bye_is_come_back_to() -> None:
    async with ModelServer() as server, client_of(server) as client, client.events() as events:
        await server.say_bye("restarting", 0.01)
        await server.post(ROOM, "on the new socket, or replayed")
        assert len(bodies(await take(events, 1))) == 1


async def test_stale_is_answered_by_fetching_page_by_page() -> None:
    faults = Faults()
    calm = ModelServer(faults, heartbeat_s=60)
    async with calm as server, client_of(server) as client, client.events() as events:
        await server.post(ROOM, "0")
        await take(events, 1)
        faults.drop = 1.0
        for number in range(1, 450):
            await server.post(ROOM, str(number))
        faults.drop = 0.0
        await server.push("stale", Stale(rooms=[ROOM]))
        assert bodies(await take(events, 449)) == [str(number) for number in range(1, 450)]
        assert len(server.fetches) == 3


async def test_a_slow_reader_loses_nothing_and_holds_little() -> None:
    policy = msgspec.structs.replace(HASTY, inbox_frames_max=10)
    async with ModelServer() as server, client_of(server, policy) as client, client.events() as events:
        for number in range(100):
            await server.post(ROOM, str(number))
        assert bodies(await take(events, 100)) == [str(number) for number in range(100)]


async def test_two_streams_go_their_own_ways() -> None:
    async with ModelServer() as server, client_of(server) as client, client.events() as first:
        await server.post(ROOM, "one")
        await take(first, 1)
        async with client.events() as second:
            server.break_sockets()
            await server.post(ROOM, "two")
            assert bodies(await take(first, 1)) == ["two"]
            assert bodies(await take(second, 1)) == ["two"]


async def test_done_moves_only_past_what_was_finished_and_since_goes_on_from_it() -> None:
    async with ModelServer() as server:
        async with client_of(server) as client, client.events() as events:
            await server.post(ROOM, "one")
            await server.post(ROOM, "two")
            await take(events, 2)
            done = events.done  # "two" is in hand, not finished
            assert done is not None
            assert done.rooms == {ROOM: 1}
        await server.post(ROOM, "three")
        async with client_of(server) as client, client.events(since=done) as events:
            assert bodies(await take(events, 2)) == ["two", "three"]


async def test_an_ended_session_ends_the_stream() -> None:
    async with ModelServer() as server, client_of(server) as client, client.events() as events:
        server.token = "another"
        server.break_sockets()
        with pytest.raises(NotSignedIn):
            await take(events, 1)
        with pytest.raises(NotSignedIn):
            await client.connect()


async def test_a_bye_for_an_ended_session_ends_the_stream() -> None:
    async with ModelServer() as server, client_of(server) as client, client.events() as events:
        await server.say_bye("not_signed_in", 0)
        with pytest.raises(NotSignedIn):
            await take(events, 1)


async def test_a_socket_that_fell_silent_is_replaced() -> None:
    """The server still holds it open, and answers no beat."""
    async with ModelServer() as server, client_of(server) as client, client.events() as events:
        (deaf,) = server.sockets

        async def nothing(message: object) -> None:
            pass

        deaf.send = nothing
        await server.post(ROOM, "unheard")
        assert bodies(await take(events, 1)) == ["unheard"]
        assert len(server.hellos) == 2


async def test_a_cancelled_wait_for_an_event_loses_none() -> None:
    async with ModelServer() as server, client_of(server) as client, client.events() as events:
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await server.post(ROOM, "one")
        assert bodies(await take(events, 1)) == ["one"]


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(8))
async def test_whatever_the_network_does_each_event_is_shown_once_in_order(seed: int) -> None:
    """Frames are lost, doubled and delayed, sockets break, the server restarts; seeded."""
    faults = Faults(seed=seed, drop=0.15, twice=0.15, late=0.15, cut=0.03)
    rooms = [uuid4() for _ in range(3)]
    per_room, own = 60, 40
    async with ModelServer(faults) as server, client_of(server) as client, client.events() as events:

        async def act() -> None:
            for number in range(per_room):
                for room_id in rooms:
                    await server.post(room_id, str(number))
                if number < own:
                    await server.happen("from.the_future", {"number": number})
                if number == per_room // 2:
                    await server.stop()
                    await server.start()
                await asyncio.sleep(0)

        acting = asyncio.create_task(act())
        seen: dict[object, list[int]] = {None: [], **{room_id: [] for room_id in rooms}}
        for event in await take(events, per_room * len(rooms) + own):
            if isinstance(event, MessagePosted):
                seen[event.room_id].append(event.seq)
            elif isinstance(event, OtherUserEvent):
                seen[None].append(event.seq)
        await acting
        assert seen[None] == list(range(1, own + 1))
        for room_id in rooms:
            assert seen[room_id] == list(range(1, per_room + 1))


def test_the_bound_of_held_events_leaves_room_for_the_largest_page() -> None:
    assert HELD_MAX >= 200
