"""Delivery, simulated with a seed: whatever the way to the gateway loses, repeats or reorders, each socket
gets each event of its rooms once and in order.

Rooms live in a list, events reach the gateway through a bus that drops, doubles and delays, and sockets come,
go and resume at random moments. Reads take random turns of the event loop, as a database's do.
"""

import asyncio
import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID, uuid4

import msgspec
import pytest

from talktalk.realtime import framing, protocol
from talktalk.realtime.bus import Hearer, LocalBus
from talktalk.realtime.channels import Channel
from talktalk.realtime.gateway import Gateway
from talktalk.realtime.limits import Limits
from talktalk.realtime.ports import FeedItem, RoomState, Stored
from talktalk.realtime.sockets import Socket
from talktalk_wire.chat import EventKind, RoomEvent
from tests.clocks import TurnedClock

SEED = int(os.environ.get("TALKTALK_TEST_SEED", "20260102"))


class Ground:
    """The truth: rooms and their events; reads of it take time."""

    def __init__(self, chance: random.Random, room_ids: Sequence[UUID]) -> None:
        self.chance = chance
        self.heads = dict.fromkeys(room_ids, 0)

    async def _turns(self) -> None:
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)

    async def rooms_of(self, user_id: UUID) -> dict[UUID, RoomState]:
        await self._turns()
        states = {room_id: RoomState(head) for room_id, head in self.heads.items()}
        await self._turns()
        return states

    async def states_of(self, room_ids: Sequence[UUID]) -> dict[UUID, RoomState]:
        states = await self.rooms_of(uuid4())
        return {room_id: states[room_id] for room_id in room_ids}

    async def events_after(self, positions: Mapping[UUID, int], limit: int) -> list[Stored]:
        await self._turns()
        events = [
            Stored(room_id, seq, event_frame(room_id, seq))
            for room_id, after in positions.items()
            for seq in range(after + 1, min(after + limit, self.heads[room_id]) + 1)
        ]
        await self._turns()
        return events

    async def cursors_of(self, user_id: UUID) -> list[bytes]:
        return []

    async def cursors_in(self, room_id: UUID) -> list[bytes]:
        return []

    async def visible_to(self, user_id: UUID) -> frozenset[UUID]:
        return frozenset()

    async def heads_of(self, user_ids: Iterable[UUID]) -> dict[UUID, int]:
        await self._turns()
        return {}


class NoFeeds:
    """Nobody has events of their own here."""

    async def heads_of(self, user_ids: Iterable[UUID]) -> dict[UUID, int]:
        return {}

    async def events_after(self, user_id: UUID, seq: int, limit: int) -> list[FeedItem]:
        return []


