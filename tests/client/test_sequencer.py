"""The order of events: whatever the network does to them, each is shown once and in its place."""

import random
from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from talktalk_client.sequencer import FETCHES_MAX, HELD_MAX, Fetch, Sequencer
from talktalk_wire.chat import EventKind, RoomEvent
from talktalk_wire.realtime import Heads, Position, Stale, UserEvent

ROOM = UUID("0190f000-0000-7000-8000-00000000000a")
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def room_event(seq: int, room_id: UUID = ROOM) -> RoomEvent:
    return RoomEvent(room_id=room_id, seq=seq, kind=EventKind.MEMBER, created_at=WHEN)


def user_event(seq: int) -> UserEvent:
    return UserEvent(seq=seq, kind="k", data={}, created_at=WHEN)


def begun(user_seq: int = 0, room: int | None = None) -> Sequencer:
    return Sequencer(Position(user_seq=user_seq, rooms={} if room is None else {ROOM: room}))


def shown(sequencer: Sequencer) -> list[int]:
    found = [each.seq for each in sequencer.ready if isinstance(each, RoomEvent | UserEvent)]
    sequencer.ready.clear()
    return found


def test_a_stream_without_a_position_begins_at_the_welcome() -> None:
    sequencer = Sequencer(None)
    sequencer.room_event(room_event(5))
    assert sequencer.position() is None
    sequencer.welcome(Heads(user_seq=3, rooms={ROOM: 7}), None)
    sequencer.room_event(room_event(7))
    sequencer.room_event(room_event(8))
    sequencer.user_event(user_event(3))
    sequencer.user_event(user_event(4))
    assert shown(sequencer) == [8, 4]
    assert sequencer.position() == Position(user_seq=4, rooms={ROOM: 8})


def test_a_repeated_event_is_shown_once() -> None:
    sequencer = begun(room=0)
    for seq in (1, 1, 2, 1, 2):
        sequencer.room_event(room_event(seq))
    assert shown(sequencer) == [1, 2]
    assert sequencer.fetches() == []


def test_a_gap_holds_back_what_follows_until_it_is_filled_by_the_socket() -> None:
    sequencer = begun(room=0)
    sequencer.room_event(room_event(3))
    sequencer.room_event(room_event(2))
    assert shown(sequencer) == []
    sequencer.room_event(room_event(1))
    assert shown(sequencer) == [1, 2, 3]


def test_a_gap_is_asked_for_once_and_filled_by_the_page() -> None:
    sequencer = begun(room=2)
    sequencer.room_event(room_event(5))
    sequencer.room_event(room_event(6))
    assert sequencer.fetches() == [Fetch(ROOM, 2)]
    assert sequencer.fetches() == []
    sequencer.room_page(ROOM, [room_event(3), room_event(4), room_event(5)], 6)
    assert shown(sequencer) == [3, 4, 5, 6]
    assert sequencer.fetches() == []


def test_a_page_that_does_not_reach_the_head_is_followed_by_the_next() -> None:
    sequencer = begun(room=0)
    sequencer.heads(Heads(user_seq=0, rooms={ROOM: 3}))
    assert sequencer.fetches() == [Fetch(ROOM, 0)]
    sequencer.room_page(ROOM, [room_event(1)], 3)
    assert sequencer.fetches() == [Fetch(ROOM, 1)]
    sequencer.room_page(ROOM, [room_event(2), room_event(3)], 3)
    assert sequencer.fetches() == []
    assert shown(sequencer) == [1, 2, 3]


def test_an_empty_page_is_not_asked_for_again_before_the_next_heads() -> None:
    sequencer = begun(room=0)
    heads = Heads(user_seq=0, rooms={ROOM: 3})
    sequencer.heads(heads)
    assert len(sequencer.fetches()) == 1
    sequencer.room_page(ROOM, [], 3)
    assert sequencer.fetches() == []
    sequencer.heads(heads)
    assert sequencer.fetches() == [Fetch(ROOM, 0)]


def test_where_a_page_jumps_the_lane_jumps_too() -> None:
    """A group joined late: what came before is not this person's to see."""
    sequencer = begun()
    joined = uuid4()
    sequencer.room_event(room_event(500, joined))
    assert sequencer.fetches() == [Fetch(joined, 0)]
    sequencer.room_page(joined, [room_event(499, joined), room_event(500, joined)], 500)
    assert shown(sequencer) == [499, 500]
    sequencer.room_event(room_event(501, joined))
    assert shown(sequencer) == [501]