class BadBus:
    """A bus that loses, doubles and delays."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.hearers: list[Hearer] = []
        self.late: list[tuple[UUID, int, Sequence[bytes]]] = []

    def connect(self, hearer: Hearer) -> None:
        self.hearers.append(hearer)

    def room_moved(self, room_id: UUID, first: int, frames: Sequence[bytes]) -> None:
        luck = self.chance.random()
        if luck < 0.15:
            return
        if luck < 0.4:
            self.late.append((room_id, first, frames))
            return
        for _ in range(1 + (luck > 0.9)):
            self._deliver(room_id, first, frames)
        while self.late and self.chance.random() < 0.5:
            self._deliver(*self.late.pop(self.chance.randrange(len(self.late))))

    def room_passing(self, room_id: UUID, frame: bytes, except_user: UUID | None) -> None:
        """Nothing passes here."""

    def user_moved(self, user_id: UUID, first: int, frames: Sequence[bytes]) -> None:
        """Nobody moves here."""

    def _deliver(self, room_id: UUID, first: int, frames: Sequence[bytes]) -> None:
        for hearer in self.hearers:
            hearer.room_moved(room_id, first, frames)


class Ear:
    """A client and its wire: checks the order of what it hears, and resumes from there."""

    def __init__(self, gateway: Gateway, room_ids: Sequence[UUID]) -> None:
        self.gateway = gateway
        self.user_id = uuid4()
        self.position = dict.fromkeys(room_ids, 0)
        self.is_fresh = True
        self.socket: Socket | None = None
        self.welcomes = 0

    def is_welcome(self) -> bool:
        return self.welcomes == 1

    def come(self) -> None:
        self.socket = self.gateway.connect(self.user_id, uuid4(), uuid4())
        self.socket.attach(self)
        rooms = {str(room_id): seq for room_id, seq in self.position.items()}
        position = None if self.is_fresh else {"user_seq": 0, "rooms": rooms}
        self.socket.on_text(msgspec.json.encode({"t": "hello", "d": {"position": position}}))

    def go(self) -> None:
        if self.socket is not None:
            socket, self.socket = self.socket, None
            socket.on_lost()

    def write(self, frames: bytes) -> None:
        for _, payload in framing.unframe(frames):
            frame = msgspec.json.decode(payload, type=protocol.Envelope)
            if frame.t == "room.event":
                event = msgspec.json.decode(frame.d, type=RoomEvent)
                expected = self.position[event.room_id] + 1
                assert event.seq == expected, f"seed {SEED}: {event.seq} instead of {expected}"
                self.position[event.room_id] = event.seq
            elif frame.t == "welcome":
                self.welcomes += 1
                if self.is_fresh:
                    heads = msgspec.json.decode(frame.d)["heads"]["rooms"]
                    self.position = {UUID(room_id): seq for room_id, seq in heads.items()}
                    self.is_fresh = False
            else:
                assert frame.t in {"stale", "heads", "bye"}, frame.t

    def waiting(self) -> int:
        return 0

    def ping(self) -> None:
        """Nobody listens."""

    def close(self, code: int, reason: str) -> None:
        self.socket = None


def event_frame(room_id: UUID, seq: int) -> bytes:
    moment = TurnedClock().now()
    return protocol.room_event(RoomEvent(room_id=room_id, seq=seq, kind=EventKind.MEMBER, created_at=moment))


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(SEED, SEED + 12))
async def test_every_socket_gets_every_event_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    room_ids = [uuid4() for _ in range(3)]
    ground, bus = Ground(chance, room_ids), BadBus(chance)
    gateway = Gateway(
        clock=TurnedClock(), bus=bus, rooms=ground, feeds=NoFeeds(), relations=ground,
        limits=Limits(replay_room=10_000, replay_total=100_000),
    )  # fmt: skip
    ears = [Ear(gateway, room_ids) for _ in range(8)]
    for step in range(400):
        room_id = chance.choice(room_ids)
        first = ground.heads[room_id] + 1
        ground.heads[room_id] += chance.randrange(1, 5)
        bus.room_moved(
            room_id, first, [event_frame(room_id, seq) for seq in range(first, ground.heads[room_id] + 1)]
        )
        ear = chance.choice(ears)
        if ear.socket is None:
            ear.come()
        elif chance.random() < 0.4:
            ear.go()
        if step % 50 == 49:
            await gateway.sweep()
        for _ in range(chance.randrange(6)):
            await asyncio.sleep(0)
    for ear in ears:
        if ear.socket is None:
            ear.come()
    async with asyncio.timeout(20):
        while any(ear.position != ground.heads for ear in ears):
            await gateway.sweep()
            await asyncio.sleep(0)
    await gateway.close()
    assert not gateway.rooms, "nobody follows, so nothing is kept"
    assert all(ear.welcomes for ear in ears)


class SlowGround(Ground):
    """Rooms whose list is on its way for as long as one likes."""

    def __init__(self, room_id: UUID) -> None:
        super().__init__(random.Random(0), [room_id])
        self.is_read = asyncio.Event()
        self.may_arrive = asyncio.Event()

    async def rooms_of(self, user_id: UUID) -> dict[UUID, RoomState]:
        states = {room_id: RoomState(head) for room_id, head in self.heads.items()}
        self.is_read.set()
        await self.may_arrive.wait()
        return states


async def test_an_event_between_reading_the_rooms_and_following_them_is_not_lost() -> None:
    room_id = uuid4()
    ground, bus = SlowGround(room_id), LocalBus()
    gateway = Gateway(clock=TurnedClock(), bus=bus, rooms=ground, feeds=NoFeeds(), relations=ground)
    ear = Ear(gateway, [room_id])
    ear.is_fresh = False
    ear.come()
    await ground.is_read.wait()
    ground.heads[room_id] = 1
    bus.room_moved(room_id, 1, [event_frame(room_id, 1)])
    ground.may_arrive.set()
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert ear.position[room_id] == 1
    await gateway.close()


class Follower:
    """Writes down the positions it is given."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def write(self, frames: bytes) -> None:
        self.heard += list(frames)