def test_heads_reveal_a_lost_last_event() -> None:
    sequencer = begun(user_seq=4)
    sequencer.heads(Heads(user_seq=5, rooms={}))
    assert sequencer.fetches() == [Fetch(None, 4)]
    sequencer.user_page([user_event(5)], 5)
    assert shown(sequencer) == [5]


def test_a_welcome_leaves_replayed_lanes_to_the_replay_and_asks_for_the_others() -> None:
    sequencer = begun(user_seq=1, room=1)
    other = uuid4()
    replayed = sequencer.position()
    sequencer.welcome(Heads(user_seq=2, rooms={ROOM: 2, other: 1}), replayed)
    assert sequencer.fetches() == [Fetch(other, 0)]


def test_a_welcome_without_a_replay_asks_for_everything_missing() -> None:
    sequencer = begun(user_seq=1, room=1)
    sequencer.welcome(Heads(user_seq=2, rooms={ROOM: 2}), None)
    assert set(sequencer.fetches()) == {Fetch(None, 1), Fetch(ROOM, 1)}


def test_stale_makes_the_lanes_ask() -> None:
    sequencer = begun(user_seq=1, room=1)
    sequencer.stale(Stale(rooms=[ROOM], user=True))
    assert set(sequencer.fetches()) == {Fetch(None, 1), Fetch(ROOM, 1)}


def test_an_unanswered_fetch_is_asked_again_and_a_gone_room_forgotten() -> None:
    sequencer = begun(room=0)
    sequencer.room_event(room_event(2))
    assert len(sequencer.fetches()) == 1
    sequencer.unanswered(ROOM)
    assert sequencer.fetches() == [Fetch(ROOM, 0)]
    sequencer.unanswered(ROOM, is_gone=True)
    assert sequencer.fetches() == []
    position = sequencer.position()
    assert position is not None
    assert position.rooms == {}


def test_fetches_and_held_events_are_bounded() -> None:
    sequencer = begun()
    rooms = [uuid4() for _ in range(FETCHES_MAX * 2)]
    sequencer.heads(Heads(user_seq=0, rooms=dict.fromkeys(rooms, 1)))
    first = sequencer.fetches()
    assert len(first) == FETCHES_MAX
    assert sequencer.fetches() == []
    for fetch in first:
        assert fetch.room_id is not None
        sequencer.room_page(fetch.room_id, [room_event(1, fetch.room_id)], 1)
    assert len(sequencer.fetches()) == FETCHES_MAX

    flooded = begun(room=0)
    last = HELD_MAX + 100
    for seq in range(2, last + 1):
        flooded.room_event(room_event(seq))
    assert flooded.fetches() == [Fetch(ROOM, 0)]
    flooded.room_page(ROOM, [room_event(1)], last)
    assert shown(flooded) == list(range(1, HELD_MAX + 2))
    assert flooded.fetches() == [Fetch(ROOM, HELD_MAX + 1)]


@given(st.integers(1, 40), st.integers(0, 2**32), st.integers(1, 7))
def test_any_mistreatment_of_the_frames_still_shows_each_once_in_order(
    count: int, seed: int, page_size: int
) -> None:
    """Frames are dropped, doubled and shuffled; pages answer late; then the heads come."""
    chance = random.Random(seed)
    sequencer = begun(room=0)
    frames = [seq for seq in range(1, count + 1) for _ in range(chance.randrange(3))]
    chance.shuffle(frames)
    asked: list[Fetch] = []
    seen: list[int] = []

    def answer() -> None:
        fetch = asked.pop(chance.randrange(len(asked)))
        if chance.random() < 0.2:
            sequencer.unanswered(fetch.room_id)
            return
        following = [seq for seq in range(1, count + 1) if seq > fetch.after][:page_size]
        sequencer.room_page(ROOM, [room_event(seq) for seq in following], count)

    for seq in frames:
        sequencer.room_event(room_event(seq))
        asked += sequencer.fetches()
        if asked and chance.random() < 0.5:
            answer()
        seen += shown(sequencer)
    sequencer.heads(Heads(user_seq=0, rooms={ROOM: count}))
    asked += sequencer.fetches()
    while asked:
        answer()
        asked += sequencer.fetches()
    seen += shown(sequencer)
    assert seen == list(range(1, count + 1))