def _frames(first: int, last: int) -> list[bytes]:
    return [bytes((seq,)) for seq in range(first, last + 1)]


def test_a_channel_takes_what_follows_and_asks_for_what_is_missing() -> None:
    gaps: list[int] = []
    channel = Channel(uuid4(), lambda each: gaps.append(each.wanted))
    follower = Follower()
    channel.offer(4, _frames(4, 5))
    channel.open(3)
    assert gaps == [5], "what was offered while opening is fetched"
    channel.join(follower, 3)
    channel.offer(2, _frames(2, 3))
    assert follower.heard == []
    channel.offer(3, _frames(3, 5))
    assert follower.heard == [4, 5], "a repeated start is cut off"
    channel.offer(8, _frames(8, 9))
    assert (follower.heard, gaps[-1]) == ([4, 5], 9)
    channel.offer(6, _frames(6, 9))
    assert follower.heard == [4, 5, 6, 7, 8, 9]


def test_a_follower_ahead_of_the_channel_hears_nothing_twice() -> None:
    channel = Channel(uuid4(), lambda _: None)
    channel.open(3)
    ahead, level = Follower(), Follower()
    channel.join(ahead, 6)
    channel.join(level, 3)
    channel.offer(4, _frames(4, 5))
    channel.offer(6, _frames(6, 8))
    assert (ahead.heard, level.heard) == ([7, 8], [4, 5, 6, 7, 8])
    channel.offer(9, _frames(9, 9))
    assert (ahead.heard, level.heard) == ([7, 8, 9], [4, 5, 6, 7, 8, 9])
    channel.leave(ahead)
    channel.leave(level)
    assert channel.is_unused


async def test_a_room_that_is_joined_ahead_of_its_channel_repeats_nothing() -> None:
    room_id = uuid4()
    ground, bus = Ground(random.Random(1), []), LocalBus()
    gateway = Gateway(clock=TurnedClock(), bus=bus, rooms=ground, feeds=NoFeeds(), relations=ground)
    joining, other = Ear(gateway, []), Ear(gateway, [])
    for ear in (joining, other):
        ear.come()
        await _until(ear.is_welcome)
    ground.heads[room_id] = 0
    gateway.join_room(other.user_id, room_id, 0)
    await _until(lambda: room_id in gateway.rooms and gateway.rooms[room_id].followers != [])
    # The announcement tells of the first event, which has not come to this gateway yet.
    ground.heads[room_id] = 1
    joining.position[room_id], other.position[room_id] = 1, 0
    gateway.join_room(joining.user_id, room_id, 1)
    await _until(lambda: len(gateway.rooms[room_id].followers) == 2)
    bus.room_moved(room_id, 1, [event_frame(room_id, 1)])
    await _until(lambda: other.position[room_id] == 1)
    ground.heads[room_id] = 2
    bus.room_moved(room_id, 2, [event_frame(room_id, 2)])
    await _until(lambda: joining.position[room_id] == other.position[room_id] == 2)
    await gateway.close()


async def _until(done: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if done():
            return
        await asyncio.sleep(0)
    raise AssertionError("it does not come about")
